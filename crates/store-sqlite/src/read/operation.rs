//! Operations of an execution.

use std::sync::Arc;

use model::{
    CallbackId, ChainedTarget, ExecutionId, ExecutionSpec, FunctionName, Operation,
    OperationDetails, OperationId, OperationType,
};
use rusqlite::{Connection, Row};
use store::columns::unknown;

use super::execution::unreadable;
use crate::cells::Columns;

/// All operations of an execution in start order.
pub(super) fn operations(
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

/// Reads the columns of `operations.sql`, in its order.
pub(super) fn read_operation(
    row: &Row<'_>,
    spec: &ExecutionSpec,
) -> rusqlite::Result<Arc<Operation>> {
    let mut columns = Columns::of(row);
    let id = columns.parsed(OperationId::parse)?;
    let parent_id = columns.optional_parsed(OperationId::parse)?;
    let name = columns.next()?;
    let sub_type = columns.next()?;
    let operation_type = columns.code()?;
    let status = columns.code()?;
    let started_at = columns.instant()?;
    let ended_at = columns.optional_instant()?;
    let service_change = columns.bits()?;
    let details = match operation_type {
        OperationType::Execution => OperationDetails::Execution {
            input: spec.input.clone(),
        },
        OperationType::Context => read_context(&mut columns)?,
        OperationType::Step => read_step(&mut columns)?,
        OperationType::Wait => {
            columns.skip(3);
            OperationDetails::Wait {
                seconds: columns.next()?,
                scheduled_end_at: columns.instant()?,
            }
        }
        OperationType::Callback => read_callback(&mut columns)?,
        OperationType::ChainedInvoke => read_chained_invoke(&mut columns)?,
    };
    Ok(Arc::new(Operation {
        id,
        parent_id,
        name,
        sub_type,
        status,
        started_at,
        ended_at,
        details,
        service_change,
    }))
}

fn read_context(columns: &mut Columns<'_, '_>) -> rusqlite::Result<OperationDetails> {
    let replay_children = columns.next()?;
    columns.skip(14);
    let error = columns.error()?;
    columns.skip(1);
    Ok(OperationDetails::Context {
        replay_children,
        error,
        result: columns.payload()?,
    })
}

fn read_step(columns: &mut Columns<'_, '_>) -> rusqlite::Result<OperationDetails> {
    columns.skip(1);
    let attempt = columns.next()?;
    let next_attempt_at = columns.optional_instant()?;
    columns.skip(12);
    let error = columns.error()?;
    columns.skip(1);
    Ok(OperationDetails::Step {
        attempt,
        next_attempt_at,
        error,
        result: columns.payload()?,
    })
}

fn read_callback(columns: &mut Columns<'_, '_>) -> rusqlite::Result<OperationDetails> {
    columns.skip(5);
    let callback_id = columns.parsed(CallbackId::parse)?;
    let timeout_seconds = columns.next()?;
    let heartbeat_timeout_seconds = columns.next()?;
    let last_heartbeat_at = columns.instant()?;
    columns.skip(6);
    let error = columns.error()?;
    columns.skip(1);
    Ok(OperationDetails::Callback {
        callback_id,
        timeout_seconds,
        heartbeat_timeout_seconds,
        last_heartbeat_at,
        error,
        result: columns.payload()?,
    })
}

fn read_chained_invoke(columns: &mut Columns<'_, '_>) -> rusqlite::Result<OperationDetails> {
    columns.skip(9);
    let function_name = columns.next()?;
    let tenant_id = columns.next()?;
    let target = read_target(columns)?;
    let error = columns.error()?;
    Ok(OperationDetails::ChainedInvoke {
        function_name,
        tenant_id,
        target,
        error,
        input: columns.payload()?,
        result: columns.payload()?,
        trace_header: columns.next()?,
    })
}

fn read_target(columns: &mut Columns<'_, '_>) -> rusqlite::Result<ChainedTarget> {
    let kind: String = columns.next()?;
    match kind.as_str() {
        "DURABLE" => Ok(ChainedTarget::Durable {
            function: columns.parsed(FunctionName::parse)?,
            version: columns.parsed_text()?,
            execution_id: columns.parsed(ExecutionId::parse)?,
        }),
        "PLAIN" => {
            let function = columns.parsed(FunctionName::parse)?;
            let version = columns.parsed_text()?;
            columns.skip(1);
            Ok(ChainedTarget::Plain { function, version })
        }
        "UNRESOLVABLE" => {
            columns.skip(3);
            Ok(ChainedTarget::Unresolvable)
        }
        other => Err(unreadable(unknown("target of a chained invoke", other))),
    }
}
