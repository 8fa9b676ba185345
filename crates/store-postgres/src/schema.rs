//! The schema and its migrations.
//!
//! Each migration is one file and one transaction, under a lock on a row, so that of servers which start at the same
//! time one migrates and the others wait. Migrations only add: an older version of the program works on, and can be
//! started again, as far as the migrations that it does not know say so.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use crate::check::{CONNECT, check_server};
use crate::connect::Target;
use crate::open_error::OpenError;
use crate::restoring::require_whole;

/// All migrations, in order, with their names.
const MIGRATIONS: &[(&str, &str)] = &[
    (
        "0001_initial",
        include_str!("sql/migrations/0001_initial.sql"),
    ),
    ("0002_logs", include_str!("sql/migrations/0002_logs.sql")),
    (
        "0003_access_keys",
        include_str!("sql/migrations/0003_access_keys.sql"),
    ),
    (
        "0004_stacks",
        include_str!("sql/migrations/0004_stacks.sql"),
    ),
    (
        "0005_places",
        include_str!("sql/migrations/0005_places.sql"),
    ),
    (
        "0006_sessions",
        include_str!("sql/migrations/0006_sessions.sql"),
    ),
    (
        "0007_offers",
        include_str!("sql/migrations/0007_offers.sql"),
    ),
    ("0008_audit", include_str!("sql/migrations/0008_audit.sql")),
];

/// The first schema whose programs read in the database whether they can go on with a newer one.
const FIRST_WITH_READERS: i64 = 8;

/// The oldest schema whose program can read this program's writes. To be raised to the newest migration when something
/// is written to any table that earlier programs do not understand.
const OLDEST_READER: i64 = FIRST_WITH_READERS;

/// How often creating the schema is tried while other servers do the same.
const CREATED_BY_OTHERS_MAX: usize = 20;

/// How long to wait between two tries.
const CREATED_BY_OTHERS_PAUSE: Duration = Duration::from_millis(100);

/// The newest schema that this program knows.
const fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Migrations that opening a store on the database would do, by their names.
///
/// # Errors
/// As [`PostgresStore::open`](crate::PostgresStore::open).
pub async fn pending_migrations(url: &str) -> Result<Vec<&'static str>, OpenError> {
    let target = Target::parse(url)?;
    let connected = target.connect().await;
    let (client, _connection) =
        connected.map_err(|cause| OpenError::of(&target, CONNECT, cause))?;
    check_server(&client, &target).await?;
    require_whole(&client, &target).await?;
    let failed = |cause| OpenError::of(&target, "read which migrations were done", cause);
    let done = match exists(&client).await.map_err(failed)? {
        true => applied(&client, &target).await?,
        false => 0,
    };
    let pending = MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(0));
    Ok(pending.map(|(name, _)| *name).collect())
}

/// Whether the role of a URL may make the schema, or tables in it: a server makes partitions as time goes on.
///
/// # Errors
/// When the database does not answer.
pub async fn may_create(url: &str) -> Result<bool, OpenError> {
    let target = Target::parse(url)?;
    let connected = target.connect().await;
    let (client, _connection) =
        connected.map_err(|cause| OpenError::of(&target, CONNECT, cause))?;
    let failed = |cause| OpenError::of(&target, "say what its role may do", cause);
    let sql = include_str!("sql/read/may_create.sql");
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    row.try_get(0).map_err(failed)
}

/// Brings the database to the schema of this program.
pub(crate) async fn migrate(client: &mut Client, target: &Target) -> Result<(), OpenError> {
    create(client, target).await?;
    loop {
        let done = applied(client, target).await?;
        if done >= newest() {
            return Ok(());
        }
        migrate_next(client, target).await?;
    }
}

/// The table of migrations, with the row that is locked.
async fn create(client: &Client, target: &Target) -> Result<(), OpenError> {
    let mut tries = 0;
    loop {
        let done = async {
            if !exists(client).await? {
                let sql = include_str!("sql/migrations/0000_migrations.sql");
                client.batch_execute(sql).await?;
            }
            Ok(())
        };
        let error: tokio_postgres::Error = match done.await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        // Another server was quicker, between the question whether it is there and the answer.
        let is_of_others = matches!(
            error.code().map(SqlState::code),
            Some("23505" | "42P06" | "42P07" | "42710" | "XX000" | "40001" | "40P01")
        );
        tries += 1;
        if !is_of_others || tries > CREATED_BY_OTHERS_MAX {
            return Err(OpenError::of(target, "create the schema `lambdura`", error));
        }
        tokio::time::sleep(CREATED_BY_OTHERS_PAUSE).await;
    }
}

async fn exists(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let sql = "SELECT to_regclass('lambdura.migrations') IS NOT NULL";
    let row = client.query_one(sql, &[]).await?;
    row.try_get(0)
}

/// The number of the last migration that was done. It may be one that this program does not know, if it says that this
/// program can go on.
async fn applied(client: &Client, target: &Target) -> Result<i64, OpenError> {
    let failed = |cause| OpenError::of(target, "read which migrations were done", cause);
    let sql = "SELECT max(version)::bigint FROM lambdura.migrations";
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    let found: Option<i64> = row.try_get(0).map_err(failed)?;
    let found = found.unwrap_or(0);
    if found > newest() && !may_go_on(client).await.map_err(failed)? {
        return Err(OpenError::NewerSchema {
            database: target.database().to_owned(),
            found,
            known: newest(),
        });
    }
    Ok(found)
}

/// Whether all migrations that this program does not know say that it can go on.
async fn may_go_on(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let sql = "SELECT bool_and(coalesce(oldest_reader <= $1, false))
        FROM lambdura.migrations LEFT JOIN lambdura.readers USING (version)
        WHERE version > $1";
    let row = client.query_one(sql, &[&newest()]).await?;
    Ok(row.try_get::<_, Option<bool>>(0)? == Some(true))
}

/// One migration, unless another server has done it by now.
async fn migrate_next(client: &mut Client, target: &Target) -> Result<(), OpenError> {
    let failed = |cause| OpenError::of(target, "begin a migration", cause);
    let transaction = client.transaction().await.map_err(failed)?;
    lock(&transaction).await.map_err(failed)?;
    let sql = "SELECT max(version)::bigint FROM lambdura.migrations";
    let row = transaction.query_one(sql, &[]).await.map_err(failed)?;
    let done: i64 = row.try_get(0).map_err(failed)?;
    let next = usize::try_from(done)
        .ok()
        .and_then(|done| MIGRATIONS.get(done));
    if let Some((name, sql)) = next {
        let failed = |cause| OpenError::of(target, &format!("do migration {name}"), cause);
        tracing::info!(migration = name, "migrating the database");
        transaction.batch_execute(sql).await.map_err(failed)?;
        note(&transaction, done + 1, name).await.map_err(failed)?;
        if done == 0 {
            prefer_lz4(&transaction).await.map_err(failed)?;
        }
    }
    transaction.commit().await.map_err(failed)
}

/// Records a migration that was done.
async fn note(
    transaction: &Transaction<'_>,
    version: i64,
    name: &str,
) -> Result<(), tokio_postgres::Error> {
    let sql = "INSERT INTO lambdura.migrations (version, name) VALUES ($1::bigint, $2)";
    transaction.execute(sql, &[&version, &name]).await?;
    if version >= FIRST_WITH_READERS {
        let sql =
            "INSERT INTO lambdura.readers (version, oldest_reader) VALUES ($1::bigint, $2::bigint)";
        transaction
            .execute(sql, &[&version, &OLDEST_READER])
            .await?;
    }
    Ok(())
}

/// Waits until no other server migrates, or makes or drops partitions; others wait until the transaction ends.
pub(crate) async fn lock(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    let sql = "SELECT version FROM lambdura.migrations WHERE version = 0 FOR UPDATE";
    transaction.query_one(sql, &[]).await.map(drop)
}

/// Large texts are compressed by the better of the database's two ways, where it was built with it.
async fn prefer_lz4(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    let sql =
        "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'";
    let row = transaction.query_opt(sql, &[]).await?;
    let has_lz4: Option<bool> = match row {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    if has_lz4 == Some(true) {
        let sql = include_str!("sql/migrations/lz4.sql");
        transaction.batch_execute(sql).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The allowed beginnings of statements in later migrations: servers of the version before go on during the
    /// migration, and after it.
    fn only_adds(statement: &str) -> bool {
        let words: Vec<String> = statement
            .split_whitespace()
            .map(str::to_uppercase)
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let rest = words.get(1..).unwrap_or_default();
        match words.first() {
            Some(&"CREATE") => !rest.starts_with(&["OR", "REPLACE"]),
            Some(&"COMMENT" | &"INSERT") => true,
            // A column that a server of before does not write needs a value without it.
            Some(&"ALTER") => {
                let adds = rest.first() == Some(&"TABLE") && rest.get(2) == Some(&"ADD");
                adds && rest.get(3) == Some(&"COLUMN")
                    && (rest.contains(&"DEFAULT")
                        || !rest.windows(2).any(|it| it == ["NOT", "NULL"]))
            }
            Some(_) | None => false,
        }
    }

    fn statements(sql: &str) -> Vec<String> {
        let lines = sql
            .lines()
            .map(|line| line.split("--").next().unwrap_or(""));
        let text: Vec<&str> = lines.collect();
        let text = text.join("\n");
        // Not within quotes.
        let mut is_quoted = false;
        let statements = text.split(|character| {
            is_quoted ^= character == '\'';
            character == ';' && !is_quoted
        });
        let statements = statements.map(str::trim);
        let statements = statements.filter(|it| !it.is_empty());
        statements.map(str::to_owned).collect()
    }

    #[test]
    fn migrations_only_add() {
        for (name, sql) in MIGRATIONS.iter().skip(1) {
            for statement in statements(sql) {
                assert!(
                    only_adds(&statement),
                    "{name} does more than add: {statement}"
                );
            }
        }
    }

    #[test]
    fn what_takes_something_away_is_noticed() {
        for good in [
            "CREATE TABLE lambdura.a (b text)",
            "ALTER TABLE lambdura.a ADD COLUMN c text",
            "alter table lambdura.a add column c bigint NOT NULL DEFAULT 0",
            "COMMENT ON TABLE lambdura.a IS 'x'",
        ] {
            assert!(only_adds(good), "{good}");
        }
        for bad in [
            "DROP TABLE lambdura.a",
            "ALTER TABLE lambdura.a DROP COLUMN b",
            "ALTER TABLE lambdura.a RENAME TO b",
            "ALTER TABLE lambdura.a ADD COLUMN c bigint NOT NULL",
            "ALTER TABLE lambdura.a ADD CONSTRAINT c CHECK (b > 0)",
            "ALTER TABLE lambdura.a ALTER COLUMN b TYPE bigint",
            "CREATE OR REPLACE VIEW lambdura.v AS SELECT 1",
            "UPDATE lambdura.a SET b = 1",
            "",
        ] {
            assert!(!only_adds(bad), "{bad}");
        }
        let found = statements("-- a; b\nCREATE TABLE a (b text);\n\nDROP TABLE c; -- d\n");
        assert_eq!(found, ["CREATE TABLE a (b text)", "DROP TABLE c"]);
    }
}
