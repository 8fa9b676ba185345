//! From state to state.

use std::collections::BTreeMap;
use std::pin::Pin;

use asl::{StateError, States, Variables};
use lambdura::DurableContext;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{IntoStateError as _, named};
use crate::frame::Given;
use crate::machine::StateMachine;
use crate::state;

/// A future that borrows the machine.
pub(crate) type Boxed<'m, T> = Pin<Box<dyn Future<Output = T> + Send + 'm>>;

/// Longest name of an operation. Source: service model, `OperationName`.
const NAME_MAX: usize = 256;

/// Where an execution is: among which states, and with what.
#[derive(Clone)]
pub(crate) struct Walk<'m> {
    pub machine: &'m StateMachine,
    /// `$$.StateMachine.Id`
    pub machine_arn: &'m str,
    /// `$$.Execution`
    pub execution: &'m Value,
    /// `$$.Map` within an item.
    pub item: Option<Value>,
    /// What `Assign` has set so far, here and around.
    pub variables: Variables,
    /// Names of the states around, for distributed Map states.
    pub place: Vec<String>,
    /// Of the next state: what came of branches or items before the execution was redriven.
    pub done: Option<&'m BTreeMap<usize, Value>>,
    /// Of the next state, if it is the first of a branch or an item: what comes in.
    pub given: Option<Given>,
}

/// What is recorded of a state that went well.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Passed {
    /// Where to go; nowhere at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub output: Value,
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    pub assigned: Variables,
}

impl<'m> Walk<'m> {
    /// What came of a branch or an item of this state before the execution was redriven. Whoever tries the state again
    /// does everything again.
    pub(crate) fn done_before(&self, attempt: u64, index: usize) -> Option<Value> {
        self.done.filter(|_| attempt == 0)?.get(&index).cloned()
    }

    /// Goes from the first of these states to an end.
    pub(crate) fn run(
        self,
        states: &'m States,
        input: Value,
        context: DurableContext,
    ) -> Boxed<'m, Result<Value, StateError>> {
        self.run_from(states, states.start_at.clone(), input, context)
    }

    /// Goes from one of these states to an end.
    pub(crate) fn run_from(
        mut self,
        states: &'m States,
        start: String,
        input: Value,
        context: DurableContext,
    ) -> Boxed<'m, Result<Value, StateError>> {
        Box::pin(async move {
            let mut name = start;
            let mut input = input;
            loop {
                let Some(state) = states.states.get(&name) else {
                    return Err(StateError::runtime(format!("there is no state `{name}`")));
                };
                let (walk, given) = (self.clone(), input);
                self.done = None;
                self.given = None;
                let body = |inside: DurableContext| async move {
                    let ran = state::run(&walk, state, given, inside).await;
                    ran.map_err(named)
                };
                let passed = context
                    .run_in_child_context(operation_name(&name), body)
                    .await;
                let passed: Passed = passed.map_err(|error| error.into_state_error())?;
                self.variables.extend(passed.assigned);
                match passed.next {
                    None => return Ok(passed.output),
                    Some(next) => {
                        name = next;
                        input = passed.output;
                    }
                }
            }
        })
    }
}

/// A state's name as that of an operation, which is printable ASCII.
#[must_use]
pub fn operation_name(name: &str) -> String {
    let letters = name.chars().take(NAME_MAX);
    letters
        .map(|letter| {
            if letter == ' ' || letter.is_ascii_graphic() {
                letter
            } else {
                '?'
            }
        })
        .collect()
}
