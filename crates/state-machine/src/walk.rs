//! The position of an execution in a machine.

use std::collections::BTreeMap;

use asl::Variables;
use serde_json::Value;

use crate::entry::Given;
use crate::machine::StateMachine;

/// The position of an execution, and its data.
#[derive(Clone)]
pub(crate) struct Walk<'m> {
    pub machine: &'m StateMachine,
    /// `$$.StateMachine.Id`
    pub machine_arn: &'m str,
    /// `$$.Execution`
    pub execution: &'m Value,
    /// `$$.Map` within an item.
    pub item: Option<Value>,
    /// The variables that `Assign` has set so far, in this scope and in the enclosing ones.
    pub variables: Variables,
    /// Names of the enclosing states, for distributed Map states.
    pub place: Vec<String>,
    /// Results of branches or items of the next state from before the execution was redriven.
    pub done: Option<&'m BTreeMap<usize, Value>>,
    /// The input of the next state, if it is the first of a branch or an item.
    pub given: Option<Given>,
}

impl Walk<'_> {
    /// The result of a branch or an item of this state from before the execution was redriven. Only the first attempt
    /// uses it: a retry runs everything again.
    pub(crate) fn done_before(&self, attempt: u64, index: usize) -> Option<Value> {
        self.done.filter(|_| attempt == 0)?.get(&index).cloned()
    }
}
