//! Programs that run their own executions: built by itself, so that no function is built with what only they need.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::BenchArguments;
use crate::process;
use crate::screen;
use crate::setup::{self, Profile};
use crate::workspace::{Workspace, empty_folder};

/// The program that is measured measures itself.
const PROGRAM: &str = "bench-embedded";

pub fn run(workspace: &Workspace, arguments: &BenchArguments) -> Result<ExitCode> {
    let profile = if arguments.dev {
        Profile::Dev
    } else {
        Profile::Release
    };
    let binaries = setup::build_binaries(workspace, &[PROGRAM], profile)?;
    let folder = workspace.chores().join("bench");
    let data_dir = arguments.data_dir.as_ref().unwrap_or(&folder);
    let data_dir = data_dir.join("lambdura-bench-embedded");
    empty_folder(&data_dir)?;
    screen::step("Measuring a program with executions of its own");
    let json = folder.join("embedded.json");
    let mut program = Command::new(binaries.path(PROGRAM));
    program.arg("--data-dir").arg(&data_dir);
    process::run(program.arg("--json").arg(&json))?;
    screen::note(&format!("all numbers: {}", json.display()));
    fs::remove_dir_all(&data_dir).with_context(|| format!("remove `{}`", data_dir.display()))?;
    Ok(ExitCode::SUCCESS)
}
