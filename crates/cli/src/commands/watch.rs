//! Says what an execution is at while somebody waits for it: how its invocations fail, and which callbacks it waits
//! for, which can be answered right there at a terminal.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::thread;

use lambda_api::ErrorObject;
use owo_colors::OwoColorize;
use tokio::sync::mpsc;

use super::wait::POLL_INTERVAL;
use crate::client::{CallbackCompletion, Client, OpenOperation, Standing, StandingQuery};
use crate::duration_text::{duration, now_ms};
use crate::exit::CliError;
use crate::neutral::neutral_line;
use crate::screen::note;
use crate::standing_text::{callback_label, error_text};

/// Failed invocations that are said one by one; after them, only another error is.
const FAILURES_SAID: u32 = 3;

/// Which execution is watched.
pub enum Watched<'a> {
    /// The one with this ARN id.
    Id(&'a str),
    /// One that is being started: of this function, with this name.
    Named {
        /// The function.
        function: &'a str,
        /// Its name.
        name: &'a str,
    },
}

/// Runs `work` to its end and says meanwhile what the execution is at.
///
/// # Errors
/// Those of `work`. That the execution cannot be watched is nobody's failure.
pub async fn beside<T>(
    client: &Client,
    watched: Watched<'_>,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let watcher = Watcher {
        client,
        watched,
        failures: 0,
        last_failure: String::new(),
        asked: HashSet::new(),
        open: None,
        lines: None,
    };
    tokio::select! {
        biased;
        done = work => done,
        never = watcher.watch() => match never {},
    }
}

/// Says what to do about the error that an execution ended with, where the service knows.
pub async fn advise(client: &Client, execution_id: &str) {
    let standing = client.standing_of(execution_id).await.ok().flatten();
    let Some(standing) = standing else { return };
    let errors = [standing.invocation_error, standing.error];
    if let Some(advice) = errors.into_iter().flatten().find_map(|it| it.advice) {
        note(neutral_line(&advice));
    }
}

struct Watcher<'a> {
    client: &'a Client,
    watched: Watched<'a>,
    failures: u32,
    last_failure: String,
    /// Callbacks that were named.
    asked: HashSet<String>,
    /// The callback that a typed line answers.
    open: Option<OpenOperation>,
    /// What is typed, where that is a person's terminal.
    lines: Option<mpsc::Receiver<String>>,
}

impl Watcher<'_> {
    async fn watch(mut self) -> Infallible {
        loop {
            let typed = async {
                match &mut self.lines {
                    Some(lines) => lines.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                line = typed => match line {
                    Some(line) => self.answer(line.trim()).await,
                    None => self.lines = None,
                },
                () = tokio::time::sleep(POLL_INTERVAL) => {
                    if let Some(standing) = self.look().await {
                        self.say(&standing);
                    }
                }
            }
        }
    }

    async fn look(&self) -> Option<Standing> {
        let standing = match &self.watched {
            Watched::Id(id) => self.client.standing_of(id).await,
            Watched::Named { function, name } => {
                let query = StandingQuery {
                    function: Some((*function).to_owned()),
                    name: Some((*name).to_owned()),
                    limit: 1,
                    ..StandingQuery::default()
                };
                let found = self.client.standing(&query).await;
                found.map(|found| found.and_then(|found| found.into_iter().next()))
            }
        };
        standing.unwrap_or_else(|error| {
            tracing::debug!(%error, "where the execution stands is not known");
            None
        })
    }

    fn say(&mut self, standing: &Standing) {
        self.say_failure(standing);
        let operations = standing.activity.iter().flat_map(|it| &it.operations);
        let callbacks = operations.filter(|it| it.operation_type == "CALLBACK");
        self.open = callbacks.clone().next().cloned();
        for callback in callbacks {
            if self.asked.insert(callback.operation_id.clone()) {
                self.ask(standing, callback);
            }
        }
    }

    fn say_failure(&mut self, standing: &Standing) {
        let Some(error) = &standing.invocation_error else {
            return;
        };
        let count = standing.failed_invocations;
        let text = error_text(error);
        let is_other = text != self.last_failure;
        let is_next = count > self.failures && count <= FAILURES_SAID;
        self.failures = count;
        if !is_other && !is_next {
            return;
        }
        let again = standing
            .next_wake_up
            .as_ref()
            .map(|next| next.at - now_ms());
        let again = match again {
            Some(rest) if rest > 0 => format!("; the next in {}", duration(rest)),
            Some(_) | None => String::new(),
        };
        note(format!("attempt {count} failed: {text}{again}").yellow());
        if is_other {
            if let Some(advice) = &error.advice {
                note(format!("  {}", neutral_line(advice)));
            }
            let name = neutral_line(&standing.name);
            note(format!("  lambdura logs {name}    Ctrl-C leaves it running").dimmed());
        }
        self.last_failure = text;
    }

    fn ask(&mut self, standing: &Standing, callback: &OpenOperation) {
        let label = callback_label(callback.name.as_deref(), &callback.operation_id);
        let (name, label) = (neutral_line(&standing.name), neutral_line(label));
        note(format!("waits for callback {label}").yellow());
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            self.lines.get_or_insert_with(typed_lines);
            note("  answer it: a result as JSON and Enter, or `fail` and why".dimmed());
        } else {
            note(format!("  lambdura callback succeed '{name}/{label}' --result JSON").dimmed());
        }
    }

    async fn answer(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        let Some(id) = self.open.as_ref().and_then(|it| it.callback_id.clone()) else {
            note("nothing waits for an answer".dimmed());
            return;
        };
        let why = line.strip_prefix("fail").map(str::trim);
        let completion = match why {
            Some(why) => CallbackCompletion::Fail(ErrorObject {
                error_message: Some(why.to_owned()),
                ..ErrorObject::default()
            }),
            None if serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok() => {
                CallbackCompletion::Succeed(Some(line.as_bytes().to_vec()))
            }
            None => {
                note("that is no JSON: a text needs quotes, for example \"yes\"".yellow());
                return;
            }
        };
        match self.client.complete_callback(&id, completion).await {
            Ok(()) => note(format!("{} answered", "✓".green())),
            Err(error) => note(neutral_line(&error.to_string()).yellow()),
        }
    }
}

/// Lines from standard input. The thread blocks in a read, and ends with the process.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
