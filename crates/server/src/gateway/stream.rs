//! Answers of function URLs whose `InvokeMode` is `RESPONSE_STREAM`: sent while the function writes them.
//!
//! A function may send a prelude before the body: a JSON document with status, headers and cookies, followed by eight
//! zero bytes, under a content type of its own.
//! Source: Lambda developer guide, "Writing response streaming-enabled Lambda functions", and the runtime clients of AWS.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use runtime::PlainOutcome;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::answer::Answer;
use crate::api::AnswerStream;
use crate::http::{Body, BrokenOff};

/// The content type of a body with a prelude.
const PRELUDE_TYPE: &str = "application/vnd.awslambda.http-integration-response";

/// The end of a prelude; JSON has no such bytes.
const PRELUDE_END: &[u8] = &[0; 8];

/// Longest prelude, in bytes: far more headers than clients accept.
const PRELUDE_BYTES_MAX: usize = 1024 * 1024;

/// The content type where neither the prelude nor the function names one.
const DEFAULT_TYPE: &str = "application/octet-stream";

/// Chunks that wait for the client: few, so that a slow one slows the function down.
const CHUNKS_WAITING_MAX: usize = 2;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Prelude {
    status_code: Option<u16>,
    headers: BTreeMap<String, Value>,
    multi_value_headers: BTreeMap<String, Vec<Value>>,
    cookies: Vec<String>,
}

/// An answer in one piece that has a prelude, as from a streaming function behind a URL that does not stream. `None`
/// without a prelude, or with one that is not a valid head.
pub(super) fn with_prelude(payload: &[u8]) -> Option<Response<Body>> {
    let end = prelude_end(payload, 0)?;
    let mut response = head(&payload[..end])?;
    let body = Bytes::copy_from_slice(&payload[end + PRELUDE_END.len()..]);
    *response.body_mut() = Body::from(body);
    Some(response)
}

/// An answer in one piece behind a URL that streams: all its bytes are the body.
pub(super) fn whole(payload: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(payload)));
    let content_type = HeaderValue::from_static(DEFAULT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// An answer that has begun. `None` when its prelude is invalid, which is a fault of the function.
pub(super) async fn begun(mut stream: AnswerStream, tasks: &TaskTracker) -> Option<Response<Body>> {
    let (mut response, first) = if stream.content_type.as_deref() == Some(PRELUDE_TYPE) {
        read_prelude(&mut stream).await?
    } else {
        let mut response = Response::new(Body::default());
        let own = stream.content_type.as_deref();
        let content_type = own.and_then(|own| HeaderValue::from_str(own).ok());
        let content_type = content_type.unwrap_or(HeaderValue::from_static(DEFAULT_TYPE));
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        (response, Bytes::new())
    };
    let (chunks, body) = mpsc::channel(CHUNKS_WAITING_MAX);
    *response.body_mut() = Body::Interruptible(body);
    tasks.spawn(async move {
        let mut next = Some(first);
        while let Some(chunk) = next {
            if !chunk.is_empty() && chunks.send(Ok(chunk)).await.is_err() {
                // The client has hung up; the function goes on, as on Lambda.
                return;
            }
            next = stream.next().await;
        }
        match stream.ended().await.0 {
            PlainOutcome::Succeeded(_) => {}
            PlainOutcome::FunctionError { error, .. }
            | PlainOutcome::Throttled(error)
            | PlainOutcome::Unavailable(error) => {
                tracing::warn!(
                    %error,
                    "a function behind a URL failed before its answer was whole"
                );
                // As above.
                let _ = chunks.send(Err(BrokenOff)).await;
            }
        }
    });
    Some(response)
}

/// The head from the prelude, and the part of the body that came with it.
async fn read_prelude(stream: &mut AnswerStream) -> Option<(Response<Body>, Bytes)> {
    let mut read = BytesMut::new();
    let mut searched = 0;
    loop {
        if let Some(end) = prelude_end(&read, searched) {
            let rest = read.split_off(end + PRELUDE_END.len());
            return Some((head(&read[..end])?, rest.freeze()));
        }
        if read.len() > PRELUDE_BYTES_MAX {
            return None;
        }
        // The end mark may have begun already.
        searched = read.len().saturating_sub(PRELUDE_END.len());
        read.extend_from_slice(&stream.next().await?);
    }
}

/// The position of the prelude's end, searched from `from` on.
fn prelude_end(bytes: &[u8], from: usize) -> Option<usize> {
    // A prelude is a JSON object; other bodies are not searched.
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let until = bytes.len().min(PRELUDE_BYTES_MAX + PRELUDE_END.len());
    let mut windows = bytes.get(from..until)?.windows(PRELUDE_END.len());
    let found = windows.position(|window| window == PRELUDE_END)?;
    Some(from + found)
}

fn head(prelude: &[u8]) -> Option<Response<Body>> {
    let prelude: Prelude = serde_json::from_slice(prelude).ok()?;
    let single = prelude.headers.into_iter();
    let single = single.map(|(name, value)| (name, vec![value]));
    let cookies = prelude.cookies.into_iter().map(Value::String).collect();
    let cookies = [("set-cookie".to_owned(), cookies)];
    let answer = Answer {
        status: prelude.status_code.unwrap_or(200),
        headers: single
            .chain(prelude.multi_value_headers)
            .chain(cookies)
            .collect(),
        body: String::new(),
        is_base64: false,
        default_type: DEFAULT_TYPE,
    };
    answer.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preludes_are_read_to_their_end() {
        let of = |payload: &[u8]| with_prelude(payload);
        let payload = [
            br#"{"statusCode":201,"headers":{"x-a":"b"},"cookies":["c=d"]}"#,
            PRELUDE_END,
            b"body",
        ]
        .concat();
        let response = of(&payload).expect("it has a prelude");
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["x-a"], "b");
        assert_eq!(response.headers()["set-cookie"], "c=d");
        assert_eq!(response.headers()["content-type"], DEFAULT_TYPE);
        assert_eq!(
            of(&[b"{}", PRELUDE_END].concat())
                .expect("it has one")
                .status(),
            200
        );
        for other in [
            &b"{}"[..],
            &[b"text", PRELUDE_END].concat(),
            &[b"{", PRELUDE_END].concat(),
            b"",
            &[0; 20],
        ] {
            assert!(of(other).is_none(), "{other:?}");
        }
        let forbidden = [br#"{"headers":{"a b":"c"}}"#, PRELUDE_END].concat();
        assert!(of(&forbidden).is_none());
    }
}
