//! How fast the console's routes answer when a million executions are stored, and what a live list costs.
//!
//! `cargo xtask bench --console` fills a store with `fill`, starts the system on it, and runs `measure` against it.

mod fill;
mod http;
mod measure;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measure what the console reads
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write executions into a new store
    Fill {
        /// Gets the store
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
        /// How many
        #[arg(long, value_name = "N")]
        executions: u32,
    },
    /// Measure a running system on such a store
    Measure {
        /// Where the system's Lambda API listens
        #[arg(long, value_name = "ADDR:PORT")]
        endpoint: SocketAddr,
        /// Process id of the system: whose processor time is counted
        #[arg(long)]
        pid: u32,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Fill {
            data_dir,
            executions,
        } => fill::run(&data_dir, executions).await,
        // It waits for sockets and looks at clocks: plain threads, without an asynchronous runtime.
        Command::Measure { endpoint, pid } => measure::run(endpoint, pid),
    }
}
