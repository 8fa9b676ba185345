//! Queues that functions process, and other requests to an emulator of AWS's services.

#![allow(clippy::unwrap_used, reason = "a test fails where it must not go on")]

mod support;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use support::TestServer;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

const TEMPLATE: &str = "queues.yaml";
const MAPPINGS: &str = "/2015-03-31/event-source-mappings";

/// How long a received message is hidden, in seconds.
const HIDDEN_SECONDS: u64 = 6;

/// An emulator that has every queue.
struct Emulator {
    queues: Mutex<BTreeMap<String, Vec<Held>>>,
    /// Method and path of requests to other services.
    others: Mutex<Vec<String>>,
    /// Whether the next request for the attributes of `by-hand` waits for a permit.
    holds: AtomicBool,
    held: Semaphore,
    let_go: Semaphore,
}

/// A message in its queue.
struct Held {
    body: &'static str,
    visible_at: Instant,
    /// How many times it was received, which is part of its receipt handle.
    received: usize,
}

impl Emulator {
    async fn start() -> (Arc<Self>, String) {
        let own = Arc::new(Self {
            queues: Mutex::default(),
            others: Mutex::default(),
            holds: AtomicBool::new(false),
            held: Semaphore::new(0),
            let_go: Semaphore::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = Arc::clone(&own);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let emulator = Arc::clone(&serving);
                let answer = service_fn(move |request| {
                    let emulator = Arc::clone(&emulator);
                    async move { Ok::<_, Infallible>(emulator.answer(request).await) }
                });
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(served);
            }
        });
        (own, url)
    }

    fn send(&self, queue: &str, body: &'static str) {
        let mut queues = self.queues.lock().unwrap();
        let messages = queues.entry(queue.to_owned()).or_default();
        messages.push(Held {
            body,
            visible_at: Instant::now(),
            received: 0,
        });
    }

    /// How many times each remaining message was received.
    fn left(&self, queue: &str) -> Vec<usize> {
        let queues = self.queues.lock().unwrap();
        let messages = queues.get(queue).into_iter().flatten();
        messages.map(|message| message.received).collect()
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let target = parts.headers.get("x-amz-target");
        let target = target.and_then(|it| it.to_str().ok()?.strip_prefix("AmazonSQS."));
        let Some(operation) = target else {
            let other = format!("{} {}", parts.method, parts.uri);
            self.others.lock().unwrap().push(other);
            return Response::default();
        };
        let body = body.collect().await.unwrap().to_bytes();
        let asked: Value = serde_json::from_slice(&body).unwrap();
        let answer = self.queue(operation, &asked).await;
        Response::new(Full::from(answer.to_string()))
    }

    async fn queue(&self, operation: &str, asked: &Value) -> Value {
        let queue = asked["QueueUrl"].as_str().unwrap_or_default();
        let queue = queue.rsplit('/').next().unwrap_or_default();
        match operation {
            "GetQueueUrl" => {
                json!({ "QueueUrl": format!("http://queues/{}", asked["QueueName"].as_str().unwrap()) })
            }
            "GetQueueAttributes" => {
                if queue == "by-hand" && self.holds.swap(false, Ordering::SeqCst) {
                    self.held.add_permits(1);
                    self.let_go.acquire().await.unwrap().forget();
                }
                json!({ "Attributes": { "VisibilityTimeout": HIDDEN_SECONDS.to_string() } })
            }
            "ReceiveMessage" => self.receive(queue, asked).await,
            "ChangeMessageVisibilityBatch" => self.each(queue, asked, |messages, at, entry| {
                let seconds = entry["VisibilityTimeout"].as_u64().unwrap();
                messages[at].visible_at = Instant::now() + Duration::from_secs(seconds);
            }),
            "DeleteMessageBatch" => self.each(queue, asked, |messages, at, _| {
                messages.remove(at);
            }),
            other => panic!("{other} is not expected"),
        }
    }

    async fn receive(&self, queue: &str, asked: &Value) -> Value {
        let begun = Instant::now();
        let wait = Duration::from_secs(asked["WaitTimeSeconds"].as_u64().unwrap());
        loop {
            let found = self.visible(queue);
            if !found.is_empty() || begun.elapsed() >= wait {
                return json!({ "Messages": found });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn visible(&self, queue: &str) -> Vec<Value> {
        let mut queues = self.queues.lock().unwrap();
        let now = Instant::now();
        let messages = queues.entry(queue.to_owned()).or_default();
        let visible = messages.iter_mut().filter(|it| it.visible_at <= now);
        let received = visible.map(|message| {
            message.visible_at = now + Duration::from_secs(HIDDEN_SECONDS);
            message.received += 1;
            let handle = format!("{} {}", message.body, message.received);
            json!({ "MessageId": message.body, "ReceiptHandle": handle, "Body": message.body })
        });
        received.collect()
    }

    /// Calls `work` for each message whose receipt handle is still valid.
    fn each(
        &self,
        queue: &str,
        asked: &Value,
        mut work: impl FnMut(&mut Vec<Held>, usize, &Value),
    ) -> Value {
        let mut queues = self.queues.lock().unwrap();
        let messages = queues.entry(queue.to_owned()).or_default();
        let mut failed = Vec::new();
        for entry in asked["Entries"].as_array().unwrap() {
            let is_own =
                |it: &Held| entry["ReceiptHandle"] == format!("{} {}", it.body, it.received);
            match messages.iter().position(is_own) {
                Some(at) => work(messages, at, entry),
                None => failed.push(json!({ "Code": "ReceiptHandleIsInvalid", "Message": "" })),
            }
        }
        json!({ "Failed": failed })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_moves_to_another_function_invokes_that_one() {
    let (emulator, url) = Emulator::start().await;
    let mut server = TestServer::start_with_emulator(TEMPLATE, &[], &url).await;
    emulator.send("moving", "job");
    server
        .until("the message was received", async || {
            let left = emulator.left("moving");
            (left != [0]).then_some(()).ok_or(format!("{left:?}"))
        })
        .await;
    server
        .deploy_template(TEMPLATE, &[("Worker", "Free")], &[])
        .await;
    server
        .until("it is worked off", async || {
            let left = emulator.left("moving");
            left.is_empty().then_some(()).ok_or(format!("{left:?}"))
        })
        .await;
    let mappings = server.get(MAPPINGS).await.json();
    let mappings = mappings["EventSourceMappings"].as_array().unwrap();
    let functions = mappings
        .iter()
        .map(|it| it["FunctionArn"].as_str().unwrap());
    let functions: Vec<&str> = functions.collect();
    assert!(
        functions.iter().all(|it| it.ends_with(":Free")),
        "{functions:?}"
    );
}

/// If a batch is filled for longer than its messages are hidden, it contains them twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_begun_while_its_messages_are_hidden() {
    let (emulator, url) = Emulator::start().await;
    let mut most = 0;
    emulator.send("windowed", "one");
    let server = TestServer::start_with_emulator(TEMPLATE, &[], &url).await;
    server
        .until("it is worked off", async || {
            let left = emulator.left("windowed");
            most = left.iter().copied().fold(most, usize::max);
            left.is_empty().then_some(()).ok_or(format!("{left:?}"))
        })
        .await;
    assert_eq!(most, 1, "it was received once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_it_is_asked_to_and_nothing_else() {
    let (emulator, url) = Emulator::start().await;
    let server = TestServer::start_with_emulator(TEMPLATE, &[], &url).await;
    let arn = "arn:aws:sqs:us-east-1:000000000000:by-hand";
    let wanted = json!({ "EventSourceArn": arn, "FunctionName": "Free" });
    let created = server.post(MAPPINGS, wanted.to_string()).await;
    assert_eq!(created.status, 202, "{created:?}");
    let path = format!("{MAPPINGS}/{}", created.json()["UUID"].as_str().unwrap());
    let update = async |wanted: Value| {
        let url = format!("{}{path}", server.endpoint());
        server
            .send(Method::PUT, &url, &[], wanted.to_string())
            .await
    };
    let reads = async || {
        let look = async || {
            let seen = server.get(&path).await.json();
            let is_read = seen["State"] == "Enabled";
            is_read.then_some(()).ok_or(seen.to_string())
        };
        server.until("it is read", look).await;
    };
    let until_left = async |expected: &[usize]| {
        let look = async || {
            let left = emulator.left("by-hand");
            let is_so = left == expected;
            is_so.then_some(()).ok_or(format!("{left:?}"))
        };
        server.until("the queue has come so far", look).await;
    };
    reads().await;
    emulator.send("by-hand", "first");
    until_left(&[]).await;

    emulator.holds.store(true, Ordering::SeqCst);
    let other = async {
        emulator.held.acquire().await.unwrap().forget();
        let types = json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] });
        assert_eq!(update(types).await.status, 202);
        emulator.let_go.add_permits(1);
    };
    let (updated, ()) = tokio::join!(update(json!({ "BatchSize": 5 })), other);
    assert_eq!(updated.status, 202, "{updated:?}");
    let seen = server.get(&path).await.json();
    assert_eq!(seen["BatchSize"], 5);
    assert_eq!(
        seen["FunctionResponseTypes"],
        json!(["ReportBatchItemFailures"])
    );

    // A mapping that is deleted during a batch still exists for a moment.
    reads().await;
    emulator.send("by-hand", "hang");
    until_left(&[1]).await;
    emulator.holds.store(true, Ordering::SeqCst);
    let deleted = async {
        emulator.held.acquire().await.unwrap().forget();
        assert_eq!(server.delete(&path).await.status, 202);
        emulator.let_go.add_permits(1);
    };
    let (updated, ()) = tokio::join!(update(json!({ "BatchSize": 6 })), deleted);
    let error = updated.error();
    assert!(
        error.starts_with("400 ResourceInUseException") || error.starts_with("404"),
        "{error}"
    );
    server
        .until("it is gone", async || {
            let answer = server.get(&path).await;
            (answer.status == 404)
                .then_some(())
                .ok_or(format!("{answer:?}"))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_in_the_hosts_name_reaches_the_emulator() {
    let (emulator, url) = Emulator::start().await;
    let server = TestServer::start_with_emulator(TEMPLATE, &[], &url).await;
    let report = format!("{}/report?x=1", server.endpoint());
    for (service, host) in [
        ("s3", "data.localhost:3001"),
        ("s3", "localhost"),
        ("sns", "data.localhost"),
    ] {
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=b"
        );
        let headers = [("host", host), ("authorization", &signed)];
        let answer = server.send(Method::PUT, &report, &headers, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let others = emulator.others.lock().unwrap().clone();
    assert_eq!(
        others,
        ["PUT /data/report?x=1", "PUT /report?x=1", "PUT /report?x=1"]
    );
}
