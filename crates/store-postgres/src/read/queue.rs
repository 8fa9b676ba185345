//! The queue of asynchronous invocations, and dead letters.

use model::{FunctionName, RequestId};
use store::{AsyncInvocation, DeadLetter, DeadLetterId};
use tokio_postgres::Row;

use crate::cells::Columns;
use crate::fault::ReadError;

type Read<T> = Result<T, ReadError>;

/// Reads the columns that a queued invocation and a dead letter have in common.
pub(crate) fn read_invocation(columns: &mut Columns<'_>) -> Read<AsyncInvocation> {
    Ok(AsyncInvocation {
        request_id: columns.parsed(RequestId::parse)?,
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        invoked_arn: columns.text()?,
        client_context: columns.optional_text()?,
        trace_header: columns.optional_text()?,
        tenant_id: columns.optional_text()?,
        accepted_at: columns.instant()?,
        attempts: columns.count()?,
        not_before: columns.instant()?,
        payload: columns.next()?,
    })
}

/// Reads the columns of `dead_letters.sql`, in its order.
pub(crate) fn read_dead_letter(row: &Row) -> Read<(DeadLetterId, DeadLetter)> {
    let mut columns = Columns::of(row);
    let id = DeadLetterId(columns.next()?);
    let letter = DeadLetter {
        invocation: read_invocation(&mut columns)?,
        buried_at: columns.instant()?,
        condition: columns.text()?,
        error: columns.error()?,
    };
    Ok((id, letter))
}
