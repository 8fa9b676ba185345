//! Measures a running system, next to the limits of disk and loopback.
//!
//! `cargo xtask bench` builds everything, starts the system of `bench/template.yaml` and runs this program against it.
//! Measurements come in rounds, each of which measures everything once, so that a bad minute of the disk or of a
//! neighbour shows in all numbers of a round and not in one. The report has the median of the rounds.

mod checkpoints;
mod disk;
mod executions;
mod loopback;

mod report;
mod round;

use std::path::PathBuf;

use anyhow::{Context, Result};
use bench_driver::machine::Machine;
use bench_driver::measured::Measured;
use clap::Parser;

use report::Report;
use round::{Subject, measure, warm_up};

/// Measure a running system
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    measured: Measured,
    /// A folder on the disk that the system writes to
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Leave the loan workflow out, which takes most of the time
    #[arg(long)]
    without_loans: bool,
}

/// One thread: on two cores, the system that is measured needs them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let measured = arguments.measured;
    let subject = Subject {
        endpoint: measured.endpoint,
        pid: measured.pid,
        data_dir: arguments.data_dir,
        with_loans: !arguments.without_loans,
        loopback: loopback::serve().context("serve the loopback's own limit")?,
    };
    eprintln!("    warming up");
    warm_up(&subject).await?;
    let mut rounds = Vec::new();
    for number in 1..=measured.rounds {
        eprintln!("    round {number} of {}", measured.rounds);
        rounds.push(
            measure(&subject)
                .await
                .with_context(|| format!("round {number}"))?,
        );
    }
    let report = Report::new(&rounds, Machine::look(), measured.revision.clone());
    measured.write(&report)?;
    println!("{report}");
    Ok(())
}
