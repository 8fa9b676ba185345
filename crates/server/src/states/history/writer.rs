//! Writes the events of a state machine, and keeps the state at a place of the durable execution's history.

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

/// The source of a history.
pub(in crate::states) struct History<'h> {
    pub definition: &'h Value,
    pub home: &'h Home,
    pub machine: &'h str,
    /// The machine's role.
    pub role: &'h str,
    /// Proves inputs that the interpreter wrote for itself.
    pub key: &'h Key,
    /// Whether inputs and outputs are shown.
    pub with_data: bool,
}

/// The part of a state machine that a recorded operation is.
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
    /// An item of a distributed map, or a branch: its failures are counted, and it has no events here.
    Child,
    /// Any other operation without events of its own.
    Other,
}

/// Writes the events of a state machine while it reads those of a durable execution.
pub(super) struct Writer<'h> {
    pub history: &'h History<'h>,
    pub parts: HashMap<String, (Part, Option<String>)>,
    pub kinds: Kinds,
    /// The input of the next state of a context.
    pub flowing: HashMap<Option<String>, String>,
    /// The next state of a context.
    pub next: HashMap<Option<String>, String>,
    /// The input of a Parallel or Map state, by its context.
    pub around: HashMap<String, String>,
    /// The input of a Task, by its context.
    pub inputs: HashMap<String, Value>,
    /// The record that was made when a state was entered, by its context.
    pub entries: HashMap<String, Entry>,
    /// The variables that are assigned in a context so far.
    pub variables: HashMap<Option<String>, Arc<Variables>>,
    /// `$$.Execution` and `$$.Map` of the durable execution.
    pub execution: Value,
    pub item: Option<Value>,
    /// How many calls of services each state made.
    pub attempts: HashMap<String, u64>,
    /// The definition, once it is needed.
    pub definition: Option<Option<Definition>>,
    /// The last call of a context, the calls that are neither answered nor too late, and the call that each wait
    /// limits.
    pub calls: HashMap<Option<String>, String>,
    pub open_calls: HashSet<String>,
    pub raced: HashMap<String, String>,
    /// The last event of each context, for `previousEventId`.
    pub last: HashMap<Option<String>, usize>,
    pub events: Vec<Value>,
    /// Distributed Map states, and how many items of their runs failed.
    pub distributed: HashMap<String, Value>,
    pub failed: HashMap<Option<String>, usize>,
    /// The errors of runs whose results are still being written, by their states.
    pub writing: HashMap<Option<String>, Option<Value>>,
    /// How many items each map has.
    pub lengths: HashMap<Option<String>, usize>,
    /// The durable execution whose events are written.
    pub durable: String,
    /// Contexts of Map and Parallel states whose last attempt failed: it is not known yet whether they are tried again.
    pub failing: HashSet<Option<String>>,
    /// The state that a redrive begins with, and its parts that were done before.
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

    /// The arguments of a Task's call of a service, if they can be computed.
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

    /// The state around an operation, with the id of its context.
    pub(super) fn state_of(&self, id: &Option<String>) -> Option<(String, String, Option<String>)> {
        let mut id = id.clone();
        loop {
            match self.parts.get(id.as_ref()?)? {
                (Part::State { name, kind }, _) => return Some((name.clone(), kind.clone(), id)),
                (_, parent) => id = parent.clone(),
            }
        }
    }

    /// Details with data, unless data is left out.
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
        // On AWS the first state follows no event.
        if kind != "ExecutionStarted" {
            self.last.insert(within.clone(), id);
        }
    }
}

/// The records that were made when states were entered, by their contexts; the execution's own has an empty one.
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

/// How many contexts each context has: for a map, the number of its items.
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
