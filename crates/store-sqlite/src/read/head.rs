//! The part of executions that lists and checks need. The columns lie before anything large in their rows, so that
//! SQLite reads no page of an input or a result for them.

use model::{ExecutionId, ExecutionName, FunctionName};
use rusqlite::{Connection, OptionalExtension, Row};
use store::ExecutionHead;
use store::columns;

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
    columns::read_head(&mut Columns::of(row))
}
