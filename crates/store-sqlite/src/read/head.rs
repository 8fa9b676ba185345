//! What lists and checks need of executions. The columns lie before anything large in their rows, so
//! that SQLite reads no page of an input or a result for them.

use model::{ExecutionArn, ExecutionId, ExecutionName, ExecutionStatus, FunctionArn, FunctionName};
use rusqlite::{Connection, OptionalExtension, Row};
use store::ExecutionHead;

use crate::cells::Columns;

/// By id.
pub(crate) fn head(
    connection: &Connection,
    id: &ExecutionId,
) -> rusqlite::Result<Option<ExecutionHead>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/head.sql"))?;
    statement.query_row([id.as_str()], read_head).optional()
}

/// By name.
pub(crate) fn head_by_name(
    connection: &Connection,
    function: &FunctionName,
    name: &ExecutionName,
) -> rusqlite::Result<Option<ExecutionHead>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/head_by_name.sql"))?;
    let names = [function.as_str(), name.as_str()];
    statement.query_row(names, read_head).optional()
}

/// Reads the columns of `head.sql`, in its order.
pub(super) fn read_head(row: &Row<'_>) -> rusqlite::Result<ExecutionHead> {
    let mut columns = Columns::of(row);
    let function = FunctionArn {
        partition: columns.next::<Box<str>>()?,
        region: columns.next()?,
        account_id: columns.next()?,
        name: columns.parsed(FunctionName::parse)?,
    };
    let arn = ExecutionArn {
        function,
        version: columns.parsed_text()?,
        name: columns.parsed(ExecutionName::parse)?,
        id: columns.parsed(ExecutionId::parse)?,
    };
    Ok(ExecutionHead {
        arn,
        started_at: columns.instant()?,
        status: columns.code::<ExecutionStatus>()?,
        ended_at: columns.optional_instant()?,
        event_id_last: columns.bits()?,
    })
}
