//! The input that a Task gave to a service, computed again from the records: the call itself records only its answer.

use asl::{Definition, State, StateKind, States, Variables};
use serde_json::Value;

use crate::entry::Entry;
use crate::frame::Frame;
use crate::machine::{Settings, StateMachine};
use crate::walk::Walk;

/// The records about a state that calls a service.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'r> {
    /// The machine's name.
    pub machine: &'r str,
    /// Its ARN.
    pub machine_arn: &'r str,
    /// `$$.Execution`
    pub execution: &'r Value,
    /// `$$.Map`, in the execution of an item.
    pub item: Option<&'r Value>,
    /// The state's input.
    pub input: &'r Value,
    /// The variables at that time.
    pub variables: &'r Variables,
    /// The record of entering it.
    pub entry: &'r Entry,
    /// The number of earlier attempts.
    pub attempt: u64,
}

/// The arguments of the state of this name; `None` if they depend on more than is recorded, such as `$$.Map` of an item
/// that has no execution of its own.
#[must_use]
pub fn arguments(definition: &Definition, state: &str, recorded: Recorded<'_>) -> Option<Value> {
    let machine = StateMachine::new(recorded.machine, definition.clone(), Settings::default());
    let machine = machine.ok()?;
    let state = named(&definition.states, state)?;
    let walk = Walk {
        machine: &machine,
        machine_arn: recorded.machine_arn,
        execution: recorded.execution,
        item: recorded.item.cloned(),
        variables: recorded.variables.clone(),
        place: Vec::new(),
        done: None,
        given: None,
    };
    let entered = recorded.entry.entered;
    let mut frame = Frame::new(&walk, state, recorded.input, &walk.variables, entered);
    frame.set_attempt(recorded.attempt);
    frame.before(|scope| state.flow.arguments(scope)).ok()
}

fn named<'s>(states: &'s States, name: &str) -> Option<&'s State> {
    let inside = |state: &'s State| match &state.kind {
        StateKind::Parallel { branches } => branches.iter().find_map(|it| named(it, name)),
        StateKind::Map(map) => named(&map.processor, name),
        _ => None,
    };
    let here = states.states.get(name);
    here.or_else(|| states.states.values().find_map(inside))
}
