//! What expressions of a state see.

use serde_json::{Map, Value};

use crate::chance::Chance;

/// Variables of a state machine, by name without the `$`.
pub type Variables = Map<String, Value>;

/// What an expression is evaluated against.
#[derive(Debug)]
pub struct Scope<'a> {
    /// `$` of a JSONPath expression: the state's input, or its result.
    pub input: &'a Value,
    /// `$$`, and `$states.context`.
    pub context: &'a Value,
    /// Whatever `Assign` has set in this scope and those around it.
    pub variables: &'a Variables,
    /// `$states` without its context; only JSONata sees it.
    pub states: &'a Map<String, Value>,
    /// Drawn from by `States.MathRandom`, `States.UUID`, `$random` and `$uuid`.
    pub chance: &'a Chance,
    /// The instant that `$now` and `$millis` tell, in milliseconds since 1970.
    pub now_millis: i64,
}

impl<'a> Scope<'a> {
    /// The same scope with another `$`.
    #[must_use]
    pub fn with_input(&self, input: &'a Value) -> Self {
        Self { input, ..*self }
    }
}
