//! What a history says of calls of services, which are steps, and of those that took too long.

use lambda_api::{Event, EventType};
use serde_json::{Value, json};

use super::history::{Writer, merged, told};

impl Writer<'_> {
    /// The integration whose service a step calls: other steps belong to the state itself.
    fn service(&self, event: &Event) -> Option<(Value, Option<String>)> {
        if event.name.as_deref() != Some("call") {
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
        // What is sent is not recorded.
        scheduled["parameters"] = json!("{}");
        let details = Some(("taskScheduledEventDetails", scheduled));
        self.push(event, &state, "TaskScheduled", details);
        let details = Some(("taskStartedEventDetails", about));
        self.push(event, &state, "TaskStarted", details);
    }

    pub(super) fn service_answered(&mut self, event: &Event) {
        let Some((about, state)) = self.service(event) else {
            return;
        };
        if event.event_type == EventType::StepSucceeded {
            let result = event.step_succeeded_details.as_ref();
            let result = result.and_then(|it| it.result.payload.clone());
            let details = self.data(about, "output", &result.unwrap_or_default());
            let details = Some(("taskSucceededEventDetails", details));
            self.push(event, &state, "TaskSucceeded", details);
            return;
        }
        let error = event.step_failed_details.as_ref();
        let error = told(error.and_then(|it| it.error.payload.as_ref()));
        let details = Some(("taskFailedEventDetails", merged(about, error)));
        self.push(event, &state, "TaskFailed", details);
    }

    /// The wait that a call is raced against is over before the call is.
    pub(super) fn timed_out(&mut self, event: &Event) {
        if event.name.as_deref() != Some("timeout") {
            return;
        }
        let Some((is_function, service, resource, state)) = self.resource(&event.parent_id) else {
            return;
        };
        let error = json!({ "error": asl::TIMEOUT });
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
