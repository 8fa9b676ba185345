//! Functions that stream their response: through `InvokeWithResponseStream` and function URLs. And their logs as JSON.

#![allow(clippy::unwrap_used, reason = "a test fails where it must not go on")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Method, Request};
use serde_json::json;
use support::TestServer;
use tempfile::TempDir;

/// Longest time that anything may take. Long, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and the file that lets its functions continue.
async fn start() -> (TestServer, TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let go_on = folder.path().join("go-on");
    let parameters = [("GoOn", go_on.to_str().unwrap())];
    let server = TestServer::start_with_template("streams.yaml", &parameters).await;
    (server, folder, go_on)
}

/// Reads at least this many bytes of a body, or to its end.
async fn read(body: &mut Incoming, length: usize) -> Result<Vec<u8>, hyper::Error> {
    let mut read = Vec::new();
    while read.len() < length {
        let frame = tokio::time::timeout(PATIENCE, body.frame()).await;
        match frame.expect("it comes in time") {
            Some(frame) => read.extend_from_slice(&frame?.into_data().unwrap_or_default()),
            None => break,
        }
    }
    Ok(read)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_streams_with_status_headers_and_cookies() {
    let (server, _folder, go_on) = start().await;
    let url = &server.deployment.function_urls["StreamsUrl"];
    let answer = server.open_request(Request::get(url), "").await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["content-type"], "text/csv");
    assert_eq!(answer.headers()["x-kind"], "rows");
    let cookies = answer.headers().get_all("set-cookie").iter();
    assert_eq!(cookies.collect::<Vec<_>>(), ["a=b", "c=d"]);
    let mut body = answer.into_body();
    assert_eq!(read(&mut body, 6).await.unwrap(), b"row 0\n");
    fs::write(&go_on, "").unwrap();
    assert_eq!(read(&mut body, 6).await.unwrap(), b"row 1\n");
    assert_eq!(read(&mut body, 1).await.unwrap(), b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_ends_the_connection() {
    let (server, _folder, _) = start().await;
    let url = format!(
        "{}?what=breaks",
        server.deployment.function_urls["StreamsUrl"]
    );
    let answer = server.open_request(Request::get(url), "").await;
    assert_eq!(answer.status(), 201);
    let mut body = answer.into_body();
    let read = read(&mut body, usize::MAX).await;
    read.expect_err("the end does not look like one");
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_take_answers_of_the_other_kind() {
    let (server, _folder, go_on) = start().await;
    fs::write(&go_on, "").unwrap();
    let get = async |url: &str, what: &str| {
        let url = format!("{}?what={what}", server.deployment.function_urls[url]);
        server.send(Method::GET, &url, &[], "").await
    };
    // A function that streams, behind a URL that does not.
    let answer = get("BuffersUrl", "rows").await;
    assert_eq!((answer.status, answer.header("x-kind")), (201, "rows"));
    assert_eq!(answer.body, "row 0\nrow 1\n");
    let answer = get("BuffersUrl", "text").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain;charset=UTF-8");
    assert_eq!(answer.body, "row 0\nrow 1\n");
    assert_eq!(get("BuffersUrl", "whole").await.status, 404);
    // A function that does not stream, behind a URL that does: its bytes are the body.
    let answer = get("StreamsUrl", "whole").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.body, r#"{"statusCode":404}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_streams_chunks_as_events() {
    let (server, _folder, go_on) = start().await;
    let url = format!(
        "{}/2021-11-15/functions/Streams/response-streaming-invocations",
        server.endpoint()
    );
    let request = Request::post(&url).header("x-amz-log-type", "Tail");
    let answer = server.open_request(request, "{}").await;
    assert_eq!(answer.status(), 200);
    let content_type = "application/vnd.amazon.eventstream";
    assert_eq!(answer.headers()["content-type"], content_type);
    let mut body = answer.into_body();
    let mut seen = Vec::new();
    while !contains(&seen, b"row 0\n") {
        let more = read(&mut body, 1).await.unwrap();
        assert!(!more.is_empty(), "it ended early");
        seen.extend_from_slice(&more);
    }
    assert!(contains(&seen, b"PayloadChunk") && !contains(&seen, b"row 1\n"));
    fs::write(&go_on, "").unwrap();
    let rest = read(&mut body, usize::MAX).await.unwrap();
    assert!(contains(&rest, b"row 1\n") && contains(&rest, b"InvokeComplete"));
    assert!(contains(&rest, b"LogResult") && !contains(&rest, b"ErrorCode"));

    let answer = server
        .open_request(Request::post(&url), r#"{"what":"breaks"}"#)
        .await;
    let events = read(&mut answer.into_body(), usize::MAX).await.unwrap();
    assert!(contains(&events, b"row 0\n") && contains(&events, b"ErrorCode"));
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_templates_logging_is_the_functions() {
    let (server, _folder, _) = start().await;
    let config = async |name: &str| {
        let path = format!("/2015-03-31/functions/{name}/configuration");
        server.get(&path).await.json()["LoggingConfig"].take()
    };
    let json_logs = json!({
        "LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO",
        "LogGroup": "/aws/lambda/Streams",
    });
    assert_eq!(config("Streams").await, json_logs);
    assert_eq!(config("Buffers").await["LogFormat"], "Text");
    let answer = server.invoke(
        "Streams",
        &[("x-amz-log-type", "Tail")],
        r#"{"what":"text"}"#,
    );
    let answer = answer.await;
    assert_eq!(answer.body, "row 0\nrow 1\n");
    let log = base64::engine::general_purpose::STANDARD
        .decode(answer.header("x-amz-log-result"))
        .unwrap();
    let log = String::from_utf8(log).unwrap();
    assert!(log.contains(r#""type":"platform.report""#), "{log}");
}
