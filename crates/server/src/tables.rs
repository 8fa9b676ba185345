//! DynamoDB tables, kept by the embedded `dynoxide` in one SQLite file.

use std::fmt::Display;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::path::Path;

use dynoxide::Database;
use stack::TableResource;
use store::Durability;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::deploy::DeployError;
use crate::server::StartServerError;

/// The tables, served on a port of their own.
#[derive(Clone)]
pub(crate) struct Tables {
    database: Database,
    address: SocketAddr,
}

/// Opens the tables as durable as everything else is. `dynoxide`'s own way is `disk`.
fn open(path: &str, durability: Durability) -> dynoxide::Result<Database> {
    match durability {
        Durability::Disk => Database::new(path),
        Durability::Os => {
            let database = Database::new(path)?;
            // Named for what it is used for after an import: `synchronous = NORMAL`, and otherwise
            // what SQLite does by itself.
            database.disable_bulk_loading()?;
            Ok(database)
        }
        Durability::Memory => Database::memory(),
    }
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

        let path = path.display().to_string();
        let database = tokio::task::spawn_blocking(move || open(&path, durability))
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
        Ok(Self { database, address })
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
}
