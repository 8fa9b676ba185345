//! Events of functions and state machines that a Task calls, and of its task token.

use asl::StateError;
use lambda_api::{ErrorObject, Event, EventType};
use serde_json::{Value, json};
use state_machine::{call_failure, integration_parts, invoked, is_output_too_large};

use super::service_events::timed_out_error;
use super::writer::{Writer, merged, told};

/// Whether a Task fails because the result of its call is too large.
fn is_too_large(output: &str) -> bool {
    !state_machine::fits_as_text(output)
}

fn too_large(task: &str) -> Value {
    let error = StateError::too_large(task);
    json!({ "error": error.error, "cause": error.cause })
}

impl Writer<'_> {
    /// Whether the state's task is a function by its ARN, and the service and resource in its events.
    pub(super) fn resource(
        &self,
        id: &Option<String>,
    ) -> Option<(bool, String, String, Option<String>)> {
        let (name, _, state_id) = self.state_of(id)?;
        let (kind, resource) = self.kinds.get(&name)?;
        if kind != "Task" {
            return None;
        }
        match integration_parts(resource) {
            Some((service, action)) => {
                Some((false, service.to_owned(), action.to_owned(), state_id))
            }
            None => Some((true, String::from("lambda"), resource.clone(), state_id)),
        }
    }

    pub(super) fn scheduled(&mut self, event: &Event) {
        if let Some(id) = &event.id {
            self.calls.insert(event.parent_id.clone(), id.clone());
            self.open_calls.insert(id.clone());
        }
        let Some((is_function, service, resource, state)) = self.resource(&event.parent_id) else {
            return;
        };
        let details = event
            .chained_invoke_started_details
            .clone()
            .unwrap_or_default();
        let input = details.input.and_then(|it| it.payload).unwrap_or_default();
        if is_function {
            let scheduled = self.data(json!({ "resource": resource }), "input", &input);
            self.push(
                event,
                &state,
                "LambdaFunctionScheduled",
                Some(("lambdaFunctionScheduledEventDetails", scheduled)),
            );
            self.push(event, &state, "LambdaFunctionStarted", None);
            return;
        }
        let payload: Value = serde_json::from_str(&input).unwrap_or_default();
        let parameters = match service.as_str() {
            "lambda" => json!({ "FunctionName": details.function_name, "Payload": payload }),
            _ => json!({ "StateMachineArn": details.function_name, "Input": payload }),
        };
        let parameters = if self.history.with_data {
            parameters.to_string()
        } else {
            String::from("{}")
        };
        let about = json!({ "resourceType": service, "resource": resource });
        let mut scheduled = about.clone();
        scheduled["region"] = json!(self.history.home.region);
        scheduled["parameters"] = json!(parameters);
        self.push(
            event,
            &state,
            "TaskScheduled",
            Some(("taskScheduledEventDetails", scheduled)),
        );
        self.push(
            event,
            &state,
            "TaskStarted",
            Some(("taskStartedEventDetails", about)),
        );
    }

    pub(super) fn called(&mut self, event: &Event) {
        // The call had timed out before this answer.
        if !event
            .id
            .as_ref()
            .is_some_and(|id| self.open_calls.remove(id))
        {
            return;
        }
        let Some((is_function, service, resource, state)) = self.resource(&event.parent_id) else {
            return;
        };
        let about = json!({ "resourceType": service, "resource": resource });
        if let Some(details) = &event.chained_invoke_succeeded_details {
            let output = details
                .result
                .payload
                .clone()
                .unwrap_or_else(|| String::from("null"));
            if is_function {
                if is_too_large(&output) {
                    return self.call_failed(event, &state, None, too_large(&resource));
                }
                let details = self.data(json!({}), "output", &output);
                self.push(
                    event,
                    &state,
                    "LambdaFunctionSucceeded",
                    Some(("lambdaFunctionSucceededEventDetails", details)),
                );
                return;
            }
            let value: Value = serde_json::from_str(&output).unwrap_or_default();
            let waits = resource.ends_with(".waitForTaskToken");
            let wrapped = match service.as_str() {
                "lambda" => invoked("", value),
                _ => value,
            };
            let wrapped = wrapped.to_string();
            if !waits && (is_too_large(&output) || is_too_large(&wrapped)) {
                return self.call_failed(event, &state, Some(about), too_large(&service));
            }
            let details = self.data(about, "output", &wrapped);
            let (kind, member) = match waits {
                true => ("TaskSubmitted", "taskSubmittedEventDetails"),
                false => ("TaskSucceeded", "taskSucceededEventDetails"),
            };
            self.push(event, &state, kind, Some((member, details)));
            return;
        }
        let failed = [
            &event.chained_invoke_failed_details,
            &event.chained_invoke_timed_out_details,
            &event.chained_invoke_stopped_details,
        ];
        let error = failed
            .into_iter()
            .flatten()
            .next()
            .and_then(|it| it.error.payload.as_ref());
        let error = match error {
            Some(ErrorObject {
                error_type,
                error_message: Some(message),
                ..
            }) if is_output_too_large(error_type.as_deref(), message) => match is_function {
                true => too_large(&resource),
                false => too_large(&service),
            },
            error => {
                let name = error.and_then(|it| it.error_type.as_deref());
                let message = error.and_then(|it| it.error_message.as_deref());
                let failure = call_failure(name, message.unwrap_or_default());
                match service.as_str() {
                    // A refusal of the service gets its name as prefix, for the integration.
                    "lambda" if !is_function && failure.error == "ResourceNotFoundException" => {
                        json!({ "error": "Lambda.ResourceNotFoundException", "cause": failure.cause })
                    }
                    "lambda" => json!({ "error": failure.error, "cause": failure.cause }),
                    _ => told(error),
                }
            }
        };
        self.call_failed(event, &state, (!is_function).then_some(about), error);
    }

    /// Without `about`, the failed task is a function by its ARN.
    fn call_failed(
        &mut self,
        event: &Event,
        state: &Option<String>,
        about: Option<Value>,
        error: Value,
    ) {
        let (kind, details) = match about {
            None => (
                "LambdaFunctionFailed",
                ("lambdaFunctionFailedEventDetails", error),
            ),
            Some(about) => (
                "TaskFailed",
                ("taskFailedEventDetails", merged(about, error)),
            ),
        };
        self.push(event, state, kind, Some(details));
    }

    /// A task token was completed, or its time ran out.
    pub(super) fn completed(&mut self, event: &Event) {
        let Some((_, service, resource, state)) = self.resource(&event.parent_id) else {
            return;
        };
        let about = json!({ "resourceType": service, "resource": resource });
        if let Some(details) = &event.callback_succeeded_details {
            let output = details
                .result
                .payload
                .clone()
                .unwrap_or_else(|| String::from("null"));
            let details = self.data(about, "output", &output);
            self.push(
                event,
                &state,
                "TaskSucceeded",
                Some(("taskSucceededEventDetails", details)),
            );
        } else if event.event_type == EventType::CallbackTimedOut {
            let details = merged(about, timed_out_error(event));
            self.push(
                event,
                &state,
                "TaskTimedOut",
                Some(("taskTimedOutEventDetails", details)),
            );
        } else {
            let error = event
                .callback_failed_details
                .as_ref()
                .and_then(|it| it.error.payload.as_ref());
            self.push(
                event,
                &state,
                "TaskFailed",
                Some(("taskFailedEventDetails", merged(about, told(error)))),
            );
        }
    }
}
