//! The functions that an execution invoked, which are charged as well.

use lambda_api::{Event, InvocationCompletedDetails};
use serde::Serialize;

/// The run time of a function, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invocation {
    /// The function's name.
    pub function: String,
    pub began_at: i64,
    /// `None` while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Whether the end of its server cut it off, so that the function was invoked again.
    pub is_lost: bool,
}

/// A step, from its first attempt to its last, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub began_at: i64,
    /// When it succeeded or failed permanently; `None` before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

/// The error type in the history of an invocation that was cut off.
const LOST: &str = "Service.InvocationLost";

/// An invocation of an execution's own function, which has ended.
pub(crate) fn invocation(details: &InvocationCompletedDetails, function: &str) -> Invocation {
    Invocation {
        function: function.to_owned(),
        began_at: details.start_timestamp.as_millis(),
        ended_at: Some(details.end_timestamp.as_millis()),
        is_lost: is_lost(details),
    }
}

fn is_lost(details: &InvocationCompletedDetails) -> bool {
    let error = details.error.as_ref().and_then(|it| it.payload.as_ref());
    error.and_then(|it| it.error_type.as_deref()) == Some(LOST)
}

/// Whether a chained invoke ends with this event.
pub(crate) fn is_chained_end(event: &Event) -> bool {
    event.chained_invoke_succeeded_details.is_some()
        || event.chained_invoke_failed_details.is_some()
        || event.chained_invoke_timed_out_details.is_some()
        || event.chained_invoke_stopped_details.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Steps;

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
        let mut steps = Steps::default();
        let all = events(&[
            (1.0, "StepStarted", "a", started),
            (2.0, "StepFailed", "a", failed),
            (3.0, "StepStarted", "a", started),
            (3.5, "StepStarted", "b", started),
            (4.0, "StepSucceeded", "a", done),
            (5.0, "StepSucceeded", "c", done),
        ]);
        all.iter().for_each(|event| steps.add(event));
        let step = |began_at, ended_at| Step { began_at, ended_at };
        let expected = [
            step(1_000, Some(4_000)),
            step(3_500, None),
            step(5_000, Some(5_000)),
        ];
        assert_eq!(steps.all, expected);
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
        let all = events(&all);
        let details = all
            .iter()
            .filter_map(|it| it.invocation_completed_details.as_ref());
        let is_lost = details.map(|it| invocation(it, "F").is_lost);
        assert_eq!(is_lost.collect::<Vec<_>>(), [true, false, false]);
    }
}
