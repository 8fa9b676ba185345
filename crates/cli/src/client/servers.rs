//! The servers that share a store: a part of the service that AWS keeps to itself.

use serde::{Deserialize, Serialize};

use super::api::Client;
use super::error::CallError;

/// The servers of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerList {
    /// Whether the store is one that servers share.
    pub is_shared: bool,
    /// In the order of their start.
    pub servers: Vec<ServerShown>,
    /// The owner of each shard: a place in `servers`, or null.
    pub shards: Vec<Option<usize>>,
    /// Epoch milliseconds, by the clock of the database.
    pub now_at: i64,
}

/// A server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerShown {
    /// The run.
    pub id: String,
    /// Whether it is the one that answers.
    pub is_this: bool,
    /// Where the others reach it.
    pub address: String,
    /// Of the program.
    pub version: String,
    /// `live`, `leaving` or `dead`.
    pub state: String,
    /// Epoch milliseconds.
    pub started_at: i64,
    /// Epoch milliseconds.
    pub lease_ends_at: i64,
    /// How many shards it drives.
    pub shard_count: usize,
    /// Invocations that it has begun and that have not ended.
    pub invocations: u64,
}

impl Client {
    /// The servers that share the store of the service.
    pub async fn servers(&self) -> Result<ServerList, CallError> {
        self.get("/lambdura/v1/servers".to_owned(), &[]).await
    }
}
