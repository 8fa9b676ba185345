//! Adds code: copies it beside its place, hashes the copy, syncs it, moves it, and writes its list last.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::disk::{ContentHash, EXECUTABLE_MODE, FILE_MODE, FOLDER_MODE, parent, set_mode};
use super::error::{FreezeCodeError, at};
use super::manifest::{Content, Entry, Manifest};
use super::seen::Sight;
use super::store::{CodeStore, Condition, FrozenCode, folder_name, folder_of};
use super::tree::Tree;

/// How often code is read anew that changes while it is copied. Builds are done when a deployment
/// begins; a user who saves files in that moment does not do so for long.
const TRIES: u32 = 5;

/// The number of manifests that are searched for files which need not be copied again: the newest
/// ones, among which the same function's last version almost always is.
const LINKED_FROM_MAX: usize = 4;

impl CodeStore {
    /// Copies the code below `source`, unless it is here already and sound.
    pub fn freeze(&self, source: &Path) -> Result<FrozenCode, FreezeCodeError> {
        for _ in 0..TRIES {
            let sight = Sight::of(source)?;
            if let Some(frozen) = self.recall(source, &sight) {
                return Ok(frozen);
            }
            let tree = Tree::read(source, &self.disk)?;
            let digest = tree.digest;
            let name = folder_name(&digest);
            let lease = self.lease(&name);
            let frozen = FrozenCode::new(self.folder(&name), &digest, tree.bytes, lease);
            match self.take(&name, wanted(tree), source) {
                Err(FreezeCodeError::Changing(_)) => {}
                Err(other) => return Err(other),
                Ok(()) => {
                    self.remember(source, &sight, &digest);
                    return Ok(frozen);
                }
            }
        }
        Err(FreezeCodeError::Changing(source.to_owned()))
    }

    fn take(&self, name: &str, wanted: Vec<Entry>, source: &Path) -> Result<(), FreezeCodeError> {
        // Another deployment of the same code waits here, and then finds it.
        let _working = self.working();
        if self.folder(name).is_dir() {
            return self.settle(name, wanted, source, Some(source));
        }
        let partial = self.partial(name);
        let placed = self
            .fill(&partial, wanted, source)
            .and_then(|entries| self.place(&partial, name, entries, Some(source)));
        if placed.is_err() {
            self.discard(&partial);
        }
        placed
    }

    /// Copies files to a new folder; returns their entries as copied.
    fn fill(
        &self,
        partial: &Path,
        wanted: Vec<Entry>,
        source: &Path,
    ) -> Result<Vec<Entry>, FreezeCodeError> {
        self.disk.make_folder(partial).map_err(at(partial))?;
        let known = self.known_files("");
        let mut entries = Vec::with_capacity(wanted.len());
        for entry in wanted {
            let target = partial.join(&entry.path);
            let Content::File { mode, hash, .. } = entry.content else {
                continue;
            };
            self.disk
                .make_folder(parent(&target))
                .map_err(at(parent(&target)))?;
            let known = known.get(&hash).filter(|known| known.mode == mode);
            if !known.is_some_and(|known| self.link(&known.path, &target, &hash)) {
                let from = source.join(&entry.path);
                let (arrived, _) = self.disk.copy(&from, &target).map_err(at(&from))?;
                if arrived != hash {
                    return Err(FreezeCodeError::Changing(from));
                }
                set_mode(&target, mode).map_err(at(&target))?;
            }
            self.disk.reached("copied", &target);
            entries.push(Entry::file(partial, entry.path, hash).map_err(at(&target))?);
        }
        Ok(entries)
    }

    /// Links a file that is here already to a second path, if its content is unchanged.
    fn link(&self, known: &Path, target: &Path, hash: &ContentHash) -> bool {
        if fs::hard_link(known, target).is_err() {
            return false;
        }
        if self
            .disk
            .hash(target)
            .is_ok_and(|(found, _)| found == *hash)
        {
            return true;
        }
        if let Err(error) = fs::remove_file(target) {
            // The copy that follows fails for the same reason, and says so.
            tracing::debug!(%error, path = %target.display(), "failed to remove a damaged link");
        }
        false
    }

    /// Moves a complete folder to its place.
    pub(super) fn place(
        &self,
        partial: &Path,
        name: &str,
        entries: Vec<Entry>,
        source: Option<&Path>,
    ) -> Result<(), FreezeCodeError> {
        let mut manifest = Manifest {
            sources: Vec::new(),
            entries,
        };
        if let Some(source) = source {
            manifest.add_source(source);
        }
        set_mode(partial, FOLDER_MODE).map_err(at(partial))?;
        let (files, links) = manifest.paths();
        self.disk
            .sync_tree(partial, &files, &links)
            .map_err(at(partial))?;
        self.disk.reached("complete", partial);
        let dir = self.folder(name);
        fs::rename(partial, &dir).map_err(at(&dir))?;
        self.disk.reached("moved", &dir);
        self.disk.sync_folder(&self.dir).map_err(at(&self.dir))?;
        self.write_manifest(name, &manifest)?;
        self.state()
            .conditions
            .insert(name.to_owned(), Condition::Verified);
        Ok(())
    }

    pub(super) fn write_manifest(
        &self,
        name: &str,
        manifest: &Manifest,
    ) -> Result<(), FreezeCodeError> {
        let path = self.manifest_path(name);
        let written = self
            .disk
            .write(&path, &self.partial(name), &manifest.to_bytes());
        written.map_err(at(&path))
    }

    /// Makes an existing folder contain the wanted entries. Files that differ are replaced one by one, each whole:
    /// correct files stay in place, for the processes that use them.
    pub(super) fn settle(
        &self,
        name: &str,
        wanted: Vec<Entry>,
        source: &Path,
        remembered: Option<&Path>,
    ) -> Result<(), FreezeCodeError> {
        let dir = self.folder(name);
        let path = self.manifest_path(name);
        let listed = Manifest::read(&path).map_err(at(&path))?;
        let is_doubted = self.damage(&dir).is_some();
        let known: BTreeMap<&Path, &Entry> = listed
            .iter()
            .filter(|_| !is_doubted)
            .flat_map(|manifest| &manifest.entries)
            .map(|entry| (entry.path.as_path(), entry))
            .collect();
        let mut entries = Vec::with_capacity(wanted.len());
        for entry in &wanted {
            let target = dir.join(&entry.path);
            match &entry.content {
                Content::File { mode, hash, .. } => {
                    let known = known.get(entry.path.as_path());
                    if !known.is_some_and(|known| is_known(known, hash) && known.is_untouched(&dir))
                    {
                        self.put(name, &source.join(&entry.path), &target, hash, *mode)?;
                    }
                    let settled = Entry::file(&dir, entry.path.clone(), *hash);
                    entries.push(settled.map_err(at(&target))?);
                }
                Content::Link { target: leads_to } => {
                    self.put_link(name, leads_to, &target)
                        .map_err(at(&target))?;
                    entries.push(entry.clone());
                }
            }
        }
        let mut manifest = Manifest {
            sources: listed.iter().flat_map(|it| it.sources.clone()).collect(),
            entries,
        };
        if let Some(source) = remembered {
            manifest.add_source(source);
        }
        if listed.as_ref() != Some(&manifest) {
            set_mode(&dir, FOLDER_MODE).map_err(at(&dir))?;
            let (files, links) = manifest.paths();
            self.disk
                .sync_tree(&dir, &files, &links)
                .map_err(at(&dir))?;
            self.disk.sync_folder(&self.dir).map_err(at(&self.dir))?;
            self.write_manifest(name, &manifest)?;
        }
        self.note_checked(name);
        if is_doubted {
            let mut state = self.state();
            state
                .conditions
                .insert(name.to_owned(), Condition::Verified);
        }
        Ok(())
    }

    /// Puts a file in its place unless it is there. Readers never see half of it.
    fn put(
        &self,
        name: &str,
        from: &Path,
        to: &Path,
        hash: &ContentHash,
        mode: u32,
    ) -> Result<(), FreezeCodeError> {
        let is_file = fs::symlink_metadata(to).is_ok_and(|found| found.is_file());
        if is_file && self.disk.hash(to).is_ok_and(|(found, _)| found == *hash) {
            return set_mode(to, mode).map_err(at(to));
        }
        let replaced = self.replace(name, from, to, hash, mode);
        if replaced.map_err(at(from))? {
            tracing::warn!(path = %to.display(), "a file of frozen code was missing or damaged, and was replaced");
            return Ok(());
        }
        Err(FreezeCodeError::Changing(from.to_owned()))
    }

    /// Replaces a file by a copy of another one; `false` when that one has another content.
    pub(super) fn replace(
        &self,
        name: &str,
        from: &Path,
        to: &Path,
        hash: &ContentHash,
        mode: u32,
    ) -> std::io::Result<bool> {
        let partial = self.partial(name);
        let copied = self.disk.copy(from, &partial);
        if !copied.as_ref().is_ok_and(|(arrived, _)| arrived == hash) {
            self.discard(&partial);
            return copied.map(|_| false);
        }
        set_mode(&partial, mode)?;
        self.disk.sync_file(&partial)?;
        self.disk.make_folder(parent(to))?;
        if fs::symlink_metadata(to).is_ok_and(|found| found.is_dir()) {
            fs::remove_dir_all(to)?;
        }
        self.disk.reached("replacing", to);
        fs::rename(&partial, to)?;
        self.disk.sync_folder(parent(to))?;
        Ok(true)
    }

    /// Puts a link in its place unless it is there.
    pub(super) fn put_link(&self, name: &str, leads_to: &Path, link: &Path) -> std::io::Result<()> {
        if fs::read_link(link).is_ok_and(|found| found == leads_to) {
            return Ok(());
        }
        let partial = self.partial(name);
        std::os::unix::fs::symlink(leads_to, &partial)?;
        self.disk.make_folder(parent(link))?;
        if fs::symlink_metadata(link).is_ok_and(|found| found.is_dir()) {
            fs::remove_dir_all(link)?;
        }
        fs::rename(&partial, link)?;
        self.disk.sync_folder(parent(link))
    }

    /// Files of the newest frozen folders by their content, without those of one folder.
    pub(super) fn known_files(&self, except: &str) -> HashMap<ContentHash, KnownFile> {
        let mut manifests: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            if path.extension().is_some_and(|it| it == "manifest")
                && let Ok(modified) = modified
            {
                manifests.push((modified, path));
            }
        }
        manifests.sort();
        let mut files = HashMap::new();
        for (_, path) in manifests.iter().rev().take(LINKED_FROM_MAX) {
            let dir = path.with_extension("");
            let Some(name) = folder_of(&dir).filter(|name| *name != except) else {
                continue;
            };
            if self.damage(&dir).is_some() {
                continue;
            }
            let Ok(Some(manifest)) = Manifest::read(&self.manifest_path(name)) else {
                continue;
            };
            for entry in manifest.entries {
                if let Content::File { mode, hash, .. } = entry.content {
                    let path = dir.join(entry.path);
                    files.entry(hash).or_insert(KnownFile { path, mode });
                }
            }
        }
        files
    }

    /// Removes an unfinished file or folder; if that fails, the next sweep removes it.
    pub(super) fn discard(&self, partial: &Path) {
        let removed = match fs::symlink_metadata(partial) {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(partial),
            Ok(_) => fs::remove_file(partial),
            Err(_) => Ok(()),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, path = %partial.display(), "failed to remove what was half made");
        }
    }
}

/// A file that is here already.
pub(super) struct KnownFile {
    pub path: PathBuf,
    pub mode: u32,
}

/// The entries of a tree's frozen copy.
fn wanted(tree: Tree) -> Vec<Entry> {
    let files = tree.files.into_iter().map(|file| Entry {
        path: file.path,
        content: Content::File {
            bytes: file.bytes,
            mode: if file.is_executable {
                EXECUTABLE_MODE
            } else {
                FILE_MODE
            },
            modified_nanos: 0,
            hash: file.hash,
        },
    });
    files.collect()
}

/// Whether a file is listed with this content.
fn is_known(listed: &Entry, wanted: &ContentHash) -> bool {
    matches!(&listed.content, Content::File { hash, .. } if hash == wanted)
}
