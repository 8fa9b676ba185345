//! A place that is filled. A data folder is first filled in a folder of its own, and then appears whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use keep::{Beside, Counts, IntoStore, LeftOut, TransferError};
use server::FolderCode;
use store::{AccessKeys, AuditRecords, CodeBlobs, Durability, Stacks, Store};
use store_postgres::{OpenError, PostgresStore, Restoring};
use store_sqlite::SqliteStore;

use super::place::{ACCOUNT_ID, Place};
use super::{FILES, STORE_FILE};
use crate::commands::keys::SEALING_KEY;
use crate::exit::CliError;
use crate::screen::note;
use crate::up::data_folder;

/// The folder in which a data folder is filled, within itself; its content is unfinished.
const STAGE: &str = ".restoring";

/// The place that is filled.
pub struct Writing {
    place: Place,
    store: Arc<dyn Store>,
    code: Arc<dyn CodeBlobs>,
    keys: Arc<dyn AccessKeys>,
    stacks: Arc<dyn Stacks>,
    audit: Arc<dyn AuditRecords>,
    /// Of a data folder.
    stage: Option<PathBuf>,
    /// Of a database.
    restoring: Option<Restoring>,
}

impl Writing {
    /// Opens an empty place. The leftovers of an interrupted run are removed. `of` names for people the source of the
    /// data.
    ///
    /// # Errors
    /// When the place is not empty, or cannot be written to.
    pub async fn open(place: &Place, of: &str) -> Result<Self, CliError> {
        match place {
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
                let store = Arc::new(store);
                Ok(Self {
                    place: place.clone(),
                    keys: Arc::clone(&store) as _,
                    stacks: Arc::clone(&store) as _,
                    audit: Arc::clone(&store) as _,
                    store,
                    code: Arc::new(code),
                    stage: Some(stage),
                    restoring: None,
                })
            }
            Place::Database(url) => {
                let restoring = Restoring::begin(url, of).await.map_err(not_begun)?;
                if restoring.removed_a_part() {
                    note(format!(
                        "the {place} had data from an interrupted restore, which is removed"
                    ));
                }
                let store = PostgresStore::open_restoring(url, ACCOUNT_ID, &restoring).await;
                let store = Arc::new(store.map_err(anyhow::Error::new)?);
                Ok(Self {
                    place: place.clone(),
                    code: Arc::clone(&store) as _,
                    keys: Arc::clone(&store) as _,
                    stacks: Arc::clone(&store) as _,
                    audit: Arc::clone(&store) as _,
                    store,
                    stage: None,
                    restoring: Some(restoring),
                })
            }
        }
    }

    /// The sink that fills it, with or without access keys.
    ///
    /// # Errors
    /// When it is not empty.
    pub async fn sink(&self, with_keys: WithKeys) -> Result<IntoStore<'_>, CliError> {
        let keys = match with_keys {
            WithKeys::Yes => Some(self.keys.as_ref()),
            WithKeys::No => None,
        };
        let beside = Beside {
            code: Some(self.code.as_ref()),
            keys,
            stacks: Some(self.stacks.as_ref()),
            audit: Some(self.audit.as_ref()),
        };
        let begun = IntoStore::begin(self.store.as_ref(), beside).await;
        let sink = begun.map_err(|error| match error {
            TransferError::NotEmpty(what) => CliError::usage(
                format!("the {} is not empty: it has {what}", self.place),
                "name a new database: nothing is overwritten",
            ),
            other => CliError::Failed(anyhow::Error::new(other)),
        })?;
        Ok(match &self.stage {
            Some(stage) => sink.with_files(stage.clone(), &FILES),
            None => sink,
        })
    }

    /// Closes the store, and moves a data folder to its place. Prints the parts that were left out.
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
        if let Some(restoring) = self.restoring {
            restoring.finish().await.map_err(anyhow::Error::new)?;
        }
        Ok(())
    }
}

/// Whether access keys are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithKeys {
    Yes,
    No,
}

fn not_begun(error: OpenError) -> CliError {
    match error {
        OpenError::NotEmpty { .. } => {
            CliError::usage(error.to_string(), "nothing is ever overwritten")
        }
        other => CliError::Failed(anyhow::Error::new(other)),
    }
}

/// Says that a server needs the old sealing key to open the restored access keys, unless it is there.
pub fn tell_of_keys(place: &Place, counts: &Counts) {
    let is_there = place
        .folder()
        .is_some_and(|it| it.join("access.key").is_file())
        || std::env::var_os(SEALING_KEY).is_some();
    if counts.access_keys > 0 && !is_there {
        note(
            "the secrets of the access keys are sealed: a server opens them with `access.key` of the old data folder or \
             with LAMBDURA_SEALING_KEY, and does not start without it. `--without-access-keys` leaves them out",
        );
    }
}

/// Refuses a folder with the data of a server, or with a part of it.
fn require_nothing(folder: &Path) -> Result<(), CliError> {
    let parts = [STORE_FILE, "code"].into_iter().chain(FILES);
    let found = parts.map(|name| folder.join(name)).find(|path| {
        // An empty folder does not count.
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
            "name a new folder with `--data-dir DIR`: nothing is overwritten",
        )),
    }
}

/// Moves everything, the executions last: a folder that has them has everything else.
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
