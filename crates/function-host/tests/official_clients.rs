//! AWS's own runtime clients for Rust and Python work with the Runtime API. `node.rs` tests the client for Node.js,
//! which is not AWS's.

mod support;

use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use function_host::{
    FunctionConfig, FunctionErrorKind, InvocationResult, LogFormat, LogLevel, ResponsePiece,
    Runtimes,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use support::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The function of the tests below: if there is a Runtime API, this test is its client.
#[test]
fn rust_function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let handler = |event: LambdaEvent<Value>| async move {
        match event.payload["fail"].as_bool() {
            Some(true) => Err(Error::from("the loan is too large")),
            Some(false) | None => Ok(json!({ "id": event.context.request_id })),
        }
    };
    let served = runtime.block_on(lambda_runtime::run(service_fn(handler)));
    served.expect("the host ends it");
}

/// As above, with a streamed response.
#[test]
fn rust_streaming_function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let handler = |_: LambdaEvent<Value>| async move {
        let (mut sender, body) = lambda_runtime::streaming::channel();
        tokio::spawn(async move {
            for row in ["row 0\n", "row 1\n"] {
                sender.send_data(row.into()).await.expect("the host reads");
            }
        });
        Ok::<_, Error>(lambda_runtime::streaming::Response::from(body))
    };
    let served = runtime.block_on(lambda_runtime::run(service_fn(handler)));
    served.expect("the host ends it");
}

/// The same with several invocations at a time, each of which waits at a gate.
#[test]
fn rust_concurrent_function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let handler = |event: LambdaEvent<Value>| async move {
        let address = event.payload["gate"].as_str().unwrap_or_default();
        let mut gate = tokio::net::TcpStream::connect(address).await?;
        let id = event.context.request_id;
        gate.write_all(format!("{id}\n").as_bytes()).await?;
        gate.read_u8().await?;
        Ok::<_, Error>(json!({ "id": id }))
    };
    let served = runtime.block_on(lambda_runtime::run_concurrent(service_fn(handler)));
    served.expect("the host ends it");
}

#[tokio::test]
async fn rusts_client_has_several_invocations_at_a_time() {
    let mut world = rust("rust_concurrent_function");
    let function = FunctionConfig {
        per_process: NonZeroUsize::new(3),
        concurrency_max: 1,
        ..world.function.as_ref().clone()
    };
    world.function = Arc::new(function);
    world.meet().await;
    world.counts_become((1, 0, 0)).await;
    assert_eq!(world.host.refused_connections(), 0);
}

#[tokio::test]
async fn pythons_client_has_several_invocations_at_a_time() {
    let world = python_with("app.meets", |function| {
        function.logging.format = LogFormat::Json;
        function.per_process = NonZeroUsize::new(3);
        function.concurrency_max = 1;
    });
    world.meet().await;
    world.counts_become((1, 0, 0)).await;
    assert_eq!(world.host.refused_connections(), 0);
    let lines = world.logs.lines();
    for id in ["r-1", "r-2", "r-3"] {
        let of_it = |line: &&function_host::LogLine| {
            line.request_id.as_deref() == Some(id) && line.text.contains("at the gate")
        };
        assert_eq!(lines.iter().filter(of_it).count(), 1, "{id}: {lines:?}");
    }
}

/// Runs an invocation that fails, and returns its error.
async fn error(world: &World, payload: &str) -> function_host::FunctionError {
    let outcome = world.invoke("r-fails", payload).await.expect("it runs");
    match outcome.result {
        InvocationResult::FunctionError(error) => error,
        InvocationResult::Success(bytes) => panic!("it succeeded: {bytes:?}"),
    }
}

/// Starts a host whose function is one of the tests above.
fn rust(test: &str) -> World {
    let world = World::new("");
    let bootstrap = world.code.path().join("bootstrap");
    fs::remove_file(&bootstrap).expect("the fixture was there");
    let program = std::env::current_exe().expect("tests run from a file");
    let script = format!(
        "#!/bin/sh\nexec '{}' --exact {test} --nocapture\n",
        program.display()
    );
    fs::write(&bootstrap, script).expect("there is room");
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).expect("it is ours");
    world
}

#[tokio::test]
async fn rusts_client_streams() {
    let world = rust("rust_streaming_function");
    let (sink, mut pieces) = function_host::response_stream();
    let mut request = support::request("r-1", "{}");
    request.response_sink = Some(sink);
    let invoked = world.host.invoke(&world.function, request);
    let read = async {
        let mut read = Vec::new();
        while let Some(piece) = pieces.recv().await {
            match piece {
                ResponsePiece::Chunk(bytes) => read.extend_from_slice(&bytes),
                ResponsePiece::Begin { .. } => assert!(read.is_empty()),
            }
        }
        String::from_utf8(read).expect("it is text")
    };
    let (outcome, read) =
        support::within("the stream", async { tokio::join!(invoked, read) }).await;
    assert_eq!(
        outcome.expect("it runs").result,
        InvocationResult::Success("".into())
    );
    assert!(read.ends_with("\0\0\0\0\0\0\0\0row 0\nrow 1\n"), "{read:?}");
}

#[tokio::test]
async fn rusts_client_gets_through() {
    let world = rust("rust_function");
    for id in ["r-1", "r-2"] {
        assert_eq!(
            world.invoke_ok(id, "{}").await,
            format!(r#"{{"id":"{id}"}}"#)
        );
    }
    let error = error(&world, r#"{"fail":true}"#).await;
    assert_eq!(error.kind, FunctionErrorKind::Posted);
    assert!(String::from_utf8_lossy(&error.payload).contains("the loan is too large"));
    assert_eq!(world.invoke_ok("r-3", "{}").await, r#"{"id":"r-3"}"#);
    world.counts_become((1, 0, 0)).await;
    assert_eq!(world.host.refused_connections(), 0);
}

/// Starts a host whose function is a handler in Python.
fn python(handler: &str) -> World {
    python_with(handler, |_| {})
}

/// As above, with other settings.
fn python_with(handler: &str, change: impl FnOnce(&mut FunctionConfig)) -> World {
    // Kept between runs, because the client is downloaded.
    let runtimes = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtimes");
    let runtimes = Arc::new(Runtimes::new(runtimes));
    runtimes
        .prepare("python3.11")
        .expect("these tests need Python 3.11 or later with pip, and PyPI");
    let world = World::with("", |config, function| {
        config.runtimes = Some(runtimes);
        function.runtime = "python3.11".into();
        function.handler = handler.into();
        change(function);
    });
    let app = r#"
def answers(event, context):
    return {"id": context.aws_request_id}

class LoanError(Exception):
    pass

LoanError.__name__ = "Loan\nError🙅"

def logs(event, context):
    import logging
    logging.getLogger("loan").info("the loan is large")
    logging.getLogger("loan").debug("not shown")

def meets(event, context):
    import logging, os, socket
    logging.getLogger().warning("at the gate")
    host, port = event["gate"].split(":")
    with socket.create_connection((host, int(port))) as gate:
        gate.sendall(f"{os.getpid()}\n".encode())
        gate.recv(1)
    return {"id": context.aws_request_id}

def fails(event, context):
    raise LoanError("the loan is\ntoo large 🙅")
"#;
    fs::write(world.code.path().join("app.py"), app).expect("there is room");
    fs::write(world.code.path().join("broken.py"), "import no_such_module").expect("there is room");
    world
}

#[tokio::test]
async fn pythons_client_gets_through() {
    let world = python("app.answers");
    for id in ["r-1", "r-2"] {
        assert_eq!(
            world.invoke_ok(id, "{}").await,
            format!(r#"{{"id": "{id}"}}"#)
        );
    }
    world.counts_become((1, 0, 0)).await;
    assert_eq!(world.host.refused_connections(), 0);

    let world = python("app.fails");
    let failed = error(&world, "{}").await;
    assert_eq!(failed.kind, FunctionErrorKind::Posted, "{failed:?}");
    assert_eq!(failed.error_type, "Loan\nError🙅");
    world.counts_become((1, 0, 0)).await;

    // The client reports this error on a separate connection, and ends.
    let world = python("broken.handler");
    let failed = error(&world, "{}").await;
    assert_eq!(failed.kind, FunctionErrorKind::InitError, "{failed:?}");
    assert_eq!(failed.error_type, "Runtime.ImportModuleError");
    assert_eq!(world.host.refused_connections(), 0);
    // The traceback is one line of the log of the invocation that the process was started for, with line breaks in it.
    let lines = world.logs.lines();
    let line = lines
        .iter()
        .find(|line| line.text.starts_with("[ERROR] Runtime.ImportModuleError"))
        .unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!(line.request_id.as_deref(), Some("r-fails"));
    assert!(
        line.text.contains("\nTraceback (most recent call last):"),
        "{}",
        line.text
    );
}

#[tokio::test]
async fn pythons_client_logs_json_at_its_level() {
    let world = python_with("app.logs", |function| {
        function.logging.format = LogFormat::Json;
        function.logging.application_level = LogLevel::Info;
    });
    world.invoke_ok("r-1", "{}").await;
    let printed = world.logs.printed();
    let lines: Vec<Value> = printed
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{printed:?}")))
        .collect();
    assert_eq!(lines.len(), 1, "{printed:?}");
    assert_eq!(lines[0]["level"], "INFO");
    assert_eq!(lines[0]["message"], "the loan is large");
    assert_eq!(lines[0]["requestId"], "r-1");
}
