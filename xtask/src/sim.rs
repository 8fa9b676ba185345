//! The simulation: seeds, small worlds explored whole, and the proof that both find what they should.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anstream::println;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::process;
use crate::screen;
use crate::workspace::{Workspace, cargo};

/// Deliberate bugs, each a patch that describes the bug in its first line.
const BUGS: &str = "crates/sim/bugs";

/// Seeds within which each bug has to be found.
const SEEDS_PER_BUG: u64 = 300;

/// Run the whole system in one thread, from seeds, with faults; or explore small worlds whole
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask sim                             300 seeds, new ones each time
  cargo xtask sim --seeds 10000 --from 1
  cargo xtask sim --seed 4711 --trace         one seed, line by line
  cargo xtask sim --worlds 60                 every order of few inputs, as far as a minute goes
  cargo xtask sim --bugs                      puts eighteen bugs into a copy, one by one: each has to be found")]
pub struct SimArguments {
    /// How many seeds
    #[arg(long, value_name = "N", default_value_t = 300)]
    seeds: u64,
    /// The first seed; drawn unless it is given
    #[arg(long, value_name = "SEED")]
    from: Option<u64>,
    /// Only this seed
    #[arg(long, value_name = "SEED", conflicts_with = "from")]
    seed: Option<u64>,
    /// Print everything that happens in it
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    /// Explore small worlds of the engine instead, for so many seconds
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["from", "seed", "bugs"])]
    worlds: Option<u64>,
    /// Prove that bugs are found
    #[arg(long, conflicts_with_all = ["from", "seed", "json"])]
    bugs: bool,
}

/// Runs seeds, small worlds, or the proof that bugs are found, as the arguments say.
pub fn run(workspace: &Workspace, arguments: &SimArguments) -> Result<ExitCode> {
    if arguments.bugs {
        return find_bugs(workspace);
    }
    let mut command = match arguments.worlds {
        Some(seconds) => {
            let mut command = program(workspace, "explore");
            command.args(["--seconds", &seconds.to_string()]);
            command
        }
        None => {
            let mut command = program(workspace, "sim");
            match arguments.seed {
                Some(seed) => command.args(["--seed", &seed.to_string()]),
                None => command.args(["--seeds", &arguments.seeds.to_string()]),
            };
            if let Some(from) = arguments.from {
                command.args(["--from", &from.to_string()]);
            }
            if arguments.trace {
                command.arg("--trace");
            }
            command
        }
    };
    if arguments.json {
        command.arg("--json");
    }
    process::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

/// New seeds, a minute of small worlds, and bugs that can still be put in.
pub fn check(workspace: &Workspace) -> Result<()> {
    for bug in bugs(workspace)? {
        let mut apply = git(&workspace.root);
        process::run(apply.args(["apply", "--check"]).arg(&bug)).with_context(|| {
            format!(
                "`{}` says where a bug is put in, and does not fit any more: write it anew",
                bug.display()
            )
        })?;
    }
    // Uses the programs of the build of everything: built by themselves, they would be compiled once more.
    let built = |name| Command::new(workspace.target.join("debug").join(name));
    process::run(built("sim").args(["--seeds", "300"]))?;
    process::run(built("explore").args(["--seconds", "60"]))
}

/// Builds a program and runs it.
fn program(workspace: &Workspace, package: &str) -> Command {
    let mut command = cargo();
    command.current_dir(&workspace.root);
    command.args(["run", "--locked", "--quiet", "--package", package, "--"]);
    command
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    command
}

fn bugs(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.root.join(BUGS);
    let listed = fs::read_dir(&folder).with_context(|| format!("list `{}`", folder.display()))?;
    let mut bugs = listed
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    bugs.sort();
    Ok(bugs)
}

/// Puts each bug into a copy of the workspace, and runs seeds until it is found.
fn find_bugs(workspace: &Workspace) -> Result<ExitCode> {
    let copy = workspace.chores().join("bugs");
    let target = copy.join("target");
    let source = copy.join("source");
    copy_files(workspace, &source)?;
    screen::step("as it is");
    if let Some(found) = look_for_it(&source, &target)? {
        bail!("without any bug there is one already, so nothing would be proven: {found}");
    }
    let mut missed = Vec::new();
    for bug in bugs(workspace)? {
        let name = bug.file_stem().unwrap_or_default().display().to_string();
        let text = fs::read_to_string(&bug).with_context(|| format!("read `{}`", bug.display()))?;
        let words = text.lines().next().unwrap_or_default().to_owned();
        screen::step(&format!("{name}: {words}"));
        process::run(git(&source).arg("apply").arg(&bug))?;
        let found = look_for_it(&source, &target);
        // Taken out again, also when it could not be built.
        process::run(git(&source).args(["apply", "--reverse"]).arg(&bug))?;
        match found? {
            Some(found) => println!("{name}: found by {found}"),
            None => {
                println!("{name}: NOT FOUND within {SEEDS_PER_BUG} seeds");
                missed.push(name);
            }
        }
    }
    if missed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("not found: {}", missed.join(", "))
}

/// A copy that is a repository of its own, so that patches find their way.
fn copy_files(workspace: &Workspace, source: &Path) -> Result<()> {
    if source.exists() {
        fs::remove_dir_all(source).with_context(|| format!("remove `{}`", source.display()))?;
    }
    for file in workspace.files()? {
        let (from, to) = (workspace.root.join(&file), source.join(&file));
        let folder = to.parent().unwrap_or(source);
        fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;
        fs::copy(&from, &to).with_context(|| format!("copy `{}`", from.display()))?;
    }
    process::run(git(source).args(["init", "--quiet"]))
}

/// The simulation's message about a bug; none when it does not find the bug.
fn look_for_it(source: &Path, target: &Path) -> Result<Option<String>> {
    let mut build = cargo();
    build.current_dir(source).env("CARGO_TARGET_DIR", target);
    build.args(["build", "--locked", "--quiet", "--package", "sim"]);
    process::run(&mut build)?;
    let seeds = SEEDS_PER_BUG.to_string();
    let mut look = Command::new(target.join("debug").join("sim"));
    look.args(["--seeds", &seeds, "--from", "1", "--as-it-is", "--json"]);
    let ran = look.output().context("run the simulation")?;
    if ran.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&ran.stdout);
    let Ok(found) = serde_json::from_str::<serde_json::Value>(&said) else {
        // Such as a seed that gives two traces.
        let complaint = String::from_utf8_lossy(&ran.stderr);
        let complaint = complaint.lines().take(4).collect::<Vec<_>>().join(" ");
        return Ok(Some(format!("the simulation cannot go on: {complaint}")));
    };
    let (seed, invariant) = (&found["seed"], found["invariant"].as_str());
    ensure!(seed.is_u64(), "the simulation names no seed: {said}");
    Ok(Some(format!(
        "seed {seed}: {}",
        invariant.unwrap_or("it says not how")
    )))
}
