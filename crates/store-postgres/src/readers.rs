//! Reads, on connections of a pool.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::future;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::connect::Target;
use crate::fault::ReadError;

/// How long a read waits for a connection.
const CONNECTION_WITHIN: Duration = Duration::from_secs(15);

/// How long the database may take for one read. Whoever looks for something by its text may wait long.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// One query: its text and what it binds.
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
        let manager = Manager::from_config(target.config.clone(), target.tls.clone(), config);
        let pool = Pool::builder(manager)
            .max_size(connections)
            .wait_timeout(Some(CONNECTION_WITHIN))
            .create_timeout(Some(CONNECTION_WITHIN))
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a pool with a runtime has what its timeouts need");
        Self { pool }
    }

    async fn connection(&self) -> Result<Object, ReadError> {
        self.pool.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => ReadError::Database(error),
            other => ReadError::NoConnection(Box::new(other)),
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
            Err(error) if error.is_lost_connection() => {
                self.pool.retain(|_, _| false);
                self.try_snapshot(queries).await
            }
            other => other,
        }
    }

    async fn try_snapshot(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, ReadError> {
        let client = self.connection().await?;
        let read = async {
            let mut statements = Vec::with_capacity(queries.len());
            for (sql, _) in queries {
                statements.push(client.prepare_cached(sql).await?);
            }
            let each = statements.iter().zip(queries);
            let all = each.map(|(statement, (_, parameters))| client.query(statement, parameters));
            if queries.len() == 1 {
                return future::try_join_all(all).await;
            }
            // Sent at once, in this order.
            let begin = client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            let end = client.batch_execute("COMMIT");
            let (begun, answers, ended) = future::join3(begin, future::join_all(all), end).await;
            begun?;
            let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
            ended?;
            Ok(answers)
        };
        match tokio::time::timeout(ANSWERS_WITHIN, read).await {
            Ok(answers) => Ok(answers?),
            Err(elapsed) => {
                // It is of no use to the next one while it is at this.
                drop(Object::take(client));
                Err(ReadError::NoConnection(Box::new(elapsed)))
            }
        }
    }

    /// Runs a statement that writes: once, because nobody knows what became of one whose connection broke.
    pub async fn write(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ReadError> {
        let client = self.connection().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, parameters).await?)
    }

    /// A connection for more than a statement.
    pub async fn take(&self) -> Result<Object, ReadError> {
        self.connection().await
    }

    pub fn close(&self) {
        self.pool.close();
    }
}
