//! The interpreters of this machine.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version of an interpreter; the minor version of Node.js does not matter.
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

/// An interpreter that was run and reported its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interpreter {
    /// Its version.
    pub version: InterpreterVersion,
    /// The program itself, not a script that looks for it.
    pub program: PathBuf,
}

/// The places to search for programs: the PATH, then folders of version managers below the home, each with one folder
/// per version.
pub(super) struct Places {
    pub managers: &'static [&'static str],
    /// Whether a file of this name may be an interpreter, and the version in the name.
    pub reads: fn(&str) -> Option<NamedVersion>,
}

/// The version in the name of an interpreter, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedVersion {
    Silent,
    Version(InterpreterVersion),
}

/// A program that may be an interpreter. To learn its version it must be started, which can take a second: some are
/// scripts of version managers that search for another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub program: PathBuf,
    pub named: NamedVersion,
}

impl Places {
    pub fn candidates(&self) -> Vec<Candidate> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        if let Some(home) = std::env::var_os("HOME") {
            for manager in self.managers {
                let versions = PathBuf::from(&home).join(manager);
                let entries = fs::read_dir(versions).into_iter().flatten().flatten();
                folders.extend(entries.map(|entry| entry.path().join("bin")));
            }
        }
        self.candidates_in(&folders)
    }

    fn candidates_in(&self, folders: &[PathBuf]) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for folder in folders {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut candidates: Vec<Candidate> = entries
                .filter_map(|entry| {
                    let named = (self.reads)(entry.file_name().to_str()?)?;
                    let program = entry.path();
                    Some(Candidate { program, named })
                })
                .collect();
            // Several names of one file are one interpreter: the longest name has the most information.
            candidates.sort_by(|one, other| other.program.cmp(&one.program));
            found.extend(candidates.into_iter().filter(|candidate| {
                let program = &candidate.program;
                seen.insert(program.canonicalize().unwrap_or_else(|_| program.clone()))
            }));
        }
        found
    }
}

/// The first line that a program prints, if it succeeds. A shim of a version manager without an installed version fails
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

/// The distance of a version from the wanted one, newer before older: code for an older version mostly runs on a newer
/// one.
type Distance = (u32, bool);

fn distance(version: InterpreterVersion, wanted: InterpreterVersion) -> Distance {
    let steps = version.major.abs_diff(wanted.major) * 1000 + version.minor.abs_diff(wanted.minor);
    (steps, version < wanted)
}

/// The interpreter of the wanted version, or else the nearest one. Candidates whose name is nearest are run first, and
/// no more of them than necessary.
pub(super) fn nearest(
    wanted: InterpreterVersion,
    mut candidates: Vec<Candidate>,
    identify: impl Fn(&PathBuf) -> Option<Interpreter>,
) -> Option<Interpreter> {
    let hoped = |candidate: &Candidate| match candidate.named {
        NamedVersion::Version(version) => distance(version, wanted),
        NamedVersion::Silent => (0, false),
    };
    // Among equally near ones, a script that searches for an interpreter comes after the interpreter.
    candidates.sort_by_key(|candidate| (hoped(candidate), is_shim(&candidate.program)));
    let mut best: Option<Interpreter> = None;
    for candidate in candidates {
        let reached = best.as_ref().map(|best| distance(best.version, wanted));
        if reached.is_some_and(|reached| reached <= hoped(&candidate)) {
            break;
        }
        let Some(found) = identify(&candidate.program) else {
            continue;
        };
        if reached.is_none_or(|reached| distance(found.version, wanted) < reached) {
            best = Some(found);
        }
    }
    best
}

/// Whether it is in a folder where pyenv, rbenv and similar tools put scripts in place of programs.
fn is_shim(program: &Path) -> bool {
    let folder = program.parent().and_then(Path::file_name);
    folder.is_some_and(|folder| folder == "shims")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(minor: u32) -> InterpreterVersion {
        InterpreterVersion { major: 3, minor }
    }

    /// A program in a folder named like its real minor version.
    fn candidate(folder: &str, named: Option<u32>) -> Candidate {
        let minor = named.map(|minor| format!(".{minor}")).unwrap_or_default();
        Candidate {
            program: PathBuf::from(format!("/{folder}/python3{minor}")),
            named: named.map_or(NamedVersion::Silent, |minor| {
                NamedVersion::Version(version(minor))
            }),
        }
    }

    /// The minor version that is picked, and the programs that were started for it.
    fn pick(wanted: u32, candidates: Vec<Candidate>) -> (Option<u32>, Vec<String>) {
        let asked = std::cell::RefCell::new(Vec::new());
        let found = nearest(version(wanted), candidates, |program| {
            asked.borrow_mut().push(program.display().to_string());
            let folder = program.parent()?.file_name()?.to_str()?;
            let minor = folder.parse().or_else(|_| {
                let name = program.file_name().and_then(|name| name.to_str());
                name.unwrap_or_default()
                    .trim_start_matches("python3.")
                    .parse()
            });
            Some(Interpreter {
                version: version(minor.ok()?),
                program: program.clone(),
            })
        });
        (found.map(|found| found.version.minor), asked.into_inner())
    }

    #[test]
    fn nearest_is_exact_then_newer_then_older() {
        let of = |wanted, minors: &[u32]| {
            let candidates = minors
                .iter()
                .map(|it| candidate(&it.to_string(), Some(*it)));
            pick(wanted, candidates.collect()).0
        };
        assert_eq!(of(12, &[11, 12, 13]), Some(12));
        assert_eq!(of(12, &[11, 13]), Some(13));
        assert_eq!(of(13, &[9, 11]), Some(11));
        assert_eq!(of(13, &[]), None);
    }

    #[test]
    fn no_more_are_started_than_it_takes() {
        let many = || {
            vec![
                candidate("shims", None),
                candidate("shims", Some(12)),
                candidate("11", Some(11)),
                candidate("12", Some(12)),
                candidate("13", Some(13)),
            ]
        };
        assert_eq!(
            pick(12, many()),
            (Some(12), vec!["/12/python3.12".to_owned()])
        );
        // The script without a version fails, and the next one has the version in its name.
        let (found, asked) = pick(14, many());
        assert_eq!(found, Some(13));
        assert_eq!(asked, ["/shims/python3", "/13/python3.13"]);
        // A name with a wrong version.
        let wrong = vec![candidate("9", Some(12)), candidate("13", Some(13))];
        assert_eq!(pick(12, wrong).0, Some(13));
    }

    #[test]
    fn several_names_of_one_file_are_one_candidate() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["python3.11", "other"] {
            fs::write(folder.path().join(name), "").expect("it is ours");
        }
        let link = folder.path().join("python3");
        std::os::unix::fs::symlink("python3.11", link).expect("it is ours");
        let places = Places {
            managers: &[],
            reads: |name| {
                let rest = name.strip_prefix("python3")?;
                let minor = rest.strip_prefix('.').and_then(|minor| minor.parse().ok());
                Some(minor.map_or(NamedVersion::Silent, |minor| {
                    NamedVersion::Version(version(minor))
                }))
            },
        };
        let found = places.candidates_in(&[folder.path().to_owned()]);
        let program = folder.path().join("python3.11");
        let named = NamedVersion::Version(version(11));
        assert_eq!(found, [Candidate { program, named }]);
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
