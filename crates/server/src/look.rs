//! A read-only server: the console on the file of a program that runs its own executions.
//!
//! The program drives the executions, and this server does not: it has no timers, resumes nothing, and its store
//! refuses to write. Requests for changes are refused with the reason. The server sees the program's changes by a
//! number that SQLite keeps, and only while a page is open.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::Limits;
use store::{Durability, MemoryStore};
use store_sqlite::{OpenLogsOptions, SqliteLogs, SqliteStore};

use crate::data_folder;
use crate::server::{Server, ServerConfig, Stores};
use crate::start_error::StartServerError;

/// How often the file is checked for changes while a page is open.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Server {
    /// Serves the console on the SQLite file of a program, which may run meanwhile. The server's own files go into
    /// `scratch`.
    ///
    /// # Errors
    /// When there is no such file or it is empty, and as for [`Server::start`].
    pub async fn look(
        file: &Path,
        listen: SocketAddr,
        scratch: &Path,
    ) -> Result<Self, StartServerError> {
        data_folder::prepare(scratch).map_err(|cause| StartServerError::DataDir {
            path: scratch.to_owned(),
            cause,
        })?;
        let store = Arc::new(SqliteStore::look(file)?);
        let logs = SqliteLogs::open(&scratch.join("logs.sqlite3"), OpenLogsOptions::default())?;
        let stores = Stores {
            shared: None,
            store: Arc::clone(&store) as _,
            logs: Arc::new(logs),
            access_keys: Arc::new(MemoryStore::new()),
            stacks: Arc::new(MemoryStore::new()),
            audit: Arc::new(MemoryStore::new()),
        };
        let config = ServerConfig {
            listen,
            http_api_listen: SocketAddr::new(listen.ip(), 0),
            durability: Durability::Memory,
            concurrency_max: 1,
            idle_time: Duration::from_secs(1),
            limits: Limits::UNBOUNDED,
            ..ServerConfig::local(scratch)
        };
        let server = Self::prepare_on(config, stores, true).await?;
        server.app.driver.keep_nothing();
        server.app.diagnostics.set_ready();
        let (app, ended) = (Arc::clone(&server.app), server.shutdown.clone());
        server.tasks.spawn(async move {
            let mut seen = None;
            loop {
                tokio::select! {
                    () = app.driver.clock().sleep(LOOK_EVERY) => {}
                    () = ended.cancelled() => return,
                }
                if !app.driver.has_listeners() {
                    continue;
                }
                match store.data_version().await {
                    Ok(version) if seen == Some(version) => {}
                    Ok(version) => {
                        seen = Some(version);
                        app.driver.changed_elsewhere();
                    }
                    Err(fault) => {
                        let error = &fault as &dyn std::error::Error;
                        tracing::warn!(error, "the file cannot be looked at for changes");
                    }
                }
            }
        });
        Ok(server)
    }
}
