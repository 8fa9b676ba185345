//! Where an execution is on its way through a machine.

use std::collections::BTreeMap;

use asl::Variables;
use serde_json::Value;

use crate::entry::Given;
use crate::machine::StateMachine;

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

impl Walk<'_> {
    /// What came of a branch or an item of this state before the execution was redriven. Whoever tries the state again
    /// does everything again.
    pub(crate) fn done_before(&self, attempt: u64, index: usize) -> Option<Value> {
        self.done.filter(|_| attempt == 0)?.get(&index).cloned()
    }
}
