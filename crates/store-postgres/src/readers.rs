//! Reads, on connections of a pool.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::future::{self, BoxFuture, FutureExt as _};
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row};

use crate::connect::Target;
use crate::fault::{ReadError, is_lost_connection};
use crate::write::BEGIN;

/// How long a read waits for a connection.
const CONNECTION_WITHIN: Duration = Duration::from_secs(15);

/// Largest time for one read. A search by text may take long.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// A caller that gives a query up after so long has met a silent database, and the connections in the pool are as
/// silent.
const SILENT_AFTER: Duration = Duration::from_secs(2);

/// One query: its text and its parameters.
pub(crate) type Query<'q> = (&'q str, &'q [&'q (dyn ToSql + Sync)]);

/// A pool of connections that are read from.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    pool: Pool,
}

impl Readers {
    pub fn new(target: &Arc<Target>, connections: usize) -> Self {
        let config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let connect = Arc::clone(target);
        let manager = Manager::from_connect(target.config.clone(), Shared(connect), config);
        let pool = Pool::builder(manager)
            .max_size(connections)
            .wait_timeout(Some(CONNECTION_WITHIN))
            .create_timeout(Some(CONNECTION_WITHIN))
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a pool with a runtime has what its timeouts need");
        Self { pool }
    }

    /// A connection for more than a statement.
    pub async fn take(&self) -> Result<Lent, ReadError> {
        let taken = self.pool.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => ReadError::Database(error),
            other => ReadError::NoConnection(Box::new(other)),
        })?;
        Ok(Lent {
            connection: Some(taken),
            pool: self.pool.clone(),
            since: Instant::now(),
            is_broken: false,
        })
    }

    /// The rows of one query.
    pub async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ReadError> {
        let mut answers = self.snapshot(&[(sql, parameters)]).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// The rows of several queries, as of one moment.
    pub async fn snapshot(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, ReadError> {
        let first = self.try_snapshot(queries).await;
        match first {
            // One that lay in the pool while the database started again; the next one is new or as dead.
            Err(error) if error.is_lost_connection() => self.try_snapshot(queries).await,
            other => other,
        }
    }

    async fn try_snapshot(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, ReadError> {
        let begin = match queries {
            [_] => None,
            _ => Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        };
        self.at_once(begin, queries).await
    }

    /// Runs statements that write, in one transaction: once, because the outcome of one whose connection broke is
    /// unknown. All are sent at once, so that a server that stands still does not leave the others half of the locks.
    pub async fn transact(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, ReadError> {
        self.at_once(Some(BEGIN), queries).await
    }

    /// Runs queries in the transaction that begins so, or each by itself.
    async fn at_once(
        &self,
        begin: Option<&str>,
        queries: &[Query<'_>],
    ) -> Result<Vec<Vec<Row>>, ReadError> {
        let client = self.take().await?;
        let work = async {
            let mut statements = Vec::with_capacity(queries.len());
            for (sql, _) in queries {
                statements.push(client.prepare_cached(sql).await?);
            }
            let each = statements.iter().zip(queries);
            let all = each.map(|(statement, (_, parameters))| client.query(statement, parameters));
            let Some(begin) = begin else {
                return future::try_join_all(all).await;
            };
            // Polled, and so sent, in this order.
            let begin = client.batch_execute(begin);
            let end = client.batch_execute("COMMIT");
            let (begun, answers, ended) = future::join3(begin, future::join_all(all), end).await;
            begun?;
            // COMMIT of a transaction that has failed is not an error by itself.
            let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
            ended?;
            Ok(answers)
        };
        match tokio::time::timeout(ANSWERS_WITHIN, work).await {
            Ok(answers) => client.returned(answers),
            Err(elapsed) => Err(ReadError::NoConnection(Box::new(elapsed))),
        }
    }

    /// Runs a statement that writes: once, because the outcome of one whose connection broke is unknown.
    pub async fn write(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ReadError> {
        let mut answers = self.at_once(None, &[(sql, parameters)]).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    pub fn close(&self) {
        self.pool.close();
    }
}

/// Connects a pool to the primary, which may have moved.
struct Shared(Arc<Target>);

impl deadpool_postgres::Connect for Shared {
    fn connect(
        &self,
        _same: &Config,
    ) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        self.0.connect().boxed()
    }
}

/// A connection of a pool. It goes back once its answers are there: one that is dropped before is closed, because the
/// next one would wait for answers that are not its own, or for a database that has gone silent.
pub(crate) struct Lent {
    connection: Option<Object>,
    pool: Pool,
    since: Instant,
    is_broken: bool,
}

impl Lent {
    /// Gives the connection back, unless it is broken, and returns the answer.
    pub fn returned<T>(mut self, answer: Result<T, tokio_postgres::Error>) -> Result<T, ReadError> {
        match answer {
            Err(error) if is_lost_connection(&error) => {
                self.is_broken = true;
                Err(error.into())
            }
            answer => {
                drop(self.connection.take());
                Ok(answer?)
            }
        }
    }
}

impl Deref for Lent {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.connection.as_ref().expect(LENT)
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Object {
        self.connection.as_mut().expect(LENT)
    }
}

const LENT: &str = "it is lent until it is returned, which consumes it";

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        drop(Object::take(connection));
        // The connections in the pool are as good as this one.
        if self.is_broken || self.since.elapsed() >= SILENT_AFTER {
            self.pool.retain(|_, _| false);
        }
    }
}
