//! Work to be done now and then, by any of the servers: partitions, rows of dead servers, the size of the database.

use std::sync::Arc;
use std::time::Duration;

use crate::fault::ReadError;
use crate::partitions;
use crate::readers::Readers;
use crate::stats::Stats;

/// How often.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Runs for as long as the store is open.
pub(crate) async fn run(readers: Readers, account: Arc<str>, writer: i64, stats: Arc<Stats>) {
    loop {
        if let Err(error) = maintain(&readers, &account, writer, &stats).await {
            tracing::info!(
                error = stdx::error_chain(&error),
                "the database is tidied another time"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn maintain(
    readers: &Readers,
    account: &str,
    writer: i64,
    stats: &Stats,
) -> Result<(), ReadError> {
    let size = "SELECT pg_database_size(current_database())";
    if let [row, ..] = readers.rows(size, &[]).await?.as_slice() {
        let bytes: i64 = row.try_get(0)?;
        stats.is_as_large_as(bytes.cast_unsigned());
    }
    let live = include_str!("sql/write/writer_lives.sql");
    readers.write(live, &[&account, &writer]).await?;
    for sql in [
        include_str!("sql/write/forget_writers.sql"),
        include_str!("sql/write/forget_servers.sql"),
        include_str!("sql/write/forget_words.sql"),
        include_str!("sql/write/forget_places.sql"),
    ] {
        readers.write(sql, &[]).await?;
    }
    let mut client = readers.take().await?;
    let maintained = partitions::maintain(&mut client).await;
    client.returned(maintained)
}
