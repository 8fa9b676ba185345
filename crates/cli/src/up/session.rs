//! One run of `lambdura up`, from the arguments to the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use owo_colors::OwoColorize;
use server::{Artifacts, Deployment, Runtimes, Server, ServerConfig};
use stack::Stack;

use super::answers::AnswersFile;
use super::objects::Fetch;
use super::presenter::{Presenter, Up};
use super::ready_file::{Ready, ReadyFile};
use super::reload::{Deployed, Reload, Sources};
use super::stop_signal::{Stop, StopSignals};
use super::{
    answers, build, cdk, data_folder, debugging, image, inline, left_out, missing_layers, objects,
    own_sources, questions, secret_seed, stack_options, start, state_machines,
};
use crate::args::UpArguments;
use crate::exit::CliError;
use crate::prices;
use crate::screen::{Screen, note};

/// Loads, builds, starts, deploys, prints the addresses, and stays until it is stopped.
///
/// # Errors
/// When the stack cannot start; and [`CliError::Interrupted`] after Ctrl-C.
pub async fn run(
    mut arguments: UpArguments,
    presenter: &mut impl Presenter,
    screen: &Screen,
) -> Result<(), CliError> {
    let mut signals = StopSignals::listen()?;
    // A file of an earlier run would tell scripts that this one is ready.
    let ready_file = arguments
        .server
        .ready_file
        .clone()
        .map(ReadyFile::new)
        .transpose()?;
    let answers = arguments.server.answers.as_deref();
    let answers = answers.map(answers::read).transpose()?;
    // Reports a mistake in the file before anything is built.
    prices::read(arguments.server.prices.as_deref())?;
    arguments.template = tokio::select! {
        template = cdk::assembly(&arguments.template) => template?,
        stop = signals.next() => return stop.into_result(),
    };
    tokio::select! {
        asked = questions::complete(&mut arguments) => asked?,
        stop = signals.next() => return stop.into_result(),
    }
    let mut stack = stack_options::load(&arguments).map_err(CliError::diagnostic)?;
    let data_dir = stack_options::data_dir(&arguments, &stack)?;
    start::check_listeners(&arguments.server, &data_dir)?;
    data_folder::prepare(&data_dir)?;
    secret_seed::keep(&data_dir)?;
    inline::place(&mut stack, &data_dir)?;
    let elsewhere = stack_options::elsewhere(&arguments.server)?;
    state_machines::place(&mut stack, &data_dir, Some(&elsewhere))?;
    image::place(&mut stack, &data_dir);
    tokio::select! {
        () = objects::fetch(&mut stack, &elsewhere, &data_dir, Fetch::Anew) => {}
        stop = signals.next() => return stop.into_result(),
    }
    let runtimes = Arc::new(Runtimes::new(stack_options::runtimes_dir(&data_dir)));
    let targets = debugging::targets(&arguments.debug, arguments.debug_wait, &stack)?;
    tokio::select! {
        prepared = debugging::prepare(&targets, &runtimes) => prepared?,
        stop = signals.next() => return stop.into_result(),
    }
    let (debugging, debugged) = debugging::debugging(&targets);
    let built = tokio::select! {
        built = build::build(&stack, &arguments, &data_dir, &runtimes) => built,
        stop = signals.next() => return stop.into_result(),
    };
    missing_layers::start_without_wrappers(&mut stack, &built);
    for stand_in in &built.stand_ins {
        note(format!("{} {stand_in}", "!".yellow()));
    }
    let artifacts = left_out::artifacts(&built, &BTreeSet::new(), own_sources::folders(&stack));
    left_out::say(built.problems, &BTreeSet::new(), &stack);
    check_enough(&artifacts, arguments.strict)?;
    left_out::mention(&artifacts, &stack);
    let runs = Arc::clone(&runtimes);
    let mut config =
        stack_options::server_config(&arguments.server, &stack.region, &data_dir, runs, debugging)?;
    config.answers = answers.as_ref().map(AnswersFile::rules);
    let (server, deployment) = tokio::select! {
        started = start_and_deploy(config, arguments.server.store.store.as_deref(), &stack, &artifacts, answers) => started?,
        // This is as sudden as `kill -9`, which the service survives; waiting for a start that hangs would be worse.
        stop = signals.next() => return stop.into_result(),
    };
    let reload = Reload {
        server: &server,
        arguments: &arguments,
        data_dir: &data_dir,
        runtimes: &runtimes,
    };
    // Before the addresses are printed: from then on, sources may change at once.
    let sources = watch(&reload, &stack);
    let endpoint = server.endpoint();
    let mut ready = Ready::new(&endpoint, &deployment, &data_dir);
    let up = Up {
        stack_name: &stack.name,
        endpoint: &endpoint,
        deployment: &deployment,
        data_dir: &data_dir,
        durability: arguments.server.durability,
        clock: arguments.server.clock,
    };
    presenter.starts(&up, &mut ready);
    let said = if screen.is_json() {
        screen.json_line(&ready)
    } else {
        presenter
            .lines(&up, screen.width())
            .into_iter()
            .try_for_each(|line| screen.line(line))
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
    debugging::say(&targets);
    drop(targets);
    let was = Deployed {
        stack,
        deployment,
        functions: artifacts.folders.into_keys().collect(),
    };
    let stop = tokio::select! {
        () = reload.run(was, sources) => unreachable!("sources are watched for good"),
        () = debugging::tell(debugged) => unreachable!("it is told for good"),
        stop = signals.next() => stop,
    };
    note(format!(
        "\n{}",
        "stopping; repeat it to force the end".dimmed()
    ));
    signals.close(server).await;
    // Nothing answers any more.
    drop(ready_file);
    note(presenter.farewell(arguments.server.durability, &data_dir));
    stop.into_result()
}

/// Refuses a stack of which no function can run, and with `--strict` one of which some cannot.
fn check_enough(artifacts: &Artifacts, strict: bool) -> Result<(), CliError> {
    let count = artifacts.left_out.len();
    if count == 0 {
        return Ok(());
    }
    if artifacts.folders.is_empty() {
        return Err(anyhow::anyhow!("no function of the template can run: see above").into());
    }
    if strict {
        let total = count + artifacts.folders.len();
        let message = format!("{count} of {total} functions cannot run: see above");
        return Err(anyhow::anyhow!("{message}; without `--strict` the others start").into());
    }
    Ok(())
}

/// The sources to watch, unless nothing is built or the arguments say that they stay as they are.
fn watch(reload: &Reload<'_>, stack: &Stack) -> Option<Sources> {
    if reload.arguments.no_build || reload.arguments.no_reload {
        return None;
    }
    match Sources::watch(stack, reload.data_dir) {
        Ok(sources) => Some(sources),
        Err(error) => {
            note(format!(
                "{} changed sources will not be noticed: {error}",
                "!".yellow()
            ));
            None
        }
    }
}

async fn start_and_deploy(
    config: ServerConfig,
    store: Option<&str>,
    stack: &Stack,
    artifacts: &Artifacts,
    answers: Option<AnswersFile>,
) -> Result<(Server, Deployment), CliError> {
    let server = start::start(config, store).await?;
    let deployed = match start::deploy(&server, stack, artifacts).await {
        // The rules name functions, which are known only now.
        Ok(deployment) => answers
            .map_or(Ok(()), |answers| answers.check(&server))
            .map(|()| deployment),
        Err(error) => Err(error),
    };
    match deployed {
        Ok(deployment) => Ok((server, deployment)),
        Err(error) => {
            start::close(server).await;
            Err(error)
        }
    }
}

impl Stop {
    /// After a service manager's `SIGTERM` the command succeeds; after Ctrl-C it is interrupted, for shells.
    pub(crate) fn into_result(self) -> Result<(), CliError> {
        match self {
            Self::Interrupt => Err(CliError::Interrupted),
            Self::Terminate => Ok(()),
        }
    }
}
