//! Conditions on a history alone.

use std::collections::BTreeMap;

use lambda_api::{Event, EventType};

use super::check::Check;
use crate::evidence::{Evidence, Execution};

/// The service's error for an invocation whose process or server is gone.
const LOST: &str = "Service.InvocationLost";

/// Events are numbered from 1 without gaps, an operation ends once, and nothing begins after the end.
pub fn histories_are_whole(evidence: &Evidence) -> Check {
    let mut check = Check::new("every history is gapless and ends once");
    for (arn, execution) in &evidence.executions {
        check.looked_at += 1;
        if let Some(wrong) = broken(execution) {
            check.find(arn, wrong);
        }
    }
    check
}

fn broken(execution: &Execution) -> Option<String> {
    let mut ended: BTreeMap<&str, &Event> = BTreeMap::new();
    let mut over: Option<&Event> = None;
    for (index, event) in execution.events.iter().enumerate() {
        let expected = index as i64 + 1;
        if event.event_id != expected {
            return Some(format!(
                "event {} stands where {expected} belongs",
                event.event_id
            ));
        }
        if let Some(over) = over
            && event.event_type != EventType::InvocationCompleted
        {
            let (late, over) = (&event.event_type, &over.event_type);
            return Some(format!("event {expected}, {late}, comes after {over}"));
        }
        if is_end_of_execution(&event.event_type) {
            over = Some(event);
        } else if is_end_of_operation(event)
            && let Some(before) = ended.insert(event.id.as_deref().unwrap_or_default(), event)
        {
            let (first, second) = (before.event_id, event.event_id);
            return Some(format!(
                "events {first} and {second} end the same operation"
            ));
        }
    }
    over.is_none()
        .then(|| format!("it has {} events and no end", execution.events.len()))
}

fn is_end_of_execution(event_type: &EventType) -> bool {
    matches!(
        event_type,
        EventType::ExecutionSucceeded
            | EventType::ExecutionFailed
            | EventType::ExecutionTimedOut
            | EventType::ExecutionStopped
    )
}

/// Whether the event is an operation's last. A failed attempt that is followed by another, and a check of a condition
/// that is not met yet, are not.
fn is_end_of_operation(event: &Event) -> bool {
    let retried = |delay: Option<i64>| delay.is_some_and(|seconds| seconds > 0);
    if let Some(details) = &event.step_succeeded_details {
        return !retried(details.retry_details.next_attempt_delay_seconds);
    }
    if let Some(details) = &event.step_failed_details {
        return !retried(details.retry_details.next_attempt_delay_seconds);
    }
    matches!(
        event.event_type,
        EventType::ContextSucceeded
            | EventType::ContextFailed
            | EventType::WaitSucceeded
            | EventType::WaitCancelled
            | EventType::ChainedInvokeSucceeded
            | EventType::ChainedInvokeFailed
            | EventType::ChainedInvokeTimedOut
            | EventType::ChainedInvokeStopped
            | EventType::CallbackSucceeded
            | EventType::CallbackFailed
            | EventType::CallbackTimedOut
    )
}

/// An invocation is lost only when the server died between its beginning and its end.
pub fn live_invocations_are_not_lost(evidence: &Evidence) -> Check {
    let mut check = Check::new("no live invocation is declared lost");
    for (arn, execution) in &evidence.executions {
        for event in &execution.events {
            let Some(details) = &event.invocation_completed_details else {
                continue;
            };
            check.looked_at += 1;
            let error = details.error.as_ref().and_then(|it| it.payload.as_ref());
            let error_type = error.and_then(|error| error.error_type.as_deref());
            if error_type != Some(LOST) {
                continue;
            }
            let (from, until) = (
                details.start_timestamp.as_millis(),
                details.end_timestamp.as_millis(),
            );
            let died = |&at: &i64| from <= at && at <= until;
            if !evidence.lives.deaths.iter().any(died) {
                let (id, lasted) = (event.event_id, until - from);
                let text = format!("event {id}: lost after {lasted} ms in which no server died");
                check.find(arn, text);
            }
        }
    }
    check
}
