//! DynamoDB tables, kept by the embedded `dynoxide` in one SQLite file.

use std::error::Error;
use std::fmt::Display;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::path::Path;
use std::sync::Arc;

use dynoxide::Database;
use stack::TableResource;
use store::Durability;
use store_sqlite::{ForeignFile, OpenStoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::deploy::DeployError;
use crate::server::StartServerError;

/// The tables, served on a port of their own.
#[derive(Clone)]
pub(crate) struct Tables {
    database: Database,
    address: SocketAddr,
    /// Released after the database is closed; none for tables in memory.
    _file: Option<Arc<ForeignFile>>,
}

/// Why the tables' file cannot be used.
#[derive(Debug, thiserror::Error)]
enum OpenTablesError {
    #[error("{}", with_causes(.0))]
    File(#[from] OpenStoreError),
    #[error(transparent)]
    Database(#[from] dynoxide::DynoxideError),
}

/// What stood in the way is told as one text.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Opens the tables as durable as everything else is. `dynoxide`'s own way is `disk`. The file is this
/// server's until what is returned with the database is dropped.
fn open(
    path: &Path,
    durability: Durability,
) -> Result<(Database, Option<ForeignFile>), OpenTablesError> {
    if durability == Durability::Memory {
        return Ok((Database::memory()?, None));
    }
    let mut file = ForeignFile::take(path)?;
    let database = Database::new(&path.display().to_string())?;
    if durability == Durability::Os {
        // Named for what it is used for after an import: `synchronous = NORMAL`, and otherwise
        // what SQLite does by itself.
        database.disable_bulk_loading()?;
    }
    file.say_open()?;
    Ok((database, Some(file)))
}

impl Tables {
    /// Opens the tables' file and serves it on a free loopback port until the shutdown.
    ///
    /// On a thread of its own: every request holds `dynoxide`'s one connection to SQLite, and its
    /// thread, until the disk has the change. On the server's threads all else would wait for it.
    pub async fn start(
        path: &Path,
        durability: Durability,
        shutdown: CancellationToken,
    ) -> Result<Self, StartServerError> {
        fn failed(cause: &dyn Display) -> StartServerError {
            StartServerError::Tables {
                cause: cause.to_string(),
            }
        }

        let path = path.to_owned();
        let (database, file) = tokio::task::spawn_blocking(move || open(&path, durability))
            .await
            .map_err(|cause| failed(&cause))?
            .map_err(|cause| failed(&cause))?;
        let listener = StdTcpListener::bind(("127.0.0.1", 0)).map_err(|cause| failed(&cause))?;
        listener
            .set_nonblocking(true)
            .map_err(|cause| failed(&cause))?;
        let address = listener.local_addr().map_err(|cause| failed(&cause))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| failed(&cause))?;
        let served = database.clone();
        std::thread::Builder::new()
            .name("tables".to_owned())
            .spawn(move || {
                let ended = runtime.block_on(async move {
                    let listener = TcpListener::from_std(listener).map_err(|it| it.to_string())?;
                    let until = async move { shutdown.cancelled().await };
                    dynoxide::server::serve_with_shutdown(listener, served, until).await
                });
                if let Err(error) = ended {
                    tracing::error!(error, "the tables are no longer served");
                }
            })
            .map_err(|cause| failed(&cause))?;
        Ok(Self {
            database,
            address,
            _file: file.map(Arc::new),
        })
    }

    /// What functions find DynamoDB under.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates a table unless it exists.
    pub async fn deploy(&self, table: &TableResource) -> Result<(), DeployError> {
        let failed = {
            let name = table.name.clone();
            move |cause: String| DeployError::Table {
                name: name.clone(),
                cause,
            }
        };
        let request = serde_json::from_value(table.create_table.clone())
            .map_err(|cause| failed(cause.to_string()))?;
        let (database, name) = (self.database.clone(), table.name.clone());
        let created = tokio::task::spawn_blocking(move || {
            let listed = serde_json::json!({ "TableName": name });
            let describe = serde_json::from_value(listed).expect("a table name is all it takes");
            if database.describe_table(describe).is_ok() {
                return Ok(());
            }
            database
                .create_table(request)
                .map(drop)
                .map_err(|cause| cause.to_string())
        })
        .await;
        match created {
            Ok(result) => result.map_err(failed),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tables_are_as_durable_as_the_server() {
        for (durability, is_kept) in [
            (Durability::Disk, true),
            (Durability::Os, true),
            (Durability::Memory, false),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("dynamodb.sqlite3");
            let shutdown = CancellationToken::new();
            let tables = Tables::start(&path, durability, shutdown.clone())
                .await
                .expect("it starts");
            let address = tables.address;
            tokio::net::TcpStream::connect(address)
                .await
                .expect("it is served");
            assert_eq!(path.exists(), is_kept, "with {durability:?}");
            shutdown.cancel();
        }
    }

    #[tokio::test]
    async fn the_file_is_for_one_server_and_one_user() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dynamodb.sqlite3");
        let shutdown = CancellationToken::new();
        let start = || Tables::start(&path, Durability::Disk, shutdown.clone());
        let tables = start().await.expect("it starts");
        let mode = std::fs::metadata(&path).expect("the file").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        let refused = start().await.map(drop).expect_err("it is in use");
        let said = refused.to_string();
        let expected = format!("is in use by process {}", std::process::id());
        assert!(said.contains(&expected), "{said}");
        drop(tables);
        shutdown.cancel();
        start().await.map(drop).expect("it was released");
    }
}
