//! Executions, read from columns: the record, the head, and the whole with its operations.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use engine::Execution;
use model::{
    ClientToken, Deadline, DeadlineReason, ErrorObject, EventSource, EventSourceKind, ExecutionArn,
    ExecutionId, ExecutionName, ExecutionSpec, ExecutionState, ExecutionStatus, FunctionArn,
    FunctionName, Invocation, LastCheckpoint, Operation, OperationId, Outcome, Owner, ParentLink,
    Pause, RequestId, Trigger,
};
use thiserror::Error;

use super::cells::Cells;
use super::code::{Code as _, unknown};
use crate::executions::{ExecutionHead, ExecutionRecord};

/// Records that contradict each other: the database is damaged, or was edited.
#[derive(Debug, Error)]
#[error("the records of execution `{execution}` contradict each other: {contradiction}")]
pub struct Contradiction {
    execution: ExecutionId,
    contradiction: String,
}

/// A whole execution of its parts, unless they contradict each other.
pub fn whole(
    record: ExecutionRecord,
    operations: Vec<Arc<Operation>>,
) -> Result<Execution, Contradiction> {
    let ExecutionRecord { spec, state } = record;
    let execution = spec.arn.id.clone();
    // The database may be damaged, which fails the call, not the thread. The engine asserts what else it relies on.
    let loading = AssertUnwindSafe(|| Execution::of_records(spec, state, operations));
    let loaded = panic::catch_unwind(loading).unwrap_or_else(|panic| {
        let said = stdx::panic_message(panic.as_ref()).unwrap_or("an invariant does not hold");
        Err(said.to_owned())
    });
    loaded.map_err(|contradiction| Contradiction {
        execution,
        contradiction,
    })
}

/// Reads a record: its key first.
pub fn read_record<C: Cells>(columns: &mut C) -> Result<(i64, ExecutionRecord), C::Error> {
    let key = columns.number()?;
    let spec = Arc::new(read_spec(columns)?);
    let state = read_state(columns)?;
    Ok((key, ExecutionRecord { spec, state }))
}

pub fn read_head<C: Cells>(columns: &mut C) -> Result<ExecutionHead, C::Error> {
    Ok(ExecutionHead {
        arn: read_arn(columns)?,
        started_at: columns.instant()?,
        status: columns.code()?,
        ended_at: columns.optional_instant()?,
        event_id_last: columns.bits()?,
    })
}

/// Reads partition, region, account, function, version, name and id.
pub fn read_arn<C: Cells>(columns: &mut C) -> Result<ExecutionArn, C::Error> {
    Ok(ExecutionArn {
        function: read_function(columns)?,
        version: columns.parsed_text()?,
        name: columns.parsed(ExecutionName::parse)?,
        id: columns.parsed(ExecutionId::parse)?,
    })
}

fn read_function<C: Cells>(columns: &mut C) -> Result<FunctionArn, C::Error> {
    Ok(FunctionArn {
        partition: columns.text()?.into(),
        region: columns.text()?.into(),
        account_id: columns.text()?.into(),
        name: columns.parsed(FunctionName::parse)?,
    })
}

fn read_spec<C: Cells>(columns: &mut C) -> Result<ExecutionSpec, C::Error> {
    let id = columns.parsed(ExecutionId::parse)?;
    let name = columns.parsed(ExecutionName::parse)?;
    let arn = ExecutionArn {
        function: read_function(columns)?,
        version: columns.parsed_text()?,
        name,
        id,
    };
    Ok(ExecutionSpec {
        arn,
        started_at: columns.instant()?,
        execution_timeout_seconds: columns.count()?,
        retention_days: columns.count()?,
        result_bytes_max: columns.count()?,
        trace_header: columns.optional_text()?,
        tenant_id: columns.optional_text()?,
        trigger: read_trigger(columns)?,
        input: columns.payload()?,
    })
}

fn read_trigger<C: Cells>(columns: &mut C) -> Result<Trigger, C::Error> {
    let execution_id = columns.optional_parsed(ExecutionId::parse)?;
    let operation_id = columns.optional_parsed(OperationId::parse)?;
    let kind = columns.optional_parsed(EventSourceKind::from_code)?;
    let name = columns.optional_text()?;
    if let (Some(execution_id), Some(operation_id)) = (execution_id, operation_id) {
        return Ok(Trigger::ChainedInvoke(ParentLink {
            execution_id,
            operation_id,
        }));
    }
    Ok(match (kind, name) {
        (Some(kind), Some(name)) => Trigger::EventSource(EventSource { kind, name }),
        (None, _) | (_, None) => Trigger::Invoke,
    })
}

fn read_state<C: Cells>(columns: &mut C) -> Result<ExecutionState, C::Error> {
    let version = columns.bits()?;
    let status = columns.code()?;
    let mut state = ExecutionState {
        version,
        outcome: None,
        ended_at: columns.optional_instant()?,
        terminal_event_owed: columns.flag()?,
        event_id_last: columns.bits()?,
        invocation: read_invocation(columns)?,
        invocation_count: columns.bits()?,
        token_sequence: columns.bits()?,
        last_checkpoint: read_last_checkpoint(columns)?,
        service_changes: columns.bits()?,
        told_changes: columns.bits()?,
        settled_changes: columns.bits()?,
        failed_invocations: columns.count()?,
        counted_failures: columns.count()?,
        invalid_pendings: columns.count()?,
        operation_count: columns.count()?,
        pending_count: columns.count()?,
        open_chained_invokes: columns.count()?,
        bytes: columns.bits()?,
        pause: read_pause(columns)?,
        timeout_paused_for: Duration::from_millis(columns.bits()?),
        resume_client_token: columns.optional_parsed(ClientToken::parse)?,
        next_deadline: read_deadline(columns)?,
    };
    state.outcome = read_outcome(columns, status)?;
    Ok(state)
}

fn read_pause<C: Cells>(columns: &mut C) -> Result<Option<Pause>, C::Error> {
    let Some(requested_at) = columns.optional_instant()? else {
        columns.skip(5);
        return Ok(None);
    };
    Ok(Some(Pause {
        requested_at,
        reason: columns.optional_text()?,
        client_token: columns.optional_parsed(ClientToken::parse)?,
        execution_timeout_paused: columns.flag()?,
        in_effect_since: columns.optional_instant()?,
        owes_invocation: columns.flag()?,
    }))
}

fn read_invocation<C: Cells>(columns: &mut C) -> Result<Invocation, C::Error> {
    let kind = columns.text()?;
    match kind.as_str() {
        "IDLE" => {
            columns.skip(5);
            Ok(Invocation::Idle)
        }
        "ACTIVE" => Ok(Invocation::Active {
            number: columns.bits()?,
            request_id: columns.parsed(RequestId::parse)?,
            nonce: columns.bits()?,
            scheduled_at: columns.instant()?,
            owner: Owner(columns.optional_bits()?.unwrap_or(0)),
        }),
        "BACKING_OFF" => {
            columns.skip(3);
            let until = columns.instant()?;
            columns.skip(1);
            Ok(Invocation::BackingOff { until })
        }
        other => {
            let unknown = unknown("state of an invocation", other);
            Err(columns.undecodable(columns.position() - 1, unknown))
        }
    }
}

fn read_last_checkpoint<C: Cells>(columns: &mut C) -> Result<Option<LastCheckpoint>, C::Error> {
    let Some(client_token) = columns.optional_parsed(ClientToken::parse)? else {
        columns.skip(2);
        return Ok(None);
    };
    Ok(Some(LastCheckpoint {
        client_token,
        token_sequence: columns.bits()?,
        answered: columns.ids()?,
    }))
}

/// Reads instant, reason and operation.
pub fn read_deadline<C: Cells>(columns: &mut C) -> Result<Option<Deadline>, C::Error> {
    let at = columns.optional_instant()?;
    let reason = columns.optional_text()?;
    let operation = columns.optional_parsed(OperationId::parse)?;
    let (Some(at), Some(reason)) = (at, reason) else {
        return Ok(None);
    };
    let reason = match (reason.as_str(), operation) {
        ("EXECUTION_TIMEOUT", None) => DeadlineReason::ExecutionTimeout,
        ("WAIT_ELAPSED", Some(id)) => DeadlineReason::WaitElapsed(id),
        ("STEP_RETRY", Some(id)) => DeadlineReason::StepRetry(id),
        ("CALLBACK_TIMEOUT", Some(id)) => DeadlineReason::CallbackTimeout(id),
        ("CALLBACK_HEARTBEAT", Some(id)) => DeadlineReason::CallbackHeartbeat(id),
        ("INVOCATION_RETRY", None) => DeadlineReason::InvocationRetry,
        ("RETENTION_ELAPSED", None) => DeadlineReason::RetentionElapsed,
        (other, _) => {
            let unknown = unknown("reason of a deadline", other);
            return Err(columns.undecodable(columns.position() - 2, unknown));
        }
    };
    Ok(Some(Deadline { at, reason }))
}

fn read_outcome<C: Cells>(
    columns: &mut C,
    status: ExecutionStatus,
) -> Result<Option<Outcome>, C::Error> {
    let of_error: fn(ErrorObject) -> Outcome = match status {
        ExecutionStatus::Running | ExecutionStatus::Pausing | ExecutionStatus::Paused => {
            columns.skip(6);
            return Ok(None);
        }
        ExecutionStatus::Succeeded => {
            // Read, so that it is noticed where it cannot be.
            columns.error()?;
            return Ok(Some(Outcome::Succeeded(columns.payload()?)));
        }
        ExecutionStatus::Failed => Outcome::Failed,
        ExecutionStatus::TimedOut => Outcome::TimedOut,
        ExecutionStatus::Stopped => Outcome::Stopped,
    };
    let error = columns.error()?.unwrap_or_default();
    columns.skip(1);
    Ok(Some(of_error(error)))
}
