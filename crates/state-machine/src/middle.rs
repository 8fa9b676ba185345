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
    /// Names of the states that lead to the Map state, itself the last; a number before one is a branch.
    pub place: Vec<String>,
    /// What is worked on.
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

    /// What an input says, if it is one of these.
    #[must_use]
    pub fn of(event: &Value, key: &Key) -> Option<Self> {
        key.proven(ITEM_RUN, "", event)
    }

    /// As [`of`](Self::of), of an input as it is recorded.
    #[must_use]
    pub fn of_text(event: &str, key: &Key) -> Option<Self> {
        // Most inputs are none of these, and large ones are not parsed for that.
        let event = looks_like_item(event).then_some(event)?;
        Self::of(&serde_json::from_str(event).ok()?, key)
    }
}

/// Whether an input begins as that of an item does. Anybody may write such a one: only the key tells.
#[must_use]
pub fn looks_like_item(event: &str) -> bool {
    let begins = event.trim_start_matches(['{', ' ', '\n', '\r', '\t', '"']);
    begins.starts_with(ITEM_RUN)
}

/// The only member of an input that goes on with an execution that did not end well.
const REDRIVE: &str = "lambdura:redrive";

/// An execution that goes on from a state, where another one did not end well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Redrive {
    /// The state, one of the outermost.
    pub state: String,
    /// What comes into it.
    pub input: Value,
    /// What was assigned until then.
    pub variables: Variables,
    /// What came of branches or items of the state that went well: they are not done again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub done: BTreeMap<usize, Value>,
    /// `$$.Execution`
    pub execution: Value,
}

impl Redrive {
    /// The input of its execution, which has this name and no other.
    #[must_use]
    pub fn event(&self, name: &str, key: &Key) -> Value {
        key.prove(REDRIVE, name, self)
    }

    /// What the input of the execution of this name says, if it is one of these.
    #[must_use]
    pub fn of(event: &Value, name: &str, key: &Key) -> Option<Self> {
        key.proven(REDRIVE, name, event)
    }
}
