//! State machines next to durable functions that do the same.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::arguments::BenchArguments;
use super::measured::{Measured, point_at, subject};
use crate::demo::CLI_PACKAGE;
use crate::process;
use crate::screen;
use crate::setup::{self, FunctionProgram};
use crate::workspace::Workspace;

const DRIVER: &str = "bench-machines";

/// The functions of `bench/machines/template.yaml`; its state machines are run by the server's own program.
const FUNCTIONS: &[FunctionProgram] = &[
    ("AddOneFunction", "add-one"),
    ("TenStepsFunction", "as-code"),
    ("TenCallsFunction", "as-code"),
    ("MapFunction", "as-code"),
];

pub fn run(workspace: &Workspace, arguments: &BenchArguments) -> Result<ExitCode> {
    let profile = arguments.profile();
    let binaries = setup::build_binaries(workspace, &[CLI_PACKAGE, DRIVER, "as-code"], profile)?;
    let data_dir = arguments.empty_folder(workspace, "lambdura-bench-data")?;
    let json = arguments.json_path(workspace)?;
    let measured = Measured {
        template: "bench/machines/template.yaml",
        functions: FUNCTIONS,
        data_dir: &data_dir,
        durability: &arguments.durability,
        // A Map of 1,000 states has more operations than an execution may have on AWS.
        settings: vec![("LAMBDURA_LIMITS", "unbounded".to_owned())],
    };
    let mut system = measured.start(workspace, &binaries)?;
    screen::step("Measuring");
    let mut driver = Command::new(binaries.path(DRIVER));
    point_at(&mut driver, &system);
    driver.args(["--rounds", &arguments.rounds.to_string()]);
    driver.args([
        "--revision",
        &subject(workspace, profile, &arguments.durability)?,
    ]);
    process::run(driver.arg("--json").arg(&json))?;
    system.check()?;
    drop(system);
    fs::remove_dir_all(&data_dir).with_context(|| format!("remove `{}`", data_dir.display()))?;
    screen::note(&format!("all numbers: {}", json.display()));
    Ok(ExitCode::SUCCESS)
}
