//! Promises to clients: executions end, calls are answered, and everything starts only once.

use std::collections::{BTreeMap, BTreeSet};

use lambda_api::ExecutionStatus;
use serde_json::Value;

use super::check::{Check, Finding};
use crate::evidence::{Evidence, Execution, STARTED_BY_CLIENTS, STARTED_BY_EXECUTIONS};
use crate::kind::{Call, End, Order, name_of};
use crate::ledger::What;

/// Executions that were accepted, and the ones that those invoked, end as their kinds say.
pub fn acknowledged_end_right(evidence: &Evidence) -> Check {
    let mut check = Check::new("every acknowledged execution ends right");
    for entry in &evidence.entries {
        let Some(arn) = &entry.arn else {
            continue;
        };
        check.looked_at += 1;
        let Some(execution) = evidence.executions.get(arn) else {
            check.find(arn, "the service does not know it");
            continue;
        };
        if let Some(wrong) = wrong_end(execution, &entry.order.kind.end(entry.order.number)) {
            check.find(arn, wrong);
        }
    }
    for (arn, execution) in &evidence.executions {
        if execution.function != STARTED_BY_EXECUTIONS {
            continue;
        }
        check.looked_at += 1;
        if execution.told.status != ExecutionStatus::Succeeded {
            check.find(arn, format!("it is {}", execution.told.status));
        }
    }
    check
}

fn wrong_end(execution: &Execution, expected: &End) -> Option<String> {
    let told = &execution.told;
    let error = told.error.as_ref();
    let message = error.and_then(|error| error.error_message.as_deref());
    let right = match expected {
        End::Succeeds(expected) => {
            let result = told.result.as_deref().unwrap_or("null");
            let result: Option<Value> = serde_json::from_str(result).ok();
            told.status == ExecutionStatus::Succeeded && result.as_ref() == Some(expected)
        }
        End::FailsWith(expected) => {
            told.status == ExecutionStatus::Failed && message == Some(*expected)
        }
        End::IsStopped => told.status == ExecutionStatus::Stopped,
        End::Runs => true,
    };
    let result = told.result.as_deref().or(message).unwrap_or("nothing");
    (!right).then(|| {
        let status = &told.status;
        format!("it is {status} with {result}, and has to be: {expected:?}")
    })
}

/// Clients get an answer to everything, and none that they should not get.
pub fn answers_are_as_expected(evidence: &Evidence) -> Check {
    let mut check = Check::new("every client gets its answers");
    for entry in &evidence.entries {
        check.looked_at += 1;
        let name = entry.order.name();
        let execution = entry.arn.as_deref().unwrap_or(&name);
        if let Some(waits_for) = entry.waits_for {
            check.find(execution, format!("its client still waits for {waits_for}"));
        }
        for surprise in &entry.surprises {
            check.find(execution, surprise);
        }
    }
    for surprise in &evidence.surprises {
        check.find(&surprise.execution, &surprise.text);
    }
    check
}

/// Asynchronous invocations of plain functions that were accepted ran.
pub fn plain_calls_ran(evidence: &Evidence) -> Check {
    let mut check = Check::new("every accepted asynchronous plain invocation ran");
    let plain = evidence.ledger.iter().filter(|it| it.what == What::Plain);
    let ran: BTreeSet<&str> = plain.map(|line| line.execution.as_str()).collect();
    for entry in &evidence.entries {
        if entry.order.kind.call() != Call::PlainEvent || !entry.acknowledged {
            continue;
        }
        check.looked_at += 1;
        let name = entry.order.name();
        if !ran.contains(name.as_str()) {
            check.find(&name, "it was accepted, and never ran");
        }
    }
    check
}

/// One name is one execution, and one chained invoke starts one.
pub fn nothing_started_twice(evidence: &Evidence) -> Check {
    let mut check = Check::new("nothing is started twice");
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut invoked: BTreeSet<&str> = BTreeSet::new();
    for (arn, execution) in &evidence.executions {
        if execution.function == STARTED_BY_CLIENTS {
            let name = name_of(arn).unwrap_or(arn);
            by_name.entry(name).or_default().push(arn);
        }
        for event in &execution.events {
            let details = event.chained_invoke_started_details.as_ref();
            let Some(child) = details.and_then(|it| it.durable_execution_arn.as_deref()) else {
                continue;
            };
            invoked.insert(child);
            if !evidence.executions.contains_key(child) {
                check.find(arn, format!("the service does not know its child {child}"));
            }
        }
    }
    check.looked_at = evidence.executions.len();
    for arns in by_name.values().filter(|arns| arns.len() > 1) {
        check.find(arns[0], format!("its name has {} executions", arns.len()));
    }
    for (arn, execution) in &evidence.executions {
        if execution.function == STARTED_BY_EXECUTIONS && !invoked.contains(arn.as_str()) {
            check.find(arn, "no history says that it was invoked");
        }
    }
    let strange = by_name.keys().filter(|name| Order::named(name).is_none());
    check.findings.extend(strange.map(|name| Finding {
        execution: None,
        text: format!("nobody started an execution with the name {name}"),
    }));
    check
}
