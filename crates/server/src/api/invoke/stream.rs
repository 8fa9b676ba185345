//! `InvokeWithResponseStream`: a synchronous invocation whose answer is a stream of events.
//!
//! A streamed answer is sent while the function writes it. An answer in one piece, and that of a durable function, is
//! complete before the first event is sent.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use lambda_api::headers;
use runtime::PlainOutcome;
use serde::Serialize;
use tokio::sync::mpsc;
use wire::{ApiError, Violations};

use super::call;
use super::event_stream::{MEDIA_TYPE, write_event};
use super::streamed::{AnswerStream, Streamed, invoke_streamed};
use crate::app::App;
use crate::http::{Body, BrokenOff, Query, RequestBody};

/// Bytes of one chunk: small enough for every client's buffer.
const CHUNK_BYTES: usize = 256 * 1024;

/// Events that wait for the client: few, so that a slow client slows the function down.
const EVENTS_WAITING_MAX: usize = 2;

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
    let (request, payload) = call::read(app, name, query, header_map, body).await?;
    let answer = if request.is_plain_and_synchronous() {
        let invocation = request.plain_invocation(app, &payload);
        match invoke_streamed(app, invocation).await {
            Streamed::Begun(stream) => return Ok(begun(app, &request, stream)),
            Streamed::Whole(ended) => {
                let (outcome, report) = *ended;
                call::plain_answer(app, &request, outcome, report)?
            }
        }
    } else {
        call::carry_out(app, request, payload).await?
    };
    if answer.status() != StatusCode::OK {
        return Ok(answer);
    }
    let (mut parts, body) = answer.into_parts();
    let payload = match body.collect().await {
        Ok(whole) => whole.to_bytes(),
        // The body is in memory already.
        Err(BrokenOff) => unreachable!("an answer in one piece does not break off"),
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
        write_chunks(&payload, &mut stream);
        None
    };
    let complete = InvokeComplete {
        error_code,
        error_details,
        log_result,
    };
    complete.write(&mut stream);
    parts.headers.remove(CONTENT_LENGTH);
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    Ok(Response::from_parts(
        parts,
        bytes::Bytes::from(stream).into(),
    ))
}

/// The response for a function that has begun to stream its answer.
fn begun(app: &Arc<App>, request: &call::Request, mut stream: AnswerStream) -> Response<Body> {
    let mut response = call::answer(request, None, Bytes::new(), None);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let (events, body) = mpsc::channel(EVENTS_WAITING_MAX);
    *response.body_mut() = Body::Stream(body);
    let wants_log = request.wants_log();
    app.tasks.spawn(async move {
        while let Some(bytes) = stream.next().await {
            let mut written = Vec::new();
            write_chunks(&bytes, &mut written);
            if events.send(written.into()).await.is_err() {
                // The client has hung up; the function continues, as on Lambda.
                return;
            }
        }
        let (outcome, report) = stream.ended().await;
        let log = report.map(|report| report.log_tail);
        let (error_code, error_details) = match outcome {
            PlainOutcome::Succeeded(_) => (None, None),
            PlainOutcome::FunctionError { error, payload } => {
                let error_type = error.error_type.unwrap_or_else(|| "Unhandled".to_owned());
                let details = String::from_utf8_lossy(&payload).into_owned();
                (Some(error_type), Some(details))
            }
            PlainOutcome::Throttled(error) | PlainOutcome::Unavailable(error) => {
                (error.error_type, error.message)
            }
        };
        let complete = InvokeComplete {
            error_code,
            error_details,
            log_result: log.filter(|_| wants_log).map(|log| STANDARD.encode(log)),
        };
        let mut written = Vec::new();
        complete.write(&mut written);
        // As above.
        let _ = events.send(written.into()).await;
    });
    response
}

fn write_chunks(bytes: &[u8], stream: &mut Vec<u8>) {
    for chunk in bytes.chunks(CHUNK_BYTES) {
        write_event("PayloadChunk", "application/octet-stream", chunk, stream);
    }
}

impl InvokeComplete {
    fn write(&self, stream: &mut Vec<u8>) {
        let json = serde_json::to_vec(self).expect("a struct of texts is always JSON");
        write_event("InvokeComplete", "application/json", &json, stream);
    }
}
