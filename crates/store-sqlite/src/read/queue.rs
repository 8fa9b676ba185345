//! The queue of asynchronous invocations.

use model::{FunctionName, RequestId};
use rusqlite::{Connection, Row};
use store::{AsyncInvocation, AsyncInvocationId, DEAD_LETTER_BYTES_MAX, DeadLetter, DeadLetterId};

use super::row_limit;
use crate::cells::Columns;

/// A page of what was accepted and is not done.
pub(crate) fn queued(
    connection: &Connection,
    after: Option<AsyncInvocationId>,
    limit: usize,
) -> rusqlite::Result<Vec<(AsyncInvocationId, AsyncInvocation)>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/queued.sql"))?;
    let after = after.map_or(i64::MIN, |after| after.0);
    let rows = statement.query_map((after, row_limit(limit)), read_invocation)?;
    rows.collect()
}

fn read_invocation(row: &Row<'_>) -> rusqlite::Result<(AsyncInvocationId, AsyncInvocation)> {
    let mut columns = Columns::of(row);
    let id = AsyncInvocationId(columns.next()?);
    Ok((id, invocation(&mut columns)?))
}

/// Dead letters, newest first.
pub(crate) fn dead_letters(
    connection: &Connection,
    before: Option<DeadLetterId>,
    limit: usize,
) -> rusqlite::Result<Vec<(DeadLetterId, DeadLetter)>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/dead_letters.sql"))?;
    let before = before.map_or(i64::MAX, |before| before.0);
    let rows = statement.query_map((before, row_limit(limit)), |row| {
        let mut columns = Columns::of(row);
        let id = DeadLetterId(columns.next()?);
        let letter = DeadLetter {
            invocation: invocation(&mut columns)?,
            buried_at: columns.instant()?,
            condition: columns.next()?,
            error: columns.error()?,
        };
        Ok((id, letter))
    })?;
    let mut letters = Vec::new();
    let mut bytes = 0;
    for found in rows {
        let (id, letter) = found?;
        bytes += letter.invocation.payload.len();
        if bytes > DEAD_LETTER_BYTES_MAX && !letters.is_empty() {
            break;
        }
        letters.push((id, letter));
    }
    Ok(letters)
}

/// How many dead letters there are.
pub(crate) fn dead_letter_count(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/dead_letter_count.sql"))?;
    let count: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// The columns that a queued invocation and a dead letter have in common.
fn invocation(columns: &mut Columns<'_, '_>) -> rusqlite::Result<AsyncInvocation> {
    Ok(AsyncInvocation {
        request_id: columns.parsed(RequestId::parse)?,
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        invoked_arn: columns.next()?,
        client_context: columns.next()?,
        trace_header: columns.next()?,
        tenant_id: columns.next()?,
        accepted_at: columns.instant()?,
        attempts: columns.next()?,
        not_before: columns.instant()?,
        payload: columns.next()?,
    })
}
