//! Events of states, and of the parts within them: branches, maps and their items.

use std::sync::Arc;

use lambda_api::{Event, EventType};
use serde_json::{Map, Value, json};
use state_machine::{EvaluationFailed, Given};

use super::writer::{Part, Writer};

impl Writer<'_> {
    pub(super) fn begun(&mut self, event: &Event) {
        let Some(id) = event.id.clone() else { return };
        let name = event.name.clone().unwrap_or_default();
        let within = event
            .parent_id
            .as_ref()
            .and_then(|it| self.parts.get(it))
            .map(|(part, _)| part.clone());
        let part = match (event.sub_type.as_deref(), within) {
            (Some("Map"), _) => self.map(event),
            (_, Some(Part::Run { .. })) => Part::Child,
            (Some("Parallel"), _) => Part::Batch { is_map: false },
            (_, Some(Part::Batch { is_map: true })) => {
                let state = self
                    .state_of(&event.parent_id)
                    .map(|it| it.0)
                    .unwrap_or_default();
                let index = name.rsplit(' ').next().and_then(|it| it.parse().ok());
                let index = index.unwrap_or_default();
                let done = self.done_before.as_ref();
                match done.is_some_and(|(of, done)| *of == state && done.contains(&index)) {
                    true => Part::Child,
                    false => Part::Item { state, index },
                }
            }
            (_, Some(Part::Batch { is_map: false })) => Part::Child,
            _ => {
                let next = self.next.get(&event.parent_id).map(String::as_str);
                let state = self.kinds.find(&name, next);
                match state.and_then(|state| Some((state, self.kinds.get(state)?))) {
                    Some((state, (kind, _))) => Part::State {
                        name: state.to_owned(),
                        kind: kind.clone(),
                    },
                    None => Part::Other,
                }
            }
        };
        self.parts
            .insert(id, (part.clone(), event.parent_id.clone()));
        // Inner parts see the variables that were assigned around them.
        if let Some(around) = self.variables.get(&event.parent_id).cloned() {
            self.variables.insert(event.id.clone(), around);
        }
        // Inner events follow the last event around them.
        if let Some(last) = self.last.get(&event.parent_id).copied() {
            self.last.insert(event.id.clone(), last);
        }
        match part {
            Part::State { name, kind } => {
                let mut details = json!({ "name": name });
                if let Some(input) = self.input(event) {
                    details = self.data(details, "input", &input);
                    if let (true, Some(id)) = (self.calls_service(&name), &event.id) {
                        let value = serde_json::from_str(&input).unwrap_or_default();
                        self.inputs.insert(id.clone(), value);
                        self.variables.entry(event.id.clone()).or_default();
                    }
                    if let (true, Some(id)) = (kind == "Map" || kind == "Parallel", &event.id) {
                        self.around.insert(id.clone(), input);
                    }
                }
                let entered = format!("{kind}StateEntered");
                self.push(
                    event,
                    &event.parent_id,
                    &entered,
                    Some(("stateEnteredEventDetails", details)),
                );
                self.carry(event);
            }
            Part::Batch { is_map: true } => {
                self.tried(event);
                self.map_started(event);
                self.carry(event);
            }
            Part::Run { arn, .. } => {
                self.tried(event);
                self.map_started(event);
                let details = Some(("mapRunStartedEventDetails", json!({ "mapRunArn": arn })));
                self.push(event, &event.parent_id, "MapRunStarted", details);
                self.carry(event);
            }
            Part::Batch { is_map: false } => {
                self.tried(event);
                self.push(event, &event.parent_id, "ParallelStateStarted", None);
                self.carry(event);
            }
            Part::Item { state, index } => {
                let details = json!({ "name": state, "index": index });
                self.push(
                    event,
                    &event.parent_id,
                    "MapIterationStarted",
                    Some(("mapIterationStartedEventDetails", details)),
                );
                self.carry(event);
            }
            Part::Child | Part::Other => {}
        }
    }

    /// Whether a state calls a service; only the answer of such a call is recorded.
    fn calls_service(&self, state: &str) -> bool {
        let resource = self.kinds.get(state).map(|(_, resource)| resource);
        let integration = resource.and_then(|resource| resource.split(":::").nth(1));
        integration.is_some_and(|it| !it.starts_with("lambda:"))
    }

    /// The input of a state: the output of the one before, unless it is the first of a branch or an item.
    fn input(&self, event: &Event) -> Option<String> {
        if let Some(flowing) = self.flowing.get(&event.parent_id) {
            return Some(flowing.clone());
        }
        let given = self.entries.get(event.id.as_ref()?)?.input.as_ref()?;
        let around = || {
            let (_, _, state) = self.state_of(&event.parent_id)?;
            self.around.get(&state?)
        };
        match given {
            Given::Value(value) => Some(value.to_string()),
            Given::Same => around().cloned(),
            Given::Element => {
                let (part, _) = self.parts.get(event.parent_id.as_ref()?)?;
                let Part::Item { index, .. } = part else {
                    return None;
                };
                let list: Value = serde_json::from_str(around()?).ok()?;
                list.get(index).map(Value::to_string)
            }
            Given::Content | Given::TooLarge => None,
        }
    }

    /// Another attempt of a Map or Parallel state begins: the failed one was not the last.
    fn tried(&mut self, event: &Event) {
        self.failing.remove(&event.parent_id);
    }

    /// Makes the events in a context follow its beginning.
    fn carry(&mut self, event: &Event) {
        let last = self.events.len();
        self.last.insert(event.id.clone(), last);
    }

    pub(super) fn ended(&mut self, event: &Event) {
        let Some((part, parent)) = event.id.as_ref().and_then(|it| self.parts.get(it)).cloned()
        else {
            return;
        };
        if let Some(last) = self.last.get(&event.id).copied() {
            let around = self.last.entry(parent.clone()).or_default();
            *around = (*around).max(last);
        }
        // A long history has many contexts: their data is dropped.
        self.variables.remove(&event.id);
        if let Some(id) = &event.id {
            self.inputs.remove(id);
            self.around.remove(id);
        }
        let is_good = event.event_type == EventType::ContextSucceeded;
        let result = event
            .context_succeeded_details
            .as_ref()
            .and_then(|it| it.result.payload.clone());
        if let Part::State { kind, .. } = &part
            && self.failing.remove(&event.id)
        {
            self.push(event, &parent, &format!("{kind}StateFailed"), None);
        }
        match part {
            Part::State { name, kind } if is_good => {
                let passed: Value = result
                    .and_then(|it| serde_json::from_str(&it).ok())
                    .unwrap_or_default();
                let output = passed
                    .get("output")
                    .map(Value::to_string)
                    .unwrap_or_default();
                self.flowing.insert(parent.clone(), output.clone());
                if let Some(next) = passed.get("next").and_then(Value::as_str) {
                    self.next.insert(parent.clone(), next.to_owned());
                }
                let mut details = self.data(json!({ "name": name }), "output", &output);
                if let Some(assigned) = passed.get("assigned").and_then(Value::as_object)
                    && self.history.with_data
                {
                    let texts = assigned
                        .iter()
                        .map(|(name, value)| (name.clone(), Value::from(value.to_string())));
                    details["assignedVariables"] = Value::Object(texts.collect::<Map<_, _>>());
                }
                if let Some(assigned) = passed.get("assigned").and_then(Value::as_object) {
                    let variables = self.variables.entry(parent.clone()).or_default();
                    Arc::make_mut(variables).extend(assigned.clone());
                }
                if parent.is_none() {
                    self.done_before = None;
                }
                let exited = format!("{kind}StateExited");
                self.push(
                    event,
                    &parent,
                    &exited,
                    Some(("stateExitedEventDetails", details)),
                );
            }
            Part::Batch { is_map } => {
                // A batch always ends successfully: the failures of its parts count.
                if !is_good || self.failed.contains_key(&event.id) {
                    self.failing.insert(parent);
                    return;
                }
                let succeeded = match is_map {
                    true => "MapStateSucceeded",
                    false => "ParallelStateSucceeded",
                };
                self.push(event, &parent, succeeded, None);
            }
            Part::Item { state, index } => {
                if !is_good {
                    *self.failed.entry(parent.clone()).or_default() += 1;
                }
                let details = json!({ "name": state, "index": index });
                let (kind, member) = match is_good {
                    true => ("MapIterationSucceeded", "mapIterationSucceededEventDetails"),
                    false => ("MapIterationFailed", "mapIterationFailedEventDetails"),
                };
                self.push(event, &parent, kind, Some((member, details)));
            }
            Part::Child if !is_good => {
                *self.failed.entry(parent).or_default() += 1;
            }
            Part::Run { state, .. } => self.run_ended(event, &parent, &state),
            Part::State { .. } | Part::Child | Part::Other => {}
        }
    }

    pub(super) fn evaluation_failed(&mut self, event: &Event) {
        let Some((state, kind, context)) = self.state_of(&event.parent_id) else {
            return;
        };
        if kind == "Map" || kind == "Parallel" {
            self.failing.insert(context.clone());
        }
        let result = event.step_succeeded_details.as_ref();
        let result = result.and_then(|it| it.result.payload.as_deref());
        let failed: EvaluationFailed = result
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let mut details = json!({ "state": state, "error": failed.error, "cause": failed.cause });
        if let Some(location) = failed.location {
            details["location"] = Value::from(location);
        }
        let details = Some(("evaluationFailedEventDetails", details));
        self.push(event, &context, "EvaluationFailed", details);
    }
}
