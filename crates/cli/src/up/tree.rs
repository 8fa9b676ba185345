//! Copies of source folders, without what is no part of the code.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that no function needs: version control, our own and SAM's data, caches, virtual environments.
const LEFT_OUT: &[&str] = &[
    ".git",
    ".aws-sam",
    ".lambdura",
    ".venv",
    "venv",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    "node_modules",
];

/// Whether a file or folder of this name is no part of anybody's code. Cargo's output is one more that can lie beside it.
pub fn is_left_out(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| LEFT_OUT.contains(&name) || name == "target")
}

/// Copies everything below `source` into `target`, which may have files already; those of `source` win. Links are copied
/// as what they lead to.
pub fn copy(source: &Path, target: &Path) -> io::Result<()> {
    walk(
        source,
        target,
        &|name| LEFT_OUT.contains(&name),
        &|from, to| fs::copy(from, to).map(drop),
    )
}

/// Puts everything below `source` into `target` without copying contents, where the file system allows it. For files that
/// nobody changes: both names mean the same file.
pub fn link(source: &Path, target: &Path) -> io::Result<()> {
    walk(source, target, &|_| false, &|from, to| {
        if to.exists() {
            fs::remove_file(to)?;
        }
        fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
    })
}

/// Folders that SAM leaves out of the copy that `make` works in, and our own data.
const LEFT_OUT_OF_MAKE: &[&str] = &[".git", ".aws-sam", ".lambdura"];

/// Marks folders of caches, such as cargo's `target`: whoever needs one makes it anew.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// Folders within each other at the most: more are links that lead around in circles.
const DEPTH_MAX: usize = 64;

/// Copies a source folder for `make` to work in, with the times of its files, which `make` goes by. Links within the folder
/// stay links; what lies outside of it is copied. `data_dir` is left out wherever it is.
pub fn copy_for_make(source: &Path, target: &Path, data_dir: &Path) -> io::Result<()> {
    let scratch = Scratch {
        root: source.canonicalize()?,
        data_dir: data_dir
            .canonicalize()
            .unwrap_or_else(|_| data_dir.to_owned()),
    };
    scratch.folder(&scratch.root, target, 0)
}

struct Scratch {
    root: PathBuf,
    data_dir: PathBuf,
}

impl Scratch {
    fn folder(&self, source: &Path, target: &Path, depth: usize) -> io::Result<()> {
        if depth > DEPTH_MAX {
            let message = format!("`{}` leads around in circles", source.display());
            return Err(io::Error::other(message));
        }
        fs::create_dir_all(target)?;
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            let (from, to) = (entry.path(), target.join(entry.file_name()));
            let is_left_out = entry
                .file_name()
                .to_str()
                .is_some_and(|name| LEFT_OUT_OF_MAKE.contains(&name));
            if is_left_out || from == self.data_dir || from.join(CACHE_TAG).is_file() {
                continue;
            }
            if entry.file_type()?.is_symlink() {
                match from.canonicalize() {
                    Ok(leads_to) if !leads_to.starts_with(&self.root) => {}
                    // One that leads to nothing may be meant to lead to what is about to be made.
                    Ok(_) | Err(_) => {
                        std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
                        continue;
                    }
                }
            }
            let metadata = fs::metadata(&from)?;
            if metadata.is_dir() {
                self.folder(&from, &to, depth + 1)?;
            } else if metadata.is_file() {
                fs::copy(&from, &to)?;
                fs::File::open(&to)?.set_modified(metadata.modified()?)?;
            }
        }
        Ok(())
    }
}

fn walk(
    source: &Path,
    target: &Path,
    left_out: &dyn Fn(&str) -> bool,
    put: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(left_out) {
            continue;
        }
        let (from, to) = (entry.path(), target.join(&name));
        if entry.file_type()?.is_symlink() && is_program_link(source) {
            // Package managers link programs to each other by relative paths.
            if to.symlink_metadata().is_err() {
                std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
            }
            continue;
        }
        let metadata = fs::metadata(&from)?;
        if metadata.is_dir() {
            walk(&from, &to, left_out, put)?;
        } else if metadata.is_file() {
            put(&from, &to)?;
        }
    }
    Ok(())
}

fn is_program_link(folder: &Path) -> bool {
    folder.ends_with("node_modules/.bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_copied_and_the_rest_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let (source, target) = (dir.path().join("src"), dir.path().join("out"));
        for file in [
            "app.py",
            "lib/a.py",
            ".git/HEAD",
            "lib/__pycache__/a.pyc",
            ".lambdura/x",
        ] {
            let path = source.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        copy(&source, &target).unwrap();
        assert!(target.join("app.py").is_file() && target.join("lib/a.py").is_file());
        for file in [".git", "lib/__pycache__", ".lambdura"] {
            assert!(!target.join(file).exists(), "{file}");
        }
    }

    #[test]
    fn make_works_in_a_copy_of_everything_but_data_and_caches() {
        let dir = tempfile::tempdir().unwrap();
        let (source, target) = (dir.path().join("src"), dir.path().join("scratch"));
        for file in [
            "src/Makefile",
            "src/lib/a.c",
            "src/node_modules/b/index.js",
            "src/.git/HEAD",
            "src/.aws-sam/x",
            "src/data/lambdura.sqlite3",
            "src/target/CACHEDIR.TAG",
            "shared/c.h",
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let link =
            |to: &str, name: &str| std::os::unix::fs::symlink(to, source.join(name)).unwrap();
        link("../shared", "shared");
        link("lib/a.c", "main.c");
        link(".", "lib/again");
        link("nowhere", "later");
        let long_ago =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let makefile = fs::File::open(source.join("Makefile")).unwrap();
        makefile.set_modified(long_ago).unwrap();

        copy_for_make(&source, &target, &source.join("data")).unwrap();
        let text = |file: &str| fs::read_to_string(target.join(file)).unwrap();
        assert_eq!(text("shared/c.h"), "shared/c.h");
        assert_eq!(text("main.c"), "src/lib/a.c");
        assert_eq!(
            text("node_modules/b/index.js"),
            "src/node_modules/b/index.js"
        );
        let copied = fs::metadata(target.join("Makefile")).unwrap();
        assert_eq!(copied.modified().unwrap(), long_ago);
        assert!(target.join("main.c").is_symlink() && target.join("later").is_symlink());
        assert!(!target.join("shared").is_symlink());
        for left_out in [".git", ".aws-sam", "data", "target"] {
            assert!(!target.join(left_out).exists(), "{left_out}");
        }
    }

    #[test]
    fn copied_files_win_over_linked_ones_and_leave_them_alone() {
        let dir = tempfile::tempdir().unwrap();
        let [packages, source, target] =
            ["packages", "src", "out"].map(|name| dir.path().join(name));
        for folder in [&packages, &source] {
            fs::create_dir_all(folder).unwrap();
            fs::write(
                folder.join("same.py"),
                folder.as_os_str().as_encoded_bytes(),
            )
            .unwrap();
        }
        link(&packages, &target).unwrap();
        fs::remove_file(target.join("same.py")).unwrap();
        copy(&source, &target).unwrap();
        let read = |path: &Path| fs::read(path.join("same.py")).unwrap();
        assert_eq!(read(&target), source.as_os_str().as_encoded_bytes());
        assert_eq!(read(&packages), packages.as_os_str().as_encoded_bytes());
    }
}
