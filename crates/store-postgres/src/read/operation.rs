//! Operations of an execution.

use std::sync::Arc;

use model::{
    CallbackId, ChainedTarget, ExecutionId, FunctionName, Operation, OperationDetails, OperationId,
    OperationType, Payload,
};
use store::columns::unknown;

use crate::cells::Columns;
use crate::fault::ReadError;

type Read<T> = Result<T, ReadError>;

/// Reads the columns of `operations.sql`, in its order. The input of an EXECUTION operation is that of the execution.
pub(crate) fn read_operation(
    columns: &mut Columns<'_>,
    input: Option<&Payload>,
) -> Read<Arc<Operation>> {
    let id = columns.parsed(OperationId::parse)?;
    let parent_id = columns.optional_parsed(OperationId::parse)?;
    let name = columns.optional_text()?;
    let sub_type = columns.optional_text()?;
    let operation_type = columns.code()?;
    let status = columns.code()?;
    let started_at = columns.instant()?;
    let ended_at = columns.optional_instant()?;
    let service_change = columns.bits()?;
    let details = match operation_type {
        OperationType::Execution => {
            columns.skip(23);
            OperationDetails::Execution {
                input: input.cloned(),
            }
        }
        OperationType::Context => read_context(columns)?,
        OperationType::Step => read_step(columns)?,
        OperationType::Wait => {
            columns.skip(3);
            let seconds = columns.count()?;
            let scheduled_end_at = columns.instant()?;
            columns.skip(18);
            OperationDetails::Wait {
                seconds,
                scheduled_end_at,
            }
        }
        OperationType::Callback => read_callback(columns)?,
        OperationType::ChainedInvoke => read_chained_invoke(columns)?,
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

fn read_context(columns: &mut Columns<'_>) -> Read<OperationDetails> {
    let replay_children = columns.flag()?;
    columns.skip(16);
    Ok(OperationDetails::Context {
        replay_children,
        error: columns.error()?,
        result: columns.payload()?,
    })
}

fn read_step(columns: &mut Columns<'_>) -> Read<OperationDetails> {
    columns.skip(1);
    let attempt = columns.count()?;
    let next_attempt_at = columns.optional_instant()?;
    columns.skip(14);
    Ok(OperationDetails::Step {
        attempt,
        next_attempt_at,
        error: columns.error()?,
        result: columns.payload()?,
    })
}

fn read_callback(columns: &mut Columns<'_>) -> Read<OperationDetails> {
    columns.skip(5);
    let callback_id = columns.parsed(CallbackId::parse)?;
    let timeout_seconds = columns.optional_count()?;
    let heartbeat_timeout_seconds = columns.optional_count()?;
    let last_heartbeat_at = columns.instant()?;
    columns.skip(8);
    Ok(OperationDetails::Callback {
        callback_id,
        timeout_seconds,
        heartbeat_timeout_seconds,
        last_heartbeat_at,
        error: columns.error()?,
        result: columns.payload()?,
    })
}

fn read_chained_invoke(columns: &mut Columns<'_>) -> Read<OperationDetails> {
    columns.skip(9);
    Ok(OperationDetails::ChainedInvoke {
        function_name: columns.text()?,
        tenant_id: columns.optional_text()?,
        trace_header: columns.optional_text()?,
        target: read_target(columns)?,
        input: columns.payload()?,
        error: columns.error()?,
        result: columns.payload()?,
    })
}

fn read_target(columns: &mut Columns<'_>) -> Read<ChainedTarget> {
    let kind: &str = columns.next()?;
    match kind {
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
        other => Err(ReadError::undecodable(
            "target",
            unknown("target of a chained invoke", other),
        )),
    }
}
