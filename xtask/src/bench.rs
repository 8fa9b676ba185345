//! `cargo xtask bench`: how fast a built release is, next to what disk and loopback allow.
//!
//! This file builds and starts; `bench/driver` measures, and says how.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;

use crate::demo::CLI_PACKAGE;
use crate::peers;
use crate::port;
use crate::process;
use crate::screen;
use crate::setup::{self, Binaries, FunctionProgram, Profile};
use crate::system::{System, SystemConfig, make_parent};
use crate::workspace::{Workspace, empty_folder};

mod embedded;
mod growth;
mod machines;

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

/// Kills the server under load, and checks what it promised.
const CRASH_DRIVER: &str = "bench-crash";

/// The functions of `bench/crash/template.yaml`.
const CRASH_FUNCTIONS: &[FunctionProgram] = &[
    ("EveryKindFunction", "every-kind"),
    ("EveryKindChildFunction", "every-kind"),
    ("EveryKindPlainFunction", "every-kind-plain"),
];

/// Measures what the console reads.
const CONSOLE_DRIVER: &str = "bench-console";

/// The functions of `console/showcase/template.yaml`.
const CONSOLE_FUNCTIONS: &[FunctionProgram] = &[
    ("OrderFunction", "showcase"),
    ("ShippingFunction", "showcase"),
];

/// Measure a built release: checkpoints, ten steps, the loan workflow, next to fsync and loopback
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench
  cargo xtask bench --rounds 9 --json before.json
  cargo xtask bench --console                        the console's routes, with a million executions stored
  cargo xtask bench --growth                         long executions, many timers, a million that wait
  cargo xtask bench --machines                       state machines next to durable functions that do the same
  cargo xtask bench --crash                          the server killed every two seconds under load
  cargo xtask bench --crash --seconds 20 --dev       the same, shorter, with a debug build
  cargo xtask bench --peers --rounds 3               the same work on Restate and durare, and on ours, in one run
  cargo xtask bench --peers --postgres               durare and ours on PostgreSQL, on one server and on three
  cargo xtask bench --data-dir /mnt/nvme/bench       the disk that is measured

Nothing else should run on the machine meanwhile.")]
pub struct BenchArguments {
    /// Rounds, each of which measures everything once; the median is reported
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Gets all numbers [default: target/bench/<epoch seconds>.json]
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// A folder on the disk to measure; what a former run left in it is removed [default: target/xtask/bench/data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// What an answered request survives: disk, os or memory
    #[arg(long, value_name = "LEVEL", default_value = "disk")]
    durability: String,
    /// Measure a debug build: to try the benchmark itself
    #[arg(long)]
    dev: bool,
    /// Measure what the console reads, with this many executions stored, and nothing else
    #[arg(long, value_name = "EXECUTIONS", num_args = 0..=1, default_missing_value = "1000000")]
    console: Option<u32>,
    /// Measure programs that run their own executions, and nothing else
    #[arg(long, conflicts_with_all = ["console", "crash"])]
    embedded: bool,
    /// Measure what must not grow with steps, executions and timers, a start and a recovery, and nothing else
    #[arg(long, conflicts_with_all = ["console", "crash", "embedded", "rounds"])]
    growth: bool,
    /// Measure state machines next to durable functions that do the same, and nothing else
    #[arg(long, conflicts_with_all = ["console", "crash", "embedded", "growth", "peers"])]
    machines: bool,
    /// Kill the server every two seconds while executions of every kind are started, check that it keeps what it
    /// promised, and nothing else
    #[arg(long, conflicts_with_all = ["console", "rounds"])]
    crash: bool,
    /// Install other durable execution systems (npm, crates.io), measure them and us in turn, and nothing else
    #[arg(long, conflicts_with_all = ["console", "crash", "dev"])]
    peers: bool,
    /// With --peers: durare and ours on a private PostgreSQL instead, and three of our servers beside one
    #[arg(long, requires = "peers", conflicts_with = "write")]
    postgres: bool,
    /// With --peers: for how long each kind of work is measured
    #[arg(long, value_name = "N", requires = "peers", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    peer_seconds: u32,
    /// With --peers: writes the table into docs/performance.md, too
    #[arg(long, requires = "peers")]
    write: bool,
    /// With --crash: for how long executions are started
    #[arg(long, value_name = "N", requires = "crash", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// With --crash: executions that are started in a second
    #[arg(long, value_name = "N", requires = "crash", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// With --crash: decides chances, such as when a client pauses an execution
    #[arg(long, value_name = "N", requires = "crash", default_value_t = 1)]
    seed: u64,
}

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
    let json = json_path(workspace, arguments)?;
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
    let json = json_path(workspace, arguments)?;

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

impl BenchArguments {
    const fn profile(&self) -> Profile {
        match self.dev {
            true => Profile::Dev,
            false => Profile::Release,
        }
    }

    /// A folder of our own, of this name, inside the given one: nothing of somebody else's is removed.
    fn empty_folder(&self, workspace: &Workspace, name: &str) -> Result<PathBuf> {
        let folder = workspace.chores().join("bench");
        let folder = self.data_dir.as_ref().unwrap_or(&folder).join(name);
        let folder = std::path::absolute(folder).context("know the current folder")?;
        empty_folder(&folder)?;
        Ok(folder)
    }
}

/// Tells a driver what it measures.
fn point_at(driver: &mut Command, system: &System) {
    let endpoint = &system.ready.endpoint;
    let address = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    driver.args(["--endpoint", address.trim_end_matches('/')]);
    driver.args(["--pid", &system.ready.pid.to_string()]);
}

/// A system to measure.
struct Measured<'a> {
    template: &'a str,
    functions: &'a [FunctionProgram],
    data_dir: &'a Path,
    durability: &'a str,
    /// Settings of `lambdura up`, by the names of their variables.
    settings: Vec<(&'a str, String)>,
}

impl Measured<'_> {
    fn start(&self, workspace: &Workspace, binaries: &Binaries) -> Result<System> {
        screen::step("Starting the system that is measured");
        let config = SystemConfig {
            template: workspace.root.join(self.template),
            functions: self.functions,
            data_dir: self.data_dir.to_owned(),
            listen: port::loopback(0),
            http_api_listen: port::loopback(0),
            environment: Vec::new(),
            settings: self.settings.clone(),
            durability: Some(self.durability),
            log: workspace.chores().join("bench/lambdura.log"),
        };
        System::start(binaries, &config)
    }
}

/// What is measured: the commit that is checked out, whether the files differ from it, and how it is built and run.
fn subject(workspace: &Workspace, profile: Profile, durability: &str) -> Result<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(&workspace.root);
    let commit = process::output(git.args(["describe", "--always", "--dirty"]))?;
    let (commit, profile) = (commit.trim(), profile.name());
    Ok(format!(
        "{commit}, {profile} build, durability {durability}"
    ))
}

/// Where all numbers go; its folder is made.
fn json_path(workspace: &Workspace, arguments: &BenchArguments) -> Result<PathBuf> {
    let json = match &arguments.json {
        Some(path) => path.clone(),
        None => workspace
            .target
            .join("bench")
            .join(format!("{}.json", epoch_seconds()?)),
    };
    let json = std::path::absolute(json).context("know the current folder")?;
    make_parent(&json)?;
    Ok(json)
}

fn epoch_seconds() -> Result<u64> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("read the clock")?;
    Ok(now.as_secs())
}
