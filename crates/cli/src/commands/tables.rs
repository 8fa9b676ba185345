//! `lambdura tables`.

use anyhow::Context as _;
use serde_json::json;
use server::ServedTables;

use crate::args::TablesArguments;
use crate::exit::CliError;
use crate::screen::{Screen, note};
use crate::up::data_folder;
use crate::up::stop_signal::StopSignals;

/// Serves the tables until Ctrl-C, or SIGTERM.
pub fn run(arguments: &TablesArguments, screen: &Screen) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    data_folder::prepare(&arguments.data_dir)?;
    runtime.block_on(async {
        let path = arguments.data_dir.join("dynamodb.sqlite3");
        let serving = ServedTables::start(arguments.listen, path, arguments.durability.into());
        let tables = serving.await.context("the tables cannot be served")?;
        screen.address(&tables.endpoint())?;
        if let Some(path) = &arguments.ready_file {
            let ready = json!({ "endpoint": tables.endpoint(), "pid": std::process::id() });
            std::fs::write(path, ready.to_string())
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        note("Ctrl-C ends it");
        let mut signals = StopSignals::listen().context("cannot listen for Ctrl-C")?;
        signals.next().await;
        tables.shut_down().await;
        Ok(())
    })
}
