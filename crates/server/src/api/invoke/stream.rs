//! `InvokeWithResponseStream`: a synchronous invocation whose answer comes as a stream of events.
//!
//! The answer is whole before the first event is sent; clients cannot tell but by the time it takes.

use std::sync::Arc;

use http_body_util::BodyExt as _;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use lambda_api::headers;
use serde::Serialize;
use wire::{ApiError, Violations};

use super::call;
use super::event_stream::{MEDIA_TYPE, write_event};
use crate::app::App;
use crate::http::{Body, Query, RequestBody};

/// Bytes of one chunk: small enough for every client's buffer.
const CHUNK_BYTES: usize = 256 * 1024;

/// The last event.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InvokeComplete {
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_details: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_result: Option<String>,
}

pub(in crate::api) async fn invoke(
    app: &Arc<App>,
    name: &str,
    query: &Query,
    header_map: &HeaderMap,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    if let Some(b"Event") = header_map
        .get(headers::INVOCATION_TYPE)
        .map(HeaderValue::as_bytes)
    {
        let mut violations = Violations::default();
        let values = ["RequestResponse", "DryRun"];
        violations.not_one_of("Event", "invocationType", &values);
        violations.none()?;
    }
    let answer = call::invoke(app, name, query, header_map, body).await?;
    if answer.status() != StatusCode::OK {
        return Ok(answer);
    }
    let (mut parts, body) = answer.into_parts();
    let payload = match body.collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(never) => match never {},
    };
    let mut take = |name: &str| {
        let value = parts.headers.remove(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let error_code = take(headers::FUNCTION_ERROR);
    let log_result = take(headers::LOG_RESULT);
    let mut stream = Vec::new();
    let error_details = if error_code.is_some() {
        Some(String::from_utf8_lossy(&payload).into_owned())
    } else {
        for chunk in payload.chunks(CHUNK_BYTES) {
            write_event(
                "PayloadChunk",
                "application/octet-stream",
                chunk,
                &mut stream,
            );
        }
        None
    };
    let complete = InvokeComplete {
        error_code,
        error_details,
        log_result,
    };
    let complete = serde_json::to_vec(&complete).expect("a struct of texts is always JSON");
    write_event("InvokeComplete", "application/json", &complete, &mut stream);
    parts.headers.remove(CONTENT_LENGTH);
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    Ok(Response::from_parts(
        parts,
        bytes::Bytes::from(stream).into(),
    ))
}
