//! Executions: the record, and the whole with its operations.

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
use store::columns::{Code as _, unknown};
use store::{ExecutionHead, ExecutionRecord};
use tokio_postgres::Row;

use crate::cells::Columns;
use crate::fault::ReadError;

type Read<T> = Result<T, ReadError>;

/// A whole execution of its parts.
pub(crate) fn load(record: ExecutionRecord, operations: Vec<Arc<Operation>>) -> Read<Execution> {
    let ExecutionRecord { spec, state } = record;
    // Somebody may have edited a database: what contradicts itself fails the call, not the task. The engine asserts what
    // else it relies on.
    let loading = AssertUnwindSafe(|| Execution::of_records(spec, state, operations));
    let loaded = panic::catch_unwind(loading).unwrap_or_else(|panic| {
        let said = stdx::panic_message(panic.as_ref()).unwrap_or("an invariant does not hold");
        Err(said.to_owned())
    });
    loaded.map_err(|contradiction| {
        let text = format!("the records of the execution contradict each other: {contradiction}");
        ReadError::undecodable("version", text)
    })
}

/// Reads the columns of `record_columns.sql` or `summary_columns.sql`, in their order: the key, the record, and the sizes
/// of input and result.
pub(crate) fn read_record(row: &Row) -> Read<(i64, ExecutionRecord, Option<u64>, Option<u64>)> {
    let mut columns = Columns::of(row);
    let key = columns.next()?;
    let spec = read_spec(&mut columns)?;
    let state = read_state(&mut columns)?;
    let input_bytes = columns.optional_bits()?;
    let result_bytes = columns.optional_bits()?;
    let spec = Arc::new(spec);
    Ok((
        key,
        ExecutionRecord { spec, state },
        input_bytes,
        result_bytes,
    ))
}

/// Reads the columns of `head_columns.sql`, in its order.
pub(crate) fn read_head(row: &Row) -> Read<ExecutionHead> {
    let mut columns = Columns::of(row);
    Ok(ExecutionHead {
        arn: read_arn(&mut columns)?,
        started_at: columns.instant()?,
        status: columns.code::<ExecutionStatus>()?,
        ended_at: columns.optional_instant()?,
        event_id_last: columns.bits()?,
    })
}

/// Reads partition, region, account, function, version, name and id.
pub(crate) fn read_arn(columns: &mut Columns<'_>) -> Read<ExecutionArn> {
    let function = FunctionArn {
        partition: columns.next::<&str>()?.into(),
        region: columns.next::<&str>()?.into(),
        account_id: columns.next::<&str>()?.into(),
        name: columns.parsed(FunctionName::parse)?,
    };
    Ok(ExecutionArn {
        function,
        version: columns.parsed_text()?,
        name: columns.parsed(ExecutionName::parse)?,
        id: columns.parsed(ExecutionId::parse)?,
    })
}

fn read_spec(columns: &mut Columns<'_>) -> Read<ExecutionSpec> {
    let id = columns.parsed(ExecutionId::parse)?;
    let name = columns.parsed(ExecutionName::parse)?;
    let function = FunctionArn {
        partition: columns.next::<&str>()?.into(),
        region: columns.next::<&str>()?.into(),
        account_id: columns.next::<&str>()?.into(),
        name: columns.parsed(FunctionName::parse)?,
    };
    let arn = ExecutionArn {
        function,
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

fn read_trigger(columns: &mut Columns<'_>) -> Read<Trigger> {
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

fn read_state(columns: &mut Columns<'_>) -> Read<ExecutionState> {
    let version = columns.bits()?;
    let status = columns.code()?;
    let mut state = ExecutionState {
        version,
        outcome: None,
        ended_at: columns.optional_instant()?,
        terminal_event_owed: columns.next()?,
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

fn read_pause(columns: &mut Columns<'_>) -> Read<Option<Pause>> {
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

fn read_invocation(columns: &mut Columns<'_>) -> Read<Invocation> {
    let kind: &str = columns.next()?;
    match kind {
        "IDLE" => {
            columns.skip(5);
            Ok(Invocation::Idle)
        }
        "ACTIVE" => Ok(Invocation::Active {
            number: columns.bits()?,
            request_id: columns.parsed(RequestId::parse)?,
            nonce: columns.bits()?,
            scheduled_at: columns.instant()?,
            owner: Owner(columns.bits()?),
        }),
        "BACKING_OFF" => {
            columns.skip(3);
            let until = columns.instant()?;
            columns.skip(1);
            Ok(Invocation::BackingOff { until })
        }
        other => Err(ReadError::undecodable(
            "invocation",
            unknown("state of an invocation", other),
        )),
    }
}

fn read_last_checkpoint(columns: &mut Columns<'_>) -> Read<Option<LastCheckpoint>> {
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
pub(crate) fn read_deadline(columns: &mut Columns<'_>) -> Read<Option<Deadline>> {
    let at = columns.optional_instant()?;
    let reason: Option<&str> = columns.next()?;
    let operation = columns.optional_parsed(OperationId::parse)?;
    let (Some(at), Some(reason)) = (at, reason) else {
        return Ok(None);
    };
    let reason = match (reason, operation) {
        ("EXECUTION_TIMEOUT", None) => DeadlineReason::ExecutionTimeout,
        ("WAIT_ELAPSED", Some(id)) => DeadlineReason::WaitElapsed(id),
        ("STEP_RETRY", Some(id)) => DeadlineReason::StepRetry(id),
        ("CALLBACK_TIMEOUT", Some(id)) => DeadlineReason::CallbackTimeout(id),
        ("CALLBACK_HEARTBEAT", Some(id)) => DeadlineReason::CallbackHeartbeat(id),
        ("INVOCATION_RETRY", None) => DeadlineReason::InvocationRetry,
        ("RETENTION_ELAPSED", None) => DeadlineReason::RetentionElapsed,
        (other, _) => {
            return Err(ReadError::undecodable(
                "deadline_reason",
                unknown("reason of a deadline", other),
            ));
        }
    };
    Ok(Some(Deadline { at, reason }))
}

fn read_outcome(columns: &mut Columns<'_>, status: ExecutionStatus) -> Read<Option<Outcome>> {
    let of_error: fn(ErrorObject) -> Outcome = match status {
        ExecutionStatus::Running | ExecutionStatus::Pausing | ExecutionStatus::Paused => {
            columns.skip(6);
            return Ok(None);
        }
        ExecutionStatus::Succeeded => {
            columns.skip(5);
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
