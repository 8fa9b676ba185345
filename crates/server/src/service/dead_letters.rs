//! Asynchronous invocations that were given up, for people and tools.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::{Response, StatusCode};
use lambda_api::FunctionErrorBody;
use serde::Serialize;
use store::{DeadLetter, DeadLetterId};
use utoipa::ToSchema;
use wire::{ApiError, PAGE_BYTES_MAX, fitting};

use super::parameter::{limit, number};
use crate::app::App;
use crate::http::{Body, Query, json};

/// A page of invocations that were given up.
#[derive(Serialize, ToSchema)]
pub(crate) struct Letters {
    dead_letters: Vec<Letter>,
    /// Where older ones are found: `before` of the next request. Absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<i64>,
}

/// An asynchronous invocation that was given up.
#[derive(Serialize, ToSchema)]
pub(crate) struct Letter {
    number: i64,
    request_id: String,
    function: String,
    version: String,
    function_arn: String,
    /// `RetriesExhausted` or `EventAgeExceeded`.
    condition: String,
    attempts: u32,
    /// Epoch milliseconds, both.
    accepted_at: i64,
    buried_at: i64,
    /// The last attempt's error, as the function told it.
    #[schema(value_type = Option<Object>)]
    error: Option<FunctionErrorBody>,
    /// The event, where it is text.
    payload: Option<String>,
    /// The event in base64, where it is not.
    payload_base64: Option<String>,
}

/// Returns asynchronous invocations that failed for good, newest first.
#[utoipa::path(
    get,
    path = "/lambdura/v1/dead-letters",
    params(
        ("before" = Option<i64>, Query, description = "only those older than this number"),
        ("limit" = Option<usize>, Query, description = "how many at the most"),
    ),
    responses((status = 200, body = Letters)),
)]
pub(crate) async fn list(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let before = number(query, "before")?.map(DeadLetterId);
    let limit = limit(query)?;
    let store = app.driver.store();
    let found = store.dead_letters(before, limit).await?;
    let letters = fitting(found.into_iter().map(shown), PAGE_BYTES_MAX).items;
    let last = letters.last().map(|letter| letter.number);
    let older = match last {
        Some(last) => store.dead_letters(Some(DeadLetterId(last)), 1).await?,
        None => Vec::new(),
    };
    let letters = Letters {
        next_before: last.filter(|_| !older.is_empty()),
        dead_letters: letters,
    };
    Ok(json(StatusCode::OK, &letters))
}

fn shown((id, letter): (DeadLetterId, DeadLetter)) -> Letter {
    let DeadLetter {
        invocation,
        buried_at,
        condition,
        error,
    } = letter;
    let (payload, payload_base64) = match String::from_utf8(invocation.payload) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(STANDARD.encode(error.into_bytes()))),
    };
    Letter {
        number: id.0,
        request_id: invocation.request_id.to_string(),
        function: invocation.function.to_string(),
        version: invocation.version.to_string(),
        function_arn: invocation.invoked_arn,
        condition,
        attempts: invocation.attempts,
        accepted_at: invocation.accepted_at.as_millis(),
        buried_at: buried_at.as_millis(),
        error: error.map(|error| FunctionErrorBody {
            error_message: error.message,
            error_type: error.error_type,
            stack_trace: error.stack_trace,
            request_id: None,
        }),
        payload,
        payload_base64,
    }
}
