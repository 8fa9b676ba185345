//! `cargo xtask bench`: how fast a built release is, next to what disk and loopback allow.
//!
//! This file builds and starts; `bench/driver` measures, and says how.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::demo::CLI_PACKAGE;
use crate::peers;
use crate::process;
use crate::screen;
use crate::setup::{self, FunctionProgram};
use crate::workspace::Workspace;
pub use arguments::BenchArguments;
use measured::{Measured, point_at, subject};

mod arguments;
mod embedded;
mod growth;
mod machines;
mod measured;

const DRIVER: &str = "bench-driver";

/// The functions of `bench/template.yaml`. A function's package is called like its program.
const FUNCTIONS: &[FunctionProgram] = &[
    ("TenStepsFunction", "ten-steps"),
    ("TenStepsTogetherFunction", "ten-steps"),
    ("OpenInvocationFunction", "open-invocation"),
    ("LoanWorkflowFunction", "loan-workflow"),
    ("LoanWorkflowTogetherFunction", "loan-workflow"),
    ("FraudCheckFunction", "fraud-check"),
    ("FraudCheckTogetherFunction", "fraud-check"),
];

/// Kills the server under load, and checks that it kept its promises.
const CRASH_DRIVER: &str = "bench-crash";

/// The functions of `bench/crash/template.yaml`.
const CRASH_FUNCTIONS: &[FunctionProgram] = &[
    ("EveryKindFunction", "every-kind"),
    ("EveryKindChildFunction", "every-kind"),
    ("EveryKindPlainFunction", "every-kind-plain"),
];

/// Measures the routes that the console reads.
const CONSOLE_DRIVER: &str = "bench-console";

/// The functions of `console/showcase/template.yaml`.
const CONSOLE_FUNCTIONS: &[FunctionProgram] = &[
    ("OrderFunction", "showcase"),
    ("ShippingFunction", "showcase"),
];

/// Builds, starts, measures, and prints the table.
pub fn run(workspace: &Workspace, arguments: &BenchArguments) -> Result<ExitCode> {
    if let Some(executions) = arguments.console {
        return console(workspace, arguments, executions);
    }
    if arguments.crash {
        return crash(workspace, arguments);
    }
    if arguments.postgres {
        peers::run_on_postgres(workspace, arguments.rounds, arguments.peer_seconds)?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.peers {
        peers::run(
            workspace,
            arguments.rounds,
            arguments.peer_seconds,
            arguments.write,
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.embedded {
        return embedded::run(workspace, arguments);
    }
    if arguments.machines {
        return machines::run(workspace, arguments);
    }
    if arguments.growth {
        return growth::run(workspace, arguments);
    }
    let functions: BTreeSet<&str> = FUNCTIONS.iter().map(|(_, program)| *program).collect();
    let packages: Vec<&str> = [CLI_PACKAGE, DRIVER].into_iter().chain(functions).collect();
    let profile = arguments.profile();
    let binaries = setup::build_binaries(workspace, &packages, profile)?;

    let data_dir = arguments.empty_folder(workspace, "lambdura-bench-data")?;
    let json = arguments.json_path(workspace)?;
    let measured = Measured {
        template: "bench/template.yaml",
        functions: FUNCTIONS,
        data_dir: &data_dir,
        durability: &arguments.durability,
        settings: Vec::new(),
    };
    let mut system = measured.start(workspace, &binaries)?;
    screen::step("Measuring");
    let mut driver = Command::new(binaries.path(DRIVER));
    point_at(&mut driver, &system);
    driver.arg("--data-dir").arg(&data_dir);
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
    embedded::run(workspace, arguments)
}

/// Has the driver start, kill and judge a server. Its data stays when something was found.
fn crash(workspace: &Workspace, arguments: &BenchArguments) -> Result<ExitCode> {
    let profile = arguments.profile();
    let packages = [CLI_PACKAGE, CRASH_DRIVER, "every-kind"];
    let binaries = setup::build_binaries(workspace, &packages, profile)?;
    let data_dir = arguments.empty_folder(workspace, "lambdura-bench-data")?;
    setup::install_functions(&binaries, CRASH_FUNCTIONS, &data_dir)?;
    let json = arguments.json_path(workspace)?;

    screen::step(&format!(
        "Killing the server every two seconds, for {} s",
        arguments.seconds
    ));
    let mut driver = Command::new(binaries.path(CRASH_DRIVER));
    driver.arg("--server").arg(binaries.path("lambdura"));
    driver.arg("--template");
    driver.arg(workspace.root.join("bench/crash/template.yaml"));
    driver.arg("--data-dir").arg(&data_dir);
    driver.args(["--durability", &arguments.durability]);
    driver.args(["--seconds", &arguments.seconds.to_string()]);
    driver.args(["--rate", &arguments.rate.to_string()]);
    driver.args(["--seed", &arguments.seed.to_string()]);
    driver.args([
        "--revision",
        &subject(workspace, profile, &arguments.durability)?,
    ]);
    let judged = process::run(driver.arg("--json").arg(&json));
    if json.exists() {
        screen::note(&format!("all numbers: {}", json.display()));
    }
    judged.with_context(|| format!("all that is left is in `{}`", data_dir.display()))?;
    fs::remove_dir_all(&data_dir).with_context(|| format!("remove `{}`", data_dir.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Fills a store, starts the showcase on it, and measures the console's routes.
fn console(workspace: &Workspace, arguments: &BenchArguments, executions: u32) -> Result<ExitCode> {
    let profile = arguments.profile();
    let packages = [CLI_PACKAGE, CONSOLE_DRIVER, "showcase"];
    let binaries = setup::build_binaries(workspace, &packages, profile)?;
    let data_dir = arguments.empty_folder(workspace, "lambdura-bench-data")?;
    screen::step(&format!("Storing {executions} executions"));
    let mut fill = Command::new(binaries.path(CONSOLE_DRIVER));
    fill.arg("fill").arg("--data-dir").arg(&data_dir);
    process::run(fill.args(["--executions", &executions.to_string()]))?;
    let measured = Measured {
        template: "console/showcase",
        functions: CONSOLE_FUNCTIONS,
        data_dir: &data_dir,
        durability: &arguments.durability,
        settings: Vec::new(),
    };
    let mut system = measured.start(workspace, &binaries)?;
    screen::step("Measuring");
    let mut driver = Command::new(binaries.path(CONSOLE_DRIVER));
    driver.arg("measure");
    point_at(&mut driver, &system);
    process::run(&mut driver)?;
    system.check()?;
    drop(system);
    fs::remove_dir_all(&data_dir).with_context(|| format!("remove `{}`", data_dir.display()))?;
    Ok(ExitCode::SUCCESS)
}
