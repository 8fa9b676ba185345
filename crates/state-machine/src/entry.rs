//! What is recorded when a state is entered.

use std::time::SystemTime;

use jiff::Timestamp;
use lambdura::{BoxError, DurableContext, NamedError, StepContext};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{IntoStateError as _, named};

/// What was drawn and told when a state was entered.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Entered {
    pub at_millis: i64,
    pub seed: u64,
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

/// Draws and records what a state needs of the world.
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
