//! Operations and history by the week in which their executions started: partitions are made ahead, and dropped when
//! nothing of their time is left.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Transaction};

use crate::schema::lock;

const WEEK_MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Weeks that partitions are made for, this one and those that follow.
const WEEKS_AHEAD: i64 = 4;

/// Weeks that have been over for so long are dropped when nothing is left of them.
const WEEKS_KEPT: i64 = 2;

/// How many keys an instant has: see `lambdura.execution_specs`.
const KEYS_IN_MILLI: i64 = 1 << 21;

const TABLES: [&str; 2] = ["operations", "events"];

type Done<T> = Result<T, tokio_postgres::Error>;

/// Makes partitions that will be needed and drops those no longer needed. Failed work is done another time: rows of a
/// time without a partition lie in the default one.
pub(crate) async fn maintain(client: &mut Client) -> Done<()> {
    let sql = "SELECT (extract(epoch FROM now()) * 1000)::bigint";
    let now: i64 = client.query_one(sql, &[]).await?.try_get(0)?;
    let this_week = now.div_euclid(WEEK_MILLIS);
    for week in this_week..this_week + WEEKS_AHEAD {
        if is_missing(client, week).await?
            && let Err(error) = create(client, week).await
        {
            tracing::info!(
                error = stdx::error_chain(&error),
                "partitions are made another time"
            );
        }
    }
    for (week, table) in old(client, this_week - WEEKS_KEPT).await? {
        if let Err(error) = drop_if_empty(client, week, &table).await {
            tracing::info!(
                error = stdx::error_chain(&error),
                table,
                "a partition is dropped another time"
            );
        }
    }
    Ok(())
}

/// The keys of executions that start in a week.
const fn keys(week: i64) -> (i64, i64) {
    let first = week * WEEK_MILLIS * KEYS_IN_MILLI;
    (first, first + WEEK_MILLIS * KEYS_IN_MILLI)
}

/// The suffix of a week's partitions: its number since 1970, and for people its first day.
async fn suffix(client: &Client, week: i64) -> Done<String> {
    let sql = "SELECT to_char(to_timestamp($1::bigint / 1000) AT TIME ZONE 'UTC', 'YYYY_MM_DD')";
    let day: String = client
        .query_one(sql, &[&(week * WEEK_MILLIS)])
        .await?
        .try_get(0)?;
    Ok(format!("w{week}_{day}"))
}

async fn is_missing(client: &Client, week: i64) -> Done<bool> {
    let suffix = suffix(client, week).await?;
    let names: Vec<String> = TABLES
        .iter()
        .map(|table| format!("lambdura.{table}_{suffix}"))
        .collect();
    let sql = "SELECT bool_or(to_regclass(name) IS NULL) FROM unnest($1::text[]) AS name";
    client.query_one(sql, &[&names]).await?.try_get(0)
}

async fn create(client: &mut Client, week: i64) -> Done<()> {
    let suffix = suffix(client, week).await?;
    let (first, end) = keys(week);
    let transaction = begin(client).await?;
    for table in TABLES {
        let name = format!("{table}_{suffix}");
        if exists(&transaction, &name).await? {
            continue;
        }
        // Attached afterwards, because making a table as a partition locks out writers.
        let fillfactor = if table == "operations" { 80 } else { 100 };
        let sql = format!(
            "CREATE TABLE lambdura.{name} (LIKE lambdura.{table} INCLUDING ALL) \
             WITH (fillfactor = {fillfactor});
             ALTER TABLE lambdura.{table} ATTACH PARTITION lambdura.{name} \
             FOR VALUES FROM ({first}) TO ({end});"
        );
        transaction.batch_execute(&sql).await?;
    }
    transaction.commit().await
}

/// Partitions of weeks before this one.
async fn old(client: &Client, before: i64) -> Done<Vec<(i64, String)>> {
    let mut found = Vec::new();
    for row in client
        .query(include_str!("sql/read/partitions.sql"), &[])
        .await?
    {
        let (week, name): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        if week < before {
            found.push((week, name));
        }
    }
    Ok(found)
}

/// Drops a partition if no execution of its time is left.
async fn drop_if_empty(client: &mut Client, week: i64, name: &str) -> Done<()> {
    let (first, end) = keys(week);
    let parameters: [&(dyn ToSql + Sync); 2] = [&first, &end];
    let is_used = "SELECT EXISTS (SELECT FROM lambdura.execution_specs WHERE execution_key >= $1 AND execution_key < $2)";
    // Without a lock, to be spared it as a rule.
    if client.query_one(is_used, &parameters).await?.try_get(0)? {
        return Ok(());
    }
    let transaction = begin(client).await?;
    // No transaction writes from here on, so that nothing comes between the question and the deed.
    let sql = "LOCK TABLE lambdura.operations, lambdura.events IN ACCESS EXCLUSIVE MODE";
    transaction.batch_execute(sql).await?;
    if !transaction
        .query_one(is_used, &parameters)
        .await?
        .try_get(0)?
    {
        let sql = format!("DROP TABLE lambdura.{name}");
        transaction.batch_execute(&sql).await?;
        tracing::info!(table = name, "a partition was dropped");
    }
    transaction.commit().await
}

/// A transaction that does not wait long: others would wait behind it.
async fn begin(client: &mut Client) -> Done<Transaction<'_>> {
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("SET LOCAL lock_timeout = '2s'")
        .await?;
    lock(&transaction).await?;
    Ok(transaction)
}

async fn exists(transaction: &Transaction<'_>, name: &str) -> Done<bool> {
    let sql = "SELECT to_regclass($1) IS NOT NULL";
    let name = format!("lambdura.{name}");
    transaction.query_one(sql, &[&name]).await?.try_get(0)
}
