//! DynamoDB tables, kept by the embedded `dynoxide` in one SQLite file.

use std::net::SocketAddr;
use std::path::Path;

use dynoxide::Database;
use stack::TableResource;
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

impl Tables {
    /// Opens the tables' file and serves it on a free loopback port until the shutdown.
    pub async fn start(path: &Path, shutdown: CancellationToken) -> Result<Self, StartServerError> {
        let open = path.display().to_string();
        let database = tokio::task::spawn_blocking(move || Database::new(&open))
            .await
            .map_err(|cause| StartServerError::Tables {
                cause: cause.to_string(),
            })?
            .map_err(|cause| StartServerError::Tables {
                cause: cause.to_string(),
            })?;
        let tables = |cause: std::io::Error| StartServerError::Tables {
            cause: cause.to_string(),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(tables)?;
        let address = listener.local_addr().map_err(tables)?;
        let served = database.clone();
        tokio::spawn(async move {
            let until = async move { shutdown.cancelled().await };
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, served, until).await
            {
                tracing::error!(error, "the tables are no longer served");
            }
        });
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
