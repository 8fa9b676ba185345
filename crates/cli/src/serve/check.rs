//! `lambdura serve --check`: tries the things that the settings name.

use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use model::Timestamp;
use owo_colors::OwoColorize;
use serde::Serialize;
use server::{Elsewhere, KeyRing, ServerConfig};
use tempfile::TempDir;

use super::session::server_config;
use crate::args::ServeArguments;
use crate::commands::doctor::{check, programs};
use crate::duration_text::now_ms;
use crate::exit::CliError;
use crate::kept::{Place, Reading, STORE_FILE};
use crate::screen::Screen;
use crate::up::port;

/// Interpreters that functions may need.
const INTERPRETERS: [&str; 2] = ["python3", "node"];

/// One thing that was tried.
#[derive(Debug, Serialize)]
struct Tried {
    what: String,
    status: Status,
    /// The finding; for a problem, also what to do.
    found: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// Only some functions need it.
    Warning,
    /// The server would not start, or something that the settings name would fail.
    Problem,
}

/// Tries everything and prints the results. Nothing is changed: no folder stays, no schema is migrated.
///
/// # Errors
/// When a server would not start with these settings.
pub async fn run(
    arguments: &ServeArguments,
    data_dir: &Path,
    screen: &Screen,
) -> Result<(), CliError> {
    let mut tried = Vec::new();
    match server_config(arguments, data_dir) {
        Err(error) => tried.push(problem("settings", chain(&error))),
        Ok(config) => {
            tried.push(ok("settings", "they can be read"));
            tried.extend(listeners(arguments, &config));
            tried.push(data_folder(data_dir));
            tried.extend(in_use(data_dir));
            tried.push(store(arguments, data_dir).await);
            tried.extend(access_keys(arguments, &config, data_dir).await);
            tried.extend(certificate(arguments));
            tried.extend(endpoints(&config).await);
            tried.extend(answers(arguments));
        }
    }
    tried.extend(interpreters());
    let problems = tried
        .iter()
        .filter(|it| it.status == Status::Problem)
        .count();
    if screen.is_json() {
        screen.json(&tried)?;
    } else {
        for Tried {
            what,
            status,
            found,
        } in &tried
        {
            let mark = match status {
                Status::Ok => "✓".green().to_string(),
                Status::Warning => "!".yellow().to_string(),
                Status::Problem => "✗".red().to_string(),
            };
            screen.line(format!("{mark} {what}: {found}"))?;
        }
    }
    match problems {
        0 => Ok(()),
        1 => Err(anyhow!("the server would not start: see above").into()),
        _ => Err(anyhow!("the server would not start, for {problems} reasons: see above").into()),
    }
}

fn listeners(arguments: &ServeArguments, config: &ServerConfig) -> Vec<Tried> {
    let exposed = [config.listen, config.http_api_listen];
    let exposed = exposed.iter().find(|it| !it.ip().is_loopback());
    let access = &arguments.server.access;
    let mut wanted = vec![
        ("listen", config.listen),
        ("http-api-listen", config.http_api_listen),
    ];
    wanted.extend(
        config
            .cluster
            .as_ref()
            .map(|cluster| ("cluster-listen", cluster.listen)),
    );
    let mut tried = Vec::new();
    for (index, (what, address)) in wanted.iter().enumerate() {
        let before = wanted[..index].iter();
        let mut taken = before.filter(|(_, other)| overlap(*other, *address));
        tried.push(match taken.next() {
            Some((other, _)) => problem(
                what,
                format!("{address} is taken by `{other}`: each needs an address of its own"),
            ),
            None => listener(what, *address),
        });
    }
    if let Some(address) = exposed
        && !access.behind_proxy
        && access.tls_cert.is_none()
    {
        tried.push(problem(
            "TLS",
            format!("other machines reach {address}: name a certificate with `tls-cert` and `tls-key`, or set `behind-proxy`"),
        ));
    }
    tried
}

fn listener(what: &str, address: SocketAddr) -> Tried {
    match TcpListener::bind(address) {
        Ok(_) => ok(what, format!("{address} is free")),
        Err(error) => {
            let holder = port::holder(address);
            let holder = holder.map(|it| format!(", process {} ({}) has it", it.pid, it.command));
            let holder = holder.unwrap_or_default();
            problem(
                what,
                format!("{address} cannot be listened on: {error}{holder}"),
            )
        }
    }
}

/// Whether two listeners would want the same port.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (is_any || one.ip() == other.ip())
}

fn data_folder(data_dir: &Path) -> Tried {
    let what = "data-dir";
    let there = data_dir.ancestors().find(|it| it.exists());
    let Some(there) = there else {
        return problem(what, format!("`{}` cannot be made", data_dir.display()));
    };
    if !there.is_dir() {
        return problem(what, format!("`{}` is not a folder", there.display()));
    }
    // Permissions alone do not tell: a file system may be full, read-only or unable to keep files.
    match TempDir::with_prefix_in(".lambdura-check-", there) {
        Ok(_removed_at_once) if there == data_dir => {
            ok(what, format!("`{}` is there", data_dir.display()))
        }
        Ok(_removed_at_once) => ok(what, format!("`{}` will be made", data_dir.display())),
        Err(error) => problem(
            what,
            format!("nothing can be made in `{}`: {error}", there.display()),
        ),
    }
}

/// Whether another process has the data folder.
fn in_use(data_dir: &Path) -> Option<Tried> {
    let path = data_dir.join(format!("{STORE_FILE}.lock"));
    let mut file = File::open(path).ok()?;
    // A shared lock: a server that starts at this moment is kept out only while this looks.
    let Err(TryLockError::WouldBlock) = file.try_lock_shared() else {
        return None;
    };
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    let holder = read.ok().and_then(|_| text.lines().next());
    let holder = holder.map(|it| format!(" (process {})", it.trim()));
    let found = format!(
        "`{}` is in use by a running server{}",
        data_dir.display(),
        holder.unwrap_or_default()
    );
    Some(problem("data-dir in use", found))
}

async fn store(arguments: &ServeArguments, data_dir: &Path) -> Tried {
    let what = "store";
    if let Some(url) = &arguments.server.store.store {
        match store_postgres::may_create(url).await {
            Ok(true) => {}
            Ok(false) => {
                return problem(
                    what,
                    "the role may not create tables: `GRANT CREATE ON DATABASE … TO …`, or `ON SCHEMA lambdura` once it is there",
                );
            }
            Err(error) => return problem(what, chain(&error)),
        }
        return match store_postgres::pending_migrations(url).await {
            Ok(pending) if pending.is_empty() => ok(
                what,
                "the database answers, and its schema is this version's",
            ),
            Ok(pending) => ok(
                what,
                format!(
                    "the database answers; the start will migrate it: {}",
                    pending.join(", ")
                ),
            ),
            Err(error) => problem(what, chain(&error)),
        };
    }
    let path = data_dir.join("lambdura.sqlite3");
    match store_sqlite::pending_migrations(&path) {
        Ok(pending) if pending.is_empty() => {
            ok(what, format!("`{}` is of this version", path.display()))
        }
        Ok(_) if !path.exists() => ok(what, format!("`{}` will be made", path.display())),
        Ok(pending) => ok(
            what,
            format!(
                "the start migrates `{}`: {}",
                path.display(),
                pending.join(", ")
            ),
        ),
        Err(error) => problem(what, chain(&error)),
    }
}

/// Whether there is an access key, where all requests have to be signed.
async fn access_keys(
    arguments: &ServeArguments,
    config: &ServerConfig,
    data_dir: &Path,
) -> Option<Tried> {
    let what = "access keys";
    let listeners = [config.listen, config.http_api_listen];
    let is_exposed = listeners.iter().any(|it| !it.ip().is_loopback());
    if !is_exposed && !config.access.enforce_policies {
        return None;
    }
    let place = match &arguments.server.store.store {
        Some(url) => Place::Database(url.clone()),
        None => Place::Folder(data_dir.to_owned()),
    };
    let create = format!(
        "requests must be signed, and there is no access key: `lambdura keys create NAME --policy admin {}`",
        match &place {
            Place::Folder(folder) => format!("--data-dir {}", folder.display()),
            Place::Database(_) => "--store URL".to_owned(),
        }
    );
    if place
        .folder()
        .is_some_and(|folder| !folder.join(STORE_FILE).is_file())
    {
        return Some(problem(what, create));
    }
    let counted = async {
        let scratch = tempfile::tempdir()?;
        let reading = Reading::in_use(&place, scratch.path()).await?;
        let keys = Arc::clone(&reading.keys);
        let sealing = config.access.sealing_key.clone();
        let now = Timestamp::from_millis(now_ms());
        let count = match KeyRing::open(keys, data_dir, sealing, now).await {
            Ok(ring) => Ok(ring.enabled_count()),
            Err(error) => Err(chain(&error)),
        };
        reading.close().await?;
        Ok::<_, CliError>(count)
    };
    Some(match counted.await {
        Ok(Ok(0)) => problem(what, create),
        Ok(Ok(1)) => ok(what, "1 may sign"),
        Ok(Ok(count)) => ok(what, format!("{count} may sign")),
        Ok(Err(why)) => problem(what, why),
        Err(error) => problem(what, format!("they cannot be read: {}", chain(&error))),
    })
}

/// How long a service may take to answer.
const REACHED_WITHIN: Duration = Duration::from_secs(3);

/// Services that the settings name.
async fn endpoints(config: &ServerConfig) -> Vec<Tried> {
    let mut named = Vec::new();
    if let Some(endpoint) = &config.dynamodb {
        named.push(("dynamodb-endpoint", endpoint.clone()));
    }
    if let Elsewhere::Emulator(endpoint) = &config.elsewhere {
        named.push(("aws-endpoint", endpoint.clone()));
    }
    if let Some(oidc) = &config.oidc {
        match oidc.issuer.parse() {
            Ok(issuer) => named.push(("oidc-issuer", issuer)),
            Err(error) => return vec![problem("oidc-issuer", chain(&error))],
        }
    }
    let mut tried = Vec::new();
    for (what, endpoint) in named {
        tried.push(reached(what, &endpoint).await);
    }
    tried
}

async fn reached(what: &str, endpoint: &http::Uri) -> Tried {
    let Some(host) = endpoint.host() else {
        return problem(what, format!("{endpoint} names no host"));
    };
    let is_tls = endpoint.scheme_str() == Some("https");
    let port = endpoint.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let host = host.trim_matches(['[', ']']);
    let connecting = tokio::net::TcpStream::connect((host, port));
    match tokio::time::timeout(REACHED_WITHIN, connecting).await {
        Ok(Ok(_)) => ok(what, format!("{endpoint} can be reached")),
        Ok(Err(error)) => problem(what, format!("{endpoint} cannot be reached: {error}")),
        Err(_) => problem(
            what,
            format!(
                "{endpoint} cannot be reached within {} seconds",
                REACHED_WITHIN.as_secs()
            ),
        ),
    }
}

fn certificate(arguments: &ServeArguments) -> Option<Tried> {
    let access = &arguments.server.access;
    let (certificates, key) = access.tls_cert.as_ref().zip(access.tls_key.as_ref())?;
    Some(match server::check_certificate(certificates, key) {
        Ok(()) => ok("tls-cert", "the certificate and its key can be used"),
        Err(error) => problem("tls-cert", chain(&error)),
    })
}

fn answers(arguments: &ServeArguments) -> Option<Tried> {
    let file = arguments.server.answers.as_deref()?;
    Some(match crate::up::answers::read(file) {
        Ok(_) => ok("answers", format!("`{}` can be read", file.display())),
        Err(error) => problem("answers", chain(&error)),
    })
}

/// Which interpreters are there. One that is missing keeps only its functions from being deployed.
fn interpreters() -> Vec<Tried> {
    let found = programs::checks(None).into_iter();
    found
        .filter(|it| INTERPRETERS.contains(&it.name))
        .map(|it| match it.status {
            check::Status::Ok => ok(it.name, it.found),
            check::Status::Warning | check::Status::Problem => Tried {
                status: Status::Warning,
                ..ok(
                    it.name,
                    format!("{}; {}", it.found, it.advice.unwrap_or_default()),
                )
            },
        })
        .collect()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn ok(what: &str, found: impl Into<String>) -> Tried {
    Tried {
        what: what.to_owned(),
        status: Status::Ok,
        found: found.into(),
    }
}

fn problem(what: &str, found: impl Into<String>) -> Tried {
    Tried {
        status: Status::Problem,
        ..ok(what, found)
    }
}
