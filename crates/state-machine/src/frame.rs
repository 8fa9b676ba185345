//! A running state: the data that its expressions see.

use asl::{Chance, Language, Scope, State, StateError, Variables};
use serde_json::{Map, Value, json};

use crate::entry::Entered;
use crate::walk::Walk;

/// The purposes of random numbers: each has its own sequence.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Attempt(u64),
    Delay(u64),
    Catch,
}

impl Purpose {
    fn number(self) -> u64 {
        match self {
            Self::Catch => 1,
            Self::Attempt(number) => number.wrapping_mul(2).wrapping_add(2),
            Self::Delay(number) => number.wrapping_mul(2).wrapping_add(3),
        }
    }
}

/// A state with its input.
pub(crate) struct Frame<'f> {
    pub state: &'f State,
    pub input: &'f Value,
    pub variables: &'f Variables,
    pub context: Value,
    pub entered: Entered,
    pub attempt: u64,
}

impl<'f> Frame<'f> {
    pub(crate) fn new(
        walk: &Walk<'_>,
        state: &'f State,
        input: &'f Value,
        variables: &'f Variables,
        entered: Entered,
    ) -> Self {
        let mut context = json!({
            "Execution": walk.execution,
            "State": { "EnteredTime": entered.text(), "Name": state.name, "RetryCount": 0 },
            "StateMachine": { "Id": walk.machine_arn, "Name": walk.machine.name },
        });
        if let Some(item) = &walk.item {
            context["Map"] = item.clone();
        }
        Self {
            state,
            input,
            variables,
            context,
            entered,
            attempt: 0,
        }
    }

    pub(crate) fn set_attempt(&mut self, attempt: u64) {
        self.attempt = attempt;
        self.context["State"]["RetryCount"] = json!(attempt);
    }

    /// A name for a resource that this attempt creates: the same whenever the state is replayed.
    pub(crate) fn name(&self) -> String {
        format!(
            "{:016x}-{:x}-{}",
            self.entered.seed, self.entered.at_millis, self.attempt
        )
    }

    pub(crate) fn chance(&self, purpose: Purpose) -> Chance {
        Chance::new(self.entered.seed, purpose.number())
    }

    /// Evaluates with `$` as the state's input, and for JSONata with `$states.input` and the members of `more`.
    pub(crate) fn evaluate<T>(
        &self,
        purpose: Purpose,
        more: Option<(&str, &Value)>,
        evaluate: impl FnOnce(&Scope<'_>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let mut states = Map::new();
        if self.state.language == Language::Jsonata {
            states.insert(String::from("input"), self.input.clone());
            if let Some((name, value)) = more {
                states.insert(name.to_owned(), value.clone());
            }
        }
        let chance = self.chance(purpose);
        evaluate(&Scope {
            input: self.input,
            context: &self.context,
            variables: self.variables,
            states: &states,
            chance: &chance,
            now_millis: self.entered.at_millis,
        })
    }

    /// As [`evaluate`](Self::evaluate), before the state's work.
    pub(crate) fn before<T>(
        &self,
        evaluate: impl FnOnce(&Scope<'_>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        self.evaluate(Purpose::Attempt(self.attempt), None, evaluate)
    }
}
