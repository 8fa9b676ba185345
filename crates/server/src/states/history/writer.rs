//! What the events of a state machine are written with: what is known at a place of the durable execution's history.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use asl::{Definition, Variables};
use lambda_api::{ErrorObject, Event, EventType};
use serde_json::{Map, Value, json};
use state_machine::{Entry, Key, Recorded, arguments};

use super::kinds::Kinds;
use crate::functions::Home;
use crate::states::map_run::distributed;
use crate::states::name::machine_arn;

/// What a history is made with.
pub(in crate::states) struct History<'h> {
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

/// Writes the events of a state machine, as it reads those of a durable execution.
pub(super) struct Writer<'h> {
    pub history: &'h History<'h>,
    pub parts: HashMap<String, (Part, Option<String>)>,
    pub kinds: Kinds,
    /// What comes into the next state of a context.
    pub flowing: HashMap<Option<String>, String>,
    /// The next state of a context.
    pub next: HashMap<Option<String>, String>,
    /// What came into a Parallel or Map state, by its context.
    pub around: HashMap<String, String>,
    /// What came into a Task, by its context.
    pub inputs: HashMap<String, Value>,
    /// What is recorded when a state is entered, by its context.
    pub entries: HashMap<String, Entry>,
    /// What is assigned in a context so far.
    pub variables: HashMap<Option<String>, Arc<Variables>>,
    /// `$$.Execution` and `$$.Map` of the durable execution.
    pub execution: Value,
    pub item: Option<Value>,
    /// Calls of services that each state made.
    pub attempts: HashMap<String, u64>,
    /// The definition, once it is needed.
    pub definition: Option<Option<Definition>>,
    /// The last call of a context, the calls that are neither answered nor too late, and what each wait is raced against.
    pub calls: HashMap<Option<String>, String>,
    pub open_calls: HashSet<String>,
    pub raced: HashMap<String, String>,
    /// The last event of each context, for `previousEventId`.
    pub last: HashMap<Option<String>, usize>,
    pub events: Vec<Value>,
    /// Distributed Map states, and how many items of their runs failed.
    pub distributed: HashMap<String, Value>,
    pub failed: HashMap<Option<String>, usize>,
    /// What the runs failed with, by their states, whose results are still written.
    pub writing: HashMap<Option<String>, Option<Value>>,
    /// How many items each map has.
    pub lengths: HashMap<Option<String>, usize>,
    /// The durable execution that is told of.
    pub durable: String,
    /// Contexts of Map and Parallel states whose last attempt failed: whether they are tried again is not known yet.
    pub failing: HashSet<Option<String>>,
    /// The state that it goes on from, and what of it was done before.
    pub done_before: Option<(String, BTreeSet<usize>)>,
}

impl<'h> Writer<'h> {
    pub(super) fn new(history: &'h History<'h>) -> Self {
        Self {
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
        }
    }

    /// Turns to the events of a durable execution: operations of another one may have the same ids.
    pub(super) fn turn_to(&mut self, durable: &str, events: &[Event]) {
        self.durable = durable.to_owned();
        self.lengths = lengths(events);
        self.entries = entries(events);
        self.failed.clear();
        self.failing.clear();
        self.writing.clear();
        self.flowing.clear();
        self.next.clear();
        self.inputs.clear();
        self.variables.clear();
        self.attempts.clear();
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

/// How many contexts each context has: of a map, its items.
fn lengths(events: &[Event]) -> HashMap<Option<String>, usize> {
    let mut lengths: HashMap<Option<String>, usize> = HashMap::new();
    for event in events {
        if event.event_type == EventType::ContextStarted {
            *lengths.entry(event.parent_id.clone()).or_default() += 1;
        }
    }
    lengths
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
