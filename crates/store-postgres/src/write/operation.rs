//! Operations, as rows.

use model::{
    ChainedTarget, ExecutionSpec, Operation, OperationDetails, OperationId, OperationType,
};
use store::columns::{Code as _, version_text};

use crate::rows::{Column, Rows, flag, number, text};

const CONTEXT: u8 = 1;
const STEP: u8 = 2;
const WAIT: u8 = 3;
const CALLBACK: u8 = 4;
const CHAINED_INVOKE: u8 = 5;
const ERROR: u8 = 6;
const RESULT: u8 = 7;

/// Of the arrays of operations.
pub(super) const COLUMNS: &[Column] = &[
    number("chain", 0),
    text("operation_id", 0),
    number("position", 0),
    text("parent_id", 0),
    text("name", 0),
    text("sub_type", 0),
    text("type", 0),
    text("status", 0),
    number("started_at", 0),
    number("ended_at", 0),
    number("service_change", 0),
    flag("replay_children", CONTEXT),
    number("attempt", STEP),
    number("next_attempt_at", STEP),
    number("wait_seconds", WAIT),
    number("scheduled_end_at", WAIT),
    text("callback_id", CALLBACK),
    number("timeout_seconds", CALLBACK),
    number("heartbeat_timeout_seconds", CALLBACK),
    number("last_heartbeat_at", CALLBACK),
    text("function_name", CHAINED_INVOKE),
    text("tenant_id", CHAINED_INVOKE),
    text("trace_header", CHAINED_INVOKE),
    text("target", CHAINED_INVOKE),
    text("target_function", CHAINED_INVOKE),
    text("target_version", CHAINED_INVOKE),
    text("target_execution_id", CHAINED_INVOKE),
    text("input", CHAINED_INVOKE),
    flag("has_error", ERROR),
    text("error_type", ERROR),
    text("error_message", ERROR),
    text("error_data", ERROR),
    text("error_stack_trace", ERROR),
    text("result", RESULT),
];

/// The columns that can change in a recorded operation.
pub(super) const CHANGING: &[&str] = &[
    "status",
    "ended_at",
    "service_change",
    "replay_children",
    "attempt",
    "next_attempt_at",
    "last_heartbeat_at",
    "has_error",
    "error_type",
    "error_message",
    "error_data",
    "error_stack_trace",
    "result",
];

/// Operations that one transition may have before their positions meet those of the next.
const OPERATIONS_IN_TRANSITION_MAX: u64 = 1 << 20;

/// The place of an operation among those of its execution, if this is where it was recorded first: transitions name new
/// operations in the order in which they started.
pub(super) fn position(version: u64, index: usize) -> i64 {
    let index = index as u64;
    assert!(
        index < OPERATIONS_IN_TRANSITION_MAX,
        "a transition has no more operations than an execution may have"
    );
    (version * OPERATIONS_IN_TRANSITION_MAX + index).cast_signed()
}

pub(super) fn add<'a>(
    rows: &mut Rows<'a>,
    chain: usize,
    position: i64,
    spec: &ExecutionSpec,
    operation: &'a Operation,
) {
    let operation_type = operation.operation_type();
    assert_eq!(
        operation_type == OperationType::Execution,
        operation.id.as_str() == spec.arn.id.as_str(),
        "the EXECUTION operation, and only it, has the id of the execution"
    );
    rows.bits(chain as u64);
    rows.id(operation.id.as_str());
    rows.number(Some(position));
    rows.optional_id(operation.parent_id.as_ref().map(OperationId::as_str));
    rows.string(operation.name.as_ref());
    rows.string(operation.sub_type.as_ref());
    rows.id(operation_type.code());
    rows.id(operation.status.code());
    rows.instant(Some(operation.started_at));
    rows.instant(operation.ended_at);
    rows.bits(operation.service_change);
    add_details(rows, &operation.details);
    rows.end_row();
}

/// The 23 columns of which each type has a few.
fn add_details<'a>(rows: &mut Rows<'a>, details: &'a OperationDetails) {
    match details {
        OperationDetails::Execution { input: _ } => rows.nulls(23),
        OperationDetails::Context {
            replay_children,
            result,
            error,
        } => {
            // Seldom set, and NULL reads as not set.
            rows.flag(replay_children.then_some(true));
            rows.nulls(16);
            rows.error(error.as_ref());
            rows.payload(result.as_ref());
        }
        OperationDetails::Step {
            attempt,
            next_attempt_at,
            result,
            error,
        } => {
            rows.nulls(1);
            rows.count(*attempt);
            rows.instant(*next_attempt_at);
            rows.nulls(14);
            rows.error(error.as_ref());
            rows.payload(result.as_ref());
        }
        OperationDetails::Wait {
            seconds,
            scheduled_end_at,
        } => {
            rows.nulls(3);
            rows.count(*seconds);
            rows.instant(Some(*scheduled_end_at));
            rows.nulls(18);
        }
        OperationDetails::Callback {
            callback_id,
            timeout_seconds,
            heartbeat_timeout_seconds,
            last_heartbeat_at,
            result,
            error,
        } => {
            rows.nulls(5);
            rows.id(callback_id.as_str());
            rows.optional_count(*timeout_seconds);
            rows.optional_count(*heartbeat_timeout_seconds);
            rows.instant(Some(*last_heartbeat_at));
            rows.nulls(8);
            rows.error(error.as_ref());
            rows.payload(result.as_ref());
        }
        OperationDetails::ChainedInvoke {
            function_name,
            tenant_id,
            trace_header,
            input,
            target,
            result,
            error,
        } => {
            rows.nulls(9);
            rows.string(Some(function_name));
            rows.string(tenant_id.as_ref());
            rows.string(trace_header.as_ref());
            add_target(rows, target);
            rows.payload(input.as_ref());
            rows.error(error.as_ref());
            rows.payload(result.as_ref());
        }
    }
}

fn add_target<'a>(rows: &mut Rows<'a>, target: &'a ChainedTarget) {
    match target {
        ChainedTarget::Durable {
            function,
            version,
            execution_id,
        } => {
            rows.id("DURABLE");
            rows.id(function.as_str());
            rows.word(Some(version_text(version)));
            rows.id(execution_id.as_str());
        }
        ChainedTarget::Plain { function, version } => {
            rows.id("PLAIN");
            rows.id(function.as_str());
            rows.word(Some(version_text(version)));
            rows.nulls(1);
        }
        ChainedTarget::Unresolvable => {
            rows.id("UNRESOLVABLE");
            rows.nulls(3);
        }
    }
}
