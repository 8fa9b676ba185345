//! A place that is filled. A data folder is made beside itself, and appears whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use keep::{IntoStore, LeftOut, TransferError};
use server::FolderCode;
use store::{CodeBlobs, Durability, Store};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;

use super::place::{ACCOUNT_ID, Place};
use super::{FILES, STORE_FILE};
use crate::exit::CliError;
use crate::up::data_folder;

/// Where a data folder is made, within itself; what is in it was not finished.
const STAGE: &str = ".restoring";

/// What is filled.
pub struct Writing {
    place: Place,
    store: Arc<dyn Store>,
    code: Arc<dyn CodeBlobs>,
    /// Of a data folder.
    stage: Option<PathBuf>,
}

impl Writing {
    /// Opens a place that has nothing in it.
    ///
    /// # Errors
    /// When it has, or it cannot be written to.
    pub async fn open(place: &Place) -> Result<Self, CliError> {
        let (store, code, stage): (Arc<dyn Store>, Arc<dyn CodeBlobs>, _) = match place {
            Place::Folder(folder) => {
                require_nothing(folder)?;
                data_folder::prepare(folder)?;
                let stage = folder.join(STAGE);
                if stage.exists() {
                    let removed = fs::remove_dir_all(&stage);
                    removed.with_context(|| format!("remove `{}`", stage.display()))?;
                }
                data_folder::prepare(&stage)?;
                let path = stage.join(STORE_FILE);
                let store =
                    SqliteStore::open(&path, Durability::Disk).map_err(anyhow::Error::new)?;
                let code = FolderCode::open(&stage).context("make the folder of code")?;
                (Arc::new(store), Arc::new(code), Some(stage))
            }
            Place::Database(url) => {
                let store = PostgresStore::open(url, ACCOUNT_ID).await;
                let store = Arc::new(store.map_err(anyhow::Error::new)?);
                (Arc::clone(&store) as _, store, None)
            }
        };
        Ok(Self {
            place: place.clone(),
            store,
            code,
            stage,
        })
    }

    /// What fills it.
    ///
    /// # Errors
    /// When it is not empty.
    pub async fn sink(&self) -> Result<IntoStore<'_>, CliError> {
        let begun = IntoStore::begin(self.store.as_ref(), Some(self.code.as_ref())).await;
        let sink = begun.map_err(|error| match error {
            TransferError::NotEmpty(what) => CliError::usage(
                format!("the {} is not empty: it has {what}", self.place),
                "name a new database: nothing is written over",
            ),
            other => CliError::Failed(anyhow::Error::new(other)),
        })?;
        Ok(match &self.stage {
            Some(stage) => sink.with_files(stage.clone(), &FILES),
            None => sink,
        })
    }

    /// Closes the store, and puts a data folder where it belongs. What there was no place for is told to people.
    ///
    /// # Errors
    /// When it cannot be closed or moved.
    pub async fn finish(self, left_out: &[LeftOut]) -> Result<(), CliError> {
        super::tell_left_out(left_out);
        let closed = self.store.close().await;
        closed.map_err(anyhow::Error::new)?;
        if let (Some(stage), Some(folder)) = (&self.stage, self.place.folder()) {
            let moved = move_all(stage, folder);
            moved.with_context(|| format!("move what is in `{}`", stage.display()))?;
        }
        Ok(())
    }
}

/// Refuses a folder with the data of a server, or with a part of it.
fn require_nothing(folder: &Path) -> Result<(), CliError> {
    let parts = [STORE_FILE, "code"].into_iter().chain(FILES);
    let found = parts.map(|name| folder.join(name)).find(|path| {
        // An empty folder is nothing.
        path.is_file() || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
    });
    match found {
        None => Ok(()),
        Some(path) => Err(CliError::usage(
            format!(
                "the data folder `{}` is not empty: it has `{}`",
                folder.display(),
                path.display()
            ),
            "name a new folder with `--data-dir DIR`: nothing is written over",
        )),
    }
}

/// Moves everything, the executions last: a folder that has them has all the rest.
fn move_all(stage: &Path, folder: &Path) -> std::io::Result<()> {
    let code = folder.join("code");
    if code.is_dir() {
        fs::remove_dir(&code)?;
    }
    fs::rename(stage.join("code"), code)?;
    for name in FILES.into_iter().chain([STORE_FILE]) {
        let from = stage.join(name);
        if from.is_file() {
            File::open(folder)?.sync_all()?;
            fs::rename(from, folder.join(name))?;
        }
    }
    File::open(folder)?.sync_all()?;
    fs::remove_dir_all(stage)
}
