//! Answers callbacks from outside: reads their ids in the ledger and answers each once.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use http::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{Call, Client, encode};
use crate::kind::{Order, Reply, name_of};
use crate::ledger::Reader;

/// How often the ledger is read.
const READ_EVERY: Duration = Duration::from_millis(20);

/// An answer that a client should not get.
#[derive(Debug, Clone)]
pub struct Surprise {
    pub execution: String,
    pub text: String,
}

/// Answers callbacks for as long as it is polled.
pub async fn answer_all(
    client: Arc<Client>,
    ledger: PathBuf,
    surprises: Arc<Mutex<Vec<Surprise>>>,
    mut random: fastrand::Rng,
) -> Result<()> {
    let mut reader = Reader::new(&ledger);
    // A step that was interrupted hands the same id out again.
    let mut seen = HashSet::new();
    let mut answers = JoinSet::new();
    loop {
        for line in reader.read()? {
            let Some(callback) = line.callback else {
                continue;
            };
            if !seen.insert(callback.clone()) {
                continue;
            }
            let order = name_of(&line.execution).and_then(Order::named);
            let order = order.with_context(|| format!("no order is called {}", line.execution))?;
            let after = Duration::from_millis(random.u64(0..700));
            let (client, surprises) = (Arc::clone(&client), Arc::clone(&surprises));
            answers.spawn(async move {
                tokio::time::sleep(after).await;
                if let Err(text) = answer(&client, order, &callback).await {
                    let execution = line.execution;
                    let mut surprises = surprises.lock().expect("no thread panics with the list");
                    surprises.push(Surprise { execution, text });
                }
            });
        }
        while answers.try_join_next().is_some() {}
        tokio::time::sleep(READ_EVERY).await;
    }
}

async fn answer(client: &Client, order: Order, callback: &str) -> Result<(), String> {
    let path = |action| {
        let id = encode(callback);
        format!("/2025-12-01/durable-execution-callbacks/{id}/{action}")
    };
    let reply = Reply::to(order.number);
    if reply == Reply::HeartbeatThenAnswer {
        let reply = client.call(&Call::post(path("heartbeat"), "")).await;
        if reply.status != StatusCode::OK {
            return Err(format!("the heartbeat was answered {}", reply.text()));
        }
    }
    let call = match reply {
        Reply::Answer | Reply::HeartbeatThenAnswer => {
            Call::post(path("succeed"), (order.number * 10).to_string())
        }
        Reply::Refuse => {
            let error = json!({ "ErrorType": "Refused", "ErrorMessage": "no" });
            Call::post(path("fail"), error.to_string())
        }
    };
    let reply = client.call(&call).await;
    // The first try may have completed it, without its answer reaching the client.
    let completed_before = reply.repeated
        && reply
            .text()
            .contains("either timed out or already completed");
    if reply.status == StatusCode::OK || completed_before {
        Ok(())
    } else {
        Err(format!(
            "the callback's answer was answered {}",
            reply.text()
        ))
    }
}
