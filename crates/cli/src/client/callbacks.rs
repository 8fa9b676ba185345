//! Callbacks of all executions that still wait for an answer: a list that only our service has.

use serde::{Deserialize, Serialize};

use super::api::Client;
use super::error::CallError;

const ROUTE: &str = "/lambdura/v1/callbacks";

/// A callback that waits for an answer. Instants are milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingCallback {
    /// The execution's ARN.
    pub arn: String,
    /// The execution's name.
    pub execution_name: String,
    /// The execution's function.
    pub function: String,
    /// Its name in the function's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its operation.
    pub operation_id: String,
    /// The id that an answer names.
    pub callback_id: String,
    /// When it began to wait.
    pub started_at: i64,
    /// When it times out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Page {
    callbacks: Vec<WaitingCallback>,
    #[serde(default)]
    next_cursor: Option<String>,
}

impl Client {
    /// Callbacks that wait, those of older executions first, at most `limit` of them.
    pub async fn waiting_callbacks(
        &self,
        function: Option<&str>,
        limit: usize,
    ) -> Result<Vec<WaitingCallback>, CallError> {
        let mut callbacks = Vec::new();
        let mut cursor: Option<String> = None;
        while callbacks.len() < limit {
            let mut parameters = Vec::new();
            parameters.extend(function.map(|name| ("function", name.to_owned())));
            parameters.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page: Page = self.get(ROUTE.to_owned(), &parameters).await?;
            let is_empty = page.callbacks.is_empty();
            callbacks.extend(page.callbacks);
            cursor = page.next_cursor;
            if cursor.is_none() || is_empty {
                break;
            }
        }
        callbacks.truncate(limit);
        Ok(callbacks)
    }
}
