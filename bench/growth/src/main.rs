//! Measures values that must not grow: the time of a step with the steps before it, memory with executions that are
//! over, a start with executions that wait. Also measures many things at once: branches, timers, invocations that a
//! crash cut off.
//!
//! `cargo xtask bench --growth` builds everything, installs the functions of `bench/growth/template.yaml` and runs this
//! program, which starts servers, and kills one.

mod server;
mod suspended;
mod work;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use bench_driver::statistics::{median, seconds};
use clap::Parser;
use serde::Serialize;

use crate::server::ServerCommand;

/// Starts of a server; the median counts.
const STARTS: usize = 10;

/// How long a server with suspended executions is left alone before its memory is looked at.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);

/// Measure what must not grow
#[derive(Debug, Parser)]
struct Arguments {
    /// The program that serves
    #[arg(long, value_name = "PATH")]
    server: PathBuf,
    /// The template of the functions
    #[arg(long, value_name = "PATH")]
    template: PathBuf,
    /// The profile that the functions were built with
    #[arg(long, value_name = "NAME")]
    build_profile: String,
    /// A new data folder, with the functions installed
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Another one, for the suspended executions
    #[arg(long, value_name = "DIR")]
    suspended_dir: PathBuf,
    /// How many executions are suspended
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    suspended: u32,
    /// Gets all numbers as JSON
    #[arg(long, value_name = "PATH")]
    json: PathBuf,
}

/// All results. Times in seconds, sizes in bytes.
#[derive(Debug, Serialize)]
struct Report {
    binary_bytes: u64,
    starts: Vec<f64>,
    fan_outs: Vec<f64>,
    long: Vec<work::LongExecution>,
    bursts: Vec<work::Burst>,
    memory: Vec<work::Memory>,
    recovery: work::Recovery,
    suspended: u32,
    suspended_ready: f64,
    suspended_server_bytes: u64,
}

/// One thread: on two cores, the system that is measured needs them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let command = ServerCommand {
        program: arguments.server.clone(),
        template: arguments.template,
        build_profile: arguments.build_profile,
        data_dir: arguments.data_dir,
    };
    let binary = std::fs::metadata(&arguments.server);
    let binary_bytes = binary.context("look at the server's program")?.len();

    eprintln!("    starts");
    // The first one freezes the functions' code.
    command.start().await?.stop().await?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let server = command.start().await?;
        starts.push(server.ready_after);
        server.stop().await?;
    }

    let server = command.start().await?;
    eprintln!("    branches at once");
    let fan_outs = work::fan_outs(&server).await.context("branches")?;
    eprintln!("    long executions");
    let long = work::long_executions(&server).await.context("long")?;
    eprintln!("    timers at once");
    let bursts = work::bursts(&server).await.context("timers")?;
    eprintln!("    memory");
    let memory = work::memory(&server).await.context("memory")?;
    eprintln!("    a crash");
    let (server, recovery) = work::recovery(server, &command).await.context("crash")?;
    server.stop().await?;

    eprintln!("    {} suspended executions", arguments.suspended);
    suspended::fill(&arguments.suspended_dir, arguments.suspended)
        .await
        .context("store suspended executions")?;
    let beside = ServerCommand {
        data_dir: arguments.suspended_dir,
        ..command
    };
    let server = beside.start().await?;
    tokio::time::sleep(SETTLES_WITHIN).await;
    let report = Report {
        binary_bytes,
        starts: seconds(&starts),
        fan_outs,
        long,
        bursts,
        memory,
        recovery,
        suspended: arguments.suspended,
        suspended_ready: server.ready_after.as_secs_f64(),
        suspended_server_bytes: server.resident_bytes()?,
    };
    server.stop().await?;
    let json = serde_json::to_string_pretty(&report).context("write the report as JSON")?;
    std::fs::write(&arguments.json, json + "\n")
        .with_context(|| format!("write `{}`", arguments.json.display()))?;
    report.print();
    Ok(())
}

impl Report {
    fn print(&self) {
        let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
        let line = |what: &str, value: String| println!("{what:<58}{value}");
        line(
            "binary",
            format!("{:.1} MB", self.binary_bytes as f64 / 1e6),
        );
        line(
            "start until the first answer, median",
            format!("{:.0} ms", median(&self.starts) * 1e3),
        );
        line(
            &format!("{} branches at once, median", work::BRANCHES),
            format!("{:.0} ms", median(&self.fan_outs) * 1e3),
        );
        for long in &self.long {
            let ratio = long.late_micros / long.early_micros;
            line(
                &format!("{} steps in one execution", work::STEPS),
                format!(
                    "{:.2} s; a step takes {:.0} us at first, {:.0} us at the end: {ratio:.2} times",
                    long.took, long.early_micros, long.late_micros
                ),
            );
        }
        for burst in &self.bursts {
            line(
                &format!("{} waits due at once, late", work::WAITS),
                format!("p50 {:.2} s, p99 {:.2} s", burst.late_p50, burst.late_p99),
            );
        }
        for memory in &self.memory {
            line(
                &format!("memory after {} executions of ten steps", memory.executions),
                format!(
                    "server {:.0} MiB, functions {:.0} MiB",
                    mib(memory.server_bytes),
                    mib(memory.function_bytes)
                ),
            );
        }
        line(
            "killed with executions in flight",
            format!(
                "{} of {} were; serving after {:.0} ms, all {} done after {:.2} s",
                self.recovery.in_flight,
                work::IN_FLIGHT,
                self.recovery.ready * 1e3,
                self.recovery.succeeded,
                self.recovery.all_done
            ),
        );
        line(
            &format!("start beside {} suspended executions", self.suspended),
            format!(
                "{:.2} s, {:.0} MiB",
                self.suspended_ready,
                mib(self.suspended_server_bytes)
            ),
        );
    }
}
