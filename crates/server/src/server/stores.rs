//! The stores of a server.

use std::sync::Arc;

use access::SessionKeys;
use store::{
    AccessKeys, AuditRecords, Durability, LogStore, MemorySessions, MemoryStore, Stacks, Store,
};
use store_sqlite::{OpenLogsOptions, SqliteLogs, SqliteStore};

use super::config::ServerConfig;
use crate::access::{KeyRing, SignIns};
use crate::cluster::Shared;
use crate::start_error::StartServerError;

/// All stores of a server but the tables.
pub struct Stores {
    /// Executions, functions, accepted invocations.
    pub store: Arc<dyn Store>,
    /// Log lines and traces.
    pub logs: Arc<dyn LogStore>,
    /// The part that servers of the same store share; `None` where a store has one server.
    pub shared: Option<Shared>,
    /// The keys that may sign requests.
    pub access_keys: Arc<dyn AccessKeys>,
    /// The stacks that were deployed over the API.
    pub stacks: Arc<dyn Stacks>,
    /// The record of changes.
    pub audit: Arc<dyn AuditRecords>,
}

impl Stores {
    /// The stores in the data folder of a configuration.
    ///
    /// # Errors
    /// When a file cannot be opened, or another server has it.
    pub fn open(config: &ServerConfig) -> Result<Self, StartServerError> {
        let logs_path = config.data_dir.join("logs.sqlite3");
        let logs = Arc::new(SqliteLogs::open(&logs_path, OpenLogsOptions::default())?);
        Ok(match config.durability {
            Durability::Memory => Self::alone(Arc::new(MemoryStore::default()), logs),
            durability @ (Durability::Disk | Durability::Os) => {
                let path = config.data_dir.join("lambdura.sqlite3");
                Self::alone(Arc::new(SqliteStore::open(&path, durability)?), logs)
            }
        })
    }

    /// The stores of a server without others.
    fn alone<S: Store + AccessKeys + Stacks + AuditRecords>(
        store: Arc<S>,
        logs: Arc<SqliteLogs>,
    ) -> Self {
        Self {
            access_keys: Arc::clone(&store) as _,
            stacks: Arc::clone(&store) as _,
            audit: Arc::clone(&store) as _,
            store,
            logs,
            shared: None,
        }
    }
}

/// The keys for credentials of function processes: where servers share a store, each knows those of all.
pub(super) async fn session_keys(
    is_enforced: bool,
    keys: &KeyRing,
    shared: Option<&Shared>,
) -> Result<SessionKeys, StartServerError> {
    match shared.filter(|_| is_enforced) {
        Some(shared) => {
            let made = keys.session_keys(shared.sessions.as_ref()).await;
            made.map_err(|error| StartServerError::AccessKeys(error.into()))
        }
        None => Ok(SessionKeys::draw()?),
    }
}

/// The sign-ins to the console.
pub(super) fn sign_ins(shared: Option<&Shared>) -> SignIns {
    SignIns::new(match shared {
        Some(shared) => Arc::clone(&shared.sessions),
        None => Arc::<MemorySessions>::default(),
    })
}
