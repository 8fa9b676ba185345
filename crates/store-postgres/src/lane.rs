//! The connection for writes, and how the outcome of a transaction is found whose answer was lost.
//!
//! Each transaction raises the number of the batch in the row of its writer. When the connection breaks before the
//! answer is there, a new one moves the fence on: the update waits while the old transaction is under way, and one that
//! has not come so far fails at the fence. After that the number says for sure whether it is there. See
//! `lambdura.writers`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::connect::Target;
use crate::fault::Failure;
use crate::write::{Prepared, Sql, Statements, transact};

/// How long the database may take for one transaction before it counts as gone, in seconds.
const ANSWERS_WITHIN: u64 = 30;

/// The fence that every transaction passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fence {
    writer: i64,
    epoch: i64,
    batch: i64,
}

impl Fence {
    /// Begins a statement that passes the fence: it returns one row, with the writer's bucket of counters, or fails.
    pub fn put<'p>(&'p self, sql: &mut Sql<'p>, account: &str) {
        let writer = sql.parameter(&self.writer, Type::INT8);
        let epoch = sql.parameter(&self.epoch, Type::INT8);
        let batch = sql.parameter(&self.batch, Type::INT8);
        sql.push(&format!(
            "WITH fence AS (
    UPDATE lambdura.writers
    SET batch = CASE WHEN epoch = {epoch} THEN {batch} END
    WHERE account_id = {account} AND writer_id = {writer}
    RETURNING writer_id, batch, (writer_id & 255)::smallint AS bucket
)"
        ));
    }

    /// The fence as a statement of its own.
    pub fn sql<'p>(&'p self, account: &'p &str) -> Sql<'p> {
        let mut sql = Sql::new();
        let account = sql.parameter(account, Type::TEXT);
        self.put(&mut sql, &account);
        sql.push("\nSELECT bucket FROM fence");
        sql
    }
}

/// Where a store writes from.
#[derive(Debug)]
pub(crate) struct Lane {
    target: Arc<Target>,
    account: Arc<str>,
    writer: i64,
    /// The last batch that was tried.
    batch: i64,
    connected: Option<Connected>,
}

#[derive(Debug)]
struct Connected {
    client: Client,
    connection: JoinHandle<()>,
    statements: Statements,
    epoch: i64,
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// The fate of the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landed {
    Yes,
    No,
}

impl Lane {
    pub fn new(target: Arc<Target>, account: Arc<str>) -> Self {
        Self {
            target,
            account,
            // Unlike that of every other store that was ever opened on the database.
            writer: fastrand::i64(0..),
            batch: 0,
            connected: None,
        }
    }

    /// Connects, if need be. Says whether the batch that was tried last is there.
    pub async fn connect(&mut self) -> Result<Landed, Failure> {
        if let Some(connected) = &self.connected
            && !connected.client.is_closed()
        {
            return Ok(Landed::Yes);
        }
        self.connected = None;
        let (client, connection) = within(self.target.connect()).await??;
        let mut connected = Connected {
            client,
            connection,
            statements: Statements::default(),
            epoch: 0,
        };
        let account = &*self.account;
        let fence: [(&(dyn ToSql + Sync), Type); 2] =
            [(&account, Type::TEXT), (&self.writer, Type::INT8)];
        let moved = connected
            .client
            .query_typed(include_str!("sql/write/fence_up.sql"), &fence);
        let rows = within(moved).await??;
        let [row] = rows.as_slice() else {
            return Err(Failure::Unfenced);
        };
        connected.epoch = row.try_get(0)?;
        let there: i64 = row.try_get(1)?;
        self.connected = Some(connected);
        Ok(if there == self.batch {
            Landed::Yes
        } else {
            Landed::No
        })
    }

    /// Breaks the connection: a transaction under way on it is in doubt until [`Self::connect`] decides.
    pub fn disconnect(&mut self) {
        self.connected = None;
    }

    /// Forgets the statements prepared on the connection.
    pub fn forget_statements(&mut self) {
        if let Some(connected) = &mut self.connected {
            connected.statements.forget_all();
        }
    }

    /// The fence for the next batch.
    pub fn next_fence(&mut self) -> Fence {
        self.batch += 1;
        Fence {
            writer: self.writer,
            epoch: self
                .connected
                .as_ref()
                .map_or(0, |connected| connected.epoch),
            batch: self.batch,
        }
    }

    /// The number of the writer.
    pub const fn writer(&self) -> i64 {
        self.writer
    }

    /// Whether these name the batch that was tried last.
    pub const fn is_last_batch(&self, writer: i64, batch: i64) -> bool {
        self.writer == writer && self.batch == batch
    }

    /// Runs statements in one transaction, on the connection that is there.
    pub async fn transact(&mut self, statements: &[Sql<'_>]) -> Result<Vec<Vec<Row>>, Failure> {
        let Some(connected) = &mut self.connected else {
            return Err(Failure::Silent(0));
        };
        let client = &connected.client;
        let transaction = async {
            let mut prepared: Vec<Prepared<'_>> = Vec::with_capacity(statements.len());
            for sql in statements {
                prepared.push(connected.statements.prepare(client, sql).await?);
            }
            transact(client, &prepared).await
        };
        Ok(within(transaction).await??)
    }

    /// Runs a query that changes nothing.
    pub async fn query(&mut self, sql: &Sql<'_>) -> Result<Vec<Row>, Failure> {
        let mut answers = self.transact(std::slice::from_ref(sql)).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Waits until the connection breaks; for ever when there is none.
    pub async fn broken(&mut self) {
        match &mut self.connected {
            Some(connected) => {
                // Ended or aborted: it is over.
                let _ = (&mut connected.connection).await;
                self.connected = None;
            }
            None => std::future::pending().await,
        }
    }

    /// Removes the writer's row: nothing more is written.
    pub async fn leave(&mut self) -> Result<(), Failure> {
        let (account, writer) = (Arc::clone(&self.account), self.writer);
        let account = &*account;
        let sql = Sql::fixed(
            include_str!("sql/write/fence_down.sql"),
            vec![(&account, Type::TEXT), (&writer, Type::INT8)],
        );
        self.transact(&[sql]).await?;
        self.connected = None;
        Ok(())
    }
}

async fn within<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let limit = Duration::from_secs(ANSWERS_WITHIN);
    let done = tokio::time::timeout(limit, work).await;
    done.map_err(|_elapsed| Failure::Silent(ANSWERS_WITHIN))
}
