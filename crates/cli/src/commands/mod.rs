//! One file per command; this file dispatches to them and builds what they share.

mod asl;
mod backup;
mod callback;
mod callbacks;
mod clock;
mod console;
mod cost;
mod debug;
mod delete;
mod demo;
mod deploy;
mod destroy;
mod docs;
pub mod doctor;
mod functions;
mod history;
mod init;
mod invoke;
pub mod keys;
mod logs;
mod ls;
mod man;
mod migrate;
mod new;
mod open;
mod pause;
mod quarantine;
mod restore;
mod retry;
mod serve;
mod servers;
mod show;
mod stacks;
mod stop;
mod store;
mod tables;
mod up;
mod verify;
mod wait;
mod watch;

use std::future::Future;
use std::io::{self, IsTerminal};

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{Arguments, AslAction, AslArguments, Command, GlobalArguments, LogFormat};
use crate::client::Client;
use crate::completions;
use crate::exit::CliError;
use crate::kept_warnings::KeepWarnings;
use crate::screen::Screen;

/// Runs the command to its end.
///
/// # Errors
/// The command's error; `exit` prints it and knows its exit code.
pub fn run(arguments: Arguments, screen: &Screen) -> Result<(), CliError> {
    // It has a log of its own, as functions have.
    if let Command::DemoFunction(it) = &arguments.command {
        return demo::function(it);
    }
    if let Command::Asl(AslArguments {
        action: AslAction::Function(it),
    }) = &arguments.command
    {
        return asl::function(it);
    }
    let log_format = match &arguments.command {
        Command::Serve(serve) => serve.log_format,
        _ => LogFormat::Text,
    };
    start_logging(&arguments.global, log_format)?;
    let is_verbose = arguments.global.verbose > 0;
    let client = || Client::new(&arguments.global.endpoint);
    let client_to = |to: &Option<String>| {
        let named = to.as_deref();
        Client::new(named.unwrap_or(&arguments.global.endpoint))
    };
    match arguments.command {
        Command::New(it) => new::run(&it, screen),
        Command::Init(it) => init::run(&it, screen),
        Command::Up(up) => up::run(*up, is_verbose, screen),
        Command::Serve(it) => serve::run(*it, screen),
        Command::Deploy(it) => block_on(deploy::run(&client_to(&it.to)?, it, screen)),
        Command::Stacks(it) => block_on(stacks::run(&client_to(&it.to)?, it, screen)),
        Command::Destroy(it) => block_on(destroy::run(&client_to(&it.to)?, it, screen)),
        Command::Migrate(it) => block_on(migrate::run(it, screen)),
        Command::Tables(it) => tables::run(&it, screen),
        Command::Demo(it) => demo::run(&it, &arguments.global, screen),
        Command::DemoServer(it) => demo::server(&it, screen),
        Command::DemoFunction(_) => unreachable!("it ran above"),
        Command::Debug(it) => block_on(debug::run(it, screen)),
        Command::Asl(it) => block_on(asl::run(it, &arguments.global.endpoint, screen)),
        Command::Invoke(it) => block_on(invoke::run(&client()?, it, screen)),
        Command::Ls(it) => block_on(ls::run(&client()?, it, screen)),
        Command::Show(it) => block_on(show::run(&client()?, it, screen)),
        Command::History(it) => block_on(history::run(&client()?, it, screen)),
        Command::Cost(it) if it.print_prices => cost::print_prices(screen),
        Command::Cost(it) => block_on(cost::run(&client()?, it, screen)),
        Command::Logs(it) => block_on(logs::run(&client()?, it, screen)),
        Command::Callback(it) => block_on(callback::run(&client()?, it, screen)),
        Command::Callbacks(it) => block_on(callbacks::run(&client()?, it, screen)),
        Command::Functions => block_on(functions::run(&client()?, screen)),
        Command::Console(it) => console::run(&it, screen),
        Command::Open(it) => block_on(open::run(&client()?, it, screen)),
        Command::Retry(it) => block_on(retry::run(&client()?, it, screen)),
        Command::Stop(it) => block_on(stop::run(&client()?, it, screen)),
        Command::Pause(it) => block_on(pause::pause(&client()?, it, screen)),
        Command::Resume(it) => block_on(pause::resume(&client()?, it, screen)),
        Command::Clock(it) => block_on(clock::run(&client()?, it, screen)),
        Command::Quarantine(it) => block_on(quarantine::run(&client()?, it, screen)),
        Command::Servers(it) => block_on(servers::run(&client()?, &it, screen)),
        Command::Backup(it) => block_on(backup::run(it, screen)),
        Command::Restore(it) => block_on(restore::run(it, screen)),
        Command::Verify(it) => block_on(verify::run(it, screen)),
        Command::Store(it) => block_on(store::run(it, screen)),
        Command::Keys(it) => {
            let client = || Ok(client()?);
            block_on(keys::run(client, it, screen))
        }
        Command::Audit(it) => {
            let client = || Ok(client()?);
            block_on(keys::audit(client, it, screen))
        }
        Command::Docs(it) => block_on(docs::run(it, screen)),
        Command::Doctor(it) => doctor::run(&it, screen),
        Command::Completions(it) => completions::print(it.shell, screen),
        Command::Man(it) => man::run(&it),
        Command::Delete(it) => block_on(delete::run(&client()?, it, screen)),
    }
}

/// Clients need one thread. Ctrl-C ends any of them: they have nothing to clean up.
fn block_on(command: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        tokio::select! {
            // In this order: a payload is read from standard input before anything is awaited, which blocks the thread.
            // Until tokio listens for Ctrl-C, the signal ends the process.
            biased;
            ended = command => ended,
            signal = tokio::signal::ctrl_c() => {
                signal.context("cannot listen for Ctrl-C")?;
                Err(CliError::Interrupted)
            }
        }
    })
}

/// Sends what the parts of the program report to standard error, as much as was asked for.
fn start_logging(global: &GlobalArguments, format: LogFormat) -> Result<(), CliError> {
    let filter = match std::env::var("LAMBDURA_LOG") {
        Ok(filter) => EnvFilter::try_new(&filter).map_err(|error| {
            CliError::usage(
                format!("LAMBDURA_LOG is not a filter: {error}"),
                "for example `LAMBDURA_LOG=info` or `LAMBDURA_LOG=server=debug,driver=trace`",
            )
        })?,
        Err(_) => EnvFilter::new(match global.verbose {
            0 => "warn",
            1 => "info",
            _ => "debug,hyper=info,hyper_util=info",
        }),
    };
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let printed = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let printed = match format {
        LogFormat::Json => printed
            .json()
            .flatten_event(true)
            .with_filter(filter)
            .boxed(),
        LogFormat::Text => printed
            .with_ansi(io::stderr().is_terminal() && !no_color)
            .with_filter(filter)
            .boxed(),
    };
    let kept = KeepWarnings.with_filter(LevelFilter::WARN);
    tracing_subscriber::registry()
        .with(printed)
        .with(kept)
        .init();
    Ok(())
}
