//! A store that several servers share.

use std::sync::Arc;

use anyhow::Context as _;
use server::{ServerConfig, Shared, Stores};
use store_postgres::{LogOptions, PostgresLogs, PostgresStore};

use crate::exit::CliError;

/// Opens the database.
///
/// # Errors
/// The problem of the URL or the database, and what to do.
pub async fn open(config: &ServerConfig, url: &str) -> Result<Stores, CliError> {
    let cannot = "the database of `--store` cannot be used";
    let account = &config.account_id;
    let store = PostgresStore::open(url, account).await.context(cannot)?;
    let logs = PostgresLogs::open(url, account, LogOptions::default());
    let logs = logs.await.context(cannot)?;
    let store = Arc::new(store);
    let shared = Shared {
        servers: Arc::clone(&store) as _,
        code: Arc::clone(&store) as _,
        sessions: Arc::clone(&store) as _,
    };
    Ok(Stores {
        access_keys: Arc::clone(&store) as _,
        stacks: Arc::clone(&store) as _,
        audit: Arc::clone(&store) as _,
        store,
        logs: Arc::new(logs),
        shared: Some(shared),
    })
}
