//! Events of calls of services, which are steps, and of their timeouts.

use lambda_api::{Event, EventType};
use serde_json::{Value, json};
use state_machine::{CALL, CALL_AND_WAIT, HEARTBEAT, STOP, TIMEOUT, WATCH, Watched, outcome};

use super::writer::{Writer, merged, told};

impl Writer<'_> {
    /// The integration of a step that calls a service; `None` for steps of the state itself.
    fn service(&self, event: &Event) -> Option<(Value, Option<String>)> {
        if !matches!(event.name.as_deref(), Some(CALL | CALL_AND_WAIT)) {
            return None;
        }
        let (is_function, service, resource, state) = self.resource(&event.parent_id)?;
        (!is_function).then(|| {
            (
                json!({ "resourceType": service, "resource": resource }),
                state,
            )
        })
    }

    pub(super) fn service_called(&mut self, event: &Event) {
        let Some((about, state)) = self.service(event) else {
            return;
        };
        let mut scheduled = about.clone();
        scheduled["region"] = json!(self.history.home.region);
        let name = self.state_of(&event.parent_id).map(|it| it.0);
        let sent = match (name, &state) {
            (Some(name), Some(context)) if self.history.with_data => {
                let context = context.clone();
                self.arguments(&name, &context)
            }
            _ => None,
        };
        let sent = sent.map_or_else(|| String::from("{}"), |sent| sent.to_string());
        scheduled["parameters"] = json!(sent);
        let details = Some(("taskScheduledEventDetails", scheduled));
        self.push(event, &state, "TaskScheduled", details);
        let details = Some(("taskStartedEventDetails", about));
        self.push(event, &state, "TaskStarted", details);
    }

    pub(super) fn service_answered(&mut self, event: &Event) {
        match event.name.as_deref() {
            Some(WATCH) => return self.watched(event),
            Some(STOP) => return self.took_too_long(event),
            _ => {}
        }
        let Some((about, state)) = self.service(event) else {
            return;
        };
        if event.event_type == EventType::StepSucceeded {
            let result = event.step_succeeded_details.as_ref();
            let result = result.and_then(|it| it.result.payload.clone());
            let details = self.data(about, "output", &result.unwrap_or_default());
            let waits = details["resource"].as_str();
            let waits = waits.is_some_and(|it| it.ends_with(".waitForTaskToken"))
                || event.name.as_deref() == Some(CALL_AND_WAIT);
            let (kind, member) = match waits {
                true => ("TaskSubmitted", "taskSubmittedEventDetails"),
                false => ("TaskSucceeded", "taskSucceededEventDetails"),
            };
            self.push(event, &state, kind, Some((member, details)));
            return;
        }
        let error = event.step_failed_details.as_ref();
        let error = told(error.and_then(|it| it.error.payload.as_ref()));
        let details = Some(("taskFailedEventDetails", merged(about, error)));
        self.push(event, &state, "TaskFailed", details);
    }

    /// Writes the end of an execution that was waited for, if this step saw it.
    fn watched(&mut self, event: &Event) {
        let Some((_, service, resource, state)) = self.resource(&event.parent_id) else {
            return;
        };
        let result = event.step_succeeded_details.as_ref();
        let result = result.and_then(|it| it.result.payload.as_deref());
        let seen = result.and_then(|it| serde_json::from_str::<Watched>(it).ok());
        let Some(ended) = seen.and_then(|it| it.ended) else {
            return;
        };
        let about = json!({ "resourceType": service, "resource": resource });
        match outcome(ended, resource.ends_with(":2")) {
            Ok(output) => {
                let details = self.data(about, "output", &output.to_string());
                let details = Some(("taskSucceededEventDetails", details));
                self.push(event, &state, "TaskSucceeded", details);
            }
            Err(error) => {
                let error = json!({ "error": error.error, "cause": error.cause });
                let details = Some(("taskFailedEventDetails", merged(about, error)));
                self.push(event, &state, "TaskFailed", details);
            }
        }
    }

    /// Writes that an execution that was waited for took too long, and was stopped.
    fn took_too_long(&mut self, event: &Event) {
        let Some((_, service, resource, state)) = self.resource(&event.parent_id) else {
            return;
        };
        let about = json!({ "resourceType": service, "resource": resource });
        let error = json!({ "error": asl::TIMEOUT });
        let details = Some(("taskTimedOutEventDetails", merged(about, error)));
        self.push(event, &state, "TaskTimedOut", details);
    }

    /// Notes a wait that limits the call before it.
    pub(super) fn raced(&mut self, event: &Event) {
        let is_limit = matches!(event.name.as_deref(), Some(TIMEOUT | HEARTBEAT));
        let call = self.calls.get(&event.parent_id).filter(|_| is_limit);
        if let (Some(call), Some(wait)) = (call, &event.id) {
            self.raced.insert(wait.clone(), call.clone());
        }
    }

    /// The wait that limits a call has ended; the call may have been answered long before.
    pub(super) fn timed_out(&mut self, event: &Event) {
        let call = event.id.as_ref().and_then(|id| self.raced.remove(id));
        if !call.is_some_and(|call| self.open_calls.remove(&call)) {
            return;
        }
        let Some((is_function, service, resource, state)) = self.resource(&event.parent_id) else {
            return;
        };
        let error = match event.name.as_deref() {
            Some(HEARTBEAT) => json!({ "error": asl::HEARTBEAT_TIMEOUT }),
            _ => json!({ "error": asl::TIMEOUT }),
        };
        if is_function {
            let details = Some(("lambdaFunctionTimedOutEventDetails", error));
            self.push(event, &state, "LambdaFunctionTimedOut", details);
            return;
        }
        let about = json!({ "resourceType": service, "resource": resource });
        let details = Some(("taskTimedOutEventDetails", merged(about, error)));
        self.push(event, &state, "TaskTimedOut", details);
    }
}

/// The error of a callback whose time ran out.
pub(super) fn timed_out_error(event: &Event) -> Value {
    let details = event.callback_timed_out_details.as_ref();
    let error = details.and_then(|it| it.error.payload.as_ref());
    match error.and_then(|it| it.error_type.as_deref()) {
        Some("Callback.Heartbeat") => json!({ "error": asl::HEARTBEAT_TIMEOUT }),
        _ => json!({ "error": asl::TIMEOUT }),
    }
}
