//! The stages that cargo runs.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::process;
use crate::setup;
use crate::test::stage::Context;
use crate::workspace::cargo;

/// Default rustfmt, everywhere.
pub fn fmt(context: &mut Context) -> Result<()> {
    process::run(cargo_in(context).args(["fmt", "--all", "--check"]))
}

/// The checks of `cargo xtask tidy`.
pub fn tidy(context: &mut Context) -> Result<()> {
    if crate::tidy::run(&context.workspace)? != ExitCode::SUCCESS {
        bail!("there are findings; `cargo xtask tidy` repeats them");
    }
    Ok(())
}

/// Programs and tests in one go, so that nothing is compiled twice. No warning of the compiler or of clippy stays.
pub fn build(context: &mut Context) -> Result<()> {
    context.binaries().map(drop)
}

/// With nextest where it is installed: faster, and each test in a process of its own.
pub fn tests(context: &mut Context) -> Result<()> {
    setup::require_postgres()?;
    let mut command = cargo_in(context);
    if has_nextest() {
        command.args(["nextest", "run", "--locked", "--workspace", "--all-targets"]);
        command.args([
            "--no-fail-fast",
            "--status-level",
            "slow",
            "--final-status-level",
            "slow",
        ]);
    } else {
        command.args([
            "test",
            "--locked",
            "--workspace",
            "--all-targets",
            "--no-fail-fast",
        ]);
    }
    // For tests that need programs of other packages.
    command.env("PROGRAMS_ARE_BUILT", "1");
    process::run(setup::with_clippy(&mut command))
}

/// Programs that the build made.
pub fn simulation(context: &mut Context) -> Result<()> {
    crate::sim::check(&context.workspace)
}

/// nextest runs no examples of the documentation.
pub fn doc_tests(context: &mut Context) -> Result<()> {
    let mut command = cargo_in(context);
    command.args(["test", "--locked", "--workspace", "--doc"]);
    process::run(setup::with_clippy(&mut command))
}

fn cargo_in(context: &Context) -> Command {
    let mut command = cargo();
    command.current_dir(&context.workspace.root);
    command
}

fn has_nextest() -> bool {
    let mut command = cargo();
    // cargo's own complaint about an unknown command is no news here.
    command
        .args(["nextest", "--version"])
        .stderr(std::process::Stdio::null());
    process::output(&mut command).is_ok()
}
