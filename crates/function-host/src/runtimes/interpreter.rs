//! The interpreters of this machine.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The version of an interpreter; Node.js versions have no minor that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterpreterVersion {
    /// 3 of Python 3.11, 22 of Node.js 22.
    pub major: u32,
    /// 11 of Python 3.11; zero for Node.js.
    pub minor: u32,
}

impl fmt::Display for InterpreterVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 => write!(f, "{}", self.major),
            minor => write!(f, "{}.{minor}", self.major),
        }
    }
}

/// An interpreter that was run and said who it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interpreter {
    pub version: InterpreterVersion,
    pub program: PathBuf,
}

/// Where programs are looked for: the PATH, then folders of version managers below the home, each of which holds one
/// folder a version.
pub(super) struct Places {
    pub managers: &'static [&'static str],
    pub is_candidate: fn(&str) -> bool,
}

impl Places {
    pub fn candidates(&self) -> Vec<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        if let Some(home) = std::env::var_os("HOME") {
            for manager in self.managers {
                let versions = PathBuf::from(&home).join(manager);
                let entries = fs::read_dir(versions).into_iter().flatten().flatten();
                folders.extend(entries.map(|entry| entry.path().join("bin")));
            }
        }
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for folder in folders {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut names: Vec<PathBuf> = entries
                .filter(|entry| entry.file_name().to_str().is_some_and(self.is_candidate))
                .map(|entry| entry.path())
                .collect();
            names.sort();
            // Several names of one file are one interpreter.
            found.extend(
                names.into_iter().filter(|name| {
                    seen.insert(name.canonicalize().unwrap_or_else(|_| name.clone()))
                }),
            );
        }
        found
    }
}

/// The first line that a program prints, if it ends well. A shim of a version manager that has no version to offer fails
/// here.
pub(super) fn ask(program: &PathBuf, arguments: &[&str]) -> Option<String> {
    let asked = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(asked.stdout).ok()?;
    asked
        .status
        .success()
        .then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// The interpreter of the wanted version, or else the nearest one, newer before older: what runs on an older version
/// mostly runs on a newer one.
pub(super) fn nearest(
    wanted: InterpreterVersion,
    interpreters: impl IntoIterator<Item = Interpreter>,
) -> Option<Interpreter> {
    let distance = |version: InterpreterVersion| {
        let steps =
            version.major.abs_diff(wanted.major) * 1000 + version.minor.abs_diff(wanted.minor);
        (steps, version < wanted)
    };
    interpreters
        .into_iter()
        .min_by_key(|interpreter| distance(interpreter.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(minor: u32) -> InterpreterVersion {
        InterpreterVersion { major: 3, minor }
    }

    #[test]
    fn nearest_is_exact_then_newer_then_older() {
        let pick = |wanted, minors: &[u32]| {
            let interpreters = minors.iter().map(|minor| Interpreter {
                version: version(*minor),
                program: PathBuf::new(),
            });
            nearest(version(wanted), interpreters).map(|found| found.version.minor)
        };
        assert_eq!(pick(12, &[11, 12, 13]), Some(12));
        assert_eq!(pick(12, &[11, 13]), Some(13));
        assert_eq!(pick(13, &[9, 11]), Some(11));
        assert_eq!(pick(13, &[]), None);
    }

    #[test]
    fn versions_read_as_people_write_them() {
        assert_eq!(version(11).to_string(), "3.11");
        let node = InterpreterVersion {
            major: 22,
            minor: 0,
        };
        assert_eq!(node.to_string(), "22");
    }

    #[test]
    fn a_program_that_fails_says_nothing() {
        assert_eq!(
            ask(&PathBuf::from("/bin/sh"), &["-c", "echo hello"]).as_deref(),
            Some("hello")
        );
        assert_eq!(
            ask(&PathBuf::from("/bin/sh"), &["-c", "echo no; exit 1"]),
            None
        );
        assert_eq!(ask(&PathBuf::from("/no/such/program"), &[]), None);
    }
}
