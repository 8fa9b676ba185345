//! The environment of function processes: the server's address, and their credentials.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use access::SessionKeys;
use function_host::{Credentials, HostConfig};
use runtime::Clock;
use store::LogStore;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::ServerConfig;
use crate::elsewhere::Elsewhere;
use crate::http::listen;
use crate::http::socket::{self, SocketFile};
use crate::start_error::StartServerError;
use crate::telemetry::xray;

/// How long a function process may take to its first call of the Runtime API. Lambda stops after ten seconds and begins
/// again within the function's timeout; here many interpreters may start at once on few processors, and a new start
/// would only take longer.
const INIT_LIMIT: Duration = Duration::from_secs(60);

/// How long a process's credentials are valid, in milliseconds: as long as those of a role may be on AWS.
const CREDENTIALS_MILLIS: i64 = 12 * 3_600 * 1_000;

/// How long a process gets invocations. The longest invocation takes an hour and a half, and must be able to send
/// checkpoints to its end.
const PROCESS_LIFETIME: Duration = Duration::from_secs(10 * 3_600);

/// The port for function processes, where they cannot use the main port: they do not know its certificate, and it may
/// have no address on this machine.
pub(super) fn own_listener(
    main: SocketAddr,
    is_tls: bool,
) -> Result<Option<(TcpListener, SocketAddr)>, StartServerError> {
    if main.ip().is_loopback() && !is_tls {
        return Ok(None);
    }
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let failed = |cause| StartServerError::Listen {
        address: any,
        cause,
    };
    let listener = listen::bind(any).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Some((listener, address)))
}

/// Where the function host records its processes.
pub(super) fn state_dir(config: &ServerConfig) -> PathBuf {
    config.data_dir.join("processes")
}

/// Ends the function processes of an earlier run, if the data folder is certainly this server's. Otherwise the function
/// host does it, later.
pub(super) async fn end_left_behind(
    config: &ServerConfig,
    is_folder_ours: bool,
) -> Result<(), StartServerError> {
    if !is_folder_ours {
        return Ok(());
    }
    let state_dir = state_dir(config);
    match spawn_blocking(move || function_host::end_left_behind(&state_dir)).await {
        Ok(ended) => Ok(ended?),
        Err(panicked) => resume_unwind(panicked.into_panic()),
    }
}

/// The function host's settings.
pub(super) fn host_config(
    config: &ServerConfig,
    endpoint: &str,
    dynamodb: &str,
    socket: Option<&SocketFile>,
    xray_address: SocketAddr,
    issuing: Option<(SessionKeys, Arc<dyn Clock>)>,
) -> HostConfig {
    let mut environment = BTreeMap::new();
    for (name, value) in config.elsewhere.variables(endpoint) {
        environment.insert(name.to_owned(), value);
    }
    for (name, value) in [
        ("AWS_ENDPOINT_URL_LAMBDA", endpoint),
        // One port serves both; this overrides the function's own variable.
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_XRAY_DAEMON_ADDRESS", &xray_address.to_string()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    if let Some(path) = socket.and_then(|socket| socket.path().to_str()) {
        environment.insert(socket::VARIABLE.to_owned(), path.to_owned());
        environment.insert(socket::ENDPOINT_VARIABLE.to_owned(), endpoint.to_owned());
    }
    HostConfig {
        region: config.region.clone(),
        state_dir: Some(state_dir(config)),
        extra_environment: environment,
        idle_time: config.idle_time,
        init_limit: INIT_LIMIT,
        runtimes: Some(Arc::clone(&config.runtimes)),
        debugged: config.debugging.started.clone(),
        ..host_credentials(&config.elsewhere, issuing)
    }
}

/// The credentials of functions: placeholders, unless they call a real account, or are identified by their signatures.
fn host_credentials(
    elsewhere: &Elsewhere,
    issuing: Option<(SessionKeys, Arc<dyn Clock>)>,
) -> HostConfig {
    let mut host = HostConfig::default();
    if let Some((sessions, clock)) = issuing {
        host.process_lifetime = PROCESS_LIFETIME;
        host.credentials = Arc::new(move |function| {
            let subject = format!("{}:{}", function.name, function.version);
            // By the machine's clock, which signatures use.
            let now = clock.now().as_millis() - clock.ahead_millis();
            let issued = sessions.issue(&subject, now + CREDENTIALS_MILLIS);
            let issued = issued
                .inspect_err(|error| tracing::error!(%error, "a function has no credentials"))
                .ok()?;
            Some(Credentials {
                access_key_id: issued.access_key_id.to_string(),
                secret_access_key: issued.secret.reveal().to_owned(),
                session_token: Some(issued.token),
            })
        });
    }
    if let Elsewhere::Account(account) = elsewhere {
        let credentials = account.credentials();
        host.credentials = Arc::new(move |_| credentials.clone());
    }
    host
}

/// Receives the segments of function processes, until the shutdown; returns the address.
pub(super) async fn start_xray(
    logs: &Arc<dyn LogStore>,
    ignored: Arc<AtomicU64>,
    tasks: &TaskTracker,
    clock: &Arc<dyn Clock>,
    shutdown: &CancellationToken,
) -> Result<SocketAddr, StartServerError> {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let (socket, address) = xray::bind()
        .await
        .map_err(|cause| StartServerError::Listen {
            address: any,
            cause,
        })?;
    let clock = Arc::clone(clock);
    let now = move || clock.now();
    tasks.spawn(xray::receive(
        socket,
        Arc::clone(logs),
        ignored,
        now,
        shutdown.clone(),
    ));
    Ok(address)
}
