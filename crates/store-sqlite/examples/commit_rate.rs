//! How many transitions a second the store commits on this disk, beside the rate of the disk itself.
//!
//! `cargo run -p store-sqlite --release --example commit_rate -- [DIRECTORY [disk|os|memory]]`
//!
//! Each of 1, 16 and 64 callers runs executions one after the other: a start, ten checkpoints that
//! each begin and end a step with a small result (one operation, two events), and the end. The
//! transitions are made beforehand, so that only the store is measured.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{InvocationOutcome, Output, Transition};
use model::{
    ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn, FunctionName, Limits,
    OperationId, OperationType, OperationUpdate, Payload, Timestamp, Trigger, UpdateAction,
    Version,
};
use store::conformance::Subject;
use store::{Durability, Executions};
use store_sqlite::SqliteStore;

const STEPS: usize = 10;

/// Executions for one measurement, over all callers; few for one caller, who waits for every fsync.
const fn executions(callers: usize) -> usize {
    if callers == 1 { 60 } else { 100 * callers }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let durability = match arguments.next().as_deref() {
        None | Some("disk") => Durability::Disk,
        Some("os") => Durability::Os,
        Some("memory") => Durability::Memory,
        Some(other) => return Err(format!("`{other}` is not disk, os or memory").into()),
    };
    let directory = tempfile::TempDir::new_in(directory)?;
    let sync = sync_time(directory.path())?;
    println!("durability {}", durability.as_str());
    println!("fsync of 4 KiB appended: {}", millis(sync.appended));
    println!("fsync of 4 KiB overwritten: {}", millis(sync.overwritten));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    println!("callers  commits/s  p50        p99        max");
    for callers in [1, 16, 64] {
        let path = directory.path().join(format!("{callers}.db"));
        let store = Arc::new(SqliteStore::open(&path, durability)?);
        let scripts = scripts(callers);
        let measured = runtime.block_on(measure(&store, scripts));
        print_row(callers, measured);
    }
    Ok(())
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

struct SyncTime {
    appended: Duration,
    overwritten: Duration,
}

/// Medians of a hundred.
fn sync_time(directory: &Path) -> io::Result<SyncTime> {
    let mut file = File::create(directory.join("sync"))?;
    let mut round = || -> io::Result<Duration> {
        file.seek(SeekFrom::Start(0))?;
        let mut times = Vec::new();
        for _ in 0..100 {
            file.write_all(&[7; 4096])?;
            let begun = Instant::now();
            file.sync_all()?;
            times.push(begun.elapsed());
        }
        times.sort();
        Ok(times[times.len() / 2])
    };
    Ok(SyncTime {
        appended: round()?,
        overwritten: round()?,
    })
}

/// All transitions of one caller, in order.
type Script = Vec<Arc<Transition>>;

fn scripts(callers: usize) -> Vec<Script> {
    let each = executions(callers) / callers;
    (0..callers)
        .map(|caller| {
            let numbers = (0..each).map(|number| caller * each + number);
            numbers.flat_map(|number| script(number as u64)).collect()
        })
        .collect()
}

fn script(number: u64) -> Script {
    let mut chance = engine::Chance::new(number, !number);
    let now = Timestamp::from_millis(1_790_000_000_000 + number.cast_signed());
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
    let id = format!("{:064x}", step as u64 * 0x9e37_79b9_7f4a_7c15);
    let id = OperationId::parse(&id).expect("hexadecimal digits");
    let update = |action, payload: Option<&str>| OperationUpdate {
        name: Some(format!("step_number_{step}")),
        sub_type: Some("Step".to_owned()),
        payload: payload.map(Payload::from),
        ..OperationUpdate::new(id.clone(), OperationType::Step, action)
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

async fn measure(store: &Arc<SqliteStore>, scripts: Vec<Script>) -> Measured {
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

async fn run(store: Arc<SqliteStore>, script: Script) -> Vec<Duration> {
    let mut latencies = Vec::with_capacity(script.len());
    for transition in script {
        let begun = Instant::now();
        store.commit(transition).await.expect("the store works");
        latencies.push(begun.elapsed());
    }
    latencies
}

fn print_row(callers: usize, measured: Measured) {
    let Measured { elapsed, latencies } = measured;
    let rate = latencies.len() as f64 / elapsed.as_secs_f64();
    let at = |part: f64| millis(latencies[((latencies.len() - 1) as f64 * part) as usize]);
    println!(
        "{callers:>7}  {rate:>9.0}  {:<9}  {:<9}  {}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
