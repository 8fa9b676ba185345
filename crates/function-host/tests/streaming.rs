//! Responses that functions stream: a caller that asks for a stream gets them while they are written, other callers get
//! them whole.

mod support;

use std::fs;
use std::sync::Arc;

use function_host::{
    InvocationOutcome, InvocationResult, InvokeError, ResponsePiece, Runtimes, response_stream,
};
use serde_json::Value;
use support::{Gate, World, request, within};
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;

type Pending = JoinHandle<Result<InvocationOutcome, InvokeError>>;

fn begin(world: &World, payload: &str) -> (Pending, Receiver<ResponsePiece>) {
    let (sink, pieces) = response_stream();
    let mut request = request("r-1", payload);
    request.response_sink = Some(sink);
    let (host, function) = (world.host.clone(), Arc::clone(&world.function));
    let pending = tokio::spawn(async move { host.invoke(&function, request).await });
    (pending, pieces)
}

/// Takes chunks until they make up a text.
async fn read(pieces: &mut Receiver<ResponsePiece>, expected: &str) {
    let mut read = Vec::new();
    while read.len() < expected.len() {
        match within("a piece", pieces.recv()).await {
            Some(ResponsePiece::Chunk(bytes)) => read.extend_from_slice(&bytes),
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&read)),
        }
    }
    assert_eq!(String::from_utf8_lossy(&read), expected);
}

async fn begins(pieces: &mut Receiver<ResponsePiece>, expected: Option<&str>) {
    let content_type = expected.map(str::to_owned);
    let first = within("the beginning", pieces.recv()).await;
    assert_eq!(first, Some(ResponsePiece::Begin { content_type }));
}

async fn result(pending: Pending) -> InvocationResult {
    let outcome = within("the outcome", pending).await;
    outcome.expect("it does not panic").expect("it runs").result
}

#[tokio::test]
async fn chunks_come_while_the_function_writes() {
    let world = World::new("streams at a gate");
    let gate = Gate::new().await;
    let (pending, mut pieces) = begin(&world, &gate.payload);
    begins(&mut pieces, None).await;
    read(&mut pieces, "\"one ").await;
    gate.arrival().await.release().await;
    read(&mut pieces, "two\"").await;
    assert_eq!(within("the end", pieces.recv()).await, None);
    assert_eq!(result(pending).await, InvocationResult::Success("".into()));
    world.counts_become((1, 0, 0)).await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_stop_the_function() {
    let world = World::new("streams at a gate");
    let gate = Gate::new().await;
    let (pending, mut pieces) = begin(&world, &gate.payload);
    begins(&mut pieces, None).await;
    drop(pieces);
    gate.arrival().await.release().await;
    assert_eq!(result(pending).await, InvocationResult::Success("".into()));
    world.counts_become((1, 0, 0)).await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_fails() {
    for (behaviour, error_type) in [
        ("breaks a stream off", "BrokenPipe"),
        ("hangs up while streaming", "Runtime.TruncatedResponse"),
        ("exits while streaming", "Runtime.TruncatedResponse"),
    ] {
        let world = World::new(behaviour);
        let (pending, mut pieces) = begin(&world, "{}");
        begins(&mut pieces, None).await;
        while within("a piece", pieces.recv()).await.is_some() {}
        match result(pending).await {
            InvocationResult::FunctionError(error) => {
                assert!(
                    error.error_type == error_type || error.error_type == "Runtime.ExitError",
                    "{behaviour}: {error:?}"
                );
            }
            InvocationResult::Success(bytes) => panic!("{behaviour} succeeded: {bytes:?}"),
        }
    }
}

/// A stream may be larger than the limit for an answer in one piece.
#[tokio::test]
async fn large_streams_come_whole() {
    let world = World::new("streams 8 MiB");
    let (pending, mut pieces) = begin(&world, "{}");
    begins(&mut pieces, None).await;
    let mut length = 0;
    while let Some(piece) = within("a piece", pieces.recv()).await {
        match piece {
            ResponsePiece::Chunk(bytes) => length += bytes.len(),
            ResponsePiece::Begin { .. } => panic!("it has begun already"),
        }
    }
    assert_eq!(length, 8 * 1024 * 1024 + "\"one ".len());
    assert_eq!(result(pending).await, InvocationResult::Success("".into()));
}

/// An answer in one piece sends no `Begin`.
#[tokio::test]
async fn a_function_that_does_not_stream_answers_in_its_outcome() {
    let world = World::new("echoes");
    let (pending, mut pieces) = begin(&world, "[1]");
    assert_eq!(within("the end", pieces.recv()).await, None);
    assert_eq!(
        result(pending).await,
        InvocationResult::Success("[1]".into())
    );
}

const APP: &str = r#"
const { pipeline } = require('node:stream/promises')
const { Readable } = require('node:stream')
exports.rows = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-kind': 'rows' } })
  stream.write('row 0\n')
  stream.end('row 1\n')
})
exports.pipes = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType('text/csv')
  await pipeline(Readable.from(['a', 'b', 'c']), stream)
})
exports.objects = awslambda.streamifyResponse(async (event, stream) => { stream.write({ a: 1 }); stream.end() })
exports.breaks = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('half')
  await new Promise((resolve) => setTimeout(resolve, 1))
  throw new RangeError('no more')
})
exports.fails = awslambda.streamifyResponse(async () => { throw new RangeError('none at all') })
"#;

fn node(handler: &str) -> (World, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let runtimes = Arc::new(Runtimes::new(folder.path()));
    runtimes
        .prepare("nodejs20.x")
        .expect("these tests need Node.js 18 or later");
    let world = World::with("", |config, function| {
        config.runtimes = Some(runtimes);
        function.runtime = "nodejs20.x".into();
        function.handler = handler.into();
    });
    fs::write(world.code.path().join("app.js"), APP).expect("the code");
    (world, folder)
}

#[tokio::test]
async fn node_streams_with_a_prelude() {
    let (world, _runtimes) = node("app.rows");
    let (pending, mut pieces) = begin(&world, "{}");
    let content_type = "application/vnd.awslambda.http-integration-response";
    begins(&mut pieces, Some(content_type)).await;
    let prelude = r#"{"statusCode":201,"headers":{"x-kind":"rows"}}"#;
    let zeros = "\0".repeat(8);
    read(&mut pieces, &format!("{prelude}{zeros}row 0\nrow 1\n")).await;
    assert_eq!(result(pending).await, InvocationResult::Success("".into()));
    // A caller without a stream gets the whole response; the process goes on.
    let whole = world.invoke_ok("r-2", "{}").await;
    assert_eq!(whole, format!("{prelude}{zeros}row 0\nrow 1\n"));
}

#[tokio::test]
async fn node_streams_what_it_is_given() {
    let (world, _runtimes) = node("app.pipes");
    let (pending, mut pieces) = begin(&world, "{}");
    begins(&mut pieces, Some("text/csv")).await;
    read(&mut pieces, "abc").await;
    assert_eq!(result(pending).await, InvocationResult::Success("".into()));

    let (world, _runtimes) = node("app.objects");
    assert_eq!(world.invoke_ok("r-1", "{}").await, r#"{"a":1}"#);
}

#[tokio::test]
async fn node_says_why_a_stream_is_not_whole() {
    for (handler, message) in [("app.breaks", "no more"), ("app.fails", "none at all")] {
        let (world, _runtimes) = node(handler);
        let (pending, mut pieces) = begin(&world, "{}");
        while within("a piece", pieces.recv()).await.is_some() {}
        let InvocationResult::FunctionError(error) = result(pending).await else {
            panic!("{handler} succeeded")
        };
        assert_eq!(error.error_type, "RangeError", "{handler}");
        let document: Value = serde_json::from_slice(&error.payload).expect("JSON");
        assert_eq!(document["errorMessage"], message);
        world.counts_become((1, 0, 0)).await;
    }
}
