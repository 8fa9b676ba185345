//! The files that `COPY` finds, by patterns, without those that `.dockerignore` hides.
//!
//! Source: Dockerfile reference, `COPY`, and "Build context", `.dockerignore`, read 2026-11-28.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A folder that files are copied from.
#[derive(Debug)]
pub struct Context {
    /// Without links.
    root: PathBuf,
    /// The rules of `.dockerignore`, in their order.
    rules: Vec<Rule>,
    /// Where our own data lies.
    data_dir: PathBuf,
}

/// One line of `.dockerignore`.
#[derive(Debug)]
struct Rule {
    shows: bool,
    pattern: Vec<String>,
}

/// Folders that are left out unless a rule of `.dockerignore` shows them: they hold no code.
const LEFT_OUT: [&str; 3] = [".git", ".aws-sam", ".lambdura"];

impl Context {
    /// Opens a context, with the rules beside its Dockerfile, or else its own.
    pub fn open(root: &Path, dockerfile: &Path, data_dir: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let mut beside = dockerfile.as_os_str().to_owned();
        beside.push(".dockerignore");
        let mut rules = Vec::new();
        for file in [PathBuf::from(beside), root.join(".dockerignore")] {
            match fs::read_to_string(&file) {
                Ok(text) => {
                    rules = text.lines().filter_map(rule).collect();
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let data_dir = data_dir
            .canonicalize()
            .unwrap_or_else(|_| data_dir.to_owned());
        Ok(Self {
            root,
            rules,
            data_dir,
        })
    }

    /// The files and folders that a pattern means, which may be none.
    pub fn find(&self, pattern: &str) -> io::Result<Vec<PathBuf>> {
        let mut found = vec![self.root.clone()];
        for segment in segments(pattern) {
            let mut next = Vec::new();
            for folder in found {
                if !segment.contains(['*', '?', '[']) {
                    next.push(folder.join(&segment));
                } else if folder.is_dir() {
                    next.extend(self.names(&folder, &segment)?);
                }
            }
            found = next;
        }
        found.retain(|path| self.leads_inside(path) && !self.hides(path));
        Ok(found)
    }

    fn names(&self, folder: &Path, segment: &str) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| matches(segment, name)) {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// Whether a path exists, and its links stay in the context.
    fn leads_inside(&self, path: &Path) -> bool {
        path.canonicalize()
            .is_ok_and(|it| it.starts_with(&self.root))
    }

    /// Whether a path is no part of the context.
    fn hides(&self, path: &Path) -> bool {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let segments: Vec<&str> = below.iter().filter_map(|it| it.to_str()).collect();
        let mut is_hidden =
            path == self.data_dir || segments.iter().any(|it| LEFT_OUT.contains(it));
        for rule in &self.rules {
            // A rule about a folder is one about all that is in it.
            let applies = (1..=segments.len()).any(|end| rule.is_about(&segments[..end]));
            if applies {
                is_hidden = !rule.shows;
            }
        }
        is_hidden
    }

    /// Copies a folder's content, as far as it is part of the context.
    pub fn copy_folder(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let path = entry?.path();
            let Some(name) = path.file_name().filter(|_| self.leads_inside(&path)) else {
                continue;
            };
            let target = to.join(name);
            if path == self.data_dir {
                continue;
            }
            if path.is_dir() {
                // A rule may show files in a folder that another rule hides.
                if !self.hides(&path) || self.rules.iter().any(|rule| rule.shows) {
                    self.copy_folder(&path, &target)?;
                }
            } else if path.is_file() && !self.hides(&path) {
                fs::copy(&path, &target)?;
            }
        }
        Ok(())
    }
}

fn rule(line: &str) -> Option<Rule> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (shows, pattern) = match line.strip_prefix('!') {
        Some(pattern) => (true, pattern),
        None => (false, line),
    };
    let pattern = segments(pattern.trim());
    (!pattern.is_empty()).then_some(Rule { shows, pattern })
}

impl Rule {
    fn is_about(&self, segments: &[&str]) -> bool {
        matches_all(&self.pattern, segments)
    }
}

fn segments(pattern: &str) -> Vec<String> {
    let parts = Path::new(pattern).components();
    parts
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str().map(str::to_owned),
            // Above the context there is nothing.
            Component::ParentDir
            | Component::CurDir
            | Component::RootDir
            | Component::Prefix(_) => None,
        })
        .collect()
}

fn matches_all(pattern: &[String], segments: &[&str]) -> bool {
    match (pattern.split_first(), segments.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            (0..=segments.len()).any(|skipped| matches_all(rest, &segments[skipped..]))
        }
        (Some((first, rest)), Some((segment, others))) => {
            matches(first, segment) && matches_all(rest, others)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// Whether a pattern with `*`, `?` and `[a-z]` means a name.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // The positions in both when the last `*` was met: it may stand for one more character.
    let mut retry: Option<(usize, usize)> = None;
    let (mut at, mut seen) = (0, 0);
    while seen < name.len() {
        if pattern.get(at) == Some(&'*') {
            retry = Some((at, seen));
            at += 1;
        } else if let Some(length) = takes(&pattern[at..], name[seen]) {
            at += length;
            seen += 1;
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            (at, seen) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|it| *it == '*')
}

/// How much of a pattern takes this character.
fn takes(pattern: &[char], name: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', literal, ..] => (*literal == name).then_some(2),
        ['[', rest @ ..] => {
            let end = rest.iter().position(|it| *it == ']')?;
            let (set, is_negated) = match &rest[..end] {
                ['^', set @ ..] => (set, true),
                set => (set, false),
            };
            let mut is_in = false;
            let mut index = 0;
            while index < set.len() {
                match (set[index], set.get(index + 1), set.get(index + 2)) {
                    (low, Some('-'), Some(high)) => {
                        is_in |= (low..=*high).contains(&name);
                        index += 3;
                    }
                    (only, ..) => {
                        is_in |= only == name;
                        index += 1;
                    }
                }
            }
            (is_in != is_negated).then_some(end + 2)
        }
        [literal, ..] => (*literal == name).then_some(1),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_names() {
        for (pattern, name) in [
            ("*.py", "app.py"),
            ("*", "x"),
            ("a?c", "abc"),
            ("[a-c]x", "bx"),
            ("[^a]x", "bx"),
            ("*a*b", "xaayb"),
            ("\\*", "*"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.py", "app.js"),
            ("a", "ab"),
            ("[^a]x", "ax"),
            ("*a*b", "ba"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn the_last_rule_about_a_path_counts() {
        let rules = "# comment\n**/*.pyc\ntests\n!tests/keep.py\nlib/*/old\n";
        let context = Context {
            root: "/c".into(),
            rules: rules.lines().filter_map(rule).collect(),
            data_dir: "/c/data".into(),
        };
        for (path, is_hidden) in [
            ("app.py", false),
            ("a/b/c.pyc", true),
            ("x.pyc", true),
            ("tests", true),
            ("tests/a/b.py", true),
            ("tests/keep.py", false),
            ("lib/a/old/x", true),
            ("lib/old", false),
            (".git/HEAD", true),
            ("data", true),
        ] {
            assert_eq!(
                context.hides(&Path::new("/c").join(path)),
                is_hidden,
                "{path}"
            );
        }
    }
}
