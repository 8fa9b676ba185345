//! Records of failed evaluations: an event history lists each, whether it is retried, caught or neither.

use asl::{Origin, StateError};
use lambdura::{DurableContext, StepContext};
use serde::{Deserialize, Serialize};

use crate::failure::IntoStateError as _;

/// Longest location. Source: service model, `EvaluationFailureLocation`.
const LOCATION_MAX: usize = 256;

/// An evaluation that failed: the result of the step `evaluation failed`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationFailed {
    /// The error's name.
    pub error: String,
    /// The cause, for people.
    pub cause: String,
    /// The field, such as `Output/total`; `None` if it was the state's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

impl EvaluationFailed {
    /// The name of the step.
    pub const STEP: &str = "evaluation failed";
}

/// Returns the error; if it is a failed evaluation of this state, records it first.
pub(crate) async fn told(
    error: StateError,
    context: &DurableContext,
) -> Result<StateError, StateError> {
    let Origin::Evaluation { location } = &error.origin else {
        return Ok(error);
    };
    let location = location.as_deref();
    let failed = EvaluationFailed {
        error: error.error.clone(),
        cause: error.cause.clone(),
        location: location.map(|it| it.chars().take(LOCATION_MAX).collect()),
    };
    let step = context.step(move |_: StepContext| {
        let failed = failed.clone();
        async move { Ok::<_, lambdura::BoxError>(failed) }
    });
    let recorded: Result<EvaluationFailed, _> = step.name(EvaluationFailed::STEP).await;
    recorded.map_err(|error| error.into_state_error())?;
    Ok(error)
}
