//! Events of Map states: the number of items, and the runs of distributed ones.

use lambda_api::Event;
use serde_json::{Value, json};
use state_machine::operation_name;

use super::writer::{Part, Writer, told};
use crate::states::map_run;

impl Writer<'_> {
    /// The part that a map within a Map state is: a batch, or a run of a distributed one.
    pub(super) fn map(&self, event: &Event) -> Part {
        let state = self.state_of(&event.parent_id).map(|it| it.0);
        let state = state.unwrap_or_default();
        let Some(definition) = self.distributed.get(&operation_name(&state)) else {
            return Part::Batch { is_map: true };
        };
        let operation = event.id.as_deref().unwrap_or_default();
        let (home, machine) = (self.history.home, self.history.machine);
        let arn = map_run::arn(
            home,
            machine,
            (&state, definition),
            &self.durable,
            operation,
        );
        Part::Run { state, arn }
    }

    pub(super) fn map_started(&mut self, event: &Event) {
        let length = self.lengths.get(&event.id).copied().unwrap_or_default();
        let details = Some(("mapStateStartedEventDetails", json!({ "length": length })));
        self.push(event, &event.parent_id, "MapStateStarted", details);
    }

    pub(super) fn run_ended(&mut self, event: &Event, parent: &Option<String>, state: &str) {
        let failed = self.failed.get(&event.id).copied().unwrap_or_default();
        let total = self.lengths.get(&event.id).copied().unwrap_or_default();
        let definition = self
            .distributed
            .get(&operation_name(state))
            .unwrap_or(&Value::Null);
        let error = map_run::is_exceeded(definition, failed, total).then(|| {
            json!({
                "error": asl::EXCEED_TOLERATED_FAILURE_THRESHOLD,
                "cause": "The specified tolerated failure threshold was exceeded",
            })
        });
        if map_run::is_written(definition) {
            self.writing.insert(parent.clone(), error);
            return;
        }
        self.run_over(event, parent, error);
    }

    /// Ends a run whose results were written, or could not be.
    pub(super) fn run_written(&mut self, event: &Event) {
        let Some(error) = self.writing.remove(&event.parent_id) else {
            return;
        };
        let failed = event.step_failed_details.as_ref();
        let failed = failed.map(|it| told(it.error.payload.as_ref()));
        self.run_over(event, &event.parent_id, error.or(failed));
    }

    fn run_over(&mut self, event: &Event, parent: &Option<String>, error: Option<Value>) {
        let Some(error) = error else {
            self.push(event, parent, "MapRunSucceeded", None);
            self.push(event, parent, "MapStateSucceeded", None);
            return;
        };
        let details = Some(("mapRunFailedEventDetails", error));
        self.push(event, parent, "MapRunFailed", details);
        self.failing.insert(parent.clone());
    }
}
