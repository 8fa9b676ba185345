//! The changing part of an execution, as a row.

use engine::Transition;
use model::{
    ClientToken, Deadline, DeadlineReason, ExecutionState, Invocation, OperationId, Outcome, Pause,
};
use store::columns::Code as _;

use crate::rows::{Column, Rows, flag, number, text};

/// The first columns: the row's number in the batch, and its execution. The columns to set in a stored execution
/// follow.
pub(super) const CHAIN_COLUMNS: usize = 5;

/// Groups.
const INVOCATION: u8 = 1;
const LAST_CHECKPOINT: u8 = 2;
const PAUSE: u8 = 3;
const RESUME: u8 = 4;
const DEADLINE_OPERATION: u8 = 5;
/// Of the columns that are set once, when the execution ends.
pub(super) const OUTCOME: u8 = 6;
/// Of executions that start.
const STARTS: u8 = 7;
/// Of those that are there: which, and the version that has to be stored.
const ADVANCES: u8 = 8;

/// Of the arrays of states.
pub(super) const COLUMNS: &[Column] = &[
    number("chain", 0),
    text("execution_id", STARTS),
    number("shard", STARTS),
    number("execution_key", ADVANCES),
    number("from_version", ADVANCES),
    number("version", 0),
    text("status", 0),
    number("ended_at", OUTCOME),
    flag("terminal_event_owed", 0),
    number("event_id_last", 0),
    text("invocation", 0),
    number("invocation_number", INVOCATION),
    text("invocation_request_id", INVOCATION),
    number("invocation_nonce", INVOCATION),
    number("invocation_at", INVOCATION),
    number("invocation_owner", INVOCATION),
    number("invocation_count", 0),
    number("token_sequence", 0),
    text("last_checkpoint_client_token", LAST_CHECKPOINT),
    number("last_checkpoint_token_sequence", LAST_CHECKPOINT),
    text("last_checkpoint_answered", LAST_CHECKPOINT),
    number("service_changes", 0),
    number("told_changes", 0),
    number("settled_changes", 0),
    number("failed_invocations", 0),
    number("counted_failures", 0),
    number("invalid_pendings", 0),
    number("operation_count", 0),
    number("pending_count", 0),
    number("open_chained_invokes", 0),
    number("bytes", 0),
    number("timeout_paused_millis", 0),
    number("pause_requested_at", PAUSE),
    text("pause_reason", PAUSE),
    text("pause_client_token", PAUSE),
    flag("pause_stops_timeout", PAUSE),
    number("paused_at", PAUSE),
    flag("pause_owes_invocation", PAUSE),
    text("resume_client_token", RESUME),
    number("deadline_at", 0),
    text("deadline_reason", 0),
    text("deadline_operation_id", DEADLINE_OPERATION),
    flag("owes_work", 0),
    flag("has_error", OUTCOME),
    text("error_type", OUTCOME),
    text("error_message", OUTCOME),
    text("error_data", OUTCOME),
    text("error_stack_trace", OUTCOME),
    number("result_bytes", OUTCOME),
    text("result", OUTCOME),
];

/// Adds the first state of an execution.
pub(super) fn add_start<'a>(rows: &mut Rows<'a>, chain: usize, transition: &'a Transition) {
    let id = &transition.spec.arn.id;
    rows.bits(chain as u64);
    rows.id(id.as_str());
    rows.number(Some(i64::from(id.shard().0)));
    rows.nulls(2);
    add(rows, &transition.state);
}

/// Adds the state that the execution with this key comes to from a version.
pub(super) fn add_advance<'a>(
    rows: &mut Rows<'a>,
    chain: usize,
    key: i64,
    from: u64,
    state: &'a ExecutionState,
) {
    rows.bits(chain as u64);
    rows.nulls(2);
    rows.number(Some(key));
    rows.bits(from);
    add(rows, state);
}

fn add<'a>(rows: &mut Rows<'a>, state: &'a ExecutionState) {
    let ExecutionState {
        version,
        outcome,
        ended_at,
        terminal_event_owed,
        event_id_last,
        invocation,
        invocation_count,
        token_sequence,
        last_checkpoint,
        service_changes,
        told_changes,
        settled_changes,
        failed_invocations,
        counted_failures,
        invalid_pendings,
        operation_count,
        pending_count,
        open_chained_invokes,
        bytes,
        pause,
        timeout_paused_for,
        resume_client_token,
        next_deadline,
    } = state;
    rows.bits(*version);
    rows.id(state.status().code());
    rows.instant(*ended_at);
    rows.flag(Some(*terminal_event_owed));
    rows.bits(*event_id_last);
    add_invocation(rows, invocation);
    rows.bits(*invocation_count);
    rows.bits(*token_sequence);
    match last_checkpoint {
        Some(last) => {
            rows.id(last.client_token.as_str());
            rows.bits(last.token_sequence);
            rows.ids(&last.answered);
        }
        None => rows.nulls(3),
    }
    rows.bits(*service_changes);
    rows.bits(*told_changes);
    rows.bits(*settled_changes);
    rows.count(*failed_invocations);
    rows.count(*counted_failures);
    rows.count(*invalid_pendings);
    rows.count(*operation_count);
    rows.count(*pending_count);
    rows.count(*open_chained_invokes);
    rows.bits(*bytes);
    let paused_for = i64::try_from(timeout_paused_for.as_millis()).unwrap_or(i64::MAX);
    rows.number(Some(paused_for));
    add_pause(rows, pause.as_ref());
    rows.optional_id(resume_client_token.as_ref().map(ClientToken::as_str));
    add_deadline(rows, next_deadline.as_ref());
    rows.flag(Some(state.may_owe_work()));
    let outcome = outcome.as_ref();
    rows.error(outcome.and_then(Outcome::error));
    let result = outcome.and_then(Outcome::result);
    rows.number(result.map(|result| (result.len() as u64).cast_signed()));
    rows.payload(result);
    rows.end_row();
}

fn add_pause<'a>(rows: &mut Rows<'a>, pause: Option<&'a Pause>) {
    let Some(pause) = pause else {
        rows.nulls(6);
        return;
    };
    rows.instant(Some(pause.requested_at));
    rows.string(pause.reason.as_ref());
    rows.optional_id(pause.client_token.as_ref().map(ClientToken::as_str));
    rows.flag(Some(pause.execution_timeout_paused));
    rows.instant(pause.in_effect_since);
    rows.flag(Some(pause.owes_invocation));
}

fn add_invocation<'a>(rows: &mut Rows<'a>, invocation: &'a Invocation) {
    match invocation {
        Invocation::Idle => {
            rows.id("IDLE");
            rows.nulls(5);
        }
        Invocation::Active {
            number,
            request_id,
            nonce,
            scheduled_at,
            owner,
        } => {
            rows.id("ACTIVE");
            rows.bits(*number);
            rows.id(request_id.as_str());
            rows.bits(*nonce);
            rows.instant(Some(*scheduled_at));
            rows.bits(owner.0);
        }
        Invocation::BackingOff { until } => {
            rows.id("BACKING_OFF");
            rows.nulls(3);
            rows.instant(Some(*until));
            rows.nulls(1);
        }
    }
}

fn add_deadline<'a>(rows: &mut Rows<'a>, deadline: Option<&'a Deadline>) {
    let Some(deadline) = deadline else {
        rows.nulls(3);
        return;
    };
    let reason = match &deadline.reason {
        DeadlineReason::ExecutionTimeout => "EXECUTION_TIMEOUT",
        DeadlineReason::WaitElapsed(_) => "WAIT_ELAPSED",
        DeadlineReason::StepRetry(_) => "STEP_RETRY",
        DeadlineReason::CallbackTimeout(_) => "CALLBACK_TIMEOUT",
        DeadlineReason::CallbackHeartbeat(_) => "CALLBACK_HEARTBEAT",
        DeadlineReason::InvocationRetry => "INVOCATION_RETRY",
        DeadlineReason::RetentionElapsed => "RETENTION_ELAPSED",
    };
    rows.instant(Some(deadline.at));
    rows.id(reason);
    rows.optional_id(deadline.reason.operation_id().map(OperationId::as_str));
}
