//! What an execution invoked, which is paid for as well.

use std::collections::HashMap;

use lambda_api::{Event, EventType, InvocationCompletedDetails};
use serde::Serialize;

/// A chained invoke of a plain function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainInvoke {
    /// The function as its caller named it.
    pub function: String,
    /// When, in milliseconds since 1970.
    pub began_at: i64,
    /// When its caller had the answer; nothing while it runs.
    pub ended_at: Option<i64>,
}

impl PlainInvoke {
    /// How long the caller waited, in milliseconds: the invocation itself, and what it waited for. Nothing while it runs.
    pub fn milliseconds(&self) -> Option<i64> {
        Some(self.ended_at? - self.began_at)
    }
}

/// Time in which a function ran, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invocation {
    /// The function's name.
    pub function: String,
    pub began_at: i64,
    /// Nothing while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Whether it was cut off by the end of its server, and the function invoked again.
    pub is_lost: bool,
}

/// A step, from its first attempt to its last, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub began_at: i64,
    /// When it succeeded, or failed for good; nothing before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

/// How the history names the error of an invocation that was cut off.
const LOST: &str = "Service.InvocationLost";

/// The invocations of an execution's own function that have ended.
pub fn invocations(events: &[Event], function: &str) -> Vec<Invocation> {
    let details = events
        .iter()
        .filter_map(|event| event.invocation_completed_details.as_ref());
    details
        .map(|it| Invocation {
            function: function.to_owned(),
            began_at: it.start_timestamp.as_millis(),
            ended_at: Some(it.end_timestamp.as_millis()),
            is_lost: is_lost(it),
        })
        .collect()
}

fn is_lost(details: &InvocationCompletedDetails) -> bool {
    let error = details.error.as_ref().and_then(|it| it.payload.as_ref());
    error.and_then(|it| it.error_type.as_deref()) == Some(LOST)
}

/// The steps of an execution, in the order in which they began.
pub fn steps(events: &[Event]) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    let mut begun: HashMap<&str, usize> = HashMap::new();
    for event in events {
        let Some(id) = event.id.as_deref() else {
            continue;
        };
        let at = event.event_timestamp.as_millis();
        let is_step = matches!(
            event.event_type,
            EventType::StepStarted | EventType::StepSucceeded | EventType::StepFailed
        );
        if !is_step {
            continue;
        }
        // A step that ends in the checkpoint that begins it may have one event alone.
        let index = *begun.entry(id).or_insert_with(|| {
            all.push(Step {
                began_at: at,
                ended_at: None,
            });
            all.len() - 1
        });
        // A failure with another attempt after it is followed by that attempt's start.
        all[index].ended_at = (event.event_type != EventType::StepStarted).then_some(at);
    }
    all
}

/// The executions that were started by chained invokes, by ARN.
pub fn chained_executions(events: &[Event]) -> Vec<String> {
    let details = events
        .iter()
        .filter_map(|event| event.chained_invoke_started_details.as_ref());
    details
        .filter_map(|it| it.durable_execution_arn.clone())
        .collect()
}

/// The chained invokes of plain functions, in the order in which they began.
pub fn plain_invokes(events: &[Event]) -> Vec<PlainInvoke> {
    let mut all: Vec<PlainInvoke> = Vec::new();
    let mut running: HashMap<&str, usize> = HashMap::new();
    for event in events {
        let Some(id) = event.id.as_deref() else {
            continue;
        };
        let at = event.event_timestamp.as_millis();
        if let Some(it) = &event.chained_invoke_started_details
            && it.durable_execution_arn.is_none()
        {
            running.insert(id, all.len());
            all.push(PlainInvoke {
                function: it.function_name.clone(),
                began_at: at,
                ended_at: None,
            });
        }
        let is_end = event.chained_invoke_succeeded_details.is_some()
            || event.chained_invoke_failed_details.is_some()
            || event.chained_invoke_timed_out_details.is_some()
            || event.chained_invoke_stopped_details.is_some();
        if is_end && let Some(index) = running.remove(id) {
            all[index].ended_at = Some(at);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(all: &[(f64, &str, &str, &str)]) -> Vec<Event> {
        let event = |(at, kind, id, details): &(f64, &str, &str, &str)| {
            format!(
                r#"{{"EventType":"{kind}","EventId":1,"Id":"{id}","EventTimestamp":{at}{details}}}"#
            )
        };
        let all: Vec<String> = all.iter().map(event).collect();
        serde_json::from_str(&format!("[{}]", all.join(","))).unwrap()
    }

    #[test]
    fn a_step_lasts_from_its_first_attempt_to_its_last() {
        let failed = r#","StepFailedDetails":{"Error":{"Payload":{"ErrorMessage":"no"}},"RetryDetails":{"CurrentAttempt":1}}"#;
        let done = r#","StepSucceededDetails":{"Result":{"Payload":"1"},"RetryDetails":{"CurrentAttempt":2}}"#;
        let started = r#","StepStartedDetails":{}"#;
        let found = steps(&events(&[
            (1.0, "StepStarted", "a", started),
            (2.0, "StepFailed", "a", failed),
            (3.0, "StepStarted", "a", started),
            (3.5, "StepStarted", "b", started),
            (4.0, "StepSucceeded", "a", done),
            (5.0, "StepSucceeded", "c", done),
        ]));
        let step = |began_at, ended_at| Step { began_at, ended_at };
        let expected = [
            step(1_000, Some(4_000)),
            step(3_500, None),
            step(5_000, Some(5_000)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_invocation_that_its_server_took_along_is_lost() {
        let completed = |error: &str| {
            format!(
                r#","InvocationCompletedDetails":{{"StartTimestamp":1,"EndTimestamp":2,"RequestId":"r"{error}}}"#
            )
        };
        let lost = completed(r#","Error":{"Payload":{"ErrorType":"Service.InvocationLost"}}"#);
        let failed = completed(r#","Error":{"Payload":{"ErrorType":"Oops"}}"#);
        let well = completed("");
        let all = [&lost, &failed, &well].map(|it| (2.0, "InvocationCompleted", "x", it.as_str()));
        let is_lost = invocations(&events(&all), "F")
            .into_iter()
            .map(|it| it.is_lost);
        assert_eq!(is_lost.collect::<Vec<_>>(), [true, false, false]);
    }
}
