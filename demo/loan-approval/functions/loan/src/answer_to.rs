//! What a party outside completes, so that the workflow that asked it goes on.

use serde::{Deserialize, Serialize};

/// Where an answer goes. In a request it is one member: `callback_id` or `task_token`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerTo {
    /// The callback of a durable function.
    CallbackId(String),
    /// The task of a state machine.
    TaskToken(String),
}
