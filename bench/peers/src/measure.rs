//! Closed loops: so many callers, each of which asks again when it was answered.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use serde::Serialize;

/// The results of a measurement; printed as a line of JSON.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub executions: usize,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processor time of the processes that were named, with all they started, by execution.
    pub processor_ms: f64,
    /// Their memory at the end: the proportional set size.
    pub memory_mib: f64,
    /// Processor time of the database, by execution; zero where it is a part of the processes.
    pub database_ms: f64,
}

/// Processes whose processor time and memory count. Processes that have ended are not seen.
#[derive(Clone, Debug)]
pub struct Processes(pub Vec<u32>);

/// Has `callers` callers do `work` for a while; work before the end of `warm_up` is not counted.
pub async fn closed_loop<W, F>(
    callers: usize,
    warm_up: Duration,
    time: Duration,
    processes: &Processes,
    database: &Processes,
    work: W,
) -> Result<Measured>
where
    W: Fn(u64) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send,
{
    let work = Arc::new(work);
    let (counts, stops) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let mut tasks = Vec::new();
    for caller in 0..callers as u64 {
        let (work, counts, stops) = (Arc::clone(&work), Arc::clone(&counts), Arc::clone(&stops));
        tasks.push(tokio::spawn(async move {
            let mut latencies = Vec::new();
            let mut number = caller << 32;
            while !stops.load(Ordering::Relaxed) {
                let began = Instant::now();
                work(number).await?;
                if counts.load(Ordering::Relaxed) {
                    latencies.push(began.elapsed().as_secs_f64() * 1e3);
                }
                number += 1;
            }
            anyhow::Ok(latencies)
        }));
    }
    tokio::time::sleep(warm_up).await;
    let before = processes.processor_seconds();
    let database_before = database.processor_seconds();
    let began = Instant::now();
    counts.store(true, Ordering::Relaxed);
    tokio::time::sleep(time).await;
    counts.store(false, Ordering::Relaxed);
    let took = began.elapsed();
    let used = processes.processor_seconds() - before;
    let database_used = database.processor_seconds() - database_before;
    let memory_mib = processes.memory_mib();
    stops.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.context("a caller panicked")??);
    }
    Ok(Measured {
        executions: latencies.len(),
        per_second: latencies.len() as f64 / took.as_secs_f64(),
        p50_ms: quantile(&mut latencies, 0.5),
        p99_ms: quantile(&mut latencies, 0.99),
        processor_ms: used * 1e3 / latencies.len().max(1) as f64,
        memory_mib,
        database_ms: database_used * 1e3 / latencies.len().max(1) as f64,
    })
}

/// Starts `count` executions at once, each of which waits, and returns how long after their due time they ended.
pub async fn burst<W, F>(
    count: usize,
    wait: Duration,
    processes: &Processes,
    work: W,
) -> Result<Measured>
where
    W: Fn(u64) -> F,
    F: Future<Output = Result<()>>,
{
    let before = processes.processor_seconds();
    let began = Instant::now();
    let late = (0..count as u64).map(|number| {
        let done = work(number);
        async move {
            // All of them are due `wait` after the last was started, as near as can be told from outside.
            done.await?;
            let late = began.elapsed().saturating_sub(wait);
            anyhow::Ok(late.as_secs_f64() * 1e3)
        }
    });
    let mut late = try_join_all(late).await?;
    let used = processes.processor_seconds() - before;
    Ok(Measured {
        executions: count,
        per_second: count as f64 / began.elapsed().as_secs_f64(),
        p50_ms: quantile(&mut late, 0.5),
        p99_ms: quantile(&mut late, 0.99),
        processor_ms: used * 1e3 / count as f64,
        memory_mib: processes.memory_mib(),
        database_ms: 0.0,
    })
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let position = (share * last as f64).round() as usize;
    values.get(position).copied().unwrap_or(f64::NAN)
}

impl Processes {
    /// Those of process ids with commas between them.
    ///
    /// # Errors
    ///
    /// When one of them is no process id.
    pub fn parse(pids: &str) -> Result<Self> {
        let pids = pids
            .split(',')
            .map(|pid| pid.parse().context("a process id"));
        Ok(Self(pids.collect::<Result<_>>()?))
    }

    fn all(&self) -> Vec<(u32, f64)> {
        let mut found: Vec<(u32, u32, f64)> = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            if let Some(process) = read_stat(&stat) {
                found.push(process);
            }
        }
        let mut pids = self.0.clone();
        let mut at = 0;
        while at < pids.len() {
            let parent = pids[at];
            let children = found.iter().filter(|(_, of, _)| *of == parent);
            let new: Vec<u32> = children
                .map(|(pid, _, _)| *pid)
                .filter(|pid| !pids.contains(pid))
                .collect();
            pids.extend(new);
            at += 1;
        }
        found.retain(|(pid, _, _)| pids.contains(pid));
        found
            .into_iter()
            .map(|(pid, _, used)| (pid, used))
            .collect()
    }

    fn processor_seconds(&self) -> f64 {
        self.all().into_iter().map(|(_, used)| used).sum()
    }

    fn memory_mib(&self) -> f64 {
        let kib = self.all().into_iter().map(|(pid, _)| {
            let rollup =
                fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
            number.unwrap_or(0.0)
        });
        kib.sum::<f64>() / 1024.0
    }
}

/// Process, parent, and seconds of the processor, its own and of its children that have ended; source:
/// proc_pid_stat(5).
fn read_stat(stat: &str) -> Option<(u32, u32, f64)> {
    let pid = stat.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields
        .get(11..15)?
        .iter()
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Some((pid, fields.get(1)?.parse().ok()?, ticks as f64 / 100.0))
}
