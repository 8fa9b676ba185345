//! Measures values that must not grow: the driver starts servers itself, and kills one.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::arguments::BenchArguments;
use crate::demo::CLI_PACKAGE;
use crate::process;
use crate::screen;
use crate::setup::{self, FunctionProgram};
use crate::workspace::{Workspace, empty_folder};

const DRIVER: &str = "bench-growth";

/// The functions of `bench/growth/template.yaml`.
const FUNCTIONS: &[FunctionProgram] = &[
    ("ManyStepsFunction", "long-work"),
    ("FanOutFunction", "long-work"),
    ("SlowStepsFunction", "long-work"),
    ("WaitFunction", "long-work"),
    ("TenStepsFunction", "ten-steps"),
];

/// Suspended executions for a debug build: fewer.
const SUSPENDED_DEV: &str = "10000";

pub fn run(workspace: &Workspace, arguments: &BenchArguments) -> Result<ExitCode> {
    let profile = arguments.profile();
    let packages = [CLI_PACKAGE, DRIVER, "long-work", "ten-steps"];
    let binaries = setup::build_binaries(workspace, &packages, profile)?;
    let folder = arguments.empty_folder(workspace, "lambdura-bench-growth")?;
    let (data_dir, suspended_dir) = (folder.join("data"), folder.join("suspended"));
    for data_dir in [&data_dir, &suspended_dir] {
        empty_folder(data_dir)?;
        setup::install_functions(&binaries, FUNCTIONS, data_dir)?;
    }
    let json = arguments.json_path(workspace)?;
    screen::step("Measuring what must not grow");
    let mut driver = Command::new(binaries.path(DRIVER));
    driver.arg("--server").arg(binaries.path("lambdura"));
    driver.arg("--template");
    driver.arg(workspace.root.join("bench/growth/template.yaml"));
    driver.args(["--build-profile", profile.name()]);
    driver.arg("--data-dir").arg(&data_dir);
    driver.arg("--suspended-dir").arg(&suspended_dir);
    if arguments.dev {
        driver.args(["--suspended", SUSPENDED_DEV]);
    }
    process::run(driver.arg("--json").arg(&json))?;
    screen::note(&format!("all numbers: {}", json.display()));
    fs::remove_dir_all(&folder).with_context(|| format!("remove `{}`", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}
