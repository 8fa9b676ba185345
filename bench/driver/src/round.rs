//! One round: everything, once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use bench_driver::load::Load;
use bench_driver::processor_time::{ProcessorTime, memory_of};
use bench_driver::statistics::{median, quantile, seconds};

use crate::executions::{LOANS, LOANS_TOGETHER, TEN_STEPS, TEN_STEPS_TOGETHER};
use crate::{checkpoints, disk, executions, loopback};

/// The measured system.
#[derive(Debug)]
pub struct Subject {
    pub endpoint: SocketAddr,
    pub pid: u32,
    pub data_dir: PathBuf,
    pub with_loans: bool,
    /// Where the server that does nothing listens.
    pub loopback: SocketAddr,
}

/// How many pieces of each kind a round has: enough for half a second or more each.
mod pieces {
    pub const SYNCS: usize = 200;
    /// By concurrency.
    pub const REQUESTS: [(usize, usize); 3] = [(1, 2000), (16, 10_000), (64, 10_000)];
    pub const CHECKPOINTS: [(usize, usize); 3] = [(1, 300), (16, 3200), (64, 6400)];
    pub const TEN_STEPS: [(usize, usize); 2] = [(1, 40), (64, 1280)];
    pub const TEN_STEPS_TOGETHER: [(usize, usize); 2] = [(1, 40), (64, 1280)];
    pub const LOANS: [(usize, usize); 2] = [(1, 20), (64, 640)];
}

/// The results of a round.
#[derive(Debug)]
pub struct Round {
    /// Median time of one append with `fdatasync`, in seconds.
    pub sync: f64,
    pub loopback: Vec<Work>,
    pub checkpoints: Vec<Work>,
    pub ten_steps: Vec<Work>,
    /// In one process.
    pub ten_steps_together: Vec<Work>,
    /// Resident memory of the processes of either, after 64 at a time, in bytes.
    pub ten_steps_memory: u64,
    pub ten_steps_together_memory: u64,
    pub loans: Vec<Work>,
    /// In one process.
    pub loans_together: Vec<Work>,
}

/// One kind of work at one concurrency.
#[derive(Debug)]
pub struct Work {
    pub concurrency: usize,
    /// Pieces per second.
    pub rate: f64,
    /// Median and 99th percentile of a piece's time, in seconds.
    pub latency: f64,
    pub latency_p99: f64,
    /// Per piece.
    pub processor_time: ProcessorTime,
}

/// Starts everything that is started only once: function processes, connections, caches.
pub async fn warm_up(subject: &Subject) -> Result<()> {
    loopback::requests(subject.loopback, 64, 1000).await?;
    checkpoints::checkpoints(subject.endpoint, 64, 640)
        .await
        .context("warm up the checkpoints")?;
    for function in [TEN_STEPS, TEN_STEPS_TOGETHER] {
        executions::ten_steps(subject.endpoint, function, 64, 256)
            .await
            .context("warm up the ten steps")?;
    }
    if subject.with_loans {
        for function in [LOANS, LOANS_TOGETHER] {
            executions::loans(subject.endpoint, function, 64, 256)
                .await
                .context("warm up the loans")?;
        }
    }
    Ok(())
}

/// Measures everything once.
pub async fn measure(subject: &Subject) -> Result<Round> {
    // Syncs are measured before and after the work that is compared with them, in case the disk's speed changes.
    let mut syncs = sync_times(subject)?;
    let mut loopback = Vec::new();
    for (concurrency, count) in pieces::REQUESTS {
        let load = loopback::requests(subject.loopback, concurrency, count);
        loopback.push(work(subject, concurrency, load).await?);
    }
    let mut checkpoints = Vec::new();
    for (concurrency, count) in pieces::CHECKPOINTS {
        let load = checkpoints::checkpoints(subject.endpoint, concurrency, count);
        checkpoints.push(
            work(subject, concurrency, load)
                .await
                .context("checkpoints")?,
        );
    }
    let ten_steps = ten_steps(subject, TEN_STEPS, pieces::TEN_STEPS).await?;
    let ten_steps_memory = memory_of(subject.pid, TEN_STEPS);
    let ten_steps_together =
        self::ten_steps(subject, TEN_STEPS_TOGETHER, pieces::TEN_STEPS_TOGETHER).await?;
    let ten_steps_together_memory = memory_of(subject.pid, TEN_STEPS_TOGETHER);
    let loans = self::loans(subject, LOANS).await?;
    let loans_together = self::loans(subject, LOANS_TOGETHER).await?;
    syncs.extend(sync_times(subject)?);
    Ok(Round {
        sync: median(&seconds(&syncs)),
        loopback,
        checkpoints,
        ten_steps,
        ten_steps_together,
        ten_steps_memory,
        ten_steps_together_memory,
        loans,
        loans_together,
    })
}

async fn loans(subject: &Subject, function: &'static str) -> Result<Vec<Work>> {
    let mut done = Vec::new();
    let kinds = if subject.with_loans {
        &pieces::LOANS[..]
    } else {
        &[]
    };
    for &(concurrency, count) in kinds {
        let load = executions::loans(subject.endpoint, function, concurrency, count);
        let work = work(subject, concurrency, load).await;
        done.push(work.with_context(|| format!("loans of {function}"))?);
    }
    Ok(done)
}

async fn ten_steps(
    subject: &Subject,
    function: &'static str,
    pieces: [(usize, usize); 2],
) -> Result<Vec<Work>> {
    let mut done = Vec::new();
    for (concurrency, count) in pieces {
        let load = executions::ten_steps(subject.endpoint, function, concurrency, count);
        let work = work(subject, concurrency, load).await;
        done.push(work.with_context(|| format!("ten steps of {function}"))?);
    }
    Ok(done)
}

fn sync_times(subject: &Subject) -> Result<Vec<Duration>> {
    disk::sync_times(&subject.data_dir, pieces::SYNCS / 2)
}

async fn work(
    subject: &Subject,
    concurrency: usize,
    load: impl Future<Output = Result<Load>>,
) -> Result<Work> {
    let before = ProcessorTime::look(subject.pid);
    let load = load
        .await
        .with_context(|| format!("at concurrency {concurrency}"))?;
    let after = ProcessorTime::look(subject.pid);
    let latencies = seconds(&load.latencies);
    Ok(Work {
        concurrency,
        rate: load.rate(),
        latency: median(&latencies),
        latency_p99: quantile(&latencies, 0.99),
        processor_time: after.since(before, latencies.len()),
    })
}
