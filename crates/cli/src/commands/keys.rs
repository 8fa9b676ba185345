//! `lambdura keys`, and `lambdura audit`.

use std::path::Path;
use std::sync::Arc;

use access::SealingKey;
use anyhow::Context as _;
use model::Timestamp;
use owo_colors::OwoColorize;
use serde_json::{Value, json};
use server::{AuditLine, KeyError, KeyView, KeyWithSecret, OfflineKeys, OfflineKeysError};
use store_postgres::PostgresStore;

use crate::args::{AuditArguments, KeysAction, KeysArguments};
use crate::client::Client;
use crate::duration_text::{ago, now_ms};
use crate::exit::CliError;
use crate::grid::Grid;
use crate::kept::{ACCOUNT_ID, Place};
use crate::neutral::neutral;
use crate::preview::preview;
use crate::screen::{Screen, note};
use crate::up::data_folder;

/// The variable with the key that seals secrets.
pub const SEALING_KEY: &str = "LAMBDURA_SEALING_KEY";

/// The result of an action.
enum Outcome {
    Shown(Box<KeyWithSecret>),
    Listed(Vec<KeyView>),
    Changed(&'static str, Box<KeyView>),
}

pub async fn run(
    client: impl FnOnce() -> Result<Client, CliError>,
    arguments: KeysArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let (store, data_dir) = (arguments.store.as_deref(), arguments.data_dir.as_deref());
    if store.is_none() && data_dir.is_none() {
        let outcome = on_service(&client()?, arguments.action).await?;
        return say(outcome, screen);
    }
    let now = Timestamp::from_millis(now_ms());
    let keys = open(store, data_dir, now).await?;
    let outcome = offline(&keys, arguments.action, now).await;
    let closed = keys.close().await;
    let outcome = outcome?;
    closed.map_err(refused)?;
    say(outcome, screen)
}

/// Opens the keys of a database, or else of a data folder.
async fn open(
    store: Option<&str>,
    data_dir: Option<&Path>,
    now: Timestamp,
) -> Result<OfflineKeys, CliError> {
    if let Some(data_dir) = data_dir {
        data_folder::prepare(data_dir)?;
    }
    let user = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    let who = format!("user {user} of this machine");
    let sealing_key = sealing_key()?;
    match (store, data_dir) {
        (Some(url), data_dir) => {
            if sealing_key.is_none() && data_dir.is_none() {
                return Err(CliError::usage(
                    "there is no key to seal secrets with",
                    format!(
                        "set {SEALING_KEY} to what the servers have, or name a server's folder with `--data-dir`"
                    ),
                ));
            }
            let place = Place::parse(url);
            let opened = PostgresStore::open(url, ACCOUNT_ID).await;
            let opened = opened.with_context(|| format!("open the {place}"))?;
            let keys = OfflineKeys::over(Arc::new(opened), data_dir, sealing_key, who, now).await;
            keys.map_err(|error| not_opened(error, &place.to_string()))
        }
        (None, data_dir) => {
            let data_dir = data_dir.unwrap_or(Path::new(".lambdura"));
            let keys = OfflineKeys::open(data_dir, sealing_key, who, now).await;
            keys.map_err(|error| {
                not_opened(error, &format!("data folder `{}`", data_dir.display()))
            })
        }
    }
}

/// The key that seals secrets, where it is not in the data folder.
///
/// # Errors
/// When the variable holds something else.
pub fn sealing_key() -> Result<Option<SealingKey>, CliError> {
    let given = std::env::var(SEALING_KEY).ok().filter(|it| !it.is_empty());
    let parsed = given.map(|text| SealingKey::parse(&text)).transpose();
    parsed.map_err(|error| {
        CliError::usage(
            format!("{SEALING_KEY} is not a sealing key: {error}"),
            "without it, the file `access.key` in the data folder is used",
        )
    })
}

async fn on_service(client: &Client, action: KeysAction) -> Result<Outcome, CliError> {
    Ok(match action {
        KeysAction::Create { name, policy } => {
            let policies = policies(&policy)?;
            let created = client.create_access_key(&name, &policies).await?;
            Outcome::Shown(Box::new(created))
        }
        KeysAction::List => Outcome::Listed(client.access_keys().await?),
        KeysAction::Rotate { key } => {
            let rotated = client.change_access_key(&key, "rotate").await?;
            Outcome::Shown(Box::new(rotated))
        }
        KeysAction::Disable { key } => {
            let disabled = client.change_access_key(&key, "disable").await?;
            Outcome::Changed("disabled", Box::new(disabled))
        }
        KeysAction::Enable { key } => {
            let enabled = client.change_access_key(&key, "enable").await?;
            Outcome::Changed("enabled", Box::new(enabled))
        }
        KeysAction::Delete { key } => {
            let deleted = client.delete_access_key(&key).await?;
            Outcome::Changed("deleted", Box::new(deleted))
        }
    })
}

async fn offline(
    keys: &OfflineKeys,
    action: KeysAction,
    now: Timestamp,
) -> Result<Outcome, CliError> {
    let outcome = match action {
        KeysAction::Create { name, policy } => {
            let created = keys.create(&name, policies(&policy)?, now).await;
            created.map(|key| Outcome::Shown(Box::new(key)))
        }
        KeysAction::List => keys.list().await.map(Outcome::Listed),
        KeysAction::Rotate { key } => {
            let rotated = keys.rotate(&key, now).await;
            rotated.map(|key| Outcome::Shown(Box::new(key)))
        }
        KeysAction::Disable { key } => {
            let disabled = keys.set_disabled(&key, true, now).await;
            disabled.map(|key| Outcome::Changed("disabled", Box::new(key)))
        }
        KeysAction::Enable { key } => {
            let enabled = keys.set_disabled(&key, false, now).await;
            enabled.map(|key| Outcome::Changed("enabled", Box::new(key)))
        }
        KeysAction::Delete { key } => {
            let deleted = keys.delete(&key, now).await;
            deleted.map(|key| Outcome::Changed("deleted", Box::new(key)))
        }
    };
    outcome.map_err(refused)
}

/// Ready policies by name, and documents out of files.
fn policies(given: &[String]) -> Result<Vec<Value>, CliError> {
    given.iter().map(|text| policy("--policy", text)).collect()
}

/// A ready policy by its name, or a document out of a file, as an option names it.
///
/// # Errors
/// When it is neither.
pub fn policy(option: &str, text: &str) -> Result<Value, CliError> {
    let is_name = access::policy::READY.iter().any(|it| it.name == text);
    if is_name {
        return Ok(Value::from(text));
    }
    let wrong = |problem: String| {
        let names: Vec<&str> = access::policy::READY.iter().map(|it| it.name).collect();
        let names = names.join(", ");
        CliError::usage(
            format!("`{option} {text}`: {problem}"),
            format!("a policy is one of {names}, or a file with a policy document"),
        )
    };
    let document = std::fs::read_to_string(text).map_err(|error| wrong(error.to_string()))?;
    access::policy::Policy::parse(&document).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&document).map_err(|error| wrong(error.to_string()))
}

fn not_opened(error: OfflineKeysError, place: &str) -> CliError {
    match error {
        OfflineKeysError::Keys(error) => refused(error),
        OfflineKeysError::Store(store_error) => CliError::Failed(
            anyhow::Error::new(OfflineKeysError::Store(store_error)).context(format!(
                "the access keys in the {place} cannot be used; while a service runs on it, leave `--data-dir` out"
            )),
        ),
    }
}

fn refused(error: KeyError) -> CliError {
    let message = error.to_string();
    match error {
        KeyError::Unknown(_) => {
            CliError::not_found(message, "see the existing keys with `lambdura keys list`")
        }
        KeyError::Name(_) | KeyError::Taken(_) | KeyError::Policy(_) | KeyError::TooMany => {
            CliError::usage(message, "see `lambdura keys --help`")
        }
        error => anyhow::Error::new(error).into(),
    }
}

fn say(outcome: Outcome, screen: &Screen) -> Result<(), CliError> {
    match outcome {
        Outcome::Shown(key) if screen.is_json() => screen.json(&key)?,
        Outcome::Listed(keys) if screen.is_json() => {
            screen.json(&json!({ "access_keys": keys }))?;
        }
        Outcome::Changed(_, key) if screen.is_json() => screen.json(&key)?,
        Outcome::Shown(key) => {
            screen.line(format!(
                "AWS_ACCESS_KEY_ID={}",
                neutral(&key.key.access_key_id)
            ))?;
            screen.line(format!(
                "AWS_SECRET_ACCESS_KEY={}",
                neutral(&key.secret_access_key)
            ))?;
            for warning in &key.warnings {
                note(format!("warning: {}", neutral(warning)).yellow());
            }
            let name = neutral(&key.key.name);
            let policies = policy_names(&key.key);
            let said = format!("access key `{name}` ({policies}); its secret is not shown again");
            note(said.dimmed());
        }
        Outcome::Changed(what, key) => {
            let (name, id) = (neutral(&key.name), neutral(&key.access_key_id));
            screen.line(format!("{what} access key `{name}` ({id})"))?;
        }
        Outcome::Listed(keys) => {
            if keys.is_empty() {
                note("there is no access key: `lambdura keys create NAME --policy admin`".dimmed());
            }
            let now = now_ms();
            let header = vec!["NAME", "ACCESS KEY ID", "POLICIES", "SECRET DRAWN", "STATE"];
            let mut grid = Grid::with_header(header);
            for key in &keys {
                let state = match key.disabled_at {
                    None => "enabled".to_owned(),
                    Some(since) => format!("disabled {}", ago(since, now)),
                };
                grid.push(vec![
                    preview(&key.name, 64).into(),
                    preview(&key.access_key_id, 128).into(),
                    preview(&policy_names(key), 60).into(),
                    ago(key.rotated_at, now).into(),
                    state.into(),
                ]);
            }
            if !keys.is_empty() {
                for line in grid.lines(screen.width()) {
                    screen.line(line)?;
                }
            }
        }
    }
    Ok(())
}

fn policy_names(key: &KeyView) -> String {
    let names = key.policies.iter();
    let names = names.map(|policy| policy.as_str().unwrap_or("a document"));
    names.collect::<Vec<_>>().join(", ")
}

/// `lambdura audit`.
pub async fn audit(
    client: impl FnOnce() -> Result<Client, CliError>,
    arguments: AuditArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let AuditArguments {
        containing,
        limit,
        data_dir,
        store,
    } = arguments;
    let (containing, rows) = (containing.as_deref(), limit as usize);
    let lines = match (&data_dir, &store) {
        (None, None) => client()?.audit(limit, containing).await?,
        (Some(data_dir), _) => {
            let read = OfflineKeys::read_audit(data_dir, rows, containing).await;
            read.with_context(|| format!("read the record in `{}`", data_dir.display()))?
        }
        (None, Some(url)) => {
            let place = Place::parse(url);
            let opened = PostgresStore::open(url, ACCOUNT_ID).await;
            let opened = opened.with_context(|| format!("open the {place}"))?;
            let read = OfflineKeys::read_audit_of(&opened, rows, containing).await;
            read.with_context(|| format!("read the record in the {place}"))?
        }
    };
    if screen.is_json() {
        for line in &lines {
            screen.json_line(line)?;
        }
        return Ok(());
    }
    if lines.is_empty() {
        note("nothing is recorded".dimmed());
    }
    for line in &lines {
        screen.line(shown(line))?;
    }
    Ok(())
}

fn shown(line: &AuditLine) -> String {
    let status = line.status.map(|status| format!(" {status}"));
    let error = line
        .error
        .as_ref()
        .map(|error| format!(" {}", preview(error, 128)));
    let from = line
        .source_ip
        .as_ref()
        .map(|ip| format!(" from {}", neutral(ip)));
    let server = line
        .server
        .as_ref()
        .map(|server| format!(" at {}", preview(server, 64)));
    format!(
        "{} {}{}{}: {} {} {}{}{}",
        neutral(&line.at),
        preview(&line.who, 128),
        from.unwrap_or_default(),
        server.unwrap_or_default(),
        preview(&line.action, 96),
        preview(&line.resource, 160),
        neutral(&line.outcome),
        status.unwrap_or_default(),
        error.unwrap_or_default(),
    )
}
