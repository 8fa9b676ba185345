//! Operations of an execution, read from columns.

use std::sync::Arc;

use model::{
    CallbackId, ChainedTarget, ExecutionId, FunctionName, Operation, OperationDetails, OperationId,
    OperationType, Payload,
};

use super::cells::Cells;
use super::code::unknown;

/// Reads an operation. The input of an EXECUTION operation is that of the execution.
pub fn read_operation<C: Cells>(
    columns: &mut C,
    input: Option<&Payload>,
) -> Result<Arc<Operation>, C::Error> {
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

fn read_context<C: Cells>(columns: &mut C) -> Result<OperationDetails, C::Error> {
    let replay_children = columns.flag()?;
    columns.skip(16);
    Ok(OperationDetails::Context {
        replay_children,
        error: columns.error()?,
        result: columns.payload()?,
    })
}

fn read_step<C: Cells>(columns: &mut C) -> Result<OperationDetails, C::Error> {
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

fn read_callback<C: Cells>(columns: &mut C) -> Result<OperationDetails, C::Error> {
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

fn read_chained_invoke<C: Cells>(columns: &mut C) -> Result<OperationDetails, C::Error> {
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

fn read_target<C: Cells>(columns: &mut C) -> Result<ChainedTarget, C::Error> {
    let kind = columns.text()?;
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
        other => {
            let unknown = unknown("target of a chained invoke", other);
            Err(columns.undecodable(columns.position() - 1, unknown))
        }
    }
}
