//! Events of the whole execution: it begins, goes on, ends.

use std::sync::Arc;

use lambda_api::{Event, EventType};
use serde_json::{Value, json};
use state_machine::{Entry, ItemRun, Redrive};

use super::writer::{Writer, told};
use crate::states::name::{execution_arn, shown};

impl Writer<'_> {
    pub(super) fn execution_started(&mut self, event: &Event) {
        let input = event.execution_started_details.as_ref();
        let input = input
            .and_then(|it| it.input.payload.clone())
            .unwrap_or_default();
        if let Some(redrive) = self.redriven(event, &input) {
            self.flowing.insert(None, redrive);
            return;
        }
        let item = ItemRun::of_text(&input, self.history.key);
        let start = self.history.definition.get("StartAt");
        if let (None, Some(start)) = (&item, start.and_then(Value::as_str)) {
            self.next.insert(None, start.to_owned());
        }
        let (input, around) = match item {
            Some(item) => (item.input.to_string(), Some((item.execution, item.item))),
            None => (input, None),
        };
        self.flowing.insert(None, input.clone());
        match around {
            Some((execution, item)) => {
                self.execution = execution;
                self.item = Some(item);
            }
            None => self.execution = self.begun_execution(&input),
        }
        let role = json!({ "roleArn": self.history.role });
        let details = self.data(role, "input", &input);
        self.push(
            event,
            &None,
            "ExecutionStarted",
            Some(("executionStartedEventDetails", details)),
        );
    }

    pub(super) fn execution_ended(&mut self, event: &Event) {
        let (kind, member, details) = match event.event_type {
            EventType::ExecutionSucceeded => {
                let details = event.execution_succeeded_details.as_ref();
                let output = details.and_then(|it| it.result.payload.clone());
                let details = self.data(json!({}), "output", &output.unwrap_or_default());
                (
                    "ExecutionSucceeded",
                    "executionSucceededEventDetails",
                    details,
                )
            }
            EventType::ExecutionFailed => {
                let details = event.execution_failed_details.as_ref();
                let error = details.and_then(|it| it.error.payload.as_ref());
                (
                    "ExecutionFailed",
                    "executionFailedEventDetails",
                    told(error),
                )
            }
            EventType::ExecutionStopped => {
                let details = event.execution_stopped_details.as_ref();
                let error = details.and_then(|it| it.error.payload.as_ref());
                (
                    "ExecutionAborted",
                    "executionAbortedEventDetails",
                    told(error),
                )
            }
            _ => {
                let error = json!({ "error": "States.Timeout" });
                ("ExecutionTimedOut", "executionTimedOutEventDetails", error)
            }
        };
        self.push(event, &None, kind, Some((member, details)));
    }

    /// If a redrive begins here: writes its event, and returns the input of its state.
    fn redriven(&mut self, event: &Event, input: &str) -> Option<String> {
        let input = serde_json::from_str(input).ok()?;
        let redrive = Redrive::of(&input, &shown(&self.durable), self.history.key)?;
        let details = json!({ "redriveCount": redrive.execution["RedriveCount"] });
        let details = Some(("executionRedrivenEventDetails", details));
        self.push(event, &None, "ExecutionRedriven", details);
        self.next.insert(None, redrive.state.clone());
        self.execution = redrive.execution;
        self.variables.insert(None, Arc::new(redrive.variables));
        self.done_before = Some((redrive.state.clone(), redrive.done.into_keys().collect()));
        Some(redrive.input.to_string())
    }

    /// `$$.Execution` of an execution that begins with this input.
    fn begun_execution(&self, input: &str) -> Value {
        let history = self.history;
        let started = self.entries.get("").map(Entry::text);
        json!({
            "Id": execution_arn(history.home, history.machine, &self.durable),
            "Input": serde_json::from_str::<Value>(input).unwrap_or_default(),
            "Name": shown(&self.durable),
            "RoleArn": history.role,
            "StartTime": started,
            "RedriveCount": 0,
        })
    }
}
