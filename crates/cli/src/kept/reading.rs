//! A place that is read, whether servers use it or not.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use keep::{Beside, Counts, Item, Read, Sink, read_store};
use model::{Owner, Timestamp};
use server::FolderCode;
use store::{
    AccessKeys, AuditRecords, CodeBlobs, Durability, ServerRecord, Servers, Stacks, Store,
};
use store_postgres::{PostgresStore, pending_migrations};
use store_sqlite::{SqliteStore, snapshot};
use tempfile::TempDir;

use super::place::{ACCOUNT_ID, Place};
use super::{FILES, RECORD, STORE_FILE, TABLES_FILE};
use crate::exit::CliError;

/// Bytes of a file in one piece.
const PIECE_BYTES: usize = 1024 * 1024;

/// The data of a place that is read.
pub struct Reading {
    pub store: Arc<dyn Store>,
    pub code: Option<Arc<dyn CodeBlobs>>,
    pub keys: Arc<dyn AccessKeys>,
    pub stacks: Arc<dyn Stacks>,
    /// The record of changes.
    pub audit: Arc<dyn AuditRecords>,
    /// The code of a data folder, which can be compared with the deployed code.
    pub folder_code: Option<Arc<FolderCode>>,
    /// The database, where it is one.
    pub database: Option<Arc<PostgresStore>>,
    /// Files that come with it: their names, and where they are.
    pub files: Vec<(&'static str, PathBuf)>,
    /// The copies, removed with this value.
    _scratch: Option<TempDir>,
}

impl Reading {
    /// Opens a place that a server may use. A data folder is copied below `scratch`, as it is at one moment.
    ///
    /// # Errors
    /// When the place has no data, or it cannot be read.
    pub async fn in_use(place: &Place, scratch: &Path) -> Result<Self, CliError> {
        match place {
            Place::Folder(folder) => {
                require_data(folder)?;
                let copies = TempDir::with_prefix_in(".lambdura-copy-", scratch)
                    .with_context(|| format!("cannot write to `{}`", scratch.display()))?;
                let copy = copies.path().join(STORE_FILE);
                snapshot(&folder.join(STORE_FILE), &copy).context("copy the executions")?;
                // After the executions: a step whose end is not in them is done again, as after a crash.
                let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
                for name in FILES {
                    let (from, to) = (folder.join(name), copies.path().join(name));
                    if !from.is_file() {
                        continue;
                    }
                    if name == TABLES_FILE {
                        snapshot(&from, &to).context("copy the tables")?;
                    } else if name.starts_with(RECORD) {
                        let copied = copy_record(&from, &to, &mut seen);
                        if !copied.with_context(|| format!("copy `{}`", from.display()))? {
                            continue;
                        }
                    } else {
                        let copied = fs::copy(&from, &to);
                        copied.with_context(|| format!("copy `{}`", from.display()))?;
                    }
                    files.push((name, to));
                }
                let store = SqliteStore::open(&copy, Durability::Os)
                    .context("open the copy of the executions")?;
                Self::of_folder(folder, store, files, Some(copies))
            }
            Place::Database(url) => Self::of_database(place, url).await,
        }
    }

    /// Opens a place that no server uses, and locks a data folder against servers meanwhile.
    ///
    /// # Errors
    /// As for [`Reading::in_use`], and when a server runs on it.
    pub async fn at_rest(place: &Place) -> Result<Self, CliError> {
        match place {
            Place::Folder(folder) => {
                require_data(folder)?;
                let path = folder.join(STORE_FILE);
                let store =
                    SqliteStore::open(&path, Durability::Disk).map_err(anyhow::Error::new)?;
                let files = FILES.into_iter().map(|name| (name, folder.join(name)));
                let files = files.filter(|(_, path)| path.is_file()).collect();
                Self::of_folder(folder, store, files, None)
            }
            Place::Database(url) => {
                let opened = open_database(place, url).await?;
                require_no_servers(place, opened.as_ref()).await?;
                Ok(Self::of_postgres(opened))
            }
        }
    }

    fn of_folder(
        folder: &Path,
        store: SqliteStore,
        files: Vec<(&'static str, PathBuf)>,
        scratch: Option<TempDir>,
    ) -> Result<Self, CliError> {
        let folder_code = match folder.join("code").is_dir() {
            true => {
                let code = FolderCode::open(folder).context("open the code of functions")?;
                Some(Arc::new(code))
            }
            false => None,
        };
        let store = Arc::new(store);
        Ok(Self {
            keys: Arc::clone(&store) as _,
            stacks: Arc::clone(&store) as _,
            audit: Arc::clone(&store) as _,
            store,
            code: folder_code.clone().map(|code| code as Arc<dyn CodeBlobs>),
            folder_code,
            database: None,
            files,
            _scratch: scratch,
        })
    }

    async fn of_database(place: &Place, url: &str) -> Result<Self, CliError> {
        Ok(Self::of_postgres(open_database(place, url).await?))
    }

    fn of_postgres(store: Arc<PostgresStore>) -> Self {
        Self {
            code: Some(Arc::clone(&store) as _),
            keys: Arc::clone(&store) as _,
            stacks: Arc::clone(&store) as _,
            audit: Arc::clone(&store) as _,
            database: Some(Arc::clone(&store)),
            store,
            folder_code: None,
            files: Vec::new(),
            _scratch: None,
        }
    }

    /// Sends all data to a sink.
    ///
    /// # Errors
    /// When it cannot be read, or the sink does not take it.
    pub async fn send(
        &self,
        sink: &mut impl Sink,
        progress: impl FnMut(&Counts),
    ) -> Result<Read, CliError> {
        let beside = Beside {
            code: self.code.as_deref(),
            keys: Some(self.keys.as_ref()),
            stacks: Some(self.stacks.as_ref()),
            audit: Some(self.audit.as_ref()),
        };
        let read = read_store(self.store.as_ref(), beside, sink, progress).await;
        let mut read = read.map_err(anyhow::Error::new)?;
        for (name, path) in &self.files {
            let bytes = send_file(name, path, sink).await;
            let bytes = bytes.with_context(|| format!("read `{}`", path.display()))?;
            read.counts.add(&Item::File {
                name: (*name).to_owned(),
                bytes,
            });
        }
        Ok(read)
    }

    /// Releases it.
    ///
    /// # Errors
    /// When the store does not close.
    pub async fn close(self) -> Result<(), CliError> {
        let closed = self.store.close().await;
        closed.map_err(anyhow::Error::new)?;
        Ok(())
    }
}

/// Copies a file of the record of changes, up to the end of its last whole line. When a server begins a new file
/// meanwhile, an older one appears again under its next name: it is copied only once. Returns whether it was copied.
fn copy_record(from: &Path, to: &Path, seen: &mut BTreeSet<u64>) -> io::Result<bool> {
    let mut file = File::open(from)?;
    if !seen.insert(file.metadata()?.ino()) {
        return Ok(false);
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n');
    text.truncate(whole.map_or(0, |place| place + 1));
    fs::write(to, text)?;
    Ok(true)
}

/// Refuses a folder without the data of a server.
fn require_data(folder: &Path) -> Result<(), CliError> {
    if folder.join(STORE_FILE).is_file() {
        return Ok(());
    }
    Err(CliError::not_found(
        format!("there is no data of a server in `{}`", folder.display()),
        "name its data folder with `--data-dir DIR`, or a database with `--store URL`",
    ))
}

async fn open_database(place: &Place, url: &str) -> Result<Arc<PostgresStore>, CliError> {
    let pending = pending_migrations(url).await.map_err(anyhow::Error::new)?;
    if let Some(first) = pending.first() {
        return Err(CliError::not_found(
            format!(
                "the {place} does not have this program's schema: the migration `{first}` is missing"
            ),
            "use the program that its servers run, or start a server of this version on it once",
        ));
    }
    let store = PostgresStore::open(url, ACCOUNT_ID).await;
    Ok(Arc::new(store.map_err(anyhow::Error::new)?))
}

/// Refuses a database on which servers run.
async fn require_no_servers(place: &Place, servers: &PostgresStore) -> Result<(), CliError> {
    // The store lists live servers only to one that registers itself.
    let me = ServerRecord {
        id: Owner(uuid::Uuid::new_v4().as_u64_pair().0 | 1),
        address: "127.0.0.1:0".to_owned(),
        secret: String::new(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: Timestamp::default(),
        is_leaving: true,
    };
    let id = me.id;
    let seen = servers.beat(me, Duration::from_secs(1)).await;
    let seen = seen.map_err(anyhow::Error::new)?;
    servers.leave(id).await.map_err(anyhow::Error::new)?;
    let other = seen.servers.into_iter().find(|server| server.id != id);
    match other {
        None => Ok(()),
        Some(other) => Err(CliError::usage(
            format!("a server runs on the {place}: the one at {}", other.address),
            "stop all of its servers first; `lambdura backup` works while they run",
        )),
    }
}

async fn send_file(name: &str, path: &Path, sink: &mut impl Sink) -> anyhow::Result<u64> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let name = name.to_owned();
    sink.put(Item::File { name, bytes }).await?;
    let mut left = bytes;
    while left > 0 {
        let length = left.min(PIECE_BYTES as u64);
        let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact(&mut piece)?;
        left -= length;
        sink.put(Item::FileBytes(piece)).await?;
    }
    Ok(bytes)
}
