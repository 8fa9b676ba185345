//! The example `hello` as a real process, between a Runtime API and a Lambda API that this test plays.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(30);

/// Plays both APIs: hands out `events` one by one, answers every checkpoint, and reports what the function posts.
struct World {
    address: String,
    posted: mpsc::UnboundedReceiver<(String, Value)>,
}

impl World {
    async fn start(events: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, posted) = mpsc::unbounded_channel();
        let events = Arc::new(Mutex::new(events.into_iter().enumerate()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (events, sender) = (Arc::clone(&events), sender.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (events, sender) = (Arc::clone(&events), sender.clone());
                    async move {
                        let path = request.uri().path().to_owned();
                        if path.ends_with("/invocation/next") {
                            let next = events.lock().unwrap().next();
                            let Some((number, event)) = next else {
                                return std::future::pending().await;
                            };
                            return Ok::<_, Infallible>(invocation(number, &event));
                        }
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let body = serde_json::from_slice(&body).unwrap();
                        sender.send((path, body)).unwrap();
                        let answer = json!({
                            "status": "OK",
                            "CheckpointToken": "bmV4dA==",
                            "NewExecutionState": {"Operations": []}
                        });
                        Ok(Response::new(Full::new(Bytes::from(answer.to_string()))))
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, posted }
    }

    /// The function's next post.
    async fn next_post(&mut self, what: &str) -> (String, Value) {
        let post = tokio::time::timeout(PATIENCE, self.posted.recv()).await;
        let post = post.unwrap_or_else(|_| panic!("no {what} within {PATIENCE:?}"));
        post.unwrap()
    }
}

fn invocation(number: usize, event: &Value) -> Response<Full<Bytes>> {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(60);
    Response::builder()
        .header("lambda-runtime-aws-request-id", format!("request-{number}"))
        .header(
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        )
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(event.to_string())))
        .unwrap()
}

/// Ends the function process with the test.
struct FunctionProcess(Child);

impl FunctionProcess {
    fn start(address: &str) -> Self {
        Self::start_with(address, &[])
    }

    fn start_with(address: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_example("hello", address, variables)
    }

    fn start_example(name: &str, address: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(example(name));
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_ENDPOINT_URL_LAMBDA", format!("http://{address}"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "hello")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "AKID")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }
}

impl FunctionProcess {
    /// Ends the process, and returns what it has printed.
    fn printed(mut self) -> String {
        self.0.kill().unwrap();
        let mut stdout = self.0.stdout.take().unwrap();
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for FunctionProcess {
    fn drop(&mut self) {
        // The process may have ended by itself; either way it must be gone.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Cargo builds examples before it runs tests, next to them.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let example = profile.join("examples").join(name);
    let hint = "run `cargo build -p lambdura --examples`; cargo does when all targets are tested";
    assert!(example.exists(), "{} is missing: {hint}", example.display());
    example
}

fn event(operations: Value) -> Value {
    json!({
        "DurableExecutionArn": "arn:aws:lambda:us-east-1:000000000000:function:hello:1/durable-execution/n/inv",
        "CheckpointToken": "dG9rZW4=",
        "InitialExecutionState": {"Operations": operations, "NextMarker": ""},
        "UpdatedOperationIds": []
    })
}

/// The event of an execution's first invocation.
fn first_event() -> Value {
    first_event_for("Alice")
}

fn first_event_for(name: &str) -> Value {
    event(json!([{
        "Id": "inv", "Name": "n", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": 1_767_896_523_358_i64,
        "ExecutionDetails": {"InputPayload": json!(name).to_string()}
    }]))
}

#[tokio::test]
async fn lines_of_the_logger_are_printed_although_nobody_installs_a_subscriber() {
    for (format, level, expected) in [
        ("JSON", "INFO", 1),
        ("Text", "INFO", 1),
        ("JSON", "WARN", 0),
    ] {
        let mut world = World::start(vec![first_event()]).await;
        let controls = [
            ("AWS_LAMBDA_LOG_FORMAT", format),
            ("AWS_LAMBDA_LOG_LEVEL", level),
        ];
        let function = FunctionProcess::start_with(&world.address, &controls);
        for what in ["checkpoint of the step", "checkpoint of the wait", "output"] {
            world.next_post(what).await;
        }
        let printed = function.printed();
        let lines: Vec<_> = printed
            .lines()
            .filter(|line| line.contains("greeted"))
            .collect();
        assert_eq!(lines.len(), expected, "{printed}");
        for line in lines {
            assert!(line.contains("request-0"), "{line}");
            let json: Option<Value> = serde_json::from_str(line).ok();
            assert_eq!(json.is_some(), format == "JSON", "{line}");
            if let Some(json) = json {
                assert_eq!(json["level"], "INFO", "{line}");
                assert_eq!(json["message"], "greeted", "{line}");
            }
        }
    }
}

/// Two invocations can only end if they run side by side; the third one panics beside them.
#[tokio::test]
async fn as_many_are_served_at_a_time_as_the_environment_asks_for() {
    let names = ["Alice", "Mallory", "Bob"];
    let mut world = World::start(names.map(first_event_for).to_vec()).await;
    let variables = [
        ("AWS_LAMBDA_MAX_CONCURRENCY", "3"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ];
    let function = FunctionProcess::start_example("side_by_side", &world.address, &variables);
    let mut ended = Vec::new();
    while ended.len() < names.len() {
        let (path, body) = world.next_post("end").await;
        if !path.ends_with("/checkpoint") {
            ended.push((path, body));
        }
    }
    ended.sort_by(|one, other| one.0.cmp(&other.0));
    for (number, name) in [(0, "Alice"), (2, "Bob")] {
        let (path, output) = &ended[number];
        assert!(
            path.ends_with(&format!("/request-{number}/response")),
            "{path}"
        );
        assert_eq!(output["Status"], "SUCCEEDED", "{output}");
        assert_eq!(output["Result"], format!("\"{name} was not alone\""));
    }
    let (path, output) = &ended[1];
    assert!(path.ends_with("/request-1/response"), "{path}");
    assert_eq!(output["Status"], "FAILED", "{output}");
    let message = output["Error"]["ErrorMessage"].as_str();
    let message = message.unwrap_or_default();
    assert!(message.contains("Mallory is not welcome"), "{output}");
    let printed = function.printed();
    for (number, name) in [(0, "Alice"), (2, "Bob")] {
        let line = printed
            .lines()
            .find(|line| line.contains(&format!("hello, {name}")));
        let line = line.unwrap_or_else(|| panic!("{name} is missing: {printed}"));
        assert!(line.contains(&format!("request-{number}")), "{line}");
    }
}

#[tokio::test]
async fn function_process_serves_invocations() {
    let mut world = World::start(vec![first_event(), json!({"not": "durable"})]).await;
    let _function = FunctionProcess::start(&world.address);

    let (path, step) = world.next_post("checkpoint of the step").await;
    assert!(path.ends_with("/checkpoint"), "{path}");
    assert_eq!(step["CheckpointToken"], "dG9rZW4=");
    assert_eq!(step["Updates"][0]["Name"], "greet");
    assert_eq!(step["Updates"][1]["Payload"], "\"hello, Alice\"");
    let (_, wait) = world.next_post("checkpoint of the wait").await;
    assert_eq!(wait["CheckpointToken"], "bmV4dA==");
    assert_eq!(wait["Updates"][0]["WaitOptions"]["WaitSeconds"], 5);
    let (path, output) = world.next_post("output").await;
    assert!(path.ends_with("/invocation/request-0/response"), "{path}");
    assert_eq!(output, json!({"Status": "PENDING"}));

    let (path, error) = world.next_post("error").await;
    assert!(path.ends_with("/invocation/request-1/error"), "{path}");
    assert_eq!(error["errorType"], "NotDurableError");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains("DurableConfig"), "{message}");
}

#[test]
fn process_outside_of_lambda_says_so() {
    let output = Command::new(example("hello"))
        .env_clear()
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("AWS_LAMBDA_RUNTIME_API"), "{stderr}");
}
