//! A state that is being worked on: what its expressions see.

use std::time::SystemTime;

use asl::{Chance, Language, Scope, State, StateError, Variables};
use jiff::Timestamp;
use lambdura::BoxError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::walk::Walk;

/// What was drawn and told when a state was entered.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Entered {
    at_millis: i64,
    seed: u64,
}

/// What is recorded when a state is entered: the result of the step `enter`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    pub(crate) entered: Entered,
    /// What came in, where nothing else that is recorded says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Given>,
}

/// What came into the first state of a branch, of an item, or of an execution that begins in the middle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Given {
    /// What came into the Parallel or Map state around it.
    Same,
    /// The item's element of the list that came into the Map state around it.
    Element,
    /// What the execution's input says.
    Content,
    /// This.
    Value(Value),
    /// Something too large to be recorded once more.
    TooLarge,
}

impl Given {
    /// Largest value that is recorded, in bytes: a step's result has room for the rest too. Source: `Limits`, step payload.
    const BYTES_MAX: usize = 261_000;

    /// This value.
    pub(crate) fn value(value: &Value) -> Self {
        match value.to_string().len() <= Self::BYTES_MAX {
            true => Self::Value(value.clone()),
            false => Self::TooLarge,
        }
    }
}

/// The body of the step that enters a state.
pub(crate) fn enter(now: SystemTime, input: Option<Given>) -> Result<Entry, BoxError> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed)?;
    let entered = Entered {
        at_millis: Timestamp::try_from(now)?.as_millisecond(),
        seed: u64::from_le_bytes(seed),
    };
    Ok(Entry { entered, input })
}

impl Entry {
    /// The name of the step.
    pub const STEP: &str = "enter";
    /// The name of the step that begins an execution.
    pub const START: &str = "start";

    /// The instant as AWS writes it.
    #[must_use]
    pub fn text(&self) -> String {
        self.entered.text()
    }
}

impl Entered {
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.at_millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The instant as AWS writes it.
    pub(crate) fn text(&self) -> String {
        format!("{:.3}", self.at())
    }
}

/// What numbers are drawn for: each purpose has its own.
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

    /// A name for something that this attempt makes: the same whenever the state is replayed.
    pub(crate) fn name(&self) -> String {
        format!(
            "{:016x}-{:x}-{}",
            self.entered.seed, self.entered.at_millis, self.attempt
        )
    }

    pub(crate) fn chance(&self, purpose: Purpose) -> Chance {
        Chance::new(self.entered.seed, purpose.number())
    }

    /// Evaluates with `$` as the state's input, and for JSONata `$states.input` and what `more` has.
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
