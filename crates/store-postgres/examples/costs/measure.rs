//! The resources that a PostgreSQL has used so far.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::{Failure, support, work};

/// Within this time idle connections have reported their counters.
const COUNTERS_WITHIN: Duration = Duration::from_secs(11);

/// Reads it, in a connection of its own.
pub struct Meter {
    client: Client,
    server: i32,
    last: Used,
}

/// Sums since the server began.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    pub processor: Duration,
    pub log_bytes: i64,
    pub page_images: i64,
    pub syncs: i64,
    pub rows: i64,
}

/// The size of a table, its partitions included.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    pub heap: i64,
    pub indexes: i64,
    pub rows: i64,
}

impl Used {
    fn since(&self, before: &Self) -> Self {
        Self {
            processor: self.processor.saturating_sub(before.processor),
            log_bytes: self.log_bytes - before.log_bytes,
            page_images: self.page_images - before.page_images,
            syncs: self.syncs - before.syncs,
            rows: self.rows - before.rows,
        }
    }
}

impl Meter {
    pub async fn of(url: &str) -> Result<Self, Failure> {
        let client = support::client(url).await;
        let row = client.query_one("SELECT pg_backend_pid()", &[]).await?;
        let server = work::parent(row.get(0)).map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            server,
            last: Used::default(),
        })
    }

    pub async fn version(&self) -> Result<String, Failure> {
        let row = self.client.query_one("SELECT version()", &[]).await?;
        Ok(row.get(0))
    }

    /// The use since the last call.
    pub async fn since_last(&mut self) -> Result<Used, Failure> {
        let used = self.read().await?;
        Ok(used.since(&std::mem::replace(&mut self.last, used)))
    }

    /// The use so far. Connections report their counters after ten idle seconds at the latest, so this waits until none
    /// has come for longer.
    async fn read(&self) -> Result<Used, Failure> {
        let processor = work::processor_time(self.server).map_err(|error| error.to_string())?;
        let sql = "SELECT (pg_current_wal_lsn() - '0/0')::bigint";
        let log_bytes = self.client.query_one(sql, &[]).await?.get(0);
        let mut last = self.counters().await?;
        let mut quiet_since = Instant::now();
        while quiet_since.elapsed() < COUNTERS_WITHIN {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let next = self.counters().await?;
            // Syncs go on by themselves, such as those of `autovacuum`; rows are this database's.
            if next.2 != last.2 {
                quiet_since = Instant::now();
            }
            last = next;
        }
        let (page_images, syncs, rows) = last;
        Ok(Used {
            processor,
            log_bytes,
            page_images,
            syncs,
            rows,
        })
    }

    async fn counters(&self) -> Result<(i64, i64, i64), Failure> {
        let sql = "SELECT wal_fpi, wal_sync, (SELECT \
                   coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint \
                   FROM pg_stat_user_tables) FROM pg_stat_wal";
        let row = self.client.query_one(sql, &[]).await?;
        Ok((row.get(0), row.get(1), row.get(2)))
    }

    /// Sizes after a `VACUUM`, largest first; tables of less than a page are left out.
    pub async fn tables(&self) -> Result<Vec<Table>, Failure> {
        self.client.batch_execute("VACUUM ANALYZE").await?;
        let sql = "SELECT regexp_replace(c.relname, '_(default|w[0-9_]+)$', ''), \
                   sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint, \
                   sum(greatest(c.reltuples, 0))::bigint \
                   FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
                   WHERE n.nspname = 'lambdura' AND c.relkind = 'r' GROUP BY 1 \
                   HAVING sum(greatest(c.reltuples, 0)) > 500 ORDER BY 2 DESC";
        let rows = self.client.query(sql, &[]).await?;
        let table = |row: &tokio_postgres::Row| Table {
            name: row.get(0),
            heap: row.get(1),
            indexes: row.get(2),
            rows: row.get(3),
        };
        Ok(rows.iter().map(table).collect())
    }
}
