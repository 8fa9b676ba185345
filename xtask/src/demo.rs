//! `cargo xtask demo`: the loan approval demo from nothing, ready to click.

mod on_cluster;

pub use on_cluster::SERVERS;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anstream::println;
use anyhow::{Context as _, Result};
use clap::Args;
use owo_colors::OwoColorize;

use crate::port;
use crate::screen;
use crate::setup::{self, Binaries, FunctionProgram, Profile};
use crate::system::{DemoConfig, System};
use crate::workspace::Workspace;

/// Where the demo lies.
pub const DEMO: &str = "demo/loan-approval";
/// The HTTP API of its template.
pub const LOAN_API: &str = "LoanApi";
/// Its functions.
pub const FUNCTIONS: &[FunctionProgram] = &[
    ("LoanWorkflowFunction", "loan-workflow"),
    ("LoanTaskFunction", "loan-workflow"),
    ("FraudCheckFunction", "fraud-check"),
    ("LoanApiFunction", "loan-api"),
];
/// The package of the program `lambdura`.
pub const CLI_PACKAGE: &str = "cli";

/// Run the loan approval demo: service, functions and page, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask demo                    page on http://127.0.0.1:5173
  cargo xtask demo --pace 0           no simulated work: everything happens at once
  cargo xtask demo --cluster          on three servers, any of which may be killed
  cargo xtask demo --release          as fast as it gets, after a longer build")]
pub struct DemoArguments {
    /// Factor on the seconds of simulated work: 0 for none
    #[arg(long, value_name = "FACTOR")]
    pace: Option<f64>,
    /// Three servers on a PostgreSQL of their own, to be killed while somebody applies
    #[arg(long)]
    cluster: bool,
    /// Build everything optimised
    #[arg(long)]
    release: bool,
    /// Executions and tables are kept here [default: demo/loan-approval/.lambdura, with --cluster
    /// demo/loan-approval/.lambdura-cluster]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Port of the page
    #[arg(long, value_name = "PORT", default_value_t = 5173)]
    page_port: u16,
    /// Port of the loan API
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    api_port: u16,
    /// Port of the Lambda API
    #[arg(long, value_name = "PORT", default_value_t = 3001)]
    endpoint_port: u16,
}

/// Runs the demo until it is interrupted; returns only if something fails.
pub fn run(workspace: &Workspace, arguments: &DemoArguments) -> Result<ExitCode> {
    if arguments.cluster {
        return on_cluster::run(workspace, arguments);
    }
    let started = Instant::now();
    // Checks everything that could fail before the long work.
    require(arguments)?;

    // The program has the functions and the page in it.
    setup::build_pages(workspace)?;
    let binaries = setup::build_binaries(workspace, &[CLI_PACKAGE], arguments.profile())?;

    screen::step("Starting the service, its functions and the page");
    let data_dir = arguments.data_dir.clone();
    let config = DemoConfig {
        data_dir: data_dir.unwrap_or_else(|| workspace.root.join(DEMO).join(".lambdura")),
        listen: port::loopback(arguments.endpoint_port),
        http_api_listen: port::loopback(arguments.api_port),
        page_listen: port::loopback(arguments.page_port),
        pace: arguments.pace,
        log: workspace.chores().join("demo").join("lambdura.log"),
    };
    let mut system = System::start_demo(&binaries, &config)?;
    print_summary(&system, &binaries.path("lambdura"), started.elapsed())?;

    // Ctrl-C ends this program from its handler; this loop only notices processes that end by themselves.
    loop {
        system.check()?;
        thread::sleep(Duration::from_millis(200));
    }
}

impl DemoArguments {
    /// Variables of every function.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let pace = self.pace.iter();
        pace.map(|pace| ("DEMO_PACE", pace.to_string())).collect()
    }

    fn profile(&self) -> Profile {
        if self.release {
            Profile::Release
        } else {
            Profile::Dev
        }
    }

    fn free_page_port(&self) -> Result<u16> {
        match self.page_port {
            0 => port::free(),
            port => Ok(port),
        }
    }
}

/// Fails if something is missing or taken.
fn require(arguments: &DemoArguments) -> Result<()> {
    setup::require_node()?;
    port::require_free(arguments.page_port, "the page", "--page-port")?;
    port::require_free(arguments.api_port, "the loan API", "--api-port")?;
    port::require_free(arguments.endpoint_port, "the Lambda API", "--endpoint-port")
}

/// Builds the programs and what the page needs, for several servers.
fn prepare(workspace: &Workspace, arguments: &DemoArguments) -> Result<Binaries> {
    setup::build_pages(workspace)?;
    let binaries = setup::build_binaries(workspace, &programs(), arguments.profile())?;
    setup::install_packages(&workspace.root.join(DEMO).join("frontend"))?;
    Ok(binaries)
}

/// The packages whose programs make up the demo. A function's package is called like its program.
fn programs() -> Vec<&'static str> {
    let mut programs: Vec<_> = FUNCTIONS.iter().map(|(_, program)| *program).collect();
    // Some are several functions.
    programs.sort_unstable();
    programs.dedup();
    std::iter::once(CLI_PACKAGE).chain(programs).collect()
}

fn row(name: &str, value: &str, remark: &str) {
    println!("  {name:<10}{}  {}", value.bold(), remark.dimmed());
}

fn print_summary(system: &System, lambdura: &Path, took: Duration) -> Result<()> {
    let page = system.ready.page.as_deref();
    let page = page.context("the program was built without the page")?;
    println!();
    println!(
        "  {}  {}",
        "The loan approval demo is running".green().bold(),
        screen::duration(took).dimmed()
    );
    println!();
    row("Page", page, "apply as Alice, Bob or Charlie");
    row(
        "Loan API",
        system.http_api(LOAN_API)?,
        "POST /apply, GET /status/{id}, POST /approve/{id}",
    );
    row(
        "Console",
        &system.ready.endpoint,
        "every execution, live: timeline, invocations, logs",
    );
    row(
        "Endpoint",
        &system.ready.endpoint,
        "AWS Lambda API, for AWS CLI and SDKs",
    );
    row(
        "Data",
        &system.ready.data_dir.display().to_string(),
        "kept for the next time",
    );
    row("Log", &system.log.display().to_string(), "");
    println!();
    let show = format!(
        "{} show @last --endpoint {}",
        lambdura.display(),
        system.ready.endpoint
    );
    println!("  See an execution in the terminal:  {show}");
    println!("  End everything:                    Ctrl-C");
    println!();
    Ok(())
}
