//! `cargo xtask demo --cluster`: the same demo on three servers, any of which may be killed.

use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anstream::println;
use anyhow::Result;
use owo_colors::OwoColorize;

use super::{DEMO, DemoArguments, FUNCTIONS, prepare, require, row};
use crate::cluster::{AWAY_FOR, Cluster, ClusterConfig, Event};
use crate::page::Page;
use crate::workspace::Workspace;
use crate::{port, screen, setup};

/// Enough to show that the system works while one server is dead and another is busy.
pub const SERVERS: usize = 3;

/// How often everything is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Runs the demo until it is interrupted; returns only if something fails.
pub fn run(workspace: &Workspace, arguments: &DemoArguments) -> Result<ExitCode> {
    let started = Instant::now();
    require(arguments)?;
    let postgres = setup::require_postgres()?;
    let binaries = prepare(workspace, arguments)?;
    let demo = workspace.root.join(DEMO);

    screen::step("Starting PostgreSQL, the tables and three servers");
    let logs = workspace.chores().join("demo-cluster");
    let data_dir = arguments.data_dir.clone();
    let config = ClusterConfig {
        servers: SERVERS,
        data_dir: data_dir.unwrap_or_else(|| demo.join(".lambdura-cluster")),
        template: demo.clone(),
        functions: FUNCTIONS,
        listen: port::loopback(arguments.endpoint_port),
        http_api_listen: port::loopback(arguments.api_port),
        environment: arguments.environment(),
        postgres,
        begins_empty: false,
        logs: logs.clone(),
    };
    let mut cluster = Cluster::start(&binaries, config)?;
    screen::step("Building and serving the page");
    let mut page = Page::serve(
        &demo.join("frontend"),
        &cluster.http_api,
        &cluster.endpoint,
        arguments.free_page_port()?,
        &logs.join("page.log"),
    )?;
    let is_asked = io::stdin().is_terminal();
    print_summary(&cluster, &page, &logs, started.elapsed(), is_asked);

    // Ctrl-C ends this program from its handler.
    let typed = typed_lines(is_asked);
    loop {
        page.check()?;
        for event in cluster.look()? {
            print_event(&event);
        }
        match typed.recv_timeout(LOOK_EVERY) {
            Ok(line) => obey(&mut cluster, line.trim())?,
            Err(RecvTimeoutError::Timeout) => {}
            // There is no terminal to type in.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK_EVERY),
        }
    }
}

/// The lines that are typed in the terminal.
fn typed_lines(is_asked: bool) -> Receiver<String> {
    let (typed, lines) = mpsc::channel();
    if is_asked {
        thread::spawn(move || {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                if typed.send(line).is_err() {
                    break;
                }
            }
        });
    }
    lines
}

fn obey(cluster: &mut Cluster<'_>, line: &str) -> Result<()> {
    if line.is_empty() {
        return Ok(());
    }
    let is_server = match line.parse() {
        Ok(number) => cluster.toggle(number)?,
        Err(_) => false,
    };
    if !is_server {
        println!("  There is no server `{line}`: type a number from 1 to {SERVERS}, or Ctrl-C.");
    }
    Ok(())
}

fn print_event(event: &Event) {
    match event {
        Event::Ended {
            number,
            pid,
            status,
        } => println!(
            "  {}  (process {pid}: {status}); the others take over, and it is started again in {} s",
            format!("Server {number} is gone").yellow().bold(),
            AWAY_FOR.as_secs()
        ),
        Event::Back { number, pid } => println!(
            "  {}  {}",
            format!("Server {number} is back").green().bold(),
            format!("kill -9 {pid}").dimmed()
        ),
        Event::Failed { number, why } => {
            println!("  {}", format!("Server {number} cannot be started").red());
            screen::error(why);
        }
    }
}

fn print_summary(
    cluster: &Cluster<'_>,
    page: &Page,
    logs: &std::path::Path,
    took: Duration,
    is_asked: bool,
) {
    println!();
    println!(
        "  {}  {}",
        "The loan approval demo is running on three servers"
            .green()
            .bold(),
        screen::duration(took).dimmed()
    );
    println!();
    row("Page", &page.url, "apply as Alice, Bob or Charlie");
    row("Loan API", &cluster.http_api, "at any of the servers");
    row(
        "Console",
        &cluster.endpoint,
        "at any of the servers; so is the Lambda API",
    );
    for member in &cluster.members {
        let (url, pid) = member.address();
        let kill = pid.map_or_else(String::new, |pid| format!("kill -9 {pid}"));
        row(&format!("Server {}", member.number), &url, &kill);
    }
    let postgres = &cluster.postgres;
    row(
        "Database",
        &postgres.folder.display().to_string(),
        &format!("PostgreSQL, process {}", postgres.pid),
    );
    row("Logs", &logs.display().to_string(), "");
    println!();
    println!("  Apply as Alice, and kill any server while the page waits for the manager.");
    println!(
        "  A killed server is started again after {} seconds.",
        AWAY_FOR.as_secs()
    );
    if is_asked {
        println!("  Kill or start one from here:       its number and Enter");
    }
    println!("  End everything:                    Ctrl-C");
    println!();
}
