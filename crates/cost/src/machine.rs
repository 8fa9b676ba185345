//! The usage of a state machine's execution, from the event history of the durable function that runs it here.
//!
//! On AWS a state machine is not a function: the interpreter of the definition and its records are not charged. Charged
//! are its state transitions, or an Express execution's time, and the functions that it invokes.

use lambda_api::{Event, EventType};

use crate::usage::{Usage, bytes, float};

/// The names of the step that enters a state, and of the wait before a state is retried (ADR 27).
const ENTER: &str = "enter";
const RETRY: &str = "retry";
/// The step that begins the execution.
const START: &str = "start";
/// The step that records a failed evaluation.
const EVALUATION_FAILED: &str = "evaluation failed";

/// The chained invoke that starts an Express execution for an item of a distributed Map.
pub(crate) const EXPRESS_ITEM: &str = "express execution";

/// The step that starts an execution of another machine and waits for its end.
pub(crate) const NESTED: &str = "call and wait";

/// The unit to which an Express execution's time is rounded up, in milliseconds. Source: Step Functions' price list.
const EXPRESS_MILLISECONDS: u64 = 100;
/// The memory of an Express execution, in GB of 1,024 MB: one portion of 64 MB.
const EXPRESS_GB: f64 = 64.0 / 1024.0;

/// Counts an event.
pub(crate) fn count(usage: &mut Usage, event: &Event) {
    let is_named = |name: &str| event.name.as_deref() == Some(name);
    let is_step = event.event_type == EventType::StepSucceeded;
    let is_bookkeeping =
        is_step && (is_named(ENTER) || is_named(START) || is_named(EVALUATION_FAILED));
    if !is_bookkeeping {
        usage.bytes_passed += float(bytes(event));
    }
    let is_entered = is_step && is_named(ENTER);
    let is_retried = event.event_type == EventType::WaitStarted && is_named(RETRY);
    if is_entered || is_retried {
        usage.transitions += 1.0;
    }
}

/// Charges an Express execution by its duration in milliseconds.
pub(crate) fn express(usage: &mut Usage, lived: i64) {
    let portions = u64::try_from(lived)
        .unwrap_or(0)
        .div_ceil(EXPRESS_MILLISECONDS);
    usage.transitions = 0.0;
    usage.express_requests = 1.0;
    usage.express_gb_seconds = float(portions * EXPRESS_MILLISECONDS) / 1000.0 * EXPRESS_GB;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::Architecture;
    use crate::usage::{Function, StateMachine};

    fn usage(events: &[Event], machine: StateMachine) -> Usage {
        let function = Function {
            memory_mib: 128,
            architecture: Architecture::X86_64,
            retention_days: 1,
            state_machine: Some(machine),
        };
        Usage::of_execution(events, function)
    }

    fn events() -> Vec<Event> {
        let event = |at: f64, kind: &str, name: &str, details: &str| {
            format!(
                r#"{{"EventType":"{kind}","EventId":1,"Id":"1","Name":"{name}","EventTimestamp":{at}{details}}}"#
            )
        };
        let step = r#","StepSucceededDetails":{"Result":{"Payload":"{}"},"RetryDetails":{"CurrentAttempt":1}}"#;
        let wait = r#","WaitStartedDetails":{"Duration":1,"ScheduledEndTimestamp":1}"#;
        let output = r#","ContextSucceededDetails":{"Result":{"Payload":"12345"}}"#;
        let all = [
            event(0.0, "StepSucceeded", "start", step),
            event(0.0, "ContextStarted", "Charge", ""),
            event(0.0, "StepSucceeded", "enter", step),
            event(0.1, "WaitStarted", "retry", wait),
            event(0.2, "WaitStarted", "wait", wait),
            event(0.3, "ContextSucceeded", "Charge", output),
            event(0.3, "StepSucceeded", "enter", step),
            event(0.95, "ContextStarted", "enter", ""),
        ];
        serde_json::from_str(&format!("[{}]", all.join(","))).unwrap()
    }

    #[test]
    fn states_and_retries_are_transitions() {
        let usage = usage(&events(), StateMachine::Standard);
        assert_eq!(usage.transitions, 3.0, "two states, one of them twice");
        assert_eq!(usage.bytes_passed, 5.0);
        assert_eq!((usage.requests, usage.operations.total()), (0.0, 0.0));
        assert_eq!(usage.bytes_written, 0.0);
    }

    #[test]
    fn an_express_execution_is_paid_by_its_time() {
        let usage = usage(&events(), StateMachine::Express);
        assert_eq!((usage.transitions, usage.express_requests), (0.0, 1.0));
        assert!((usage.express_gb_seconds - 1.0 / 16.0).abs() < 1e-9);
    }
}
