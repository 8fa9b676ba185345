//! Events, as rows.

use engine::Transition;
use model::{CallbackId, Event, OperationId, RequestId};
use store::columns::{EventColumns, payload_source, version_text};

use crate::rows::{Column, Rows, flag, number, text};

const RETRY: u8 = 1;
const WAIT: u8 = 2;
const CALLBACK: u8 = 3;
const CHAINED_INVOKE: u8 = 4;
const INVOCATION: u8 = 5;
const PAUSE: u8 = 6;
const ERROR: u8 = 7;
const PAYLOAD: u8 = 8;
const PAYLOAD_SOURCE: u8 = 9;

/// Of the arrays of events.
pub(super) const COLUMNS: &[Column] = &[
    number("chain", 0),
    number("event_id", 0),
    number("happened_at", 0),
    text("type", 0),
    text("operation_id", 0),
    text("operation_name", 0),
    text("parent_id", 0),
    text("sub_type", 0),
    number("attempt", RETRY),
    number("next_attempt_delay_seconds", RETRY),
    number("seconds", WAIT),
    number("scheduled_end_at", WAIT),
    text("callback_id", CALLBACK),
    number("timeout_seconds", CALLBACK),
    number("heartbeat_timeout_seconds", CALLBACK),
    text("function_name", CHAINED_INVOKE),
    text("tenant_id", CHAINED_INVOKE),
    text("executed_version", CHAINED_INVOKE),
    text("started_execution_arn", CHAINED_INVOKE),
    text("request_id", INVOCATION),
    number("invocation_started_at", INVOCATION),
    number("invocation_ended_at", INVOCATION),
    number("requested_at", PAUSE),
    flag("execution_timeout_paused", PAUSE),
    flag("has_error", ERROR),
    text("error_type", ERROR),
    text("error_message", ERROR),
    text("error_data", ERROR),
    text("error_stack_trace", ERROR),
    text("payload", PAYLOAD),
    text("payload_source", PAYLOAD_SOURCE),
];

pub(super) fn add<'a>(
    rows: &mut Rows<'a>,
    chain: usize,
    transition: &'a Transition,
    event: &'a Event,
) {
    let details = EventColumns::of(&event.kind);
    rows.bits(chain as u64);
    rows.bits(event.id);
    rows.instant(Some(event.at));
    rows.id(details.kind);
    match &event.subject {
        Some(subject) => {
            rows.id(subject.id.as_str());
            rows.string(subject.name.as_ref());
            rows.optional_id(subject.parent_id.as_ref().map(OperationId::as_str));
            rows.string(subject.sub_type.as_ref());
        }
        None => rows.nulls(4),
    }
    let retry = details.retry;
    rows.optional_count(retry.map(|retry| retry.current_attempt));
    rows.optional_count(retry.and_then(|retry| retry.next_attempt_delay_seconds));
    rows.optional_count(details.seconds);
    rows.instant(details.scheduled_end_at);
    rows.optional_id(details.callback_id.map(CallbackId::as_str));
    rows.optional_count(details.timeout_seconds);
    rows.optional_count(details.heartbeat_timeout_seconds);
    rows.string(details.function_name);
    rows.string(details.tenant_id);
    rows.word(details.executed_version.map(version_text));
    rows.word(details.started_execution_arn.map(Into::into));
    rows.optional_id(details.request_id.map(RequestId::as_str));
    rows.instant(details.invocation_started_at);
    rows.instant(details.invocation_ended_at);
    rows.instant(details.requested_at);
    rows.flag(details.execution_timeout_paused);
    rows.error(details.error);
    let source = details
        .payload
        .and_then(|payload| payload_source(transition, event, payload));
    match source {
        None => {
            rows.payload(details.payload);
            rows.nulls(1);
        }
        Some(source) => {
            rows.nulls(1);
            rows.id(source);
        }
    }
    rows.end_row();
}
