//! Task tokens, which are callbacks here.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::{StatesError, optional, required};
use super::lambda::{Call, Refusal, segment};
use crate::app::App;

pub(super) async fn success(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let output = required(input, "output")?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(output) {
        let message = format!("Invalid Output: 'The output is not JSON: {error}'");
        return Err(StatesError::new("InvalidOutput", message));
    }
    complete(app, input, "succeed", output.as_bytes().to_vec()).await
}

pub(super) async fn failure(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let error = json!({
        "ErrorType": optional(input, "error")?.unwrap_or_default(),
        "ErrorMessage": optional(input, "cause")?.unwrap_or_default(),
    });
    complete(app, input, "fail", error.to_string().into_bytes()).await
}

pub(super) async fn heartbeat(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    complete(app, input, "heartbeat", Vec::new()).await
}

async fn complete(
    app: &Arc<App>,
    input: &Value,
    action: &str,
    body: Vec<u8>,
) -> Result<Value, StatesError> {
    let token = segment(required(input, "taskToken")?);
    let path = format!("/2025-12-01/durable-execution-callbacks/{token}/{action}");
    match Call::post(path, body).answer(app).await {
        Ok(_) => Ok(json!({})),
        Err(refusal) => Err(in_words_of_tokens(refusal)),
    }
}

fn in_words_of_tokens(refusal: Refusal) -> StatesError {
    match refusal.code.as_str() {
        "ResourceNotFoundException" => {
            StatesError::new("TaskDoesNotExist", "Task does not exist anymore")
        }
        "InvalidParameterValueException" => {
            let message = format!("Invalid Token: '{}'", refusal.message);
            StatesError::new("InvalidToken", message)
        }
        "CallbackTimeoutException" => {
            let message = "Task Timed Out: 'Provided task does not exist anymore'";
            StatesError::new("TaskTimedOut", message)
        }
        _ => refusal.states(|| StatesError::new("TaskDoesNotExist", "Task does not exist")),
    }
}
