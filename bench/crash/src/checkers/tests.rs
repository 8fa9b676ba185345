//! Each checker finds its kind of fault, and nothing in faultless evidence.

use lambda_api::{
    ErrorObject, Event, EventPayload, EventType, ExecutionStatus, GetDurableExecutionResponse,
    InvocationCompletedDetails, RetryDetails, StepSucceededDetails,
};

use super::*;
use crate::evidence::{Execution, STARTED_BY_CLIENTS};
use crate::keeper::Restart;
use crate::kind::{Kind, Order};
use crate::ledger::{Line, What};
use crate::workload::Entry;

const ORDER: Order = Order {
    kind: Kind::AtMostOnce,
    number: 1,
};
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:EveryKindFunction:1/durable-execution/at-most-once-1/id";

/// One execution of one step, which was recorded at 2000 ms, and everything is right.
fn right() -> Evidence {
    let started = event(1, EventType::ExecutionStarted, 1000);
    let mut recorded = event(2, EventType::StepSucceeded, 2000);
    recorded.id = Some("op".to_owned());
    recorded.step_succeeded_details = Some(StepSucceededDetails {
        retry_details: RetryDetails {
            current_attempt: Some(1),
            next_attempt_delay_seconds: None,
        },
        ..StepSucceededDetails::default()
    });
    let succeeded = event(3, EventType::ExecutionSucceeded, 2100);
    let execution = Execution {
        function: STARTED_BY_CLIENTS,
        told: GetDurableExecutionResponse {
            status: ExecutionStatus::Succeeded,
            result: Some("3".to_owned()),
            end_timestamp: Some(lambda_api::EpochSeconds(2.1)),
            ..GetDurableExecutionResponse::default()
        },
        events: vec![started, recorded, succeeded],
    };
    let mut evidence = Evidence {
        entries: vec![entry(ORDER)],
        ledger: vec![line(What::Step, 1500)],
        ..Evidence::default()
    };
    evidence.executions.insert(ARN.to_owned(), execution);
    evidence.lives.restarts.push(Restart {
        took: std::time::Duration::from_millis(500),
    });
    evidence
}

fn entry(order: Order) -> Entry {
    Entry {
        order,
        waits_for: None,
        acknowledged: true,
        arn: Some(ARN.to_owned()),
        surprises: Vec::new(),
    }
}

fn event(event_id: i64, event_type: EventType, at_millis: i64) -> Event {
    Event {
        event_id,
        event_type,
        event_timestamp: lambda_api::EpochSeconds::from_millis(at_millis),
        ..Event::default()
    }
}

fn line(what: What, at_millis: i64) -> Line {
    Line {
        what,
        execution: ARN.to_owned(),
        request: "request".to_owned(),
        at_micros: at_millis * 1000,
        process: 1,
        step: Some("once-one".to_owned()),
        operation: Some("op".to_owned()),
        attempt: Some(1),
        callback: None,
    }
}

fn execution(evidence: &mut Evidence) -> &mut Execution {
    evidence.executions.get_mut(ARN).unwrap()
}

/// The names of the checks that find fault with what `spoil` makes of right evidence.
fn found(spoil: impl FnOnce(&mut Evidence)) -> Vec<&'static str> {
    let mut evidence = right();
    spoil(&mut evidence);
    let checks = check_all(&evidence);
    let failed = checks.iter().filter(|check| !check.passed());
    failed.map(|check| check.name).collect()
}

#[test]
fn what_is_right_passes() {
    assert_eq!(found(|_| {}), [""; 0]);
}

#[test]
fn wrong_ends_are_found() {
    let expected = ["every acknowledged execution ends right"];
    let wrong_result = found(|it| execution(it).told.result = Some("4".to_owned()));
    assert_eq!(wrong_result, expected);
    let failed = found(|it| execution(it).told.status = ExecutionStatus::Failed);
    assert_eq!(failed, expected);
}

#[test]
fn an_execution_that_is_gone_is_found() {
    let found = found(|it| it.executions.clear());
    assert_eq!(found, ["every acknowledged execution ends right"]);
}

#[test]
fn missing_and_strange_answers_are_found() {
    let expected = ["every client gets its answers"];
    let missing = found(|it| it.entries[0].waits_for = Some("its start"));
    assert_eq!(missing, expected);
    let strange = found(|it| it.entries[0].surprises.push("404".to_owned()));
    assert_eq!(strange, expected);
}

#[test]
fn a_plain_call_that_never_ran_is_found() {
    let order = Order {
        kind: Kind::PlainEvent,
        number: 16,
    };
    let call = Entry {
        arn: None,
        ..entry(order)
    };
    let never = found(|it| it.entries.push(call.clone()));
    assert_eq!(never, ["every accepted asynchronous plain invocation ran"]);
    let ran = found(|it| {
        it.entries.push(call);
        it.ledger.push(Line {
            execution: order.name(),
            ..line(What::Plain, 1200)
        });
    });
    assert_eq!(ran, [""; 0]);
}

#[test]
fn a_second_execution_of_a_name_is_found() {
    let found = found(|it| {
        let again = execution(it).clone();
        it.executions.insert(ARN.replace("/id", "/other"), again);
    });
    assert_eq!(found, ["nothing is started twice"]);
}

#[test]
fn a_step_that_runs_after_its_record_is_found() {
    let found = found(|it| {
        it.ledger[0].step = Some("one".to_owned());
        it.ledger.push(Line {
            step: Some("one".to_owned()),
            ..line(What::Step, 2001)
        });
    });
    assert_eq!(found, ["no step runs again although it is recorded"]);
}

#[test]
fn an_attempt_that_runs_twice_is_found_where_it_must_not() {
    let expected = ["no at-most-once step runs twice for an attempt"];
    assert_eq!(found(|it| it.ledger.push(line(What::Step, 1600))), expected);
    // Without at-most-once semantics a step may run again as long as it is not recorded.
    let allowed = found(|it| {
        it.ledger.push(line(What::Step, 1600));
        for line in &mut it.ledger {
            line.step = Some("one".to_owned());
        }
    });
    assert_eq!(allowed, [""; 0]);
}

#[test]
fn a_step_within_a_pause_is_found() {
    let pause = |from, until| {
        move |it: &mut Evidence| {
            let events = &mut execution(it).events;
            events.insert(1, event(2, EventType::ExecutionPaused, from));
            events.insert(2, event(3, EventType::ExecutionResumed, until));
            events[3].event_id = 4;
            events[4].event_id = 5;
        }
    };
    let expected = ["no step begins while its execution is paused"];
    assert_eq!(found(pause(1400, 1700)), expected);
    assert_eq!(found(pause(1200, 1400)), [""; 0]);
}

#[test]
fn an_invocation_after_the_end_is_found() {
    let found = found(|it| it.ledger.push(line(What::Invocation, 3200)));
    assert_eq!(
        found,
        ["no invocation begins a second after its execution's end"]
    );
}

#[test]
fn broken_histories_are_found() {
    let expected = ["every history is gapless and ends once"];
    assert_eq!(found(|it| execution(it).events[2].event_id = 4), expected);
    assert_eq!(found(|it| execution(it).events.truncate(2)), expected);
    let twice = found(|it| {
        let mut again = execution(it).events[1].clone();
        again.event_id = 3;
        execution(it).events[2].event_id = 4;
        execution(it).events.insert(2, again);
    });
    assert_eq!(twice, expected);
    let late = found(|it| {
        execution(it)
            .events
            .push(event(4, EventType::StepStarted, 2200))
    });
    assert_eq!(late, expected);
}

#[test]
fn an_invocation_is_lost_only_with_its_server() {
    let lost = |it: &mut Evidence| {
        let mut completed = event(4, EventType::InvocationCompleted, 2200);
        let error = ErrorObject {
            error_type: Some("Service.InvocationLost".to_owned()),
            ..ErrorObject::default()
        };
        completed.invocation_completed_details = Some(InvocationCompletedDetails {
            start_timestamp: lambda_api::EpochSeconds(1.0),
            end_timestamp: lambda_api::EpochSeconds(2.2),
            request_id: "request".to_owned(),
            error: Some(EventPayload {
                payload: Some(error),
                truncated: None,
            }),
        });
        execution(it).events.push(completed);
    };
    let while_it_lived = found(|it| {
        lost(it);
        it.lives.deaths = vec![900, 2300];
    });
    assert_eq!(while_it_lived, ["no live invocation is declared lost"]);
    let when_it_died = found(|it| {
        lost(it);
        it.lives.deaths = vec![1300];
    });
    assert_eq!(when_it_died, [""; 0]);
}

#[test]
fn a_slow_restart_is_found() {
    let slow = Restart {
        took: std::time::Duration::from_millis(1001),
    };
    let found = found(|it| it.lives.restarts.push(slow));
    assert_eq!(found, ["every restart is ready within a second"]);
}
