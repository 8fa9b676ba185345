//! The frozen code of a data folder, for backups: whether a server runs on the folder or not.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use store::{CodeBlobs, StoreFault, StoreFuture};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::error::FreezeCodeError;
use super::manifest::hex;
use super::store::{CodeStore, folder_of};

/// Code in the form in which it is uploaded.
pub struct ArchivedCode {
    /// SHA-256 of the archive: 64 hexadecimal digits.
    pub sha256: String,
    /// A zip archive.
    pub archive: Vec<u8>,
}

/// See the module.
pub struct FolderCode(Arc<CodeStore>);

impl FolderCode {
    /// Opens the code below a data folder; makes its folder if need be.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let store = CodeStore::open(data_dir.join("code"), true, CancellationToken::new())?;
        Ok(Self(Arc::new(store)))
    }

    /// The archive of a folder with code, as it is uploaded: the same content gives the same bytes. A copy of the
    /// content stays in the data folder.
    ///
    /// # Errors
    /// When the folder cannot be read or copied, or a link in it leads out of it.
    pub fn archive(&self, folder: &Path) -> Result<ArchivedCode, FreezeCodeError> {
        let frozen = self.0.freeze(folder)?;
        let failed = |cause| FreezeCodeError::Io {
            path: frozen.dir.clone(),
            cause,
        };
        let name = folder_of(&frozen.dir).unwrap_or_default();
        let archive = self.0.pack(name).map_err(failed)?;
        let sha256 = hex(&Sha256::digest(&archive).into());
        Ok(ArchivedCode { sha256, archive })
    }

    /// A description of damage to the code that a version names by this path; changes nothing. Code that was not frozen
    /// is not checked.
    pub fn damage(&self, code_dir: &str) -> Option<String> {
        let name = folder_of(Path::new(code_dir))?;
        self.0.damage_of(name)
    }

    /// Runs work on the disk on a thread that may block.
    fn work<T: Send + 'static>(
        &self,
        attempted: String,
        work: impl FnOnce(&CodeStore) -> Result<T, Box<dyn std::error::Error + Send + Sync>>
        + Send
        + 'static,
    ) -> StoreFuture<'static, T> {
        let store = Arc::clone(&self.0);
        Box::pin(async move {
            match spawn_blocking(move || work(&store)).await {
                Ok(done) => done.map_err(|cause| StoreFault::new(attempted, false, cause)),
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            }
        })
    }
}

impl CodeBlobs for FolderCode {
    fn put_code(&self, hash: &str, archive: Vec<u8>) -> StoreFuture<'_, ()> {
        let name = hash.to_owned();
        self.work(format!("unpack the code `{hash}`"), move |store| {
            // A backup's text must not decide where a folder is made.
            if folder_of(Path::new(&name)) != Some(name.as_str()) {
                return Err("it is not a name of frozen code".into());
            }
            Ok(store.take_packed(&name, &archive)?)
        })
    }

    fn has_code(&self, hash: &str) -> StoreFuture<'_, bool> {
        let name = hash.to_owned();
        self.work(format!("look for the code `{hash}`"), move |store| {
            Ok(store.has(&name))
        })
    }

    /// Refuses damaged code.
    fn code(&self, hash: &str) -> StoreFuture<'_, Option<Vec<u8>>> {
        let name = hash.to_owned();
        self.work(format!("pack the code `{hash}`"), move |store| {
            if !store.folder(&name).is_dir() {
                return Ok(None);
            }
            if let Some(damage) = store.damage_of(&name) {
                return Err(damage.into());
            }
            Ok(Some(store.pack(&name)?))
        })
    }

    fn code_hashes(&self) -> StoreFuture<'_, Vec<String>> {
        self.work("list the frozen code".to_owned(), |store| {
            let mut names = Vec::new();
            for entry in std::fs::read_dir(&store.dir)? {
                let path = entry?.path();
                if path.is_dir() {
                    names.extend(folder_of(&path).map(ToOwned::to_owned));
                }
            }
            names.sort();
            Ok(names)
        })
    }

    fn collect_code(&self, _unused_for: Duration) -> StoreFuture<'_, Vec<String>> {
        self.work("remove frozen code".to_owned(), |_| {
            Err("a server removes what nothing needs any more".into())
        })
    }
}
