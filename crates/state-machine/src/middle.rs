//! Inputs of executions that begin in the middle of a machine.

use std::collections::BTreeMap;

use asl::Variables;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::proof::Key;

/// The only member of an input that is an item of a distributed Map state.
const ITEM_RUN: &str = "lambdura:item";

/// An item of a distributed Map state, which has an execution of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ItemRun {
    /// Names of the states that lead to the Map state, which is the last one; a number before a name is a branch.
    pub place: Vec<String>,
    /// The item's input.
    pub input: Value,
    /// `$$.Map` of the item.
    pub item: Value,
    /// `$$.Execution` of the execution that the item belongs to.
    pub execution: Value,
}

impl ItemRun {
    /// The input of its execution.
    pub(crate) fn event(&self, key: &Key) -> Value {
        key.prove(ITEM_RUN, "", self)
    }

    /// The content of an input, if it is one of these.
    #[must_use]
    pub fn of(event: &Value, key: &Key) -> Option<Self> {
        key.proven(ITEM_RUN, "", event)
    }

    /// Like [`of`](Self::of), for an input in its recorded form.
    #[must_use]
    pub fn of_text(event: &str, key: &Key) -> Option<Self> {
        // Large inputs are parsed only if they look like one of these.
        let event = looks_like_item(event).then_some(event)?;
        Self::of(&serde_json::from_str(event).ok()?, key)
    }
}

/// Whether an input begins like that of an item. A caller may write such an input too: only the key proves it.
#[must_use]
pub fn looks_like_item(event: &str) -> bool {
    let begins = event.trim_start_matches(['{', ' ', '\n', '\r', '\t', '"']);
    begins.starts_with(ITEM_RUN)
}

/// The only member of an input that continues an execution which did not succeed.
const REDRIVE: &str = "lambdura:redrive";

/// An execution that continues from the state where another one did not succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Redrive {
    /// The state, one of the machine's top level.
    pub state: String,
    /// The state's input.
    pub input: Value,
    /// The variables at that time.
    pub variables: Variables,
    /// The results of branches or items of the state that succeeded: they are not run again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub done: BTreeMap<usize, Value>,
    /// `$$.Execution`
    pub execution: Value,
}

impl Redrive {
    /// The input of its execution; it is valid only for this name.
    #[must_use]
    pub fn event(&self, name: &str, key: &Key) -> Value {
        key.prove(REDRIVE, name, self)
    }

    /// The content of the input of the execution with this name, if it is one of these.
    #[must_use]
    pub fn of(event: &Value, name: &str, key: &Key) -> Option<Self> {
        key.proven(REDRIVE, name, event)
    }
}
