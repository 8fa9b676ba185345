//! Removes unused files: code of versions that are gone, and half-done work after a crash.

use std::fs;
use std::io;
use std::path::Path;

use super::store::{CodeStore, NAME_DIGITS};

impl CodeStore {
    /// Removes all unused files; returns how many folders of code were among them.
    ///
    /// Once the registry is loaded, every folder that a version, a request or a process needs is
    /// tracked. A task that is about to need a folder has leased it, or waits until the sweep is
    /// done.
    pub fn sweep(&self) -> usize {
        let _working = self.working();
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, path = %self.dir.display(), "failed to look for unused code");
                return 0;
            }
        };
        let mut removed = 0;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some((hash, rest)) = name.to_str().and_then(parts) else {
                continue;
            };
            let path = entry.path();
            let swept = match rest {
                "" if self.is_used(hash) => continue,
                "" => self.remove(hash).map(|()| removed += 1),
                // The list stays, because a missing folder is mended with it.
                ".manifest" if self.is_used(hash) || self.folder(hash).exists() => continue,
                ".manifest" => remove_any(&path),
                rest if is_left_over(rest) => remove_any(&path),
                _ => continue,
            };
            if let Err(error) = swept {
                tracing::warn!(%error, path = %path.display(), "failed to remove unused code");
            }
        }
        self.forget_gone_sources();
        removed
    }

    /// Removes a folder and its list. The folder is renamed first: a folder with the name of code is never half there.
    fn remove(&self, name: &str) -> io::Result<()> {
        let unique = uuid::Uuid::new_v4();
        let removed = self.dir.join(format!("{name}.removed-{unique}"));
        fs::rename(self.folder(name), &removed)?;
        self.disk.reached("removing", &removed);
        self.state().conditions.remove(name);
        match fs::remove_file(self.manifest_path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        self.disk.reached("unlisted", &removed);
        fs::remove_dir_all(&removed)
    }
}

/// Splits a name into its hash and the rest; `None` for a name of another form.
fn parts(name: &str) -> Option<(&str, &str)> {
    let (hash, rest) = name.split_at_checked(NAME_DIGITS)?;
    hash.bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then_some((hash, rest))
}

fn is_left_over(rest: &str) -> bool {
    rest.starts_with(".partial-") || rest.starts_with(".removed-")
}

fn remove_any(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}
