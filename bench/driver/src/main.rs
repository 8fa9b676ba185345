//! Measures a running system, next to what disk and loopback allow.
//!
//! `cargo xtask bench` builds everything, starts the system of `bench/template.yaml` and runs this program against it.
//! Measurements come in rounds, each of which measures everything once, so that a disk or a neighbour that has a bad
//! minute shows in all numbers of a round and not in one. What is reported is the median of the rounds.

mod checkpoints;
mod disk;
mod executions;
mod loopback;

mod report;
mod round;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use bench_driver::machine::Machine;
use clap::Parser;

use report::Report;
use round::{Subject, measure, warm_up};

/// Measure a running system
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the system's Lambda API listens
    #[arg(long, value_name = "ADDR:PORT")]
    endpoint: SocketAddr,
    /// Process id of the system: whose processor time is counted
    #[arg(long)]
    pid: u32,
    /// A folder on the disk that the system writes to
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Rounds; the median of them is reported
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Leave the loan workflow out, which takes most of the time
    #[arg(long)]
    without_loans: bool,
    /// What is measured, such as a commit
    #[arg(long, default_value = "")]
    revision: String,
    /// Gets all numbers as JSON
    #[arg(long, value_name = "PATH")]
    json: PathBuf,
}

/// One thread: on two cores, the system that is measured needs them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let subject = Subject {
        endpoint: arguments.endpoint,
        pid: arguments.pid,
        data_dir: arguments.data_dir,
        with_loans: !arguments.without_loans,
        loopback: loopback::serve().context("serve the loopback's own limit")?,
    };
    eprintln!("    warming up");
    warm_up(&subject).await?;
    let mut rounds = Vec::new();
    for number in 1..=arguments.rounds {
        eprintln!("    round {number} of {}", arguments.rounds);
        rounds.push(
            measure(&subject)
                .await
                .with_context(|| format!("round {number}"))?,
        );
    }
    let report = Report::new(&rounds, Machine::look(), arguments.revision);
    let json = serde_json::to_string_pretty(&report).context("write the report as JSON")?;
    fs::write(&arguments.json, json + "\n")
        .with_context(|| format!("write `{}`", arguments.json.display()))?;
    println!("{report}");
    Ok(())
}
