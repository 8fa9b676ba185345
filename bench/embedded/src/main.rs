//! How fast a program runs its own executions: ten steps, one caller and many, next to the limit of the disk.
//!
//! `cargo xtask bench` runs it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use lambdura::embedded::Embedded;
use lambdura::{BoxError, DurableContext, StepContext};
use serde_json::json;

/// Steps of one execution.
const STEPS: u32 = 10;

/// Bytes that a commit of one step writes, about, and that the disk has to sync.
const COMMIT_BYTES: usize = 16 * 1024;

#[derive(Debug, Parser)]
struct Arguments {
    /// An empty folder on the disk to measure
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// How long each measurement goes on
    #[arg(long, value_name = "N", default_value_t = 5)]
    seconds: u64,
    /// Callers at the same time
    #[arg(long, value_name = "N", default_values_t = [1, 64])]
    callers: Vec<usize>,
    /// Gets all numbers
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
}

async fn ten_steps(name: String, ctx: DurableContext) -> Result<u32, BoxError> {
    let mut sum = 0;
    for number in 0..STEPS {
        let length = u32::try_from(name.len())?;
        sum += ctx
            .step(move |_: StepContext| async move { Ok::<_, BoxError>(length + number) })
            .name("step")
            .await?;
    }
    Ok(sum)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let file = arguments.data_dir.join("app.db");
    let app = Embedded::builder(file)
        .handler("ten-steps", ten_steps)
        .open()
        .await?;
    let duration = Duration::from_secs(arguments.seconds);
    // The file, the log and the caches as they are in a program that has run for a while.
    measure(&app, 4, Duration::from_secs(1)).await?;
    let mut rows = Vec::new();
    for callers in &arguments.callers {
        let sync = sync_p50(&arguments.data_dir)?;
        let row = measure(&app, *callers, duration)
            .await?
            .into_json(*callers, sync);
        say(&row);
        rows.push(row);
    }
    app.shut_down().await?;
    if let Some(path) = &arguments.json {
        std::fs::write(path, json!({ "embedded": rows }).to_string())?;
    }
    Ok(())
}

fn say(row: &serde_json::Value) {
    let number = |name: &str| row[name].as_f64().unwrap_or_default();
    println!(
        "embedded, ten steps, {:>2} callers   p50 {:.2} ms, p99 {:.2} ms, {:.0} steps/s, {:.2} ms of processor time an \
         execution; a sync takes {:.3} ms",
        number("callers"),
        number("p50_ms"),
        number("p99_ms"),
        number("steps_per_second"),
        number("processor_ms_per_execution"),
        number("sync_p50_ms"),
    );
}

/// The results of one measurement.
struct Measured {
    latencies: Vec<Duration>,
    took: Duration,
    processor_time: Duration,
}

impl Measured {
    fn into_json(mut self, callers: usize, sync: Duration) -> serde_json::Value {
        self.latencies.sort_unstable();
        let at = |part: usize| {
            let index = self.latencies.len() * part / 100;
            millis(self.latencies[index.min(self.latencies.len() - 1)])
        };
        let executions = self.latencies.len();
        let count = u32::try_from(executions).unwrap_or(u32::MAX).max(1);
        json!({
            "callers": callers,
            "executions": executions,
            "p50_ms": at(50),
            "p99_ms": at(99),
            "steps_per_second": f64::from(count * STEPS) / self.took.as_secs_f64(),
            "processor_ms_per_execution": millis(self.processor_time / count),
            "sync_p50_ms": millis(sync),
        })
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Starts executions and waits for each, `callers` at the same time, for so long.
async fn measure(app: &Embedded, callers: usize, duration: Duration) -> Result<Measured, BoxError> {
    let number = Arc::new(AtomicUsize::new(0));
    let before = processor_time()?;
    let began = Instant::now();
    let calling: Vec<_> = (0..callers)
        .map(|_| {
            let (app, number) = (app.clone(), Arc::clone(&number));
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while began.elapsed() < duration {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    let called = Instant::now();
                    let execution = app.start("ten-steps", &format!("{number:08}")).await?;
                    let sum: u32 = execution.result().await?;
                    latencies.push(called.elapsed());
                    if sum != 8 * STEPS + (0..STEPS).sum::<u32>() {
                        return Err(format!("the steps come to {sum}").into());
                    }
                }
                Ok::<_, BoxError>(latencies)
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for caller in calling {
        latencies.extend(caller.await??);
    }
    Ok(Measured {
        latencies,
        took: began.elapsed(),
        processor_time: processor_time()?.saturating_sub(before),
    })
}

/// The time of one sync on this disk, of as many bytes as a commit writes.
fn sync_p50(folder: &Path) -> Result<Duration, BoxError> {
    use std::io::{Seek as _, Write as _};
    const SYNCS: usize = 200;
    let path = folder.join("sync");
    let mut file = std::fs::File::create(&path)?;
    let block = vec![0x5a; COMMIT_BYTES];
    // The file has its length before, as the write-ahead log has.
    file.write_all(&vec![0; COMMIT_BYTES * SYNCS])?;
    file.sync_all()?;
    file.rewind()?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    drop(file);
    std::fs::remove_file(path)?;
    took.sort_unstable();
    Ok(took[SYNCS / 2])
}

/// Processor time of this process so far.
fn processor_time() -> Result<Duration, BoxError> {
    /// Linux has a hundred a second on every architecture.
    const TICKS_PER_SECOND: u64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| -> Result<u64, BoxError> {
        let field = fields.get(index).ok_or("a field of /proc/self/stat")?;
        Ok(field.parse()?)
    };
    let ticks = ticks(11)? + ticks(12)?;
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}
