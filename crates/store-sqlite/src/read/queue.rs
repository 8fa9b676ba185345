//! The queue of asynchronous invocations.

use model::{RequestId, Shards};
use rusqlite::{Connection, OptionalExtension, Row};
use store::columns::{self, Cells as _};
use store::{
    AsyncInvocation, AsyncInvocationId, DEAD_LETTER_BYTES_MAX, DeadLetter, DeadLetterId,
    QueuedInvocation, within_bytes,
};

use super::page::row_limit;
use crate::cells::Columns;
use crate::unreadable::{Kind, page_of, readable_page, readable_row};

/// A page of accepted invocations that are not done.
pub(crate) fn queued(
    connection: &Connection,
    of: Shards,
    after: Option<AsyncInvocationId>,
    limit: usize,
) -> rusqlite::Result<Vec<QueuedInvocation>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/queued.sql"))?;
    let after = after.map_or(i64::MIN, |after| after.0);
    let kind = Kind {
        name: "accepted invocation",
        key: &[0],
    };
    page_of(
        &mut statement,
        row_limit(limit),
        |statement, limit| statement.query((after, limit)),
        |row| {
            let queued = readable_row(row, kind, |row| {
                let mut columns = Columns::of(row);
                let queued = columns::read_queued(&mut columns)?;
                let request_id = columns.parsed(RequestId::parse)?;
                Ok((request_id, queued))
            })?;
            let ours = queued.filter(|(request_id, _)| of.contains(request_id.shard()));
            Ok(ours.map(|(_, queued)| queued))
        },
    )
}

/// An accepted invocation, whole.
pub(crate) fn queued_invocation(
    connection: &Connection,
    id: AsyncInvocationId,
) -> rusqlite::Result<Option<AsyncInvocation>> {
    let sql = include_str!("../sql/read/queued_invocation.sql");
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &Row<'_>| columns::read_async_invocation(&mut Columns::of(row));
    statement.query_row([id.0], read).optional()
}

/// Dead letters, newest first.
pub(crate) fn dead_letters(
    connection: &Connection,
    before: Option<DeadLetterId>,
    limit: usize,
) -> rusqlite::Result<Vec<(DeadLetterId, DeadLetter)>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/dead_letters.sql"))?;
    let before = before.map_or(i64::MAX, |before| before.0);
    // Rows are read one by one, so that no more of them are in memory than are given.
    let mut bytes = 0;
    let letters = readable_page(
        &mut statement,
        Kind {
            name: "dead letter",
            key: &[0, 1],
        },
        row_limit(limit),
        |statement, limit| statement.query((before, limit)),
        |row| {
            if bytes > DEAD_LETTER_BYTES_MAX {
                return Ok(None);
            }
            let (id, letter) = columns::read_dead_letter(&mut Columns::of(row))?;
            bytes += letter.invocation.payload.len();
            Ok(Some((id, letter)))
        },
    )?;
    // The letter that goes past the limit is given only when it is alone.
    within_bytes(
        letters.into_iter().flatten().map(Ok),
        DEAD_LETTER_BYTES_MAX,
        |(_, letter)| letter.invocation.payload.len(),
    )
}

/// How many dead letters there are.
pub(crate) fn dead_letter_count(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/dead_letter_count.sql"))?;
    let count: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}
