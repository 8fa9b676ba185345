//! `cargo xtask bench --peers`: the same work on other durable execution systems and on ours, in one run.
//!
//! `bench/peers` has the programs; this file installs what they need, starts one system at a time with a fresh data
//! folder, and prints the table. A number is only compared with another one of the same round.

mod on_postgres;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::demo::CLI_PACKAGE;
use crate::process::{self, ProcessGroup};
use crate::setup::{self, Binaries, FunctionProgram, Profile};
use crate::system::{System, SystemConfig};
use crate::workspace::{Workspace, cargo, empty_folder};
use crate::{port, screen};

pub use on_postgres::run as run_on_postgres;

/// The functions of `bench/peers/template.yaml`.
const FUNCTIONS: &[FunctionProgram] = &[
    ("StepsFunction", "peer-work"),
    ("LoanFunction", "peer-work"),
    ("WaitFunction", "peer-work"),
    ("StepsTogetherFunction", "peer-work"),
    ("LoanTogetherFunction", "peer-work"),
    ("WaitTogetherFunction", "peer-work"),
];

/// Where Restate's server listens unless it is told otherwise.
const RESTATE_INGRESS: u16 = 8080;
const RESTATE_ADMIN: u16 = 9070;
const RESTATE_NODE: u16 = 5122;

/// The page that has the table, and the marks before and after it.
const PAGE: &str = "docs/performance.md";
const TABLE_BEGINS: &str = "<!-- written by `cargo xtask bench --peers --write` -->";
const TABLE_ENDS: &str = "<!-- end of the table -->";

/// Executions that wait at once, and for how long.
const BURST: (u32, u32) = (5_000, 2_000);

/// The measurements: each with its name in the table, its workflow, and the way of asking.
const WORKS: &[Work] = &[
    Work::closed("ten steps, one caller", "steps", 1),
    Work::closed("ten steps, 64 callers", "steps", 64),
    Work::closed("loan without tables, one caller", "loan", 1),
    Work::closed("loan without tables, 64 callers", "loan", 64),
    Work {
        name: "5,000 waits of 2 s, started at once",
        workflow: "wait",
        asked: Asked::Burst,
    },
];

struct Work {
    name: &'static str,
    workflow: &'static str,
    asked: Asked,
}

#[derive(Clone, Copy)]
enum Asked {
    Closed {
        callers: u32,
    },
    /// How late executions end after their wait; only for systems that are asked over HTTP.
    Burst,
}

impl Work {
    const fn closed(name: &'static str, workflow: &'static str, callers: u32) -> Self {
        let asked = Asked::Closed { callers };
        Self {
            name,
            workflow,
            asked,
        }
    }
}

/// Restate's server and its work's process, in the order in which they are ended.
struct Restate {
    _server: ProcessGroup,
    _worker: ProcessGroup,
    pids: String,
}

/// The output of a program of `bench/peers`.
#[derive(Debug, Clone, Deserialize)]
struct Measured {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    processor_ms: f64,
    memory_mib: f64,
    database_ms: f64,
}

/// All results, by work and system.
type Results = BTreeMap<(usize, &'static str), Vec<Measured>>;

const OURS: &str = "Lambdura, a process for each invocation";
const OURS_TOGETHER: &str = "Lambdura, 64 invocations a process";
const RESTATE: &str = "Restate";
const DURARE: &str = "durare on SQLite, in process, not synced";
const SYSTEMS: [&str; 4] = [OURS, OURS_TOGETHER, RESTATE, DURARE];

/// The programs and folders for a measurement.
struct Lab<'a> {
    workspace: &'a Workspace,
    binaries: Binaries,
    /// The programs of `bench/peers`.
    programs: PathBuf,
    restate_server: PathBuf,
    folder: PathBuf,
    seconds: u32,
}

/// Installs, builds, measures, and prints the table.
pub fn run(workspace: &Workspace, rounds: u32, seconds: u32, is_written: bool) -> Result<()> {
    for (number, what) in [
        (RESTATE_INGRESS, "Restate's ingress"),
        (RESTATE_ADMIN, "Restate's admin API"),
        (RESTATE_NODE, "Restate's node"),
    ] {
        let busy = std::net::TcpListener::bind(port::loopback(number));
        busy.with_context(|| format!("{what} needs port {number}"))?;
    }
    let lab = Lab::set_up(workspace, seconds)?;
    let mut results = Results::new();
    for round in 1..=rounds {
        screen::step(&format!("Round {round} of {rounds}"));
        lab.measure_ours(OURS, "", &mut results)?;
        lab.measure_ours(OURS_TOGETHER, "-together", &mut results)?;
        lab.measure_restate(&mut results)?;
        lab.measure_durare(&mut results)?;
    }
    let table = table(&results, rounds);
    println!("{table}");
    if is_written {
        let path = workspace.root.join(PAGE);
        let page = fs::read_to_string(&path).with_context(|| format!("read `{PAGE}`"))?;
        fs::write(&path, with_table(&page, &table)?).with_context(|| format!("write `{PAGE}`"))?;
    }
    Ok(())
}

/// The page with another table between its marks.
fn with_table(page: &str, table: &str) -> Result<String> {
    let (before, rest) = page
        .split_once(TABLE_BEGINS)
        .with_context(|| format!("`{PAGE}` has no line `{TABLE_BEGINS}`"))?;
    let (_, after) = rest
        .split_once(TABLE_ENDS)
        .with_context(|| format!("`{PAGE}` has no line `{TABLE_ENDS}`"))?;
    let table = table.trim();
    Ok(format!(
        "{before}{TABLE_BEGINS}\n{table}\n{TABLE_ENDS}{after}"
    ))
}

impl<'a> Lab<'a> {
    fn set_up(workspace: &'a Workspace, seconds: u32) -> Result<Self> {
        setup::require_node()?;
        let folder = workspace.chores().join("peers");
        let sources = workspace.root.join("bench/peers");
        fs::create_dir_all(&folder).with_context(|| format!("create `{}`", folder.display()))?;
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(sources.join(file), folder.join(file))
                .with_context(|| format!("copy `bench/peers/{file}`"))?;
        }
        setup::install_packages(&folder)?;
        let (programs, binaries) = build(workspace)?;
        let server = format!(
            "node_modules/@restatedev/restate-server-linux-{}/bin/restate-server",
            if cfg!(target_arch = "aarch64") {
                "arm64"
            } else {
                "x64"
            }
        );
        let restate_server = folder.join(server);
        ensure!(
            restate_server.is_file(),
            "npm brought no Restate server for this machine: `{}` is not there",
            restate_server.display()
        );
        Ok(Self {
            workspace,
            binaries,
            programs,
            restate_server,
            folder,
            seconds,
        })
    }

    fn data(&self) -> Result<PathBuf> {
        let data = self.folder.join("data");
        empty_folder(&data)?;
        Ok(data)
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    fn measure_ours(&self, name: &'static str, suffix: &str, results: &mut Results) -> Result<()> {
        screen::note(name);
        let config = SystemConfig {
            template: self.workspace.root.join("bench/peers/template.yaml"),
            functions: FUNCTIONS,
            data_dir: self.data()?,
            listen: port::loopback(0),
            http_api_listen: port::loopback(0),
            environment: Vec::new(),
            settings: Vec::new(),
            durability: Some("disk"),
            log: self.folder.join("lambdura.log"),
        };
        let mut system = System::start(&self.binaries, &config)?;
        let endpoint = system.ready.endpoint.trim_end_matches('/').to_owned();
        let pids = system.ready.pid.to_string();
        let url = |workflow: &str| {
            let function = format!("{workflow}{suffix}");
            format!("{endpoint}/2015-03-31/functions/{function}/invocations?Qualifier=live")
        };
        self.measure_by_http(name, url, &pids, results)?;
        system.check()
    }

    fn measure_restate(&self, results: &mut Results) -> Result<()> {
        screen::note(RESTATE);
        let restate = self.start_restate()?;
        let url = |workflow: &str| format!("http://127.0.0.1:{RESTATE_INGRESS}/Work/{workflow}");
        self.measure_by_http(RESTATE, url, &restate.pids, results)
    }

    fn start_restate(&self) -> Result<Restate> {
        let (data, worker_port) = (self.data()?, port::free()?);
        let worker_address = port::loopback(worker_port).to_string();
        let mut command = self.program("restate");
        command.args([
            &worker_address,
            &format!("http://127.0.0.1:{RESTATE_INGRESS}"),
        ]);
        let (worker, worker_pid) = self.spawn(&mut command, "restate-work")?;
        let mut command = Command::new(&self.restate_server);
        command.current_dir(&data).args(["--node-name", "bench"]);
        command.arg("--base-dir").arg(&data);
        command.env("RESTATE_LOG_FILTER", "warn");
        command.env("RESTATE_DISABLE_TELEMETRY", "true");
        let (server, server_pid) = self.spawn(&mut command, "restate")?;
        let deployments = format!("http://127.0.0.1:{RESTATE_ADMIN}/deployments");
        let deployment = format!("{{\"uri\":\"http://{worker_address}\"}}");
        process::run(
            self.program("load")
                .args([&deployments, "post", &deployment]),
        )
        .with_context(|| format!("see `{}`", self.log("restate").display()))?;
        Ok(Restate {
            _server: server,
            _worker: worker,
            pids: format!("{server_pid},{worker_pid}"),
        })
    }

    fn measure_durare(&self, results: &mut Results) -> Result<()> {
        screen::note(DURARE);
        for (index, work) in WORKS.iter().enumerate() {
            let Asked::Closed { callers } = work.asked else {
                continue;
            };
            let file = self.data()?.join("durare.db");
            let url = format!("sqlite://{}?mode=rwc", file.display());
            let mut command = self.program("durare");
            command.args([&url, work.workflow]);
            command.args([callers.to_string(), self.seconds.to_string()]);
            note(results, index, DURARE, &mut command)?;
        }
        Ok(())
    }

    fn measure_by_http(
        &self,
        system: &'static str,
        url: impl Fn(&str) -> String,
        pids: &str,
        results: &mut Results,
    ) -> Result<()> {
        for (index, work) in WORKS.iter().enumerate() {
            let (kind, first, second) = match work.asked {
                Asked::Closed { callers } => ("closed", callers, self.seconds),
                Asked::Burst => ("burst", BURST.0, BURST.1),
            };
            let mut command = self.program("load");
            command.args([&url(work.workflow), kind]);
            command.args([&first.to_string(), &second.to_string(), pids]);
            note(results, index, system, &mut command)
                .with_context(|| format!("{system}, {}", work.name))?;
        }
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension("log")
    }

    fn spawn(&self, command: &mut Command, name: &str) -> Result<(ProcessGroup, u32)> {
        let path = self.log(name);
        let log = create(&path)?;
        let log_too = log.try_clone().context("use one log for both outputs")?;
        command.stdout(Stdio::from(log)).stderr(log_too);
        let group = ProcessGroup::spawn(command)?;
        let pid = group.pid();
        Ok((group, pid))
    }
}

/// Builds the programs of `bench/peers`, and ours; answers where the former are.
fn build(workspace: &Workspace) -> Result<(PathBuf, Binaries)> {
    screen::step("Building the work on peers");
    let target = workspace.chores().join("peers/cargo");
    let mut build = cargo();
    build.current_dir(workspace.root.join("bench/peers"));
    build.args(["build", "--locked", "--release", "--bins"]);
    process::run(build.arg("--target-dir").arg(&target))?;
    let packages = [CLI_PACKAGE, "peer-work"];
    let binaries = setup::build_binaries(workspace, &packages, Profile::Release)?;
    Ok((target.join("release"), binaries))
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("create `{}`", path.display()))
}

fn note(
    results: &mut Results,
    index: usize,
    system: &'static str,
    command: &mut Command,
) -> Result<()> {
    let printed = process::output(command)?;
    let measured = serde_json::from_str(&printed)
        .with_context(|| format!("read what was measured: `{printed}`"))?;
    results.entry((index, system)).or_default().push(measured);
    Ok(())
}

/// The medians of all rounds, as a table in Markdown.
fn table(results: &Results, rounds: u32) -> String {
    let mut text = format!(
        "\nMedians of {rounds} rounds.\n\n\
         | work | system | executions/s | p50, ms | p99, ms | processor ms | memory, MiB |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n"
    );
    for (index, work) in WORKS.iter().enumerate() {
        for system in SYSTEMS {
            let Some(measured) = results.get(&(index, system)) else {
                continue;
            };
            let median = |of: fn(&Measured) -> f64| {
                let mut values: Vec<f64> = measured.iter().map(of).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            let (name, rate) = (work.name, median(|it| it.per_second));
            let (p50, p99) = (median(|it| it.p50_ms), median(|it| it.p99_ms));
            let (processor, memory) = (median(|it| it.processor_ms), median(|it| it.memory_mib));
            writeln!(
                text,
                "| {name} | {system} | {rate:.0} | {p50:.2} | {p99:.2} | {processor:.2} | {memory:.0} |"
            )
            .expect("text takes text");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_what_stands_around_the_table() {
        let page = format!("before\n{TABLE_BEGINS}\nold\n{TABLE_ENDS}\nafter\n");
        let written = with_table(&page, "\nnew\n\n").unwrap();
        let expected = format!("before\n{TABLE_BEGINS}\nnew\n{TABLE_ENDS}\nafter\n");
        assert_eq!(written, expected);
        assert!(with_table("no marks", "new").is_err());
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");
        with_table(&fs::read_to_string(own).unwrap(), "new").unwrap();
    }

    #[test]
    fn the_table_has_the_medians_of_what_was_measured() {
        let measured = |per_second| Measured {
            per_second,
            p50_ms: 1.0,
            p99_ms: 2.0,
            processor_ms: 0.5,
            memory_mib: 10.0,
            database_ms: 0.0,
        };
        let three = [3.0, 100.0, 7.0].map(measured).to_vec();
        let results = Results::from([((0, OURS), three)]);
        let table = table(&results, 3);
        let last = table.lines().last().expect("it has lines");
        assert_eq!(
            last,
            "| ten steps, one caller | Lambdura, a process for each invocation | 7 | 1.00 | 2.00 | 0.50 | 10 |"
        );
    }
}
