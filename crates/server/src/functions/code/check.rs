//! Compares frozen code with its list, and mends it: from its source, or from other code with the
//! same file.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{ContentHash, mode, modified_nanos, set_mode};
use super::error::FreezeCodeError;
use super::manifest::{Content, Entry, Manifest};
use super::store::{CodeStore, Condition, folder_name, folder_of};
use super::tree::Tree;

/// How closely code is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Names, sizes, modes and times; contents where a time differs. Takes milliseconds.
    Sizes,
    /// Contents of all files.
    Contents,
}

/// The result of a check.
#[derive(Debug, Clone)]
pub(crate) enum Checked {
    /// Everything is as it was frozen.
    Sound,
    /// It was repaired: so many files were replaced.
    Mended(usize),
    /// It is damaged, and no source has the missing contents.
    Damaged(Arc<Damage>),
    /// The server shuts down.
    Unfinished,
}

/// A description of damaged code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The first damaged file, or the folder.
    pub path: PathBuf,
    problem: String,
    /// How many more files are damaged.
    more: usize,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path.display(), self.problem)?;
        match self.more {
            0 => Ok(()),
            1 => write!(f, ", and another file is damaged too"),
            more => write!(f, ", and {more} more files are damaged"),
        }
    }
}

/// An entry that differs from the list.
struct Fault<'a> {
    entry: &'a Entry,
    problem: String,
}

/// The result of comparing all entries.
#[derive(Default)]
struct Found<'a> {
    faults: Vec<Fault<'a>>,
    /// Some files have other times than listed, and still the same content.
    is_touched: bool,
}

impl CodeStore {
    /// Compares code with its list, mends what can be mended, and remembers the result.
    pub fn check(&self, dir: &Path, depth: Depth) -> Checked {
        let Some(name) = folder_of(dir) else {
            return Checked::Sound;
        };
        let _lease = self.lease(name);
        // A content that was damaged before may still have the right size.
        let depth = match self.damage(dir) {
            Some(_) => Depth::Contents,
            None => depth,
        };
        let checked = self.look(name, depth).unwrap_or_else(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return Checked::Unfinished;
            }
            Checked::Damaged(Arc::new(Damage {
                path: dir.to_owned(),
                problem: format!("cannot be checked: {error}"),
                more: 0,
            }))
        });
        let mut state = self.state();
        let before = state.conditions.get(name);
        let condition = match (&checked, depth, before) {
            (Checked::Sound, Depth::Sizes, Some(Condition::Verified))
            | (Checked::Sound | Checked::Mended(_), Depth::Contents, _) => Condition::Verified,
            (Checked::Sound | Checked::Mended(_), Depth::Sizes, _) => Condition::Checked,
            (Checked::Damaged(damage), _, _) => Condition::Damaged(Arc::clone(damage)),
            (Checked::Unfinished, _, _) => return checked,
        };
        state.conditions.insert(name.to_owned(), condition);
        checked
    }

    /// Describes damaged contents of code for people; mends nothing.
    pub(super) fn damage_of(&self, name: &str) -> Option<String> {
        let manifest = match Manifest::read(&self.manifest_path(name)) {
            Ok(Some(manifest)) => manifest,
            Ok(None) => return Some("it is missing, or has no list of its files".to_owned()),
            Err(error) => return Some(format!("cannot be checked: {error}")),
        };
        let found = match self.compare(name, &manifest, Depth::Contents) {
            Ok(found) => found,
            Err(error) => return Some(format!("cannot be checked: {error}")),
        };
        let first = found.faults.first()?;
        let damage = Damage {
            path: self.folder(name).join(&first.entry.path),
            problem: first.problem.clone(),
            more: found.faults.len() - 1,
        };
        Some(damage.to_string())
    }

    fn look(&self, name: &str, depth: Depth) -> io::Result<Checked> {
        let path = self.manifest_path(name);
        let Some(manifest) = Manifest::read(&path)? else {
            return self.look_without_list(name, depth);
        };
        let found = self.compare(name, &manifest, depth)?;
        if found.faults.is_empty() && !found.is_touched {
            return Ok(Checked::Sound);
        }
        let _working = self.working();
        // A deployment may have mended it meanwhile.
        let Some(mut manifest) = Manifest::read(&path)? else {
            return Ok(Checked::Unfinished);
        };
        let listed = manifest.clone();
        let found = self.compare(name, &listed, depth)?;
        let count = found.faults.len();
        let left = self.mend(name, &manifest, found.faults)?;
        if let Some(first) = left.first() {
            return Ok(Checked::Damaged(Arc::new(Damage {
                path: self.folder(name).join(&first.entry.path),
                problem: first.problem.clone(),
                more: left.len() - 1,
            })));
        }
        self.note_times(name, &mut manifest)?;
        Ok(if count == 0 {
            Checked::Sound
        } else {
            Checked::Mended(count)
        })
    }

    /// Compares every entry. Wrong modes are corrected at once: nothing is lost by them.
    fn compare<'a>(
        &self,
        name: &str,
        manifest: &'a Manifest,
        depth: Depth,
    ) -> io::Result<Found<'a>> {
        let dir = self.folder(name);
        let mut found = Found::default();
        for entry in &manifest.entries {
            let path = dir.join(&entry.path);
            let problem = match &entry.content {
                Content::Link { target } => match fs::read_link(&path) {
                    Ok(leads_to) if leads_to == *target => None,
                    Ok(leads_to) => Some(format!("leads to `{}`", leads_to.display())),
                    Err(error) => Some(absent(&error)),
                },
                Content::File { .. } => {
                    match self.compare_file(&path, entry, depth, &mut found.is_touched) {
                        Ok(problem) => problem,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                            return Err(error);
                        }
                        Err(error) => Some(absent(&error)),
                    }
                }
            };
            if let Some(problem) = problem {
                found.faults.push(Fault { entry, problem });
            }
        }
        Ok(found)
    }

    fn compare_file(
        &self,
        path: &Path,
        entry: &Entry,
        depth: Depth,
        is_touched: &mut bool,
    ) -> io::Result<Option<String>> {
        let Content::File {
            bytes,
            mode: listed_mode,
            modified_nanos: nanos,
            hash,
        } = &entry.content
        else {
            return Ok(None);
        };
        let metadata = fs::symlink_metadata(path)?;
        if !metadata.is_file() {
            return Ok(Some("is no file any more".to_owned()));
        }
        if metadata.len() != *bytes {
            let now = metadata.len();
            return Ok(Some(format!("has {now} bytes instead of {bytes}")));
        }
        if mode(&metadata) != *listed_mode {
            set_mode(path, *listed_mode)?;
        }
        let is_other_time = modified_nanos(&metadata) != *nanos;
        if is_other_time || depth == Depth::Contents {
            let (content, _) = self.disk.hash(path)?;
            if content != *hash {
                return Ok(Some(
                    "has another content than it was deployed with".to_owned(),
                ));
            }
        }
        *is_touched |= is_other_time;
        Ok(None)
    }

    /// Replaces damaged files; returns those whose content no source has.
    fn mend<'a>(
        &self,
        name: &str,
        manifest: &Manifest,
        faults: Vec<Fault<'a>>,
    ) -> io::Result<Vec<Fault<'a>>> {
        if faults.is_empty() {
            return Ok(faults);
        }
        let dir = self.folder(name);
        let known = self.known_files(name);
        let mut left = Vec::new();
        for fault in faults {
            let target = dir.join(&fault.entry.path);
            match &fault.entry.content {
                Content::Link { target: leads_to } => self.put_link(name, leads_to, &target)?,
                Content::File { mode, hash, .. } => {
                    let sources = manifest.sources.iter().rev();
                    let sources = sources.map(|source| source.join(&fault.entry.path));
                    let others = known.get(hash).map(|known| known.path.clone());
                    let candidates: Vec<PathBuf> = sources.chain(others).collect();
                    if !self.replace_from(name, &candidates, &target, (hash, *mode))? {
                        left.push(fault);
                        continue;
                    }
                }
            }
            let (path, problem) = (target.display(), &fault.problem);
            tracing::warn!(%path, problem, "mended frozen code");
        }
        Ok(left)
    }

    fn replace_from(
        &self,
        name: &str,
        candidates: &[PathBuf],
        target: &Path,
        (hash, mode): (&ContentHash, u32),
    ) -> io::Result<bool> {
        for candidate in candidates {
            match self.replace(name, candidate, target, hash, mode) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) if candidate.is_file() => return Err(error),
                // This candidate does not exist: the next one may.
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// Lists files with their present times, so that they need not be read the next time.
    fn note_times(&self, name: &str, manifest: &mut Manifest) -> io::Result<()> {
        let dir = self.folder(name);
        for entry in &mut manifest.entries {
            if let Content::File { hash, .. } = entry.content {
                *entry = Entry::file(&dir, entry.path.clone(), hash)?;
            }
        }
        self.write_manifest(name, manifest).map_err(into_io)
    }

    /// Accepts code without a list: an older server froze it, or the list is damaged. A folder that is named after its
    /// contents is known to be right; the code of an archive is taken as it is.
    fn look_without_list(&self, name: &str, depth: Depth) -> io::Result<Checked> {
        let dir = self.folder(name);
        if !dir.is_dir() {
            return Ok(Checked::Damaged(Arc::new(Damage {
                path: dir,
                problem: "is missing".to_owned(),
                more: 0,
            })));
        }
        if depth == Depth::Sizes {
            return Ok(Checked::Sound);
        }
        let tree = Tree::read_without_compiled(&dir, &self.disk).map_err(into_io)?;
        if folder_name(&tree.digest) != name {
            tracing::debug!(path = %dir.display(), "frozen code without a list is taken as it is");
        }
        let mut entries = Vec::with_capacity(tree.files.len());
        for file in tree.files {
            let path = dir.join(&file.path);
            let is_link = fs::symlink_metadata(&path)?.is_symlink();
            let entry = if is_link {
                let target = fs::read_link(&path)?;
                let content = Content::Link { target };
                Entry {
                    path: file.path,
                    content,
                }
            } else {
                Entry::file(&dir, file.path, file.hash)?
            };
            entries.push(entry);
        }
        let manifest = Manifest {
            sources: Vec::new(),
            entries,
        };
        let _working = self.working();
        self.write_manifest(name, &manifest).map_err(into_io)?;
        Ok(Checked::Sound)
    }
}

fn absent(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "is missing".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

fn into_io(error: FreezeCodeError) -> io::Error {
    match error {
        FreezeCodeError::Io { cause, .. } => cause,
        other @ (FreezeCodeError::LinkOutside(_)
        | FreezeCodeError::TooLarge(_)
        | FreezeCodeError::Changing(_)) => io::Error::other(other.to_string()),
    }
}
