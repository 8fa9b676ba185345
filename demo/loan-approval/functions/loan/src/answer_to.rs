//! The callback or task that an outside party completes, so that the workflow goes on.

use serde::{Deserialize, Serialize};

/// The destination of an answer. In a request it is one member: `callback_id` or `task_token`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerTo {
    /// The callback of a durable function.
    CallbackId(String),
    /// The task of a state machine.
    TaskToken(String),
}
