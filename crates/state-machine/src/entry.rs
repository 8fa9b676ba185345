//! The record of entering a state.

use std::time::SystemTime;

use jiff::Timestamp;
use lambdura::{BoxError, DurableContext, NamedError, StepContext};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{IntoStateError as _, named};

/// The random seed and the time of entering a state.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Entered {
    pub at_millis: i64,
    pub seed: u64,
}

/// The record of entering a state: the result of the step `enter`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    pub(crate) entered: Entered,
    /// The state's input, if no other record contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Given>,
}

/// The input of the first state of a branch, of an item, or of an execution that begins in the middle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Given {
    /// The input of the enclosing Parallel or Map state.
    Same,
    /// The item's element of the list that is the input of the enclosing Map state.
    Element,
    /// The content of the execution's input.
    Content,
    /// This value.
    Value(Value),
    /// A value too large to be recorded once more.
    TooLarge,
}

impl Given {
    /// Largest value that is recorded, in bytes: a step's result must have room for the rest too. Source: `Limits`,
    /// step payload.
    const BYTES_MAX: usize = 261_000;

    /// This value, if it is small enough.
    pub(crate) fn value(value: &Value) -> Self {
        match value.to_string().len() <= Self::BYTES_MAX {
            true => Self::Value(value.clone()),
            false => Self::TooLarge,
        }
    }
}

/// Draws a seed, reads the clock, and records both for a state.
pub(crate) async fn enter(
    context: &DurableContext,
    name: &str,
    input: Option<Given>,
) -> Result<Entered, NamedError> {
    let entered = context.step(move |step: StepContext| {
        let input = input.clone();
        async move { entry(step.now(), input) }
    });
    let entered: Result<Entry, _> = entered.name(name).await;
    entered
        .map(|entry| entry.entered)
        .map_err(|error| named(error.into_state_error()))
}

/// The body of the step that enters a state.
fn entry(now: SystemTime, input: Option<Given>) -> Result<Entry, BoxError> {
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

    /// The instant in AWS's format.
    #[must_use]
    pub fn text(&self) -> String {
        self.entered.text()
    }
}

impl Entered {
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.at_millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The instant in AWS's format.
    pub(crate) fn text(&self) -> String {
        format!("{:.3}", self.at())
    }
}
