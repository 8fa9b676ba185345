//! Work done by workers that ask for it.
//!
//! A callback with the activity's name offers a task. Only one worker, on any server, can complete that callback, and
//! so take the task; then the task token is opened, and its time starts.

use lambdura::{Callback, DurableContext, StepContext};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::IntoStateError as _;
use crate::limits::Limits;
use asl::StateError;

/// The name of the callback that is a task token.
pub const TOKEN: &str = "task token";
/// The error of a task token whose task is offered once more, because the worker never received it.
pub const RETURNED: &str = "lambdura:returned";

/// The name of the callback that offers a task of this activity.
#[must_use]
pub fn offer(activity: &str) -> String {
    format!("activity:{activity}")
}

/// The work: the result of the step `activity`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scheduled {
    /// The worker's input.
    pub input: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The time limit, from the moment when a worker takes the task.
    pub timeout_in_seconds: Option<u64>,
    /// The longest silence, from the moment when a worker takes the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_in_seconds: Option<u64>,
}

impl Scheduled {
    /// The name of the step.
    pub const STEP: &str = "activity";
}

/// The worker that took a task: the result of the callback that offers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TakenBy {
    /// The worker's name, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_name: Option<String>,
}

/// Offers a task until a worker has done it.
pub(crate) async fn run(
    activity: &str,
    input: Value,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let scheduled = Scheduled {
        input,
        timeout_in_seconds: limits.timeout.map(|it| it.as_secs()),
        heartbeat_in_seconds: limits.heartbeat.map(|it| it.as_secs()),
    };
    let scheduled = context.step(move |_: StepContext| {
        let scheduled = scheduled.clone();
        async move { Ok::<_, lambdura::BoxError>(scheduled) }
    });
    let scheduled: Result<Scheduled, _> = scheduled.name(Scheduled::STEP).await;
    scheduled.map_err(|error| error.into_state_error())?;
    loop {
        let offered = context.create_callback::<Value>().name(offer(activity));
        let offered: Callback<Value> = offered.await.map_err(|error| error.into_state_error())?;
        let taken = offered.raw().await;
        taken.map_err(|error| error.into_state_error())?;
        let mut token = context.create_callback::<Value>().name(TOKEN);
        if let Some(timeout) = limits.timeout {
            token = token.timeout(timeout);
        }
        if let Some(heartbeat) = limits.heartbeat {
            token = token.heartbeat_timeout(heartbeat);
        }
        let token: Callback<Value> = token.await.map_err(|error| error.into_state_error())?;
        let result = match token.raw().await {
            Err(error) if error.error_type() == Some(RETURNED) => continue,
            result => result.map_err(|error| error.into_state_error())?,
        };
        return serde_json::from_str(&result).map_err(|error| {
            StateError::runtime(format!("The output of the activity is not JSON: {error}"))
        });
    }
}
