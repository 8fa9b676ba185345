//! A store that several servers share.

use std::sync::Arc;

use server::{ServerConfig, Shared, Stores};
use store_postgres::PostgresStore;

use crate::exit::CliError;

/// Opens the database.
///
/// # Errors
/// What is wrong with the URL or the database, and what to do.
pub async fn open(config: &ServerConfig, url: &str) -> Result<Stores, CliError> {
    let opened = PostgresStore::open(url, &config.account_id).await;
    let store = opened.map_err(|error| {
        anyhow::Error::new(error).context("the database of `--store` cannot be used")
    })?;
    let store = Arc::new(store);
    let logs = Arc::clone(&store) as _;
    let shared = Shared {
        servers: Arc::clone(&store) as _,
        code: Arc::clone(&store) as _,
    };
    Ok(Stores {
        store,
        logs,
        shared: Some(shared),
    })
}
