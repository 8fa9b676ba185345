//! Events of activities: from the step with the task's input, the callback that offers it, and the token.

use std::collections::{BTreeSet, HashMap};

use lambda_api::{Event, EventType};
use serde_json::{Value, json};
use state_machine::{RETURNED, Scheduled, TOKEN, TakenBy};

use super::service_events::timed_out_error;
use super::writer::{Writer, told};

/// The indices of an activity's events without effect: a worker took the task but never received it, and it was offered
/// again.
pub(super) fn returned(events: &[Event]) -> BTreeSet<usize> {
    let mut returned = BTreeSet::new();
    let mut taken = HashMap::new();
    for (index, event) in events.iter().enumerate() {
        let is_token = event.name.as_deref() == Some(TOKEN);
        match event.event_type {
            EventType::CallbackSucceeded if !is_token => {
                taken.insert(&event.parent_id, index);
            }
            EventType::CallbackFailed if is_token && is_return(event) => {
                returned.extend(taken.remove(&event.parent_id));
                returned.insert(index);
            }
            _ => {}
        }
    }
    returned
}

fn is_return(event: &Event) -> bool {
    let details = event.callback_failed_details.as_ref();
    let error = details.and_then(|it| it.error.payload.as_ref());
    error.and_then(|it| it.error_type.as_deref()) == Some(RETURNED)
}

impl Writer<'_> {
    /// The activity of an event's task, by its ARN, and the context of its state.
    pub(super) fn activity(&self, event: &Event) -> Option<(String, Option<String>)> {
        let (_, _, arn, state) = self.resource(&event.parent_id)?;
        arn.contains(":activity:").then_some((arn, state))
    }

    pub(super) fn activity_scheduled(&mut self, event: &Event) {
        let Some((arn, state)) = self.activity(event) else {
            return;
        };
        if event.name.as_deref() != Some(Scheduled::STEP) {
            return;
        }
        let result = event.step_succeeded_details.as_ref();
        let result = result.and_then(|it| it.result.payload.as_deref());
        let scheduled: Scheduled = result
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let mut details = json!({ "resource": arn });
        if let Some(seconds) = scheduled.timeout_in_seconds {
            details["timeoutInSeconds"] = json!(seconds);
        }
        if let Some(seconds) = scheduled.heartbeat_in_seconds {
            details["heartbeatInSeconds"] = json!(seconds);
        }
        let details = self.data(details, "input", &scheduled.input.to_string());
        let details = Some(("activityScheduledEventDetails", details));
        self.push(event, &state, "ActivityScheduled", details);
    }

    /// Writes that a task was taken, done, or given up.
    pub(super) fn activity_callback(&mut self, event: &Event) {
        let Some((_, state)) = self.activity(event) else {
            return;
        };
        let details = event.callback_succeeded_details.as_ref();
        let result = details.and_then(|it| it.result.payload.as_deref());
        if event.name.as_deref() != Some(TOKEN) {
            let taken: Option<TakenBy> = result.and_then(|text| serde_json::from_str(text).ok());
            let mut details = json!({});
            if let Some(worker) = taken.and_then(|it| it.worker_name) {
                details["workerName"] = Value::from(worker);
            }
            let details = Some(("activityStartedEventDetails", details));
            self.push(event, &state, "ActivityStarted", details);
            return;
        }
        let (kind, member, details) = match event.event_type {
            EventType::CallbackSucceeded => {
                let details = self.data(json!({}), "output", result.unwrap_or("null"));
                (
                    "ActivitySucceeded",
                    "activitySucceededEventDetails",
                    details,
                )
            }
            EventType::CallbackTimedOut => (
                "ActivityTimedOut",
                "activityTimedOutEventDetails",
                timed_out_error(event),
            ),
            _ => {
                let error = event.callback_failed_details.as_ref();
                let details = told(error.and_then(|it| it.error.payload.as_ref()));
                ("ActivityFailed", "activityFailedEventDetails", details)
            }
        };
        self.push(event, &state, kind, Some((member, details)));
    }
}
