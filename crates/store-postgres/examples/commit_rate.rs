//! How many transitions a second the store commits, and what that costs the database's processors.
//!
//! `cargo run -p store-postgres --release --example commit_rate -- URL`
//!
//! Each of 1, 16 and 64 callers runs executions one after the other: a start, ten checkpoints that each begin and end a
//! step with a small result (one operation, two events), and the end. The transitions are made beforehand, so that only
//! the store is measured. Processor time is that of all processes of a server on this machine.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use engine::{InvocationOutcome, Output, Transition};
use model::{
    ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn, FunctionName, Limits,
    OperationId, OperationType, OperationUpdate, Payload, Timestamp, Trigger, UpdateAction,
    Version,
};
use store::conformance::Subject;
use store::{Executions, Store as _};
use store_postgres::PostgresStore;
use tokio_postgres::NoTls;

const STEPS: usize = 10;

/// Executions for one measurement, over all callers.
const fn executions(callers: usize) -> usize {
    if callers == 1 { 150 } else { 50 * callers }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1);
    let url = url.ok_or("the first argument is the URL of a database that may be written to")?;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await?;
    let server = parent(row.get(0))?;
    println!(
        "callers  transitions/s  p50        p99        max        writes/commit  database's processor time"
    );
    for callers in [1, 16, 64] {
        let store = Arc::new(PostgresStore::open(&url, "000000000000").await?);
        let scripts = scripts(callers);
        let before = processor_time(server)?;
        let measured = measure(&store, scripts).await;
        let used = processor_time(server)?.saturating_sub(before);
        let stats = store.stats();
        let rate = measured.latencies.len() as f64 / measured.elapsed.as_secs_f64();
        let at = |part: f64| {
            let place = (measured.latencies.len() - 1) as f64 * part;
            format!(
                "{:.2} ms",
                measured.latencies[place as usize].as_secs_f64() * 1e3
            )
        };
        println!(
            "{callers:>7}  {rate:>13.0}  {:<9}  {:<9}  {:<9}  {:>13.1}  {:.0} µs a transition",
            at(0.5),
            at(0.99),
            at(1.0),
            stats.writes as f64 / stats.commits.max(1) as f64,
            used.as_secs_f64() * 1e6 / measured.latencies.len() as f64,
        );
        store.close().await?;
    }
    Ok(())
}

/// The process that started this one: the server, of a backend.
fn parent(process: i32) -> Result<i32, Box<dyn std::error::Error>> {
    Ok(fields(process)?.get(1).ok_or("no parent")?.parse()?)
}

/// What `/proc` says of a process, after its name.
fn fields(process: i32) -> std::io::Result<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').unwrap_or(("", &stat));
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// What a server and its processes have used so far, those that have ended included.
fn processor_time(server: i32) -> Result<Duration, Box<dyn std::error::Error>> {
    let mut ticks = 0_u64;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(process) = entry?.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        // It may have ended meanwhile.
        let Ok(fields) = fields(process) else {
            continue;
        };
        let is_of_server = process == server || fields.get(1) == Some(&server.to_string());
        if !is_of_server {
            continue;
        }
        // User and system time; of the server that of its children that have ended, too.
        let places = if process == server { 11..15 } else { 11..13 };
        for field in &fields[places] {
            ticks += field.parse::<u64>()?;
        }
    }
    // A hundred ticks a second, on every Linux there is.
    Ok(Duration::from_millis(ticks * 10))
}

/// All transitions of one caller, in order.
type Script = Vec<Arc<Transition>>;

fn scripts(callers: usize) -> Vec<Script> {
    let each = executions(callers) / callers;
    (0..callers)
        .map(|_| (0..each).flat_map(|_| script(fastrand::u64(..))).collect())
        .collect()
}

fn script(number: u64) -> Script {
    let mut chance = engine::Chance::new(number, !number);
    let now = Timestamp::from(SystemTime::now());
    let id = chance.execution_id(now);
    let start = Arc::new(engine::start(
        spec(id, now),
        engine::Context {
            now,
            chance,
            limits: &Limits::AWS,
            owner: model::Owner(1),
        },
    ));
    let mut subject = Subject::of(&start);
    let mut script = vec![start];
    for step in 0..STEPS {
        let input = subject.checkpoint(updates(step));
        let transition = subject
            .transition(input.expect("the invocation is active"))
            .expect("the step is accepted");
        subject.absorb(&transition);
        script.push(transition);
    }
    let output = Output::Succeeded(Some(Payload::from("{\"approved\":true}")));
    let input = subject.invocation_ended(InvocationOutcome::Returned(output));
    let end = subject.transition(input.expect("the invocation is active"));
    script.push(end.expect("the end is accepted"));
    script
}

fn spec(id: ExecutionId, now: Timestamp) -> ExecutionSpec {
    let function = FunctionArn {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        name: FunctionName::parse("LoanWorkflowFunction").expect("a valid name"),
    };
    ExecutionSpec {
        arn: ExecutionArn {
            function,
            version: Version::Published(1),
            name: ExecutionName::parse(id.as_str()).expect("a UUID is a valid name"),
            id,
        },
        started_at: now,
        input: Some(Payload::from("{\"amount\":150000,\"sin\":\"123456789\"}")),
        execution_timeout_seconds: 3600,
        retention_days: 7,
        result_bytes_max: 1024 * 1024,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    }
}

fn updates(step: usize) -> Vec<OperationUpdate> {
    // Ids as the SDKs make them: a digest in hexadecimal.
    let id = format!("{:064x}", (step as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let update = |action, payload: Option<&str>| OperationUpdate {
        id: OperationId::parse(&id).expect("hexadecimal digits"),
        parent_id: None,
        name: Some(format!("step_number_{step}")),
        sub_type: Some("Step".to_owned()),
        operation_type: OperationType::Step,
        action,
        payload: payload.map(Payload::from),
        error: None,
        replay_children: None,
        next_attempt_delay_seconds: None,
        wait_seconds: None,
        callback_options: None,
        chained_invoke: None,
    };
    let result = "{\"bureau\":\"equifax\",\"score\":720,\"report_date\":\"2026-11-23\"}";
    vec![
        update(UpdateAction::Start, None),
        update(UpdateAction::Succeed, Some(result)),
    ]
}

struct Measured {
    elapsed: Duration,
    latencies: Vec<Duration>,
}

async fn measure(store: &Arc<PostgresStore>, scripts: Vec<Script>) -> Measured {
    let begun = Instant::now();
    let callers: Vec<_> = scripts
        .into_iter()
        .map(|script| tokio::spawn(run(Arc::clone(store), script)))
        .collect();
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.extend(caller.await.expect("every commit succeeds"));
    }
    let elapsed = begun.elapsed();
    latencies.sort();
    Measured { elapsed, latencies }
}

async fn run(store: Arc<PostgresStore>, script: Script) -> Vec<Duration> {
    let mut latencies = Vec::with_capacity(script.len());
    for transition in script {
        let begun = Instant::now();
        store.commit(transition).await.expect("the store works");
        latencies.push(begun.elapsed());
    }
    latencies
}
