//! `lambdura migrate`.

use anyhow::Context as _;
use serde_json::json;
use store::Durability;
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;

use crate::args::MigrateArguments;
use crate::exit::CliError;
use crate::screen::Screen;
use crate::up::stack_options::ACCOUNT_ID;

pub async fn run(arguments: MigrateArguments, screen: &Screen) -> Result<(), CliError> {
    let (place, pending) = match (&arguments.store, &arguments.data_dir) {
        (Some(url), _) => {
            let pending = store_postgres::pending_migrations(url).await;
            let pending = pending.context("the database of `--store` cannot be used")?;
            ("the database".to_owned(), pending)
        }
        (None, Some(data_dir)) => {
            let path = data_dir.join("lambdura.sqlite3");
            if !path.exists() {
                return Err(CliError::not_found(
                    format!("there is no `{}`", path.display()),
                    "`--data-dir` names the folder of a service",
                ));
            }
            let pending = store_sqlite::pending_migrations(&path);
            (
                format!("`{}`", path.display()),
                pending.context("the file cannot be used")?,
            )
        }
        (None, None) => unreachable!("one of them is required"),
    };
    if !arguments.dry_run && !pending.is_empty() {
        migrate(&arguments).await?;
    }
    if screen.is_json() {
        let done = !arguments.dry_run && !pending.is_empty();
        screen.json(&json!({ "migrations": pending, "done": done }))?;
        return Ok(());
    }
    if pending.is_empty() {
        screen.line(format!("{place} has the schema of this version"))?;
    }
    for name in pending {
        let what = if arguments.dry_run { "would do" } else { "did" };
        screen.line(format!("{what} {name}"))?;
    }
    Ok(())
}

/// Opening a store brings it up to date.
async fn migrate(arguments: &MigrateArguments) -> Result<(), CliError> {
    if let Some(url) = &arguments.store {
        let store = PostgresStore::open(url, ACCOUNT_ID).await;
        let store = store.context("the database cannot be migrated")?;
        store::Store::close(&store)
            .await
            .context("the database was migrated, but could not be closed")?;
    } else if let Some(data_dir) = &arguments.data_dir {
        let path = data_dir.join("lambdura.sqlite3");
        let store = SqliteStore::open(&path, Durability::Disk);
        let store = store.context("the file cannot be migrated")?;
        store::Store::close(&store)
            .await
            .context("the file was migrated, but could not be closed")?;
    }
    Ok(())
}
