//! `cargo xtask bench`: how fast a built release is, next to what disk and loopback allow.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::workspace::Workspace;

/// Measure a built release
#[derive(Debug, Args)]
pub struct BenchArguments {}

pub fn run(_workspace: &Workspace, _arguments: &BenchArguments) -> Result<ExitCode> {
    anyhow::bail!("nothing is measured yet")
}
