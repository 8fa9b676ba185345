//! Copies of source folders, without what is no part of the code.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

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
