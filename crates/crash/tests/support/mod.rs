//! One loan application, through a server that may die on the way.

mod built;
mod http;
mod loan;
mod process;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use crash::CrashPoint;
use serde_json::{Value, json};

use http::Http;
pub use loan::Loan;
use process::ServerProcess;
use world::World;

/// The log line that each step of the durable function writes when it runs.
const STEP_LINES: [(&str, &str); 5] = [
    ("validate_application", "validating the application"),
    ("pull_credit_report", "pulling a credit report"),
    ("calculate_risk_score", "calculating the risk"),
    ("generate_loan_offer", "working out the offer"),
    ("disburse_funds", "disbursing the loan"),
];

/// The log line that each task of the state machine writes, with the task beside it.
const TASK_LINE: &str = "doing a task";

/// What carries an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Durable,
    StateMachine,
}

impl Engine {
    /// As the form says it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::StateMachine => "state-machine",
        }
    }

    /// The function whose execution it is.
    fn function(self) -> &'static str {
        match self {
            Self::Durable => "LoanWorkflowFunction",
            Self::StateMachine => "LoanStateMachine",
        }
    }
}

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
    /// How often each step or task was on record when the server was started again.
    pub recorded_before_restart: BTreeMap<String, usize>,
    /// How often the code of each ran after that; where nothing died, at all.
    pub runs_after_restart: BTreeMap<String, usize>,
    /// The kinds of each write of the first server.
    pub writes: Vec<BTreeSet<String>>,
    /// The kinds of the write at which it died.
    pub died_at: BTreeSet<String>,
}

impl Journey {
    /// Runs Alice's application, with the server dying at a crash point and being started again.
    pub async fn run(loan: &Loan, engine: Engine, crash_at: Option<&CrashPoint>) -> Self {
        let mut world = World::start(loan, crash_at).await;
        let mut alice = Alice {
            engine,
            application: None,
            has_decided: false,
        };
        let status = world
            .until(async |http, server, _| {
                let status = alice.step_on(http, server).await.ok_or("no answer")?;
                match status["status"].as_str() {
                    Some("approved") => Ok(status),
                    Some("denied" | "failed") => panic!("{crash_at:?}: {status}"),
                    _ => Err(format!("decided: {}; {status}", alice.has_decided)),
                }
            })
            .await;
        let id = alice.application.expect("it was accepted");
        // The application is approved a moment before its execution has ended and is on record as such.
        let ended = world
            .until(async |http, server, _| ended(http, server, engine, &id).await)
            .await;
        assert_eq!(
            numbers_alike(&ended.result),
            numbers_alike(&status["result"]),
            "{crash_at:?}: what the execution returned, and what the page shows"
        );
        let runs_after_restart = world
            .until(async |http, server, after| match engine {
                Engine::Durable => step_runs(http, server, &ended.arn, after).await,
                Engine::StateMachine => task_runs(http, server, &id, after).await,
            })
            .await;
        let execution = ended.arn.rsplit('/').next().unwrap_or_default();
        let told = world.stop().await;
        let kinds = |line: &str| line.split(' ').map(str::to_owned).collect();
        let died_at = told.writes.iter().find_map(|line| line.strip_prefix('!'));
        Self {
            crashed: told.crashed,
            result: comparable(&status["result"]),
            operations: ended.operations,
            progress: progress(&status),
            recorded_before_restart: told.recorded.get(execution).cloned().unwrap_or_default(),
            runs_after_restart,
            died_at: died_at.map(kinds).unwrap_or_default(),
            writes: told.writes.iter().map(|line| kinds(line)).collect(),
        }
    }
}

/// Who applies, and the manager.
struct Alice {
    engine: Engine,
    /// Set once the API has accepted the application: from then on it must not be lost.
    application: Option<String>,
    /// Set once the API has accepted the decision: it is not given again, and must not be lost either.
    has_decided: bool,
}

impl Alice {
    /// Does what a person at the page would do next; returns the application's status. None when the server cannot be
    /// reached, or the application was not accepted: a person would try again.
    async fn step_on(&mut self, http: &Http, server: &ServerProcess) -> Option<Value> {
        let Some(id) = &self.application else {
            let form = json!({
                "name": "Alice Johnson", "address": "1 Main Street", "phone": "613-555-0101",
                "sin": "1111", "loan_amount": 150_000, "engine": self.engine.as_str(),
            });
            let answer = http.post(&format!("{}/apply", server.api), &form).await?;
            self.application = answer["application_id"].as_str().map(str::to_owned);
            return None;
        };
        let status = http.get(&format!("{}/status/{id}", server.api)).await?;
        if status["status"] == "pending_approval" && !self.has_decided {
            let decision = json!({"approved": true});
            // Refused when it was given already and the status is behind; the next look will tell.
            let url = format!("{}/approve/{id}", server.api);
            self.has_decided = http.post(&url, &decision).await.is_some();
        }
        Some(status)
    }
}

/// An execution that succeeded.
struct Ended {
    arn: String,
    result: Value,
    operations: Vec<String>,
}

/// The execution of an application, which has the application's id as its name. (When the server dies between the start
/// of an execution and its acknowledgement, a person applies again: there are two, and the first one waits for a manager
/// who does not know of it.)
async fn ended(
    http: &Http,
    server: &ServerProcess,
    engine: Engine,
    application: &str,
) -> Result<Ended, String> {
    let of = format!("{}/2025-12-01", server.endpoint);
    let function = engine.function();
    let list =
        format!("{of}/functions/{function}/durable-executions?DurableExecutionName={application}");
    let found = http.get(&list).await.ok_or("no list")?;
    let arn = found["DurableExecutions"][0]["DurableExecutionArn"].as_str();
    let arn = arn.ok_or("no such execution")?.to_owned();
    let one = format!("{of}/durable-executions/{}", http::encode(&arn));
    let execution = http.get(&one).await.ok_or("no execution")?;
    let status = execution["Status"].as_str().unwrap_or_default();
    assert!(
        matches!(status, "RUNNING" | "SUCCEEDED"),
        "the application is approved, but its execution: {execution:#}"
    );
    if status == "RUNNING" {
        return Err("its execution goes on".to_owned());
    }
    let history = http.get(&format!("{one}/history?MaxItems=1000")).await;
    let history = history.ok_or("no history")?;
    let result = execution["Result"].as_str().unwrap_or_default();
    Ok(Ended {
        result: serde_json::from_str(result).expect("a result of JSON"),
        operations: operations(history["Events"].as_array().expect("events")),
        arn,
    })
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

/// A result with the numbers that the table returns as whole ones written as the others are.
fn numbers_alike(result: &Value) -> Value {
    let members = result.as_object().expect("a result has members");
    let alike = members.iter().map(|(name, value)| {
        let value = value.as_f64().map_or_else(|| value.clone(), Value::from);
        (name.clone(), value)
    });
    Value::Object(alike.collect())
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
async fn step_runs(
    http: &Http,
    server: &ServerProcess,
    arn: &str,
    after: i64,
) -> Result<BTreeMap<String, usize>, String> {
    let of = format!("execution={}", http::encode(arn));
    let mut runs = BTreeMap::new();
    for line in lines(http, server, &of, after).await? {
        let message = line["message"].as_str().unwrap_or_default();
        if let Some((step, _)) = STEP_LINES.iter().find(|(_, text)| *text == message) {
            let key = match line["bureau"].as_str() {
                Some(bureau) => format!("{step} {bureau}"),
                None => (*step).to_owned(),
            };
            *runs.entry(key).or_default() += 1;
        }
    }
    Ok(runs)
}

/// How often each task was done for an application, in the same way.
async fn task_runs(
    http: &Http,
    server: &ServerProcess,
    application: &str,
    after: i64,
) -> Result<BTreeMap<String, usize>, String> {
    let mut runs = BTreeMap::new();
    for line in lines(http, server, "function=LoanTaskFunction", after).await? {
        if line["message"] == TASK_LINE && line["application_id"] == application {
            let task = line["task"].as_str().expect("a task has a name");
            *runs.entry(task.to_owned()).or_default() += 1;
        }
    }
    Ok(runs)
}

/// The log lines after one that are JSON.
async fn lines(
    http: &Http,
    server: &ServerProcess,
    of: &str,
    after: i64,
) -> Result<Vec<Value>, String> {
    let path = format!("/lambdura/v1/logs?{of}&after={after}&limit=10000");
    let url = format!("{}{path}", server.endpoint);
    let logs = http.get(&url).await.ok_or("no logs")?;
    assert!(logs["next_after"].is_null(), "the logs fit one page");
    let lines = logs["lines"].as_array().expect("lines");
    let texts = lines.iter().filter_map(|line| line["text"].as_str());
    Ok(texts
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect())
}
