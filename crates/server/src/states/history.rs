//! The event history of a state machine, made of what is recorded of its durable execution.
//!
//! Nothing is written for it: a state's context is its entry and its exit, a chained invoke is a task that was scheduled
//! and ended, a callback one that waits for its token.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use asl::{Definition, Variables};
use lambda_api::{ErrorObject, Event, EventType};
use serde_json::{Map, Value, json};
use state_machine::{
    Entry, EvaluationFailed, Given, ItemRun, Key, Recorded, Redrive, WRITE, arguments,
};

use super::activity_events;
use super::kinds::Kinds;
use super::map_events::lengths;
use super::map_run::distributed;
use super::name::{execution_arn, machine_arn, shown};
use crate::functions::Home;

/// What a history is made with.
pub(super) struct History<'h> {
    pub definition: &'h Value,
    pub home: &'h Home,
    pub machine: &'h str,
    /// The machine's role.
    pub role: &'h str,
    /// What proves inputs that the interpreter wrote for itself.
    pub key: &'h Key,
    /// Whether inputs and outputs are shown.
    pub with_data: bool,
}

/// What stands for a recorded operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// A state, by its name and type.
    State { name: String, kind: String },
    /// A parallel within a Parallel state, a map within a Map state.
    Batch { is_map: bool },
    /// A distributed map, by its state and its ARN.
    Run { state: String, arn: String },
    /// An item of a map, by its index and the state's name.
    Item { state: String, index: usize },
    /// An item of a distributed one, or a branch: whether it fails is counted, and it has no events here.
    Child,
    /// Anything else that has no events of its own.
    Other,
}

pub(super) struct Writer<'h> {
    pub(super) history: &'h History<'h>,
    parts: HashMap<String, (Part, Option<String>)>,
    pub(super) kinds: Kinds,
    /// What comes into the next state of a context.
    flowing: HashMap<Option<String>, String>,
    /// The next state of a context.
    next: HashMap<Option<String>, String>,
    /// What came into a Parallel or Map state, by its context.
    around: HashMap<String, String>,
    /// What came into a Task, by its context.
    pub(super) inputs: HashMap<String, Value>,
    /// What is recorded when a state is entered, by its context.
    entries: HashMap<String, Entry>,
    /// What is assigned in a context so far.
    variables: HashMap<Option<String>, Arc<Variables>>,
    /// `$$.Execution` and `$$.Map` of the durable execution.
    pub(super) execution: Value,
    pub(super) item: Option<Value>,
    /// Calls of services that each state made.
    pub(super) attempts: HashMap<String, u64>,
    /// The definition, once it is needed.
    definition: Option<Option<Definition>>,
    /// The last call of a context, the calls that are neither answered nor too late, and what each wait is raced against.
    pub(super) calls: HashMap<Option<String>, String>,
    pub(super) open_calls: HashSet<String>,
    pub(super) raced: HashMap<String, String>,
    /// The last event of each context, for `previousEventId`.
    last: HashMap<Option<String>, usize>,
    events: Vec<Value>,
    /// Distributed Map states, and how many items of their runs failed.
    pub(super) distributed: HashMap<String, Value>,
    pub(super) failed: HashMap<Option<String>, usize>,
    /// What the runs failed with, by their states, whose results are still written.
    pub(super) writing: HashMap<Option<String>, Option<Value>>,
    /// How many items each map has.
    pub(super) lengths: HashMap<Option<String>, usize>,
    /// The durable execution that is told of.
    pub(super) durable: String,
    /// Contexts of Map and Parallel states whose last attempt failed: whether they are tried again is not known yet.
    pub(super) failing: HashSet<Option<String>>,
    /// The state that it goes on from, and what of it was done before.
    done_before: Option<(String, BTreeSet<usize>)>,
}

/// The events, oldest first, of an execution and of each time that it was redriven: by the durable execution's name.
pub(super) fn written(history: &History<'_>, parts: &[(&str, Vec<Event>)]) -> Vec<Value> {
    let mut writer = Writer {
        history,
        parts: HashMap::new(),
        kinds: Kinds::of(history.definition),
        flowing: HashMap::new(),
        next: HashMap::new(),
        around: HashMap::new(),
        inputs: HashMap::new(),
        entries: HashMap::new(),
        variables: HashMap::new(),
        execution: Value::Null,
        item: None,
        attempts: HashMap::new(),
        definition: None,
        calls: HashMap::new(),
        open_calls: HashSet::new(),
        raced: HashMap::new(),
        last: HashMap::new(),
        events: Vec::new(),
        distributed: distributed(history.definition),
        failed: HashMap::new(),
        writing: HashMap::new(),
        lengths: HashMap::new(),
        durable: String::new(),
        failing: HashSet::new(),
        done_before: None,
    };
    for (durable, events) in parts {
        writer.durable = (*durable).to_owned();
        writer.lengths = lengths(events);
        writer.failed.clear();
        writer.failing.clear();
        writer.writing.clear();
        writer.entries = entries(events);
        // Operations of another durable execution may have the same ids.
        writer.flowing.clear();
        writer.next.clear();
        writer.inputs.clear();
        writer.variables.clear();
        writer.attempts.clear();
        let returned = activity_events::returned(events);
        for (index, event) in events.iter().enumerate() {
            if !returned.contains(&index) {
                writer.event(event);
            }
        }
    }
    writer.events
}

/// What is recorded when states are entered, by their contexts; the execution's own beginning has an empty one.
fn entries(events: &[Event]) -> HashMap<String, Entry> {
    let entered = events.iter().filter(|event| {
        let name = event.name.as_deref();
        event.event_type == EventType::StepSucceeded
            && (name == Some(Entry::STEP)
                || (name == Some(Entry::START) && event.parent_id.is_none()))
    });
    let entered = entered.filter_map(|event| {
        let result = event.step_succeeded_details.as_ref()?;
        let text = result.result.payload.as_deref()?;
        let entry: Entry = serde_json::from_str(text).ok()?;
        Some((event.parent_id.clone().unwrap_or_default(), entry))
    });
    entered.collect()
}

impl Writer<'_> {
    fn event(&mut self, event: &Event) {
        match event.event_type {
            EventType::ExecutionStarted => {
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
            EventType::ExecutionSucceeded => {
                let details = event.execution_succeeded_details.as_ref();
                let output = details
                    .and_then(|it| it.result.payload.clone())
                    .unwrap_or_default();
                let details = self.data(json!({}), "output", &output);
                self.push(
                    event,
                    &None,
                    "ExecutionSucceeded",
                    Some(("executionSucceededEventDetails", details)),
                );
            }
            EventType::ExecutionFailed => {
                let error = event
                    .execution_failed_details
                    .as_ref()
                    .and_then(|it| it.error.payload.as_ref());
                self.push(
                    event,
                    &None,
                    "ExecutionFailed",
                    Some(("executionFailedEventDetails", told(error))),
                );
            }
            EventType::ExecutionTimedOut => {
                let error = json!({ "error": "States.Timeout" });
                self.push(
                    event,
                    &None,
                    "ExecutionTimedOut",
                    Some(("executionTimedOutEventDetails", error)),
                );
            }
            EventType::ExecutionStopped => {
                let error = event
                    .execution_stopped_details
                    .as_ref()
                    .and_then(|it| it.error.payload.as_ref());
                self.push(
                    event,
                    &None,
                    "ExecutionAborted",
                    Some(("executionAbortedEventDetails", told(error))),
                );
            }
            EventType::ContextStarted => self.begun(event),
            EventType::ContextSucceeded | EventType::ContextFailed => self.ended(event),
            EventType::ChainedInvokeStarted => self.scheduled(event),
            EventType::ChainedInvokeSucceeded
            | EventType::ChainedInvokeFailed
            | EventType::ChainedInvokeTimedOut
            | EventType::ChainedInvokeStopped => self.called(event),
            EventType::WaitStarted => self.raced(event),
            EventType::WaitSucceeded => self.timed_out(event),
            EventType::StepStarted => self.service_called(event),
            EventType::StepSucceeded if event.name.as_deref() == Some(EvaluationFailed::STEP) => {
                self.evaluation_failed(event);
            }
            EventType::StepSucceeded if self.activity(event).is_some() => {
                self.activity_scheduled(event)
            }
            EventType::StepSucceeded | EventType::StepFailed
                if event.name.as_deref() == Some(WRITE) =>
            {
                self.run_written(event);
            }
            EventType::StepSucceeded | EventType::StepFailed => self.service_answered(event),
            EventType::CallbackSucceeded
            | EventType::CallbackFailed
            | EventType::CallbackTimedOut
                if self.activity(event).is_some() =>
            {
                self.activity_callback(event)
            }
            EventType::CallbackSucceeded
            | EventType::CallbackFailed
            | EventType::CallbackTimedOut => self.completed(event),
            _ => {}
        }
    }

    /// If this is where an execution goes on that did not end well: says so, and gives what comes into its state.
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

    /// `$$.Execution` of one that begins with this input.
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

    /// What a Task gave to a service, as far as that can be told.
    pub(super) fn arguments(&mut self, state: &str, context: &str) -> Option<Value> {
        let history = self.history;
        let attempt = self.attempts.entry(context.to_owned()).or_default();
        let recorded = Recorded {
            machine: history.machine,
            machine_arn: &machine_arn(history.home, history.machine),
            execution: &self.execution,
            item: self.item.as_ref(),
            input: self.inputs.get(context)?,
            variables: self.variables.get(&Some(context.to_owned()))?,
            entry: self.entries.get(context)?,
            attempt: *attempt,
        };
        *attempt += 1;
        let definition = self
            .definition
            .get_or_insert_with(|| Definition::from_value(history.definition).ok());
        arguments(definition.as_ref()?, state, recorded)
    }

    fn evaluation_failed(&mut self, event: &Event) {
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

    /// The state that something happens in, with the id of its context.
    pub(super) fn state_of(&self, id: &Option<String>) -> Option<(String, String, Option<String>)> {
        let mut id = id.clone();
        loop {
            match self.parts.get(id.as_ref()?)? {
                (Part::State { name, kind }, _) => return Some((name.clone(), kind.clone(), id)),
                (_, parent) => id = parent.clone(),
            }
        }
    }

    fn begun(&mut self, event: &Event) {
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
        // What happens within knows what was assigned around it.
        if let Some(around) = self.variables.get(&event.parent_id).cloned() {
            self.variables.insert(event.id.clone(), around);
        }
        // What happens within follows what happened around it.
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

    /// Whether a state's calls are those of a service, of which the answer alone is recorded.
    fn calls_service(&self, state: &str) -> bool {
        let resource = self.kinds.get(state).map(|(_, resource)| resource);
        let integration = resource.and_then(|resource| resource.split(":::").nth(1));
        integration.is_some_and(|it| !it.starts_with("lambda:"))
    }

    /// What comes into a state: what came out of the one before, unless it is the first of a branch or an item.
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

    /// Another attempt of a Map or Parallel state: the one before was not the last.
    fn tried(&mut self, event: &Event) {
        self.failing.remove(&event.parent_id);
    }

    /// Lets what happens in a context follow its beginning.
    fn carry(&mut self, event: &Event) {
        let last = self.events.len();
        self.last.insert(event.id.clone(), last);
    }

    fn ended(&mut self, event: &Event) {
        let Some((part, parent)) = event.id.as_ref().and_then(|it| self.parts.get(it)).cloned()
        else {
            return;
        };
        if let Some(last) = self.last.get(&event.id).copied() {
            let around = self.last.entry(parent.clone()).or_default();
            *around = (*around).max(last);
        }
        // A long history has many of them.
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
                // It has ended well as long as it has ended: what counts is within.
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

    /// Details with data, unless that is left out.
    pub(super) fn data(&self, mut details: Value, member: &str, data: &str) -> Value {
        if self.history.with_data {
            details[member] = json!(data);
            details[format!("{member}Details")] = json!({ "truncated": false });
        }
        details
    }

    pub(super) fn push(
        &mut self,
        event: &Event,
        within: &Option<String>,
        kind: &str,
        details: Option<(&str, Value)>,
    ) {
        let id = self.events.len() + 1;
        let previous = self.last.get(within).copied().unwrap_or_default();
        let mut written = json!({
            "timestamp": event.event_timestamp, "type": kind, "id": id, "previousEventId": previous,
        });
        if let Some((member, details)) = details {
            written[member] = details;
        }
        self.events.push(written);
        // On AWS the first state follows nothing.
        if kind != "ExecutionStarted" {
            self.last.insert(within.clone(), id);
        }
    }
}

pub(super) fn told(error: Option<&ErrorObject>) -> Value {
    let mut told = Map::new();
    let said = |text: &String| !text.is_empty();
    if let Some(name) = error.and_then(|it| it.error_type.clone()).filter(said) {
        told.insert(String::from("error"), Value::from(name));
    }
    if let Some(cause) = error.and_then(|it| it.error_message.clone()).filter(said) {
        told.insert(String::from("cause"), Value::from(cause));
    }
    Value::Object(told)
}

pub(super) fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}
