//! `lambdura serve --check`: tries what the settings name.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::anyhow;
use owo_colors::OwoColorize;
use serde::Serialize;
use server::ServerConfig;

use super::session::server_config;
use crate::args::ServeArguments;
use crate::commands::doctor::{check, programs};
use crate::exit::CliError;
use crate::screen::Screen;
use crate::up::port;

/// Programs that functions may want to be run by.
const INTERPRETERS: [&str; 2] = ["python3", "node"];

/// One thing that was tried.
#[derive(Debug, Serialize)]
struct Tried {
    what: String,
    status: Status,
    /// What there is, or what is wrong and what to do.
    found: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// Something that only some need.
    Warning,
    /// The server would not start.
    Problem,
}

/// Tries everything and prints what came of it. Nothing is changed: no folder is made, no schema migrated.
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
            tried.push(store(arguments, data_dir).await);
            tried.extend(certificate(arguments));
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
    let mut tried = vec![
        listener("listen", config.listen),
        listener("http-api-listen", config.http_api_listen),
    ];
    if let Some(cluster) = &config.cluster {
        tried.push(listener("cluster-listen", cluster.listen));
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

fn data_folder(data_dir: &Path) -> Tried {
    let what = "data-dir";
    let there = data_dir.ancestors().find(|it| it.exists());
    let Some(there) = there else {
        return problem(what, format!("`{}` cannot be made", data_dir.display()));
    };
    let flags = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
    match nix::unistd::access(there, flags) {
        Ok(()) if there == data_dir => ok(what, format!("`{}` is there", data_dir.display())),
        Ok(()) => ok(what, format!("`{}` will be made", data_dir.display())),
        Err(error) => problem(
            what,
            format!("`{}` is not writable: {error}", there.display()),
        ),
    }
}

async fn store(arguments: &ServeArguments, data_dir: &Path) -> Tried {
    let what = "store";
    if let Some(url) = &arguments.server.store.store {
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
