//! One run of `lambdura serve`.

use std::sync::Arc;

use anyhow::Context as _;
use owo_colors::OwoColorize;
use server::{Debugging, Deployment, Runtimes, Server, ServerConfig};

use super::{check, systemd};
use crate::args::ServeArguments;
use crate::exit::CliError;
use crate::screen::{Screen, note};
use crate::up::answers::{self, AnswersFile};
use crate::up::ready_file::{Ready, ReadyFile};
use crate::up::stop_signal::StopSignals;
use crate::up::{data_folder, stack_options, start};

/// Starts the server, says where it is, and stays until it is stopped.
///
/// # Errors
/// When the server cannot start; and [`CliError::Interrupted`] after Ctrl-C.
pub async fn run(arguments: ServeArguments, screen: &Screen) -> Result<(), CliError> {
    let data_dir = std::path::absolute(&arguments.data_dir)
        .with_context(|| format!("cannot tell where `{}` is", arguments.data_dir.display()))?;
    if arguments.check {
        return check::run(&arguments, &data_dir, screen).await;
    }
    let mut signals = StopSignals::listen()?;
    // A file of an earlier run would tell scripts that this one is ready.
    let ready_file = arguments.server.ready_file.clone();
    let ready_file = ready_file.map(ReadyFile::new).transpose()?;
    let answers = arguments.server.answers.as_deref();
    let answers = answers.map(answers::read).transpose()?;
    start::check_listeners(&arguments.server, &data_dir)?;
    data_folder::prepare(&data_dir)?;
    let mut config = server_config(&arguments, &data_dir)?;
    config.answers = answers.as_ref().map(AnswersFile::rules);
    let store = arguments.server.store.store.as_deref();
    let server = tokio::select! {
        started = started(config, store) => started?,
        // This is as sudden as `kill -9`, which the service survives; waiting for a start that hangs would be worse.
        stop = signals.next() => return stop.into_result(),
    };
    let endpoint = server.endpoint();
    let ready = Ready::new(&endpoint, &Deployment::default(), &data_dir);
    let said = if screen.is_json() {
        screen.json_line(&ready)
    } else {
        screen.line(format!("{} {endpoint}", "serving".green()))
    };
    if let Err(error) = said {
        // The caller that started the service may not read its output.
        tracing::debug!(%error, "standard output is closed");
    }
    if let Some(ready_file) = &ready_file
        && let Err(error) = ready_file.write(&ready)
    {
        start::close(server).await;
        return Err(error.into());
    }
    systemd::ready(&endpoint);
    tracing::info!(endpoint, data_dir = %data_dir.display(), "serving");
    let stop = tokio::select! {
        stop = signals.next() => stop,
        () = keep_alive() => unreachable!("the manager is told for good"),
    };
    systemd::stopping();
    tracing::info!("stopping");
    note(format!(
        "{}",
        "stopping; repeat it to force the end".dimmed()
    ));
    signals.close(server).await;
    // Nothing answers any more.
    drop(ready_file);
    stop.into_result()
}

/// The server's settings.
pub(super) fn server_config(
    arguments: &ServeArguments,
    data_dir: &std::path::Path,
) -> Result<ServerConfig, CliError> {
    let region = arguments.region.as_deref();
    let region = stack_options::region(region, |name| std::env::var(name).ok());
    if !is_region(&region) {
        return Err(CliError::usage(
            format!("`{region}` is not a region"),
            "for example `--region us-east-1`; AWS_REGION and AWS_DEFAULT_REGION count too",
        ));
    }
    let runtimes = Arc::new(Runtimes::new(stack_options::runtimes_dir(data_dir)));
    let debugging = Debugging::default();
    stack_options::server_config(&arguments.server, &region, data_dir, runtimes, debugging)
}

/// Whether ARNs and signatures can have it.
fn is_region(region: &str) -> bool {
    (1..=64).contains(&region.len())
        && region
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

async fn started(config: ServerConfig, store: Option<&str>) -> Result<Server, CliError> {
    let server = start::start(config, store).await?;
    if let Err(fault) = server.serve_stacks().await {
        start::close(server).await;
        let failed = anyhow::Error::new(fault).context("the deployed stacks cannot be read");
        return Err(failed.into());
    }
    Ok(server)
}

/// Tells the service manager that the runtime works, for as long as it is polled. A runtime that hangs sends nothing.
async fn keep_alive() {
    let Some(every) = systemd::watchdog() else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        systemd::alive();
    }
}
