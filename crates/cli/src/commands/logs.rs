//! `lambdura logs`.

use owo_colors::OwoColorize;

use super::wait::{self, POLL_INTERVAL};
use crate::args::LogsArguments;
use crate::client::{Client, LogLine, LogQuery};
use crate::duration_text::time_of_day;
use crate::execution_selector;
use crate::exit::CliError;
use crate::function_selector::{self, FunctionReference};
use crate::neutral::{neutral, neutral_line};
use crate::screen::{Screen, note};

/// Lines per request while following: more than a person reads, few enough for one answer.
const FOLLOW_LINES: u32 = 1000;

/// Lines of all functions, or of one, unless it is said how many: some screens full.
const LAST_LINES: u32 = 200;

pub async fn run(
    client: &Client,
    arguments: LogsArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let mut query = LogQuery {
        request_id: arguments.request_id,
        tail: true,
        limit: arguments.limit.unwrap_or(LAST_LINES),
        ..LogQuery::default()
    };
    match arguments.subject.as_deref().map(FunctionOrExecution::guess) {
        None => {}
        Some(FunctionOrExecution::Execution(selector)) => {
            query.execution = Some(execution_selector::find(client, selector, None).await?);
        }
        Some(FunctionOrExecution::Function(name)) => {
            query.function = Some(function_selector::find(client, &name).await?.function_name);
        }
        Some(FunctionOrExecution::Either(text)) => {
            match function_selector::find(client, text).await {
                Ok(function) => query.function = Some(function.function_name),
                Err(CliError::NotFound { hint, .. }) => {
                    let found = execution_selector::find(client, text, None).await;
                    query.execution = Some(found.map_err(|error| neither(error, text, hint))?);
                }
                Err(error) => return Err(error),
            }
        }
    }
    let wants_all = query.execution.is_some() && arguments.limit.is_none();
    if wants_all {
        query.tail = false;
        query.limit = FOLLOW_LINES;
    }
    let followed = Follow {
        query,
        ends: arguments.follow,
        to_stderr: false,
    };
    if arguments.follow {
        return follow(client, &followed, screen).await;
    }
    let has_any = match wants_all {
        true => print_all(client, &followed, screen).await?,
        false => {
            let logged = client.logs(&followed.query).await?;
            if logged.has_more && arguments.limit.is_none() {
                note(format!("the last {LAST_LINES} lines; `--limit` shows more").dimmed());
            }
            for line in &logged.lines {
                followed.print(screen, line)?;
            }
            !logged.lines.is_empty()
        }
    };
    if !has_any && !screen.is_json() {
        note("nothing was logged".dimmed());
    }
    Ok(())
}

/// Prints all lines, page by page; returns whether there were any.
async fn print_all(client: &Client, all: &Follow, screen: &Screen) -> Result<bool, CliError> {
    let mut query = all.query.clone();
    loop {
        let logged = client.logs(&query).await?;
        for line in &logged.lines {
            all.print(screen, line)?;
        }
        query.after = logged.lines.last().map(|line| line.number).or(query.after);
        if !logged.has_more || logged.lines.is_empty() {
            return Ok(query.after.is_some());
        }
    }
}

enum FunctionOrExecution<'a> {
    Function(String),
    Execution(&'a str),
    Either(&'a str),
}

impl<'a> FunctionOrExecution<'a> {
    fn guess(text: &'a str) -> Self {
        if text.starts_with('@') || text.contains("/durable-execution/") {
            Self::Execution(text)
        } else if text.contains(':') {
            Self::Function(FunctionReference::parse(text).name)
        } else {
            Self::Either(text)
        }
    }
}

fn neither(error: CliError, text: &str, hint: Option<String>) -> CliError {
    match error {
        CliError::NotFound { .. } => CliError::NotFound {
            message: format!(
                "there is neither a function nor an execution `{}`",
                neutral(text)
            ),
            hint,
        },
        other => other,
    }
}

/// The log that is followed, and where it is printed.
#[derive(Debug)]
pub struct Follow {
    query: LogQuery,
    /// Whether following stops when the execution ends.
    ends: bool,
    to_stderr: bool,
}

impl Follow {
    /// The whole log of an execution until its end, on standard error.
    pub fn execution_to_stderr(arn: &str) -> Self {
        Self {
            query: LogQuery {
                execution: Some(arn.to_owned()),
                limit: FOLLOW_LINES,
                ..LogQuery::default()
            },
            ends: true,
            to_stderr: true,
        }
    }

    fn print(&self, screen: &Screen, line: &LogLine) -> Result<(), CliError> {
        if self.to_stderr {
            note(format_line(line, &neutral_line(&line.text)));
        } else if screen.is_json() {
            screen.json_line(line)?;
        } else {
            screen.line(format_line(line, &screen.foreign_text(&line.text)))?;
        }
        Ok(())
    }
}

/// Prints lines as they come, until Ctrl-C, or until the execution that is followed has ended.
///
/// # Errors
/// The service's errors.
pub async fn follow(client: &Client, followed: &Follow, screen: &Screen) -> Result<(), CliError> {
    let mut query = followed.query.clone();
    let mut seen_any = None;
    loop {
        // Asked before the lines are read, so that they include everything logged before the end.
        let ended = match (&query.execution, followed.ends) {
            (Some(arn), true) => wait::is_terminal(&client.get_execution(arn).await?.status),
            (Some(_) | None, _) => false,
        };
        let mut lines = client.logs(&query).await?.lines;
        // A service that starts over must not make old lines look new.
        lines.retain(|line| seen_any.is_none_or(|seen| line.number > seen));
        for line in &lines {
            followed.print(screen, line)?;
        }
        seen_any = lines.last().map(|line| line.number).or(seen_any);
        query = LogQuery {
            after: Some(seen_any.unwrap_or(0)),
            tail: false,
            limit: FOLLOW_LINES,
            ..query
        };
        if !lines.is_empty() {
            continue;
        }
        if ended {
            return Ok(());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

fn format_line(line: &LogLine, text: &str) -> String {
    let head = format!(
        "{} {}",
        time_of_day(line.timestamp),
        neutral(&line.function)
    );
    match line.stream.as_str() {
        "platform" => format!("{} {}", head.dimmed(), text.dimmed()),
        "stderr" => format!("{} {}", head.dimmed(), text.yellow()),
        _ => format!("{} {text}", head.dimmed()),
    }
}
