//! Programs that run their own executions. They are built apart, so that no function is built with their features.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::arguments::BenchArguments;
use crate::process;
use crate::screen;
use crate::setup;
use crate::workspace::Workspace;

/// The measured program, which measures itself.
const PROGRAM: &str = "bench-embedded";

pub fn run(workspace: &Workspace, arguments: &BenchArguments) -> Result<ExitCode> {
    let profile = arguments.profile();
    let binaries = setup::build_binaries(workspace, &[PROGRAM], profile)?;
    let data_dir = arguments.empty_folder(workspace, "lambdura-bench-embedded")?;
    screen::step("Measuring a program with executions of its own");
    let json = workspace.chores().join("bench/embedded.json");
    let mut program = Command::new(binaries.path(PROGRAM));
    program.arg("--data-dir").arg(&data_dir);
    process::run(program.arg("--json").arg(&json))?;
    screen::note(&format!("all numbers: {}", json.display()));
    fs::remove_dir_all(&data_dir).with_context(|| format!("remove `{}`", data_dir.display()))?;
    Ok(ExitCode::SUCCESS)
}
