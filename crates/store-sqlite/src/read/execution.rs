//! Executions: the record, and the whole with its operations.

use std::sync::Arc;

use engine::Execution;
use model::{ExecutionId, ExecutionSpec, Operation};
use rusqlite::{Connection, OptionalExtension, Row};
use store::ExecutionRecord;
use store::columns;

use crate::cells::Columns;

/// An execution without its operations, by id.
pub(crate) fn record(
    connection: &Connection,
    id: &ExecutionId,
) -> rusqlite::Result<Option<ExecutionRecord>> {
    let record = keyed_record(connection, id)?;
    Ok(record.map(|(_, record)| record))
}

/// A whole execution, as of one moment.
pub(crate) fn load(
    connection: &Connection,
    id: &ExecutionId,
) -> rusqlite::Result<Option<Execution>> {
    let transaction = connection.unchecked_transaction()?;
    let Some((key, record)) = keyed_record(&transaction, id)? else {
        return Ok(None);
    };
    let operations = operations(&transaction, key, &record.spec)?;
    transaction.finish()?;
    let whole = columns::whole(record, operations).map_err(unreadable)?;
    Ok(Some(whole))
}

fn keyed_record(
    connection: &Connection,
    id: &ExecutionId,
) -> rusqlite::Result<Option<(i64, ExecutionRecord)>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/record.sql"))?;
    statement.query_row([id.as_str()], read_record).optional()
}

/// Reads the columns of the view `execution_records`, in its order.
pub(super) fn read_record(row: &Row<'_>) -> rusqlite::Result<(i64, ExecutionRecord)> {
    columns::read_record(&mut Columns::of(row))
}

/// All operations of an execution in start order.
fn operations(
    connection: &Connection,
    key: i64,
    spec: &ExecutionSpec,
) -> rusqlite::Result<Vec<Arc<Operation>>> {
    let sql = concat!(
        include_str!("../sql/read/operation_columns.sql"),
        include_str!("../sql/read/operations.sql")
    );
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([key], |row| read_operation(row, spec))?;
    rows.collect()
}

/// Reads the columns of `operation_columns.sql`, in its order.
pub(super) fn read_operation(
    row: &Row<'_>,
    spec: &ExecutionSpec,
) -> rusqlite::Result<Arc<Operation>> {
    columns::read_operation(&mut Columns::of(row), spec.input.as_ref())
}

/// The error for rows of an execution that this program did not write.
fn unreadable(contradiction: columns::Contradiction) -> rusqlite::Error {
    let cause = Box::new(contradiction);
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, cause)
}
