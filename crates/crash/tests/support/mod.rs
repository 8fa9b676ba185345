//! One loan application, through a server that may die on the way.

mod built;
mod http;
mod loan;
mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crash::CrashPoint;
use serde_json::{Value, json};

use http::Http;
pub use loan::Loan;
use process::ServerProcess;

/// Longest time from application to end, restart included.
const PATIENCE: Duration = Duration::from_secs(60);

/// The log line that each step of the workflow writes when it runs.
const STEP_LINES: [(&str, &str); 5] = [
    ("validate_application", "validating the application"),
    ("pull_credit_report", "pulling a credit report"),
    ("calculate_risk_score", "calculating the risk"),
    ("generate_loan_offer", "working out the offer"),
    ("disburse_funds", "disbursing the loan"),
];

/// What there is to see once an application has ended.
pub struct Journey {
    /// Whether the server died.
    pub crashed: bool,
    /// The result, without what differs from application to application.
    pub result: Value,
    /// Type, name and status of every operation, sorted.
    pub operations: Vec<String>,
    /// Progress entries that are no replays, sorted.
    pub progress: Vec<String>,
    /// Steps that were on record when the server was started again.
    pub recorded_before_restart: BTreeSet<String>,
    /// How often each step's code ran after that.
    pub runs_after_restart: BTreeMap<String, usize>,
}

impl Journey {
    /// Runs Alice's application, with the server dying at a crash point and being started again.
    pub async fn run(loan: &Loan, crash_at: Option<CrashPoint>) -> Self {
        let data = tempfile::tempdir().expect("a folder for the data");
        let http = Http::new();
        let mut server = ServerProcess::start(loan, data.path(), crash_at).await;
        let mut crashed = false;
        let mut recorded = BTreeMap::new();
        let mut last_line = 0;
        let mut application: Option<String> = None;
        let begun = Instant::now();
        let mut seen = String::from("nothing");
        let status = loop {
            assert!(
                begun.elapsed() < PATIENCE,
                "{crash_at:?}: no end; last seen: {seen}"
            );
            if server.has_died() {
                assert!(!crashed, "the second server is not to die");
                crashed = true;
                (recorded, last_line) = loan::on_record(data.path()).await;
                server = ServerProcess::start(loan, data.path(), None).await;
            }
            match step_on(&http, &server, &mut application).await {
                Some(status) if status["status"] == "approved" => break status,
                Some(status) => {
                    let ended = status["status"] == "denied" || status["status"] == "failed";
                    assert!(!ended, "{crash_at:?}: {status}");
                    seen = status.to_string();
                }
                None => {}
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        // The application is approved a moment before its execution has ended and is on record as such.
        let (arn, operations) = loop {
            assert!(
                begun.elapsed() < PATIENCE,
                "{crash_at:?}: the execution does not end"
            );
            if server.has_died() && !crashed {
                crashed = true;
                (recorded, last_line) = loan::on_record(data.path()).await;
                server = ServerProcess::start(loan, data.path(), None).await;
            }
            if let Some(ended) = ended_operations(&http, &server).await {
                break ended;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let runs_after_restart = runs(&http, &server, &arn, last_line).await;
        let id = arn.rsplit('/').next().unwrap_or_default();
        server.stop().await;
        Self {
            crashed,
            result: comparable(&status["result"]),
            operations,
            progress: progress(&status),
            recorded_before_restart: recorded.remove(id).unwrap_or_default(),
            runs_after_restart,
        }
    }
}

/// Does what a person at the page would do next; returns the application's status. None when the
/// server cannot be reached, or the application was not accepted: a person would try again.
async fn step_on(
    http: &Http,
    server: &ServerProcess,
    application: &mut Option<String>,
) -> Option<Value> {
    let Some(id) = application else {
        let alice = json!({
            "name": "Alice Johnson", "address": "1 Main Street", "phone": "613-555-0101",
            "sin": "1111", "loan_amount": 150_000,
        });
        let answer = http.post(&format!("{}/apply", server.api), &alice).await?;
        *application = answer["application_id"].as_str().map(str::to_owned);
        return None;
    };
    let status = http.get(&format!("{}/status/{id}", server.api)).await?;
    if status["status"] == "pending_approval" {
        let decision = json!({"approved": true});
        // Refused when it was given already and the status is behind; the next look will tell.
        let _answer = http
            .post(&format!("{}/approve/{id}", server.api), &decision)
            .await;
    }
    Some(status)
}

/// ARN and operations of the execution that succeeded; none before it has. (When the server dies between
/// the start of an execution and its acknowledgement, a person applies again: there are two, and the first
/// one waits for a manager who does not know of it.)
async fn ended_operations(http: &Http, server: &ServerProcess) -> Option<(String, Vec<String>)> {
    let list = "/2025-12-01/functions/LoanWorkflowFunction/durable-executions";
    let executions = http.get(&format!("{}{list}", server.endpoint)).await?;
    let executions = executions["DurableExecutions"].as_array()?;
    let ended = executions.iter().find(|one| one["Status"] == "SUCCEEDED")?;
    let arn = ended["DurableExecutionArn"].as_str()?;
    let encoded = http::encode(arn);
    let path = format!("/2025-12-01/durable-executions/{encoded}/history?MaxItems=1000");
    let history = http.get(&format!("{}{path}", server.endpoint)).await?;
    Some((arn.to_owned(), operations(history["Events"].as_array()?)))
}

/// Every operation once, with how it ended, out of the history.
fn operations(events: &[Value]) -> Vec<String> {
    let ids: Vec<i64> = events
        .iter()
        .filter_map(|event| event["EventId"].as_i64())
        .collect();
    let dense: Vec<i64> = (1..=ids.len() as i64).collect();
    assert_eq!(ids, dense, "events are numbered from 1 without gaps");
    let mut operations: BTreeMap<&str, String> = BTreeMap::new();
    for event in events {
        let (Some(id), Some(kind)) = (event["Id"].as_str(), event["EventType"].as_str()) else {
            continue;
        };
        // The execution itself has no sub-type.
        let Some(sub_type) = event["SubType"].as_str() else {
            continue;
        };
        let name = event["Name"].as_str().unwrap_or_default();
        let text = format!("{sub_type} {name} {kind}");
        let before = operations.insert(id, text);
        let ended = |kind: &str| kind.ends_with("Succeeded") || kind.ends_with("Failed");
        if let Some(before) = before {
            assert!(!ended(&before), "{id} ended as {before} and then {kind}");
        }
    }
    let mut operations: Vec<_> = operations.into_values().collect();
    operations.sort();
    operations
}

/// Entries that a replay did not write, without times and ids.
fn progress(status: &Value) -> Vec<String> {
    let entries = status["logs"].as_array().expect("an application has a log");
    let fresh = entries.iter().filter(|entry| entry["level"] != "replay");
    let text = |entry: &Value| {
        let message = entry["message"].as_str().unwrap_or_default();
        // An offer's id follows from the application's, which differs.
        let message = message.split("OFFER-").next().unwrap_or_default();
        format!("{} {} {message}", entry["step"], entry["level"])
    };
    let mut entries: Vec<_> = fresh.map(text).collect();
    entries.sort();
    entries
}

/// A result without the ids that follow from the application's own.
fn comparable(result: &Value) -> Value {
    let mut result = result.clone();
    if let Some(members) = result.as_object_mut() {
        members.retain(|name, _| {
            !matches!(
                name.as_str(),
                "application_id" | "offer_id" | "disbursement_ref"
            )
        });
    }
    result
}

/// How often each step's code ran in an execution, by the lines that it wrote after this one.
async fn runs(
    http: &Http,
    server: &ServerProcess,
    arn: &str,
    after: i64,
) -> BTreeMap<String, usize> {
    let execution = http::encode(arn);
    let path = format!(
        "{}/lambdura/v1/logs?execution={execution}&after={after}&limit=10000",
        server.endpoint
    );
    let logs = http.get(&path).await.expect("the logs");
    let mut runs = BTreeMap::new();
    for line in logs["lines"].as_array().expect("lines") {
        let Ok(line) = serde_json::from_str::<Value>(line["text"].as_str().unwrap_or_default())
        else {
            continue;
        };
        let message = line["message"].as_str().unwrap_or_default();
        for (step, text) in STEP_LINES {
            if message == text {
                let key = match line["bureau"].as_str() {
                    Some(bureau) => format!("{step} {bureau}"),
                    None => step.to_owned(),
                };
                *runs.entry(key).or_default() += 1;
            }
        }
    }
    runs
}
