//! Copies of source folders, without files that are no part of the code.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

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

/// Whether a file or folder of this name is no part of the code. Cargo's output, `target`, is left out here too.
pub fn is_left_out(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| LEFT_OUT.contains(&name) || name == "target")
}

/// Copies everything below `source` but `data_dir` into `target`, which may have files already; those of `source`
/// replace them. Links are replaced by the files that they lead to.
pub fn copy(source: &Path, target: &Path, data_dir: &Path) -> io::Result<()> {
    let is_left_out = |path: &Path| {
        let name = path.file_name().and_then(OsStr::to_str);
        path == data_dir || name.is_some_and(|name| LEFT_OUT.contains(&name))
    };
    walk(source, target, &is_left_out, &|from, to| {
        fs::copy(from, to).map(drop)
    })
}

/// Puts everything below `source` into `target` without copying contents, where the file system allows it. Only for
/// files that do not change: both names mean the same file.
pub fn link(source: &Path, target: &Path) -> io::Result<()> {
    walk(source, target, &|_| false, &|from, to| {
        if to.exists() {
            fs::remove_file(to)?;
        }
        fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
    })
}

/// As [`link`], for a folder called `node_modules`: packages replace those of the same name, and links are followed but
/// for those that lead around in circles.
pub fn link_packages(source: &Path, target: &Path) -> io::Result<()> {
    let mut way = vec![source.canonicalize()?];
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let (from, to) = (entry.path(), target.join(entry.file_name()));
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b"@") && fs::metadata(&from)?.is_dir() {
            link_packages(&from, &to)?;
        } else if name == ".bin" {
            link(&from, &to)?;
        } else if name != ".package-lock.json" {
            if to.is_dir() {
                fs::remove_dir_all(&to)?;
            }
            follow(&from, &to, &mut way)?;
        }
    }
    Ok(())
}

/// `way` has the folders on the way here, without links.
fn follow(from: &Path, to: &Path, way: &mut Vec<PathBuf>) -> io::Result<()> {
    // A dependency that was not installed may have left a link to nothing.
    let Ok(real) = from.canonicalize() else {
        return Ok(());
    };
    if real.is_file() {
        if to.symlink_metadata().is_ok() {
            fs::remove_file(to)?;
        }
        return fs::hard_link(&real, to).or_else(|_| fs::copy(&real, to).map(drop));
    }
    if !real.is_dir() || way.contains(&real) {
        return Ok(());
    }
    way.push(real);
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if is_program_link(from) && entry.file_type()?.is_symlink() {
            let link = to.join(entry.file_name());
            if link.symlink_metadata().is_err() {
                std::os::unix::fs::symlink(fs::read_link(entry.path())?, link)?;
            }
        } else if entry.file_name() != ".git" {
            follow(&entry.path(), &to.join(entry.file_name()), way)?;
        }
    }
    way.pop();
    Ok(())
}

/// Copies a project's folder for an installation: without packages, caches, data and build outputs. Links stay links.
pub fn copy_without(source: &Path, target: &Path, data_dir: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in sources(source, data_dir)? {
        let (from, to) = (entry.path(), target.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
        } else if kind.is_dir() {
            copy_without(&from, &to, data_dir)?;
        } else if kind.is_file() {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// Adds names, sizes and times of everything that [`copy_without`] copies.
pub fn fingerprint(source: &Path, data_dir: &Path, hasher: &mut Sha256) -> io::Result<()> {
    for entry in sources(source, data_dir)? {
        let metadata = entry.metadata()?;
        hasher.update(entry.path().as_os_str().as_encoded_bytes());
        if metadata.is_dir() {
            fingerprint(&entry.path(), data_dir, hasher)?;
        } else {
            let changed = format!("{:?}", metadata.modified()?);
            hasher.update(metadata.len().to_be_bytes());
            hasher.update(changed);
        }
    }
    Ok(())
}

/// Finds all files of a name below a folder, but for those of packages.
pub fn find(name: &str, folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != "node_modules" {
            find(name, &entry.path(), found)?;
        } else if entry.file_name() == name {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The source files and folders in a folder, by name.
fn sources(folder: &Path, data_dir: &Path) -> io::Result<Vec<fs::DirEntry>> {
    let is_source = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let is_left_out = name
            .to_str()
            .is_some_and(|name| LEFT_OUT.contains(&name) || name == "cdk.out");
        !is_left_out && entry.path() != data_dir && !entry.path().join(CACHE_TAG).is_file()
    };
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.retain(is_source);
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
}

/// Folders that SAM leaves out of the copy that `make` works in, and our own data.
const LEFT_OUT_OF_MAKE: &[&str] = &[".git", ".aws-sam", ".lambdura"];

/// Marks folders of caches, such as cargo's `target`, which can be built again.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// The deepest nesting of folders: more means that links lead around in circles.
const DEPTH_MAX: usize = 64;

/// Copies a source folder for `make` to work in, with the times of its files, which `make` goes by. Links within the
/// folder stay links; files outside of it are copied. `data_dir` is left out wherever it is.
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
                    // A link that leads to nothing may lead to a file that the build will make.
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
    left_out: &dyn Fn(&Path) -> bool,
    put: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let (from, to) = (entry.path(), target.join(entry.file_name()));
        if left_out(&from) {
            continue;
        }
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
            "data/lambdura.sqlite3",
        ] {
            let path = source.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        copy(&source, &target, &source.join("data")).unwrap();
        assert!(target.join("app.py").is_file() && target.join("lib/a.py").is_file());
        for file in [".git", "lib/__pycache__", ".lambdura", "data"] {
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
        copy(&source, &target, Path::new("/data")).unwrap();
        let read = |path: &Path| fs::read(path.join("same.py")).unwrap();
        assert_eq!(read(&target), source.as_os_str().as_encoded_bytes());
        assert_eq!(read(&packages), packages.as_os_str().as_encoded_bytes());
    }
}
