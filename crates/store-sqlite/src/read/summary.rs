//! Executions without their payloads, and the operations that they wait for.

use std::sync::Arc;
use std::time::Duration;

use model::{ErrorObject, ExecutionId, FunctionName, OperationId, Outcome};
use rusqlite::{Connection, OptionalExtension, Row};
use store::{
    CallbackCursor, ExecutionRecord, ExecutionSummary, OPEN_OPERATIONS_MAX, OpenCallback,
    OpenTimer, cut_error, name_from_around, operation_head,
};

use super::execution::{read_operation, read_record};
use super::page::{EXECUTION, row_limit};
use crate::unreadable::{Kind, page_of, readable, readable_row};

/// The first columns of an operation, and of an operation with what was opened with it.
const OPERATION: Kind = Kind {
    name: "operation",
    key: &[0],
};

/// An execution by the key of its rows; `None` when it cannot be decoded.
pub(super) fn summary(
    connection: &Connection,
    key: i64,
) -> rusqlite::Result<Option<ExecutionSummary>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/summary.sql"))?;
    let mut rows = statement.query([key])?;
    let read = match rows.next()? {
        Some(row) => readable_row(row, EXECUTION, read_summary)?,
        None => None,
    };
    with_what_it_is_at(connection, read)
}

/// An execution by its id.
pub(crate) fn summary_by_id(
    connection: &Connection,
    id: &ExecutionId,
) -> rusqlite::Result<Option<ExecutionSummary>> {
    let transaction = connection.unchecked_transaction()?;
    let mut statement = connection.prepare_cached(include_str!("../sql/read/summary_by_id.sql"))?;
    let read = statement
        .query_row([id.as_str()], read_summary)
        .optional()?;
    let summary = with_what_it_is_at(connection, read)?;
    drop(statement);
    transaction.finish()?;
    Ok(summary)
}

fn read_summary(row: &Row<'_>) -> rusqlite::Result<(i64, ExecutionSummary)> {
    let (key, ExecutionRecord { spec, mut state }) = read_record(row)?;
    if let Some(Outcome::Failed(error) | Outcome::TimedOut(error) | Outcome::Stopped(error)) =
        &mut state.outcome
    {
        cut_error(error);
    }
    let bytes = |name: &str| -> rusqlite::Result<Option<u64>> {
        let bytes: Option<i64> = row.get(name)?;
        Ok(bytes.map(i64::cast_unsigned))
    };
    let summary = ExecutionSummary {
        spec,
        state,
        input_bytes: bytes("input_bytes")?,
        result_bytes: bytes("result_bytes")?,
        open_operations: Vec::new(),
        invocation_error: None,
    };
    Ok((key, summary))
}

fn with_what_it_is_at(
    connection: &Connection,
    read: Option<(i64, ExecutionSummary)>,
) -> rusqlite::Result<Option<ExecutionSummary>> {
    let Some((key, mut summary)) = read else {
        return Ok(None);
    };
    if !summary.state.status().is_terminal() {
        let sql = concat!(
            include_str!("../sql/read/operation_columns.sql"),
            include_str!("../sql/read/open_operations.sql")
        );
        let mut statement = connection.prepare_cached(sql)?;
        let parameters = (key, row_limit(OPEN_OPERATIONS_MAX));
        let rows = statement.query(parameters)?;
        let read = |row: &Row<'_>| {
            let mut head = operation_head(&*read_operation(row, &summary.spec)?);
            name_from_around(&mut head, |around| name_of(connection, key, around))?;
            Ok(Arc::new(head))
        };
        summary.open_operations = readable(rows, OPERATION, read)?;
    }
    // Seldom, and then near the end of the history.
    if summary.state.failed_invocations > 0 {
        summary.invocation_error = invocation_error(connection, key)?;
    }
    Ok(Some(summary))
}

fn invocation_error(connection: &Connection, key: i64) -> rusqlite::Result<Option<ErrorObject>> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/invocation_error.sql"))?;
    let read = |row: &Row<'_>| {
        let mut error = ErrorObject {
            error_type: row.get(0)?,
            message: row.get(1)?,
            data: None,
            stack_trace: None,
        };
        cut_error(&mut error);
        Ok(error)
    };
    statement.query_row([key], read).optional()
}

fn name_of(
    connection: &Connection,
    execution: i64,
    operation: &OperationId,
) -> rusqlite::Result<Option<String>> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/operation_name.sql"))?;
    let name = statement.query_row((execution, operation.as_str()), |row| row.get(0));
    Ok(name.optional()?.flatten())
}

/// Callbacks that have not been answered.
pub(crate) fn open_callbacks(
    connection: &Connection,
    function: Option<&FunctionName>,
    after: Option<CallbackCursor>,
    limit: usize,
) -> rusqlite::Result<Vec<OpenCallback>> {
    let transaction = connection.unchecked_transaction()?;
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/open_callbacks.sql"))?;
    let (execution, operation) = after.map_or((i64::MIN, i64::MIN), |after| {
        (after.execution, after.operation)
    });
    let callbacks = page_of(
        &mut statement,
        row_limit(limit),
        |statement, limit| {
            let function = function.map(FunctionName::as_str);
            statement.query((function, execution, operation, limit))
        },
        |row| open_callback(connection, row),
    )?;
    drop(statement);
    transaction.finish()?;
    Ok(callbacks)
}

fn open_callback(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<Option<OpenCallback>> {
    let cursor = CallbackCursor {
        execution: row.get("execution_key")?,
        operation: row.get("operation_key")?,
    };
    let Some((spec, state)) = record(connection, cursor.execution)? else {
        return Ok(None);
    };
    let named = |row: &Row<'_>| {
        let mut operation = (*read_operation(row, &spec)?).clone();
        name_from_around(&mut operation, |around| {
            name_of(connection, cursor.execution, around)
        })?;
        Ok(Arc::new(operation))
    };
    let read = readable_row(row, OPERATION, named)?;
    Ok(read.map(|operation| OpenCallback {
        cursor,
        arn: spec.arn.clone(),
        execution_status: state.status(),
        operation,
    }))
}

/// Callbacks of this name that have not been answered.
pub(crate) fn offers(
    connection: &Connection,
    name: &str,
    after: Option<CallbackCursor>,
    limit: usize,
) -> rusqlite::Result<Vec<OpenCallback>> {
    let transaction = connection.unchecked_transaction()?;
    let mut statement = connection.prepare_cached(include_str!("../sql/read/offers.sql"))?;
    let (execution, operation) = after.map_or((i64::MIN, i64::MIN), |after| {
        (after.execution, after.operation)
    });
    let offers = page_of(
        &mut statement,
        row_limit(limit),
        |statement, limit| statement.query((name, execution, operation, limit)),
        |row| open_callback(connection, row),
    )?;
    drop(statement);
    transaction.finish()?;
    Ok(offers)
}

/// The next deadlines.
pub(crate) fn open_timers(
    connection: &Connection,
    limit: usize,
) -> rusqlite::Result<Vec<OpenTimer>> {
    let transaction = connection.unchecked_transaction()?;
    let mut statement = connection.prepare_cached(include_str!("../sql/read/open_timers.sql"))?;
    let timers = page_of(
        &mut statement,
        row_limit(limit),
        |statement, limit| statement.query([limit]),
        |row| {
            let Some((spec, state)) = record(connection, row.get(0)?)? else {
                return Ok(None);
            };
            let Some(deadline) = state.next_deadline else {
                return Ok(None);
            };
            Ok(Some(OpenTimer {
                arn: spec.arn.clone(),
                deadline,
                operation_name: row.get(1)?,
            }))
        },
    )?;
    drop(statement);
    transaction.finish()?;
    Ok(timers)
}

/// `None` when it cannot be decoded.
fn record(
    connection: &Connection,
    key: i64,
) -> rusqlite::Result<Option<(Arc<model::ExecutionSpec>, model::ExecutionState)>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/summary.sql"))?;
    let mut rows = statement.query([key])?;
    let read = match rows.next()? {
        Some(row) => readable_row(row, EXECUTION, read_record)?,
        None => None,
    };
    Ok(read.map(|(_, ExecutionRecord { spec, state })| (spec, state)))
}

/// How long the ended invocations of an execution took together.
pub(crate) fn invocation_time(
    connection: &Connection,
    id: &ExecutionId,
) -> rusqlite::Result<Duration> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/invocation_time.sql"))?;
    let millis: i64 = statement.query_row([id.as_str()], |row| row.get(0))?;
    Ok(Duration::from_millis(millis.cast_unsigned()))
}
