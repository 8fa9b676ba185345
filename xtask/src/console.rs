//! The web console: its packages, its build, which the binary carries, and its pictures.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::println;
use anyhow::{Context as _, Result};
use clap::Args;

use crate::process;
use crate::screen;
use crate::setup::{self, install_packages, npm};
use crate::test::stage::Context;
use crate::test::system_variables;
use crate::workspace::Workspace;

/// Where the console lies.
pub const CONSOLE: &str = "console";

/// What the build is made of, beside `src` and `public`.
const BUILT_FROM: [&str; 4] = [
    "index.html",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
];

/// Holds the hash of what the build was made of.
const STAMP: &str = "node_modules/.built-from";

/// Build the web console, which `cargo build` puts into the binary
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
    build(&workspace)?;
    let dist = workspace.root.join(CONSOLE).join("dist");
    println!(
        "The console is built at {}; cargo puts it into the binary.",
        dist.display()
    );
    if let Some(folder) = &arguments.pictures {
        let folder = std::path::absolute(folder).context("find the folder of the pictures")?;
        take_pictures(workspace, &folder)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the console unless it is built of what is there. Files that do not change are not written again: cargo would
/// build the binary anew.
pub fn build(workspace: &Workspace) -> Result<()> {
    setup::require_node()?;
    let console = workspace.root.join(CONSOLE);
    install_packages(&console)?;
    let wanted = hash_of_sources(&console)?;
    let stamp = console.join(STAMP);
    match fs::read_to_string(&stamp) {
        Ok(built) if built == wanted && console.join("dist/index.html").exists() => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("read `{}`", stamp.display())),
    }
    screen::step("Building the console");
    process::run(npm(&console).args(["run", "build", "--", "--logLevel", "warn"]))?;
    fs::write(&stamp, wanted).with_context(|| format!("write `{}`", stamp.display()))
}

fn hash_of_sources(console: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = BUILT_FROM.map(|name| console.join(name)).to_vec();
    for folder in ["public", "src"] {
        list_files(&console.join(folder), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let content = fs::read(&file).with_context(|| format!("read `{}`", file.display()))?;
        file.strip_prefix(console)
            .unwrap_or(&file)
            .hash(&mut hasher);
        content.hash(&mut hasher);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("read `{}`", folder.display()))?
            .path();
        if path.is_dir() {
            list_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
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
