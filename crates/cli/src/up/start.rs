//! Starts the server and deploys the stack, and explains failures.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use miette::Diagnostic;
use server::{Artifacts, DeployError, Deployment, Server, ServerConfig, StartServerError};
use stack::Stack;
use thiserror::Error;

use super::{port, shared_store};
use crate::args::ServerArguments;
use crate::exit::CliError;

/// An address that cannot be listened on.
#[derive(Debug, Error, Diagnostic)]
#[error("{what} cannot listen on {address}: {problem}")]
#[diagnostic(help("{help}"))]
struct AddressError {
    what: String,
    address: SocketAddr,
    problem: String,
    help: String,
}

impl AddressError {
    fn new(what: String, option: &str, address: SocketAddr, cause: &io::Error) -> Self {
        let free = SocketAddr::new(address.ip(), 0);
        let choose = format!(
            "choose another address with `{option}`; `{option} {free}` takes any free port"
        );
        let (problem, help) = match cause.kind() {
            io::ErrorKind::AddrInUse => match port::holder(address) {
                Some(holder) => (
                    format!("it is taken by process {} ({})", holder.pid, holder.command),
                    format!("stop that process, or {choose}"),
                ),
                None => (
                    "it is taken by another process".to_owned(),
                    format!("stop that process, or {choose}"),
                ),
            },
            io::ErrorKind::PermissionDenied => (
                "the system does not allow it".to_owned(),
                format!("ports below 1024 need privileges: {choose}"),
            ),
            io::ErrorKind::AddrNotAvailable => {
                ("this machine does not have the address".to_owned(), choose)
            }
            _ => (cause.to_string(), choose),
        };
        Self {
            what,
            address,
            problem,
            help,
        }
    }
}

/// Starts the server, with the URL of a store that it shares or on one of its own.
///
/// # Errors
/// Addresses that are taken, with the process that listens there, and other errors of the server and the store.
pub async fn start(config: ServerConfig, store: Option<&str>) -> Result<Server, CliError> {
    let data_dir = config.data_dir.clone();
    let started = match store {
        None => Server::start(config).await,
        Some(url) => {
            let stores = shared_store::open(&config, url).await?;
            Server::start_on(config, stores).await
        }
    };
    match started {
        Ok(server) => Ok(server),
        Err(StartServerError::Listen { address, cause }) => {
            let what = "the Lambda API".to_owned();
            let error = AddressError::new(what, "--listen", address, &cause);
            Err(CliError::diagnostic(error))
        }
        Err(error) => Err(refused(error, &data_dir)),
    }
}

/// Shuts the server down.
pub async fn close(server: Server) {
    if let Err(error) = server.shut_down().await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the store did not close cleanly; what was acknowledged is kept"
        );
    }
}

/// Checks from the arguments, before anything is built, whether the listeners may be opened.
///
/// # Errors
/// When other machines could reach a listener without TLS.
pub fn check_listeners(arguments: &ServerArguments, data_dir: &Path) -> Result<(), CliError> {
    let access = &arguments.access;
    if access.behind_proxy || access.tls_cert.is_some() {
        return Ok(());
    }
    let listeners = [arguments.listen, arguments.http_api_listen];
    match listeners.iter().find(|it| !it.ip().is_loopback()) {
        Some(address) => {
            let error = StartServerError::ExposedWithoutTls(*address);
            Err(refused(error, data_dir))
        }
        None => Ok(()),
    }
}

/// Why the service does not start, with what to do.
fn refused(error: StartServerError, data_dir: &Path) -> CliError {
    let help = match &error {
        StartServerError::NotLoopback(_) => "for example `--listen 127.0.0.1:3001`".to_owned(),
        StartServerError::ExposedWithoutTls(_) => {
            "name a certificate with `--tls-cert FILE --tls-key FILE`, say `--behind-proxy` if a proxy in front has TLS, \
             or listen on this machine alone: `--listen 127.0.0.1:3001`"
                .to_owned()
        }
        StartServerError::ExposedWithoutKeys(_) | StartServerError::NoAccessKeys => format!(
            "create one: `lambdura keys create NAME --policy admin --data-dir {}`",
            data_dir.display()
        ),
        StartServerError::AccountCredentials => {
            "leave `--aws-credentials` out, or use an emulator with `--aws-endpoint`".to_owned()
        }
        _ => {
            return anyhow::Error::new(error)
                .context("the service cannot start")
                .into();
        }
    };
    CliError::usage(error.to_string(), help)
}

/// Deploys the stack.
///
/// # Errors
/// Addresses that are taken, with the process that listens there, and other errors of the server.
pub async fn deploy(
    server: &Server,
    stack: &Stack,
    artifacts: &Artifacts,
) -> Result<Deployment, CliError> {
    match server.deploy(stack, artifacts).await {
        Ok(deployment) => Ok(deployment),
        Err(DeployError::Listen {
            logical_id,
            address,
            cause,
        }) => {
            let what = format!("API `{logical_id}`");
            let error = AddressError::new(what, "--http-api-listen", address, &cause);
            Err(CliError::diagnostic(error))
        }
        Err(error) => Err(error)
            .with_context(|| format!("the stack `{}` cannot be deployed", stack.name))
            .map_err(CliError::Failed),
    }
}
