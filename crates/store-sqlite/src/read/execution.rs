//! Executions: the record, and the whole with its operations.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use engine::Execution;
use model::{
    ClientToken, Deadline, DeadlineReason, ErrorObject, EventSource, EventSourceKind, ExecutionArn,
    ExecutionId, ExecutionName, ExecutionSpec, ExecutionState, ExecutionStatus, FunctionArn,
    FunctionName, Invocation, LastCheckpoint, OperationId, Outcome, Owner, ParentLink, Pause,
    RequestId, Trigger,
};
use rusqlite::{Connection, OptionalExtension, Row};
use store::ExecutionRecord;
use store::columns::{Code as _, unknown};
use thiserror::Error;

use super::operation::operations;
use crate::cells::Columns;

/// An execution without its operations, by id.
pub(crate) fn record(
    connection: &Connection,
    id: &ExecutionId,
) -> rusqlite::Result<Option<ExecutionRecord>> {
    let record = keyed_record(connection, id)?;
    Ok(record.map(|(_, record)| record))
}

/// Records that contradict each other: a damaged file, or one that somebody edited.
#[derive(Debug, Error)]
#[error("the records of execution `{execution}` contradict each other: {contradiction}")]
struct Contradiction {
    execution: ExecutionId,
    contradiction: String,
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
    let ExecutionRecord { spec, state } = record;
    // The records come from a file, which may be damaged, and a damaged file fails the call, not the
    // thread. The engine asserts what else it relies on.
    let loading = AssertUnwindSafe(|| Execution::of_records(spec, state, operations));
    let loaded = panic::catch_unwind(loading).unwrap_or_else(|panic| {
        let said = stdx::panic_message(panic.as_ref()).unwrap_or("an invariant does not hold");
        Err(said.to_owned())
    });
    loaded.map(Some).map_err(|contradiction| {
        unreadable(Contradiction {
            execution: id.clone(),
            contradiction,
        })
    })
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
    let mut columns = Columns::of(row);
    let key = columns.next()?;
    let spec = read_spec(&mut columns)?;
    let state = read_state(&mut columns)?;
    let spec = Arc::new(spec);
    Ok((key, ExecutionRecord { spec, state }))
}

fn read_spec(columns: &mut Columns<'_, '_>) -> rusqlite::Result<ExecutionSpec> {
    let id = columns.parsed(ExecutionId::parse)?;
    let name = columns.parsed(ExecutionName::parse)?;
    let function = FunctionArn {
        partition: columns.next::<Box<str>>()?,
        region: columns.next()?,
        account_id: columns.next()?,
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
        execution_timeout_seconds: columns.next()?,
        retention_days: columns.next()?,
        result_bytes_max: columns.next()?,
        trace_header: columns.next()?,
        tenant_id: columns.next()?,
        trigger: read_trigger(columns)?,
        input: columns.payload()?,
    })
}

fn read_trigger(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Trigger> {
    let execution_id = columns.optional_parsed(ExecutionId::parse)?;
    let operation_id = columns.optional_parsed(OperationId::parse)?;
    let kind = columns.optional_parsed(EventSourceKind::from_code)?;
    let name: Option<String> = columns.next()?;
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

fn read_state(columns: &mut Columns<'_, '_>) -> rusqlite::Result<ExecutionState> {
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
        failed_invocations: columns.next()?,
        counted_failures: columns.next()?,
        invalid_pendings: columns.next()?,
        operation_count: columns.next()?,
        pending_count: columns.next()?,
        open_chained_invokes: columns.next()?,
        bytes: columns.bits()?,
        pause: read_pause(columns)?,
        timeout_paused_for: Duration::from_millis(columns.bits()?),
        resume_client_token: columns.optional_parsed(ClientToken::parse)?,
        next_deadline: read_deadline(columns)?,
    };
    state.outcome = read_outcome(columns, status)?;
    Ok(state)
}

fn read_pause(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<Pause>> {
    let Some(requested_at) = columns.optional_instant()? else {
        columns.skip(5);
        return Ok(None);
    };
    Ok(Some(Pause {
        requested_at,
        reason: columns.next()?,
        client_token: columns.optional_parsed(ClientToken::parse)?,
        execution_timeout_paused: columns.next()?,
        in_effect_since: columns.optional_instant()?,
        owes_invocation: columns.next()?,
    }))
}

fn read_invocation(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Invocation> {
    let kind: String = columns.next()?;
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
            owner: Owner(columns.next::<Option<i64>>()?.unwrap_or(0).cast_unsigned()),
        }),
        "BACKING_OFF" => {
            columns.skip(3);
            let until = columns.instant()?;
            columns.skip(1);
            Ok(Invocation::BackingOff { until })
        }
        other => Err(unreadable(unknown("state of an invocation", other))),
    }
}

fn read_last_checkpoint(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<LastCheckpoint>> {
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

fn read_deadline(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<Deadline>> {
    let at = columns.optional_instant()?;
    let reason: Option<String> = columns.next()?;
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
        (other, _) => return Err(unreadable(unknown("reason of a deadline", other))),
    };
    Ok(Some(Deadline { at, reason }))
}

fn read_outcome(
    columns: &mut Columns<'_, '_>,
    status: ExecutionStatus,
) -> rusqlite::Result<Option<Outcome>> {
    let of_error: fn(ErrorObject) -> Outcome = match status {
        ExecutionStatus::Running | ExecutionStatus::Pausing | ExecutionStatus::Paused => {
            columns.skip(6);
            return Ok(None);
        }
        ExecutionStatus::Succeeded => {
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

/// That a row holds something that this program did not write.
pub(super) fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(cause))
}
