//! The costs of each kind of transition for the database: processor time, bytes and syncs of its log, rows; the room of
//! a suspended execution on its disk; and the costs of a server's beat. docs/scale.md reckons with the figures.
//!
//! `cargo run -p store-postgres --example costs`
//!
//! It starts a PostgreSQL of its own with the settings of production (`fsync`, `full_page_writes`), and removes it.
//! The figures contain only the database's work, and nothing of this program, so a debug build gives the same ones.

#[path = "../../tests/support/mod.rs"]
mod support;
#[path = "../work/mod.rs"]
mod work;

mod measure;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{Input, InvocationOutcome, Output, Transition};
use measure::Meter;
use model::{
    CallbackOptions, OperationDetails, OperationType, OperationUpdate, Owner, Payload, Timestamp,
    UpdateAction,
};
use store::conformance::Subject;
use store::{Executions as _, ServerRecord, Servers as _, Store as _};
use store_postgres::PostgresStore;
use support::Server;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// As many callers as are measured.
const MOST_CALLERS: usize = 64;
/// Executions of the measurement with most callers.
const EXECUTIONS: usize = 10_000;
/// Steps of each.
const STEPS: usize = 10;
/// Beats of each measurement of them.
const BEATS: usize = 500;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let executions = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => EXECUTIONS,
    };
    let server = Server::start(&[
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("shared_buffers", "1GB"),
        ("max_wal_size", "20GB"),
        ("checkpoint_timeout", "1h"),
    ]);
    println!(
        "{}\n",
        Meter::of(&server.url("postgres")).await?.version().await?
    );
    println!(
        "| what | callers | processor µs | log bytes | of these page images | syncs | rows written | a commit |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut sizes = String::new();
    let parts = [
        (1, executions / 10),
        (16, executions / 2),
        (MOST_CALLERS, executions),
    ];
    for (callers, count) in parts {
        let database = server.database().await;
        let mut meter = Meter::of(&database).await?;
        let store = Arc::new(PostgresStore::open(&database, support::ACCOUNT).await?);
        let mut subjects = suspend(&store, &mut meter, callers, count.max(callers)).await?;
        if callers == MOST_CALLERS {
            sizes = suspended(&mut meter, subjects.len()).await?;
        }
        end(&store, &mut meter, callers, &mut subjects).await?;
        store.close().await?;
    }
    println!("\nA suspended execution with {STEPS} steps that waits for a callback:\n\n{sizes}");
    println!("\nThat a server says it lives, and reads who owns which of 256 shards:\n");
    println!("| servers | processor µs | log bytes |");
    println!("| --- | --- | --- |");
    for servers in [1, 16, 64, 256] {
        let url = server.database().await;
        let store = PostgresStore::open(&url, support::ACCOUNT).await?;
        beats(&store, &mut Meter::of(&url).await?, servers).await?;
        store.close().await?;
    }
    Ok(())
}

/// Runs executions in step, so that each kind of transition is measured by itself, until they wait for a callback.
async fn suspend(
    store: &Arc<PostgresStore>,
    meter: &mut Meter,
    callers: usize,
    count: usize,
) -> Result<Vec<Subject>, Failure> {
    meter.since_last().await?;
    let (starts, mut subjects): (Vec<_>, Vec<_>) =
        (0..count).map(|_| work::started(fastrand::u64(..))).unzip();
    commit(store, meter, "start", callers, starts).await?;
    let mut steps = Vec::new();
    for number in 0..STEPS {
        steps.extend(apply(&mut subjects, |it| {
            it.checkpoint(work::step(number))
        })?);
    }
    commit(store, meter, "step", callers, steps).await?;
    let callbacks = apply(&mut subjects, |it| it.checkpoint(callback(STEPS)))?;
    commit(store, meter, "callback begun", callers, callbacks).await?;
    let pending = InvocationOutcome::Returned(Output::Pending);
    let pending = apply(&mut subjects, |it| it.invocation_ended(pending.clone()))?;
    commit(store, meter, "suspended", callers, pending).await?;
    Ok(subjects)
}

/// Answers the callbacks, and lets the executions end.
async fn end(
    store: &Arc<PostgresStore>,
    meter: &mut Meter,
    callers: usize,
    subjects: &mut [Subject],
) -> Result<(), Failure> {
    let result = Payload::from("{\"approved\":true}");
    let answered = apply(subjects, |it| answer(it, &result))?;
    commit(
        store,
        meter,
        "callback answered, invoked again",
        callers,
        answered,
    )
    .await?;
    let ended = InvocationOutcome::Returned(Output::Succeeded(Some(result)));
    let ended = apply(subjects, |it| it.invocation_ended(ended.clone()))?;
    commit(store, meter, "end", callers, ended).await
}

fn answer(subject: &Subject, result: &Payload) -> Option<Input> {
    let mut operations = subject.execution.operations();
    operations.find_map(|operation| match &operation.details {
        OperationDetails::Callback { callback_id, .. } => Some(Input::CallbackSucceeded {
            operation_id: operation.id.clone(),
            callback_id: callback_id.clone(),
            result: Some(result.clone()),
        }),
        OperationDetails::Execution { .. }
        | OperationDetails::Context { .. }
        | OperationDetails::Step { .. }
        | OperationDetails::Wait { .. }
        | OperationDetails::ChainedInvoke { .. } => None,
    })
}

fn apply(
    subjects: &mut [Subject],
    input: impl Fn(&Subject) -> Option<Input>,
) -> Result<Vec<Arc<Transition>>, Failure> {
    let one = |subject: &mut Subject| {
        let input = input(subject).ok_or("the execution is not where it should be")?;
        let transition = subject
            .transition(input)
            .map_err(|error| format!("{error:?}"))?;
        subject.absorb(&transition);
        Ok(transition)
    };
    subjects.iter_mut().map(one).collect()
}

/// The checkpoint that begins a callback with a timeout of thirty days: one operation, one event, a deadline.
fn callback(number: usize) -> Vec<OperationUpdate> {
    let kind = OperationType::Callback;
    vec![OperationUpdate {
        callback_options: Some(CallbackOptions {
            timeout_seconds: Some(30 * 24 * 3600),
            heartbeat_timeout_seconds: None,
        }),
        ..work::update(number, "approval", kind, UpdateAction::Start)
    }]
}

/// Commits, with so many callers at once, and prints the cost of one.
async fn commit(
    store: &Arc<PostgresStore>,
    meter: &mut Meter,
    what: &str,
    callers: usize,
    transitions: Vec<Arc<Transition>>,
) -> Result<(), Failure> {
    let count = transitions.len() as f64;
    // Transitions of one execution stay in order: each caller has executions of its own.
    let mut scripts = vec![Vec::new(); callers];
    let mut caller_of = BTreeMap::new();
    for transition in transitions {
        let next = caller_of.len() % callers;
        let id = transition.spec.arn.id.clone();
        let caller = *caller_of.entry(id).or_insert(next);
        scripts[caller].push(transition);
    }
    let commits = store.stats().commits;
    let running: Vec<_> = scripts
        .into_iter()
        .map(|script| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for transition in script {
                    store.commit(transition).await?;
                }
                Ok::<(), store::CommitError>(())
            })
        })
        .collect();
    for caller in running {
        caller.await??;
    }
    let used = meter.since_last().await?;
    let commits = (store.stats().commits - commits).max(1) as f64;
    println!(
        "| {what} | {callers} | {:.0} | {:.0} | {:.2} | {:.3} | {:.2} | {:.1} |",
        used.processor.as_secs_f64() * 1e6 / count,
        used.log_bytes as f64 / count,
        used.page_images as f64 / count,
        used.syncs as f64 / count,
        used.rows as f64 / count,
        count / commits,
    );
    Ok(())
}

/// The sizes of the tables, by execution: all executions in them are suspended.
async fn suspended(meter: &mut Meter, executions: usize) -> Result<String, Failure> {
    let mut text =
        "| table | heap, bytes | indexes, bytes | rows |\n| --- | --- | --- | --- |\n".to_owned();
    let (mut heap, mut indexes) = (0.0, 0.0);
    for table in meter.tables().await? {
        let each = |bytes: i64| bytes as f64 / executions as f64;
        text.push_str(&format!(
            "| {} | {:.0} | {:.0} | {:.1} |\n",
            table.name,
            each(table.heap),
            each(table.indexes),
            each(table.rows)
        ));
        heap += each(table.heap);
        indexes += each(table.indexes);
    }
    Ok(text + &format!("| all | {heap:.0} | {indexes:.0} | |\n"))
}

/// Servers that say in turn that they live.
async fn beats(store: &PostgresStore, meter: &mut Meter, servers: usize) -> Result<(), Failure> {
    let lease = Duration::from_secs(3600);
    let record = |number: usize| ServerRecord {
        id: Owner(number as u64 + 1),
        address: format!("10.0.{}.{}:3002", number / 256, number % 256),
        secret: "0123456789abcdef0123456789abcdef".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: Timestamp::from_millis(0),
        is_leaving: false,
    };
    for number in 0..servers {
        let seen = store.beat(record(number), lease).await?;
        // As even as they would be.
        let share = seen
            .free()
            .iter()
            .filter(|shard| usize::from(shard.0) % servers == number);
        store.claim(record(number).id, share.collect()).await?;
    }
    meter.since_last().await?;
    for number in 0..BEATS {
        store.beat(record(number % servers), lease).await?;
        store.take_word(record(number % servers).id).await?;
    }
    let used = meter.since_last().await?;
    println!(
        "| {servers} | {:.0} | {:.0} |",
        used.processor.as_secs_f64() * 1e6 / BEATS as f64,
        used.log_bytes as f64 / BEATS as f64,
    );
    Ok(())
}
