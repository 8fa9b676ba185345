//! Kills the server again and again under load, and checks that it kept its promises. `cargo xtask bench --crash` runs
//! it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use bench_crash::{Elsewhere, Plan, look_on, run};
use clap::Parser;

/// Kill a server under load, and check what it promised
#[derive(Debug, Parser)]
struct Arguments {
    /// The program `lambdura`
    #[arg(long, value_name = "PATH", required_unless_present = "servers")]
    server: Option<PathBuf>,
    /// The template of the functions that are called
    #[arg(long, value_name = "PATH", required_unless_present = "servers")]
    template: Option<PathBuf>,
    /// An empty folder, except for the built functions
    #[arg(long, value_name = "DIR", required_unless_present = "servers")]
    data_dir: Option<PathBuf>,
    /// Kill nothing, and call these servers, which share a store and which somebody else kills; their functions write
    /// the ledger
    #[arg(long, value_name = "ADDR:PORT", value_delimiter = ',', requires = "ledger", conflicts_with_all = ["server", "template", "data_dir"])]
    servers: Vec<SocketAddr>,
    /// With --servers: what their functions have as the variable LEDGER
    #[arg(long, value_name = "PATH", requires = "servers")]
    ledger: Option<PathBuf>,
    /// With --servers: executions that are open at the same time, as long as any are started
    #[arg(long, value_name = "N", requires = "servers", default_value_t = 200)]
    open: usize,
    /// With --servers: executions are started until there is this file, and not longer than --seconds
    #[arg(long, value_name = "PATH", requires = "servers")]
    until: Option<PathBuf>,
    /// What an answered request survives
    #[arg(long, value_name = "LEVEL", default_value = "disk")]
    durability: String,
    /// For how long executions are started. Where restarts are slow, killing goes on until a quarter of the kills that
    /// belong to this time are done
    #[arg(long, default_value_t = 120)]
    seconds: u32,
    /// Executions that are started in a second
    #[arg(long, value_name = "N", default_value_t = 60)]
    rate: u32,
    /// Time between two kills
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    kill_every: u64,
    /// How long nothing may change before what is open counts as stuck
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// Decides chances, such as when a client pauses an execution
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What is tried, such as a commit
    #[arg(long, default_value = "")]
    revision: String,
    /// Gets all numbers as JSON
    #[arg(long, value_name = "PATH")]
    json: PathBuf,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let patience = Duration::from_secs(arguments.patience);
    let report = match (arguments.server, arguments.template, arguments.data_dir) {
        (Some(server), Some(template), Some(data_dir)) => {
            run(Plan {
                server,
                template,
                data_dir,
                arguments: vec!["--durability".to_owned(), arguments.durability],
                starts: u64::from(arguments.seconds) * u64::from(arguments.rate),
                starts_per_second: f64::from(arguments.rate),
                kill_every: Duration::from_millis(arguments.kill_every),
                kills_min: (u64::from(arguments.seconds) * 1000 / arguments.kill_every / 4)
                    as usize,
                patience,
                seed: arguments.seed,
                revision: arguments.revision,
            })
            .await?
        }
        _ => {
            look_on(Elsewhere {
                servers: arguments.servers,
                ledger: arguments.ledger.context("--servers needs --ledger")?,
                open: arguments.open,
                until: arguments.until,
                duration: Duration::from_secs(arguments.seconds.into()),
                patience,
                seed: arguments.seed,
                revision: arguments.revision,
            })
            .await?
        }
    };
    let json = serde_json::to_string_pretty(&report).context("write the report as JSON")?;
    fs::write(&arguments.json, json + "\n")
        .with_context(|| format!("write `{}`", arguments.json.display()))?;
    println!("{report}");
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
