//! The web console: its build, which the binary carries, and its pictures.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::println;
use anyhow::{Context as _, Result};
use clap::Args;

use crate::process;
use crate::setup::{self, CONSOLE, build_pages, install_packages, npm};
use crate::test::stage::Context;
use crate::test::system_variables;
use crate::workspace::Workspace;

/// Build the web console and the demo's page, which `cargo build` puts into the binary
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask console
  cargo xtask console --pictures target/pictures     screenshots of all pages, light and dark, desktop and phone")]
pub struct ConsoleArguments {
    /// Also take pictures of its pages, in Chromium on a real system, into this folder
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
}

/// Builds the console, and takes pictures where that is asked for.
pub fn run(workspace: Workspace, arguments: &ConsoleArguments) -> Result<ExitCode> {
    build_pages(&workspace)?;
    let dist = workspace.root.join(CONSOLE).join("dist");
    println!(
        "The console is built at {}, and the demo's page; cargo puts them into the binary.",
        dist.display()
    );
    if let Some(folder) = &arguments.pictures {
        let folder = std::path::absolute(folder).context("find the folder of the pictures")?;
        take_pictures(workspace, &folder)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Pictures of the pages, of the demo and the showcase, by the program that the browser tests also use.
fn take_pictures(workspace: Workspace, folder: &Path) -> Result<()> {
    let tests = workspace.root.join(CONSOLE).join("e2e");
    install_packages(&tests)?;
    let chromium = setup::chromium()?;
    let mut context = Context::new(workspace);
    let variables = system_variables(&mut context)?;
    let mut command = npm(&tests);
    command.args(["run", "pictures", "--"]).arg(folder);
    command.envs(variables).env("CHROMIUM_PATH", chromium);
    process::run(&mut command)
}
