//! The common arguments of programs that measure a running system, and the file of their numbers.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

/// The system that is measured, and how.
#[derive(Debug, Args)]
pub struct Measured {
    /// Where the system's Lambda API listens
    #[arg(long, value_name = "ADDR:PORT")]
    pub endpoint: SocketAddr,
    /// Process id of the system: whose processor time is counted
    #[arg(long)]
    pub pid: u32,
    /// Rounds; the median of them is reported
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// What is measured, such as a commit
    #[arg(long, default_value = "")]
    pub revision: String,
    /// Gets all numbers as JSON
    #[arg(long, value_name = "PATH")]
    pub json: PathBuf,
}

impl Measured {
    /// Writes all numbers.
    pub fn write(&self, report: &impl Serialize) -> Result<()> {
        let json = serde_json::to_string_pretty(report).context("write the report as JSON")?;
        fs::write(&self.json, json + "\n")
            .with_context(|| format!("write `{}`", self.json.display()))
    }
}
