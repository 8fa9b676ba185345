//! How many transitions a second the store commits, and how much processor time of the database that takes.
//!
//! `cargo run -p store-postgres --release --example postgres_commit_rate -- URL`
//!
//! Each of 1, 16 and 64 callers runs executions one after the other: a start, ten checkpoints that each begin and end a
//! step with a small result (one operation, two events), and the end. The transitions are made beforehand, so that only
//! the store is measured. Processor time is that of all processes of a server on this machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{InvocationOutcome, Output, Transition};
use model::Payload;
use store::{Executions, Store as _};
use store_postgres::PostgresStore;
use tokio_postgres::NoTls;
use work::{parent, processor_time, started, step};

mod work;

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

/// All transitions of one caller, in order.
type Script = Vec<Arc<Transition>>;

fn scripts(callers: usize) -> Vec<Script> {
    let each = executions(callers) / callers;
    (0..callers)
        .map(|_| (0..each).flat_map(|_| script(fastrand::u64(..))).collect())
        .collect()
}

fn script(number: u64) -> Script {
    let (start, mut subject) = started(number);
    let mut script = vec![start];
    for number in 0..STEPS {
        let input = subject.checkpoint(step(number));
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
