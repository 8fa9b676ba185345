//! Work that several workers do at the same time, each one piece after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::LocalSet;

/// How the work went.
#[derive(Debug)]
pub struct Load {
    /// From the first beginning to the last end.
    pub took: Duration,
    /// Time of every piece.
    pub latencies: Vec<Duration>,
}

impl Load {
    /// Pieces per second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }
}

/// Has `workers` do `count` pieces of work; each takes the next piece when it is done with one.
///
/// The first failure ends all.
pub async fn run<W: 'static>(
    workers: Vec<W>,
    count: usize,
    work: impl AsyncFn(&mut W, usize) -> Result<()> + 'static,
) -> Result<Load> {
    let (next, work) = (Arc::new(AtomicUsize::new(0)), Arc::new(work));
    let tasks = LocalSet::new();
    let started = Instant::now();
    let mut running = Vec::new();
    for mut worker in workers {
        let (next, work) = (Arc::clone(&next), Arc::clone(&work));
        running.push(tasks.spawn_local(async move {
            let mut latencies = Vec::new();
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= count {
                    return Ok(latencies);
                }
                let started = Instant::now();
                work(&mut worker, piece).await?;
                latencies.push(started.elapsed());
            }
        }));
    }
    let latencies = tasks.run_until(async move {
        let mut latencies = Vec::with_capacity(count);
        for task in running {
            let done: Result<Vec<Duration>> = task.await.context("a worker panicked")?;
            latencies.extend(done?);
        }
        anyhow::Ok(latencies)
    });
    let latencies = latencies.await?;
    Ok(Load {
        took: started.elapsed(),
        latencies,
    })
}
