//! A server that dies at a chosen write; without one, a server like any other.
//!
//! Takes a template and, for every function, the folder with its built code. Says on standard output
//! where it listens, as one line of JSON, once everything answers.
//!
//! State machines are placed as `lambdura up` places them. Their process is the server's own program: asked for
//! `asl …`, this one becomes the `lambdura` that lies beside it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use crash::{CrashPoint, crashing_store};
use server::{
    Artifacts, STATE_MACHINE_DEFINITION, STATE_MACHINE_PROGRAM, Server, ServerConfig, Stores,
    state_machine_bootstrap,
};
use stack::Stack;

#[derive(Parser)]
struct Arguments {
    /// The template, or its folder.
    template: PathBuf,
    /// Where everything is kept.
    #[arg(long)]
    data_dir: PathBuf,
    /// A function's code: `LogicalId=DIR`.
    #[arg(long = "artifact", value_parser = pair)]
    artifacts: Vec<(String, String)>,
    /// A variable for every function: `NAME=VALUE`.
    #[arg(long = "env", value_parser = pair)]
    environment: Vec<(String, String)>,
    /// How long an idle function process is kept, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    idle_millis: u64,
    /// Where to die: `before:N` or `after:N`; `before:KIND:N` counts writes of one kind only.
    #[arg(long)]
    crash_at: Option<CrashPoint>,
    /// A file to be made, in which the kinds of every write are noted.
    #[arg(long)]
    writes: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> anyhow::Result<()> {
    if std::env::args_os().nth(1).is_some_and(|it| it == "asl") {
        return Err(become_the_command().context("become `lambdura`"));
    }
    serve(Arguments::parse())
}

/// Returns only why it could not.
fn become_the_command() -> anyhow::Error {
    match std::env::current_exe() {
        Ok(own) => {
            let mut command = Command::new(own.with_file_name("lambdura"));
            command.args(std::env::args_os().skip(1)).exec().into()
        }
        Err(error) => error.into(),
    }
}

/// Writes the state machines below the data folder, and returns each one's folder by logical id.
fn place_state_machines(
    stack: &mut Stack,
    data_dir: &Path,
) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut placed = Vec::new();
    for function in &mut stack.functions {
        let Some(definition) = &function.state_machine else {
            continue;
        };
        let folder = data_dir.join("state-machines").join(&function.logical_id);
        fs::create_dir_all(&folder)?;
        let script = folder.join("bootstrap");
        fs::write(&script, state_machine_bootstrap())?;
        fs::set_permissions(&script, Permissions::from_mode(0o755))?;
        fs::write(
            folder.join(STATE_MACHINE_DEFINITION),
            definition.to_string(),
        )?;
        // The server puts in the program that it is itself.
        let program = String::from("crash-server");
        let name = STATE_MACHINE_PROGRAM.to_owned();
        function.environment.insert(name, program);
        placed.push((function.logical_id.clone(), folder));
    }
    Ok(placed)
}

#[tokio::main]
async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let config = ServerConfig {
        environment: arguments.environment.into_iter().collect(),
        idle_time: Duration::from_millis(arguments.idle_millis),
        ..ServerConfig::local(&arguments.data_dir)
    };
    std::fs::create_dir_all(&config.data_dir).context("create the data folder")?;
    let mut stores = Stores::open(&config)?;
    let writes = arguments.writes.as_deref();
    let store = crashing_store(stores.store, arguments.crash_at, writes);
    stores.store = Arc::new(store.context("make the file of the writes")?);
    let server = Server::start_on(config, stores).await?;
    let mut stack = stack::load(&arguments.template, &stack::LoadOptions::default())?;
    let machines = place_state_machines(&mut stack, &arguments.data_dir)?;
    let artifacts: Artifacts = arguments
        .artifacts
        .into_iter()
        .map(|(logical_id, dir)| (logical_id, PathBuf::from(dir)))
        .chain(machines)
        .collect();
    let deployment = server.deploy(&stack, &artifacts).await?;
    let ready = serde_json::json!({
        "endpoint": server.endpoint(),
        "http_apis": deployment.http_apis,
    });
    println!("{ready}");
    tokio::signal::ctrl_c().await?;
    server.shut_down().await?;
    Ok(())
}
