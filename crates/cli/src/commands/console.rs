//! `lambdura console`.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use server::Server;
use tempfile::TempDir;

use crate::args::ConsoleArguments;
use crate::exit::CliError;
use crate::screen::{Screen, note};

/// Serves the console on a file until Ctrl-C.
pub fn run(arguments: &ConsoleArguments, screen: &Screen) -> Result<(), CliError> {
    let scratch = TempDir::with_prefix("lambdura-console-").context("make a folder for itself")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    runtime.block_on(async {
        // Below it, because the server makes it readable by this user alone.
        let data = scratch.path().join("data");
        let looking = Server::look(&arguments.file, listen, &data);
        let server = looking.await.context("open the console")?;
        screen.address(&format!("{}/executions", server.endpoint()))?;
        note("it only reads the file; Ctrl-C ends it");
        let signal = tokio::signal::ctrl_c().await;
        server.shut_down().await.context("close the console")?;
        signal.context("cannot listen for Ctrl-C")?;
        Ok(())
    })
}
