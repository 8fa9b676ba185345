//! `lambdura ls`.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use lambda_api::{
    DurableExecutionSummary, ExecutionStatus, ListDurableExecutionsByFunctionResponse,
};
use owo_colors::{OwoColorize, Style};

use super::docs;
use super::wait::is_terminal;
use crate::args::{LsArguments, Status};
use crate::client::{Client, ExecutionQuery, Standing, StandingQuery};
use crate::duration_text::{ago, duration};
use crate::execution_selector;
use crate::exit::CliError;
use crate::function_selector::FunctionReference;
use crate::grid::{Cell, Grid};
use crate::preview::{fit, preview};
use crate::screen::{Screen, note};
use crate::standing_text::sentence;

/// How often `--watch` draws.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

pub async fn run(client: &Client, arguments: LsArguments, screen: &Screen) -> Result<(), CliError> {
    loop {
        let executions = list(client, &arguments).await?;
        let standing = match screen.is_json() {
            // AWS's shape has no member for it.
            true => HashMap::new(),
            false => standing(client, &arguments, &executions).await?,
        };
        let now = match screen.is_json() {
            true => 0,
            false => client.now_ms().await,
        };
        if arguments.watch {
            screen.clear()?;
        }
        print(screen, executions, &standing, now)?;
        if !arguments.watch {
            return Ok(());
        }
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}

async fn list(
    client: &Client,
    arguments: &LsArguments,
) -> Result<Vec<DurableExecutionSummary>, CliError> {
    let limit = arguments.limit as usize;
    let function = arguments.function.as_deref();
    let query = |status| ExecutionQuery {
        name: None,
        status,
        limit,
    };
    if arguments.status.is_empty() {
        return execution_selector::list(client, function, &query(None)).await;
    }
    // One request for each status: AWS filters by a single one, although its model has a list. An execution whose
    // status changes in between may be in several answers; the last one is right.
    let mut by_arn = HashMap::new();
    for status in statuses(arguments) {
        let query = query(Some(status));
        let found = execution_selector::list(client, function, &query).await?;
        by_arn.extend(
            found
                .into_iter()
                .map(|it| (it.durable_execution_arn.clone(), it)),
        );
    }
    let mut executions: Vec<DurableExecutionSummary> = by_arn.into_values().collect();
    executions.sort_by(|a, b| {
        b.start_timestamp
            .as_millis()
            .cmp(&a.start_timestamp.as_millis())
            .then_with(|| b.durable_execution_arn.cmp(&a.durable_execution_arn))
    });
    executions.truncate(limit);
    Ok(executions)
}

/// The current activity of executions, by ARN; empty where the service, as AWS, does not tell it.
async fn standing(
    client: &Client,
    arguments: &LsArguments,
    executions: &[DurableExecutionSummary],
) -> Result<HashMap<String, Standing>, CliError> {
    let Some(newest) = executions.first() else {
        return Ok(HashMap::new());
    };
    // Executions of one function were asked for, so the newest one names it.
    let function = arguments
        .function
        .as_ref()
        .map(|_| FunctionReference::parse(&newest.function_arn).name);
    let statuses = statuses(arguments).into_iter();
    let query = StandingQuery {
        function,
        statuses: statuses.map(|it| it.as_str().to_owned()).collect(),
        limit: arguments.limit as usize,
        ..StandingQuery::default()
    };
    let found = client.standing(&query).await?.unwrap_or_default();
    let by_arn = found.into_iter().map(|it| (it.arn.clone(), it));
    Ok(by_arn.collect())
}

/// The statuses that were asked for, each once.
fn statuses(arguments: &LsArguments) -> Vec<ExecutionStatus> {
    let mut statuses = Vec::new();
    for status in arguments.status.iter().map(|status| wire(*status)) {
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    statuses
}

fn wire(status: Status) -> ExecutionStatus {
    match status {
        Status::Running => ExecutionStatus::Running,
        Status::Succeeded => ExecutionStatus::Succeeded,
        Status::Failed => ExecutionStatus::Failed,
        Status::TimedOut => ExecutionStatus::TimedOut,
        Status::Stopped => ExecutionStatus::Stopped,
        Status::Pausing => ExecutionStatus::Pausing,
        Status::Paused => ExecutionStatus::Paused,
    }
}

fn print(
    screen: &Screen,
    executions: Vec<DurableExecutionSummary>,
    standing: &HashMap<String, Standing>,
    now: i64,
) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(&ListDurableExecutionsByFunctionResponse {
            durable_executions: executions,
            next_marker: None,
        })?;
        return Ok(());
    }
    if executions.is_empty() {
        note("no executions".dimmed());
        return Ok(());
    }
    let header = vec!["STATUS", "NAME", "STARTED", "TIME", "FUNCTION"];
    let mut grid = Grid::with_header(header);
    for execution in &executions {
        grid.push(row(execution, now));
    }
    let width = screen.width();
    let at = executions
        .iter()
        .map(|it| is_at(standing.get(&it.durable_execution_arn), now, width));
    // The header has no line below it.
    let at = std::iter::once(None).chain(at);
    for (line, at) in grid.lines(width).into_iter().zip(at) {
        screen.line(line)?;
        if let Some(at) = at {
            screen.line(at)?;
        }
    }
    let pages = pages(&executions, standing);
    if !pages.is_empty() {
        let pages: Vec<String> = pages
            .iter()
            .map(|page| format!("lambdura docs {page}"))
            .collect();
        note(format!("what these errors mean: {}", pages.join(", ")).dimmed());
    }
    Ok(())
}

/// The documentation's sections about the errors in a list, each once.
fn pages<'s>(
    executions: &[DurableExecutionSummary],
    standing: &'s HashMap<String, Standing>,
) -> BTreeSet<&'s str> {
    let standing = executions
        .iter()
        .filter_map(|it| standing.get(&it.durable_execution_arn));
    let errors = standing.filter_map(|it| it.error.as_ref().or(it.invocation_error.as_ref()));
    let types = errors.filter_map(|it| it.error_type.as_deref());
    types.filter_map(docs::error_page).collect()
}

fn row(execution: &DurableExecutionSummary, now: i64) -> Vec<Cell> {
    let started = execution.start_timestamp.as_millis();
    let ended = execution.end_timestamp.map(|end| end.as_millis());
    let function = FunctionReference::parse(&execution.function_arn);
    let version = function.qualifier.map(|it| format!(":{it}"));
    let function = format!("{}{}", function.name, version.unwrap_or_default());
    let status = preview(execution.status.as_str(), 16);
    vec![
        Cell::styled(status, status_style(&execution.status)),
        preview(&execution.durable_execution_name, 64).into(),
        ago(started, now).into(),
        duration(ended.unwrap_or(now) - started).into(),
        Cell::keeping_end(preview(&function, 96)),
    ]
}

/// The line below an execution: its current activity, or its error. None where its status says it all.
fn is_at(standing: Option<&Standing>, now: i64, width: usize) -> Option<String> {
    let standing = standing?;
    let text = sentence(standing, now);
    if text.is_empty() {
        return None;
    }
    let is_bad = standing.error.is_some() || standing.invocation_error.is_some();
    let style = Style::new();
    let style = if is_bad { style.red() } else { style.dimmed() };
    let text = fit(&text, width.saturating_sub(2));
    Some(format!("  {}", text.style(style)))
}

/// The style of a status in all commands.
pub fn status_style(status: &ExecutionStatus) -> Style {
    let style = Style::new();
    match status {
        ExecutionStatus::Succeeded => style.green(),
        ExecutionStatus::Failed | ExecutionStatus::TimedOut => style.red(),
        _ if is_terminal(status) => style.dimmed(),
        ExecutionStatus::Running => style.blue(),
        ExecutionStatus::Stopped
        | ExecutionStatus::Pausing
        | ExecutionStatus::Paused
        | ExecutionStatus::Deleting
        | ExecutionStatus::Unknown(_) => style.yellow(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_that_explain_errors_are_named_once() {
        let listed = ["a", "b", "c"].map(|name| {
            let execution = format!(
                r#"{{"DurableExecutionArn": "{name}", "DurableExecutionName": "{name}", "FunctionArn": "arn:f",
                    "StartTimestamp": 1, "Status": "FAILED"}}"#
            );
            serde_json::from_str(&execution).expect("it is an execution")
        });
        let standing = [
            ("a", r#""error": {"type": "x.StepError"}"#),
            ("b", r#""invocation_error": {"type": "StepError"}"#),
            ("c", r#""error": {"type": "OrderError"}"#),
            ("of no list", r#""error": {"type": "Sandbox.Timedout"}"#),
        ];
        let standing = standing.map(|(name, error)| {
            let standing = format!(r#"{{"arn": "{name}", "name": "{name}", {error}}}"#);
            let standing: Standing = serde_json::from_str(&standing).expect("it is one");
            (name.to_owned(), standing)
        });
        let standing = HashMap::from(standing);
        let found = pages(&listed, &standing);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["StepError"]);
    }
}
