//! The clients: each starts one execution, acts on it as its kind demands, and does not stop before it has an answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use lambda_api::{ExecutionStatus, GetDurableExecutionResponse, headers};
use serde_json::{Value, json};

use crate::client::{Call as HttpCall, Client, Reply, encode};
use crate::kind::{Call, End, Kind, Order};

/// Every so many orders are started once more, which must find the first start.
const STARTED_TWICE_EVERY: u64 = 10;

/// How often a client looks whether a pause has taken effect.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A client's knowledge about one order.
#[derive(Debug, Clone)]
pub struct Entry {
    pub order: Order,
    /// The answer that the client waits for; none when it has got everything.
    pub waits_for: Option<&'static str>,
    /// Whether the service has accepted it.
    pub acknowledged: bool,
    /// The execution, for durable functions.
    pub arn: Option<String>,
    /// Answers that a client should not get.
    pub surprises: Vec<String>,
}

/// The entries of all clients, in the order of the starts.
#[derive(Debug, Clone, Default)]
pub struct Entries(Arc<Mutex<Vec<Entry>>>);

impl Entries {
    fn add(&self, order: Order) -> Handle {
        let mut entries = self.0.lock().expect(UNBROKEN);
        entries.push(Entry {
            order,
            waits_for: Some("its start"),
            acknowledged: false,
            arn: None,
            surprises: Vec::new(),
        });
        Handle {
            entries: self.clone(),
            index: entries.len() - 1,
        }
    }

    /// How many have not been accepted yet.
    pub fn unanswered(&self) -> usize {
        let entries = self.0.lock().expect(UNBROKEN);
        let waiting = |it: &&Entry| !it.acknowledged && it.waits_for.is_some();
        entries.iter().filter(waiting).count()
    }

    pub fn all(&self) -> Vec<Entry> {
        self.0.lock().expect(UNBROKEN).clone()
    }
}

const UNBROKEN: &str = "no thread panics while it holds the entries";

/// One entry.
struct Handle {
    entries: Entries,
    index: usize,
}

impl Handle {
    fn set(&self, change: impl FnOnce(&mut Entry)) {
        change(&mut self.entries.0.lock().expect(UNBROKEN)[self.index]);
    }

    fn surprise(&self, text: String) {
        self.set(|entry| entry.surprises.push(text));
    }
}

/// Starts an execution and acts on it as its kind demands.
pub async fn run(client: Arc<Client>, entries: Entries, order: Order, mut random: fastrand::Rng) {
    let handle = entries.add(order);
    let start = start_call(order);
    let reply = client.call(&start).await;
    let arn = match accepted(order, &reply) {
        Ok(arn) => arn,
        Err(surprise) => {
            handle.surprise(surprise);
            return handle.set(|entry| entry.waits_for = None);
        }
    };
    handle.set(|entry| {
        entry.acknowledged = true;
        entry.arn = arn.clone();
    });
    if let Some(arn) = arn {
        if order.number.is_multiple_of(STARTED_TWICE_EVERY) {
            handle.set(|entry| entry.waits_for = Some("its second start"));
            let again = client.call(&start).await;
            match accepted(order, &again) {
                Ok(Some(second)) if second == arn => {}
                Ok(second) => handle.surprise(format!("a second start began {second:?}")),
                Err(surprise) => handle.surprise(format!("second start: {surprise}")),
            }
        }
        match order.kind {
            Kind::Stop => stop(&client, &handle, &arn, &mut random).await,
            Kind::Pause => pause(&client, &handle, &arn, &mut random).await,
            _ => {}
        }
    }
    handle.set(|entry| entry.waits_for = None);
}

fn start_call(order: Order) -> HttpCall {
    let path = match order.kind.call() {
        Call::Event | Call::Sync => {
            "/2015-03-31/functions/EveryKindFunction/invocations?Qualifier=live"
        }
        Call::PlainEvent | Call::PlainSync => {
            "/2015-03-31/functions/EveryKindPlainFunction/invocations"
        }
    };
    let call = HttpCall::post(path, order.event().to_string());
    let call = match order.kind.call() {
        Call::Event | Call::PlainEvent => call.header(headers::INVOCATION_TYPE, "Event"),
        Call::Sync | Call::PlainSync => call,
    };
    match order.kind.call() {
        // Every try has the same name, so that all of them start one execution.
        Call::Event | Call::Sync => call.header(headers::DURABLE_EXECUTION_NAME, order.name()),
        Call::PlainEvent | Call::PlainSync => call,
    }
}

/// The ARN of an execution that was accepted; none for plain functions. An error is an answer that is not allowed.
fn accepted(order: Order, reply: &Reply) -> Result<Option<String>, String> {
    let call = order.kind.call();
    let expected = match call {
        Call::Event | Call::PlainEvent => StatusCode::ACCEPTED,
        Call::Sync | Call::PlainSync => StatusCode::OK,
    };
    let failed = reply.headers.contains_key(headers::FUNCTION_ERROR);
    if reply.status != expected || failed {
        return Err(format!("the start was answered {}", reply.text()));
    }
    if matches!(call, Call::Sync | Call::PlainSync) {
        let result: Value = serde_json::from_slice(&reply.body)
            .map_err(|error| format!("the result is not JSON ({error}): {}", reply.text()))?;
        if End::Succeeds(result) != order.kind.end(order.number) {
            return Err(format!("the result is wrong: {}", reply.text()));
        }
    }
    if matches!(call, Call::PlainEvent | Call::PlainSync) {
        return Ok(None);
    }
    let arn = reply.headers.get(headers::DURABLE_EXECUTION_ARN);
    let arn = arn.and_then(|arn| arn.to_str().ok());
    let arn = arn.ok_or_else(|| format!("the start was answered without an ARN: {}", reply.text()));
    Ok(Some(arn?.to_owned()))
}

fn execution_path(arn: &str, action: &str) -> String {
    format!("/2025-12-01/durable-executions/{}/{action}", encode(arn))
}

/// Stops the execution some time after its start.
async fn stop(client: &Client, handle: &Handle, arn: &str, random: &mut fastrand::Rng) {
    handle.set(|entry| entry.waits_for = Some("the stop"));
    tokio::time::sleep(Duration::from_millis(random.u64(0..1500))).await;
    let reply = client
        .call(&HttpCall::post(execution_path(arn, "stop"), "{}"))
        .await;
    if reply.status != StatusCode::OK {
        handle.surprise(format!("the stop was answered {}", reply.text()));
    }
}

/// Pauses the execution some time after its start, and resumes it some time later.
async fn pause(client: &Client, handle: &Handle, arn: &str, random: &mut fastrand::Rng) {
    for (action, millis) in [("pause", 0..1200), ("resume", 300..1500)] {
        handle.set(|entry| entry.waits_for = Some(action));
        tokio::time::sleep(Duration::from_millis(random.u64(millis))).await;
        let token = format!("{action}-{:016x}", random.u64(..));
        let body = json!({ "ClientToken": token }).to_string();
        let reply = client
            .call(&HttpCall::post(execution_path(arn, action), body))
            .await;
        match reply.status {
            StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => {}
            // The execution ended before this call.
            StatusCode::CONFLICT if reply.text().contains("already ended") => return,
            _ => handle.surprise(format!("the {action} was answered {}", reply.text())),
        }
        // Half of the clients wait until the execution is paused; the others may resume it before the pause takes
        // effect.
        if action == "pause" && random.bool() {
            handle.set(|entry| entry.waits_for = Some("the pause to take effect"));
            if let Err(surprise) = until_paused(client, arn).await {
                handle.surprise(surprise);
            }
        }
    }
}

/// Waits until the execution is paused, or has ended before.
async fn until_paused(client: &Client, arn: &str) -> Result<(), String> {
    let path = format!("/2025-12-01/durable-executions/{}", encode(arn));
    loop {
        let reply = client.call(&HttpCall::get(path.clone())).await;
        let told: GetDurableExecutionResponse = serde_json::from_slice(&reply.body)
            .map_err(|error| format!("no execution ({error}): {}", reply.text()))?;
        if told.status != ExecutionStatus::Pausing {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
