//! The data visible to a state's expressions.

use serde_json::{Map, Value};

use crate::chance::Chance;

/// Variables of a state machine, by name without the `$`.
pub type Variables = Map<String, Value>;

/// The data for evaluating an expression.
#[derive(Debug)]
pub struct Scope<'a> {
    /// `$` of a JSONPath expression: the state's input, or its result.
    pub input: &'a Value,
    /// `$$`, and `$states.context`.
    pub context: &'a Value,
    /// The variables that `Assign` has set in this scope and in the enclosing ones.
    pub variables: &'a Variables,
    /// `$states` without its context; only JSONata sees it.
    pub states: &'a Map<String, Value>,
    /// The source of random numbers for `States.MathRandom`, `States.UUID`, `$random` and `$uuid`.
    pub chance: &'a Chance,
    /// The instant that `$now` and `$millis` return, in milliseconds since 1970.
    pub now_millis: i64,
}

impl<'a> Scope<'a> {
    /// The same scope with another `$`.
    #[must_use]
    pub fn with_input(&self, input: &'a Value) -> Self {
        Self { input, ..*self }
    }
}
