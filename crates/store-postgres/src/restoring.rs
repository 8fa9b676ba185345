//! A database that is being filled from a backup or another store: a table marks it, so that no server begins to work
//! on an incomplete one. The marker is removed last, so a database is either complete or marked. If a database is
//! marked and no process is filling it any more, the next restore starts over.

use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::check::{CONNECT, check_server};
use crate::connect::Target;
use crate::open_error::OpenError;

/// A database in the making, from [`Restoring::begin`] to [`Restoring::finish`].
///
/// Dropped before its end, or lost with its process, it leaves the marker in the database.
#[derive(Debug)]
pub struct Restoring {
    /// Has a transaction open that locks the marker, so that two do not fill one database.
    client: Client,
    connection: JoinHandle<()>,
    target: Target,
    removed: bool,
}

impl Restoring {
    /// Marks a database, which must be empty except for the remains of an unfinished restore: these are removed. `of`
    /// names the source, for people.
    ///
    /// # Errors
    /// [`OpenError::NotEmpty`] if there is anything else, [`OpenError::FilledMeanwhile`] if another process is at it,
    /// and the faults of any database.
    pub async fn begin(url: &str, of: &str) -> Result<Self, OpenError> {
        let target = Target::parse(url)?;
        let connected = target.connect().await;
        let (client, connection) =
            connected.map_err(|cause| OpenError::of(&target, CONNECT, cause))?;
        check_server(&client, &target).await?;
        let mut restoring = Self {
            client,
            connection,
            target,
            removed: false,
        };
        restoring.remove_what_was_left().await?;
        restoring.mark(of).await?;
        restoring.lock("BEGIN").await?;
        Ok(restoring)
    }

    /// Whether something was removed that an earlier one had left.
    pub fn removed_a_part(&self) -> bool {
        self.removed
    }

    /// Takes the marker away: from here on the database is like any other. Everything in it has to be durable, and no
    /// store open on it.
    ///
    /// # Errors
    /// When the database fails; the marker may be there still.
    pub async fn finish(self) -> Result<(), OpenError> {
        let done = self
            .client
            .batch_execute("DROP TABLE lambdura.restoring; COMMIT");
        done.await
            .map_err(|cause| self.failed("end the restore", cause))?;
        self.connection.abort();
        Ok(())
    }

    fn failed(&self, attempted: &str, cause: tokio_postgres::Error) -> OpenError {
        OpenError::of(&self.target, attempted, cause)
    }

    async fn execute(&self, attempted: &str, sql: &str) -> Result<(), OpenError> {
        let done = self.client.batch_execute(sql).await;
        done.map_err(|cause| self.failed(attempted, cause))
    }

    async fn remove_what_was_left(&mut self) -> Result<(), OpenError> {
        let since = marked_since(&self.client).await;
        let since = since.map_err(|cause| self.failed(LOOK, cause))?;
        if since.is_none() {
            return Ok(());
        }
        self.lock("BEGIN").await?;
        // It was looked at before it was locked.
        let since = marked_since(&self.client).await;
        if since.map_err(|cause| self.failed(LOOK, cause))?.is_some() {
            let sql = "DROP SCHEMA lambdura CASCADE; COMMIT";
            self.execute("remove what an interrupted restore left", sql)
                .await?;
            self.removed = true;
            return Ok(());
        }
        self.execute(LOOK, "ROLLBACK").await
    }

    /// Locks the marker for as long as the transaction lasts that is begun here.
    async fn lock(&self, begin: &str) -> Result<(), OpenError> {
        let sql = format!(
            "{begin}; SET LOCAL idle_in_transaction_session_timeout = 0; \
             LOCK TABLE lambdura.restoring IN SHARE UPDATE EXCLUSIVE MODE NOWAIT"
        );
        let locked = self.client.batch_execute(&sql).await;
        locked.map_err(|cause| match cause.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => OpenError::FilledMeanwhile {
                database: self.target.database().to_owned(),
            },
            _ => self.failed("lock the marker of the restore", cause),
        })
    }

    /// Makes the marker, in one transaction with the look whether the database is empty: the next restore may remove a
    /// marked database's content, so none of it may be needed.
    async fn mark(&self, of: &str) -> Result<(), OpenError> {
        let attempted = "mark the database as being restored";
        let sql = "BEGIN; CREATE SCHEMA IF NOT EXISTS lambdura; \
                   CREATE TABLE lambdura.restoring (begun_at timestamptz NOT NULL DEFAULT now(), source text NOT NULL)";
        self.execute(attempted, sql).await?;
        let found = self.not_empty().await;
        let found = found.map_err(|cause| self.failed(LOOK, cause))?;
        if let Some(table) = found {
            self.execute(attempted, "ROLLBACK").await?;
            return Err(OpenError::NotEmpty {
                database: self.target.database().to_owned(),
                table,
            });
        }
        let sql = "INSERT INTO lambdura.restoring (source) VALUES ($1)";
        let of = crate::text::stored(of);
        let inserted = self.client.execute(sql, &[&of]).await;
        inserted.map_err(|cause| self.failed(attempted, cause))?;
        self.execute(attempted, "COMMIT").await
    }

    /// A table that has a row which may be needed; `None` when there is no such table.
    async fn not_empty(&self) -> Result<Option<String>, tokio_postgres::Error> {
        let sql = "SELECT table_name::text FROM information_schema.tables \
                   WHERE table_schema = 'lambdura' AND table_type = 'BASE TABLE'";
        for row in self.client.query(sql, &[]).await? {
            let table: String = row.try_get(0)?;
            if OF_NO_USE_ALONE.contains(&table.as_str()) {
                continue;
            }
            let name = table.replace('"', "\"\"");
            let sql = format!("SELECT EXISTS (SELECT FROM lambdura.\"{name}\")");
            if self.client.query_one(&sql, &[]).await?.try_get(0)? {
                return Ok(Some(table));
            }
        }
        let sql = "SELECT to_regclass('lambdura.servers') IS NOT NULL";
        if self.client.query_one(sql, &[]).await?.try_get(0)? {
            let sql = "SELECT EXISTS (SELECT FROM lambdura.servers WHERE expires_at > now())";
            if self.client.query_one(sql, &[]).await?.try_get(0)? {
                return Ok(Some("servers".to_owned()));
            }
        }
        Ok(None)
    }
}

const LOOK: &str = "look whether the database is empty";

/// Tables whose rows a store makes by itself, or that only count the rows of others.
const OF_NO_USE_ALONE: &[&str] = &[
    "migrations",
    "readers",
    "restoring",
    "shards",
    "servers",
    "words",
    "writers",
    "execution_counts",
    "catalogue_revisions",
    "access_key_revisions",
];

/// Refuses a database that is being restored, or of which a part was.
pub(crate) async fn require_whole(client: &Client, target: &Target) -> Result<(), OpenError> {
    let since = marked_since(client).await;
    let since = since.map_err(|cause| OpenError::of(target, "look whether it is whole", cause))?;
    match since {
        None => Ok(()),
        Some(since) => Err(OpenError::Unfinished {
            database: target.database().to_owned(),
            since,
        }),
    }
}

/// Since when the database is marked, for people; `None` when it is not.
async fn marked_since(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
    let sql = "SELECT to_regclass('lambdura.restoring') IS NOT NULL";
    if !client.query_one(sql, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let sql = "SELECT to_char(begun_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC, from ' || source \
               FROM lambdura.restoring";
    match client.query_opt(sql, &[]).await {
        Ok(row) => row.map(|row| row.try_get(0)).transpose(),
        // It is gone since: the restore is done.
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(error) => Err(error),
    }
}
