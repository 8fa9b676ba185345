//! Files of a package, in one order.

use std::collections::BTreeMap;

/// Files by their path in the package, without a leading slash.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<String, File>,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub content: Vec<u8>,
    pub is_executable: bool,
}

impl File {
    pub fn mode(&self) -> u32 {
        if self.is_executable { 0o755 } else { 0o644 }
    }
}

impl Tree {
    pub fn add(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.insert(path.into(), content.into(), false);
    }

    pub fn add_program(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.insert(path.into(), content.into(), true);
    }

    fn insert(&mut self, path: String, content: Vec<u8>, is_executable: bool) {
        let is_plain = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        assert!(is_plain, "`{path}` is a path within the package");
        let file = File {
            content,
            is_executable,
        };
        let before = self.files.insert(path, file);
        assert!(before.is_none(), "each path has one file");
    }

    /// Adds all of another one below a folder.
    pub fn extend_below(&mut self, folder: &str, other: &Self) {
        for (path, file) in &other.files {
            self.insert(
                format!("{folder}/{path}"),
                file.content.clone(),
                file.is_executable,
            );
        }
    }

    /// The files, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// The folders that the files are in, each before its content.
    pub fn folders(&self) -> Vec<String> {
        let mut folders = std::collections::BTreeSet::new();
        for path in self.files.keys() {
            for (at, _) in path.match_indices('/') {
                folders.insert(path[..at].to_owned());
            }
        }
        folders.into_iter().collect()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> usize {
        self.files.values().map(|file| file.content.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_sorted() {
        let mut tree = Tree::default();
        tree.add("usr/share/doc/a", "2");
        tree.add_program("usr/bin/b", "1");
        let paths: Vec<_> = tree
            .files()
            .map(|(path, file)| (path, file.mode()))
            .collect();
        assert_eq!(paths, [("usr/bin/b", 0o755), ("usr/share/doc/a", 0o644)]);
        assert_eq!(
            tree.folders(),
            ["usr", "usr/bin", "usr/share", "usr/share/doc"]
        );
        assert_eq!(tree.bytes(), 2);
    }
}
