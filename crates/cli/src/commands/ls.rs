//! `lambdura ls`.

use std::time::Duration;

use lambda_api::{
    DurableExecutionSummary, ExecutionStatus, ListDurableExecutionsByFunctionResponse,
};
use owo_colors::{OwoColorize, Style};

use super::wait::is_terminal;
use crate::args::{LsArguments, Status};
use crate::client::{Client, ExecutionQuery};
use crate::duration_text::{ago, duration, now_ms};
use crate::execution_selector;
use crate::exit::CliError;
use crate::function_selector::FunctionReference;
use crate::grid::{Cell, Grid};
use crate::preview::preview;
use crate::screen::{Screen, note};

/// How often `--watch` draws.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

pub async fn run(client: &Client, arguments: LsArguments, screen: &Screen) -> Result<(), CliError> {
    loop {
        let executions = list(client, &arguments).await?;
        if arguments.watch {
            screen.clear()?;
        }
        print(screen, executions)?;
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
    // One request for each: AWS filters by a single status, whatever its model says.
    let mut executions = Vec::new();
    for status in &arguments.status {
        let query = query(Some(wire(*status)));
        executions.extend(execution_selector::list(client, function, &query).await?);
    }
    executions.sort_by(|a, b| {
        b.start_timestamp
            .as_millis()
            .cmp(&a.start_timestamp.as_millis())
    });
    executions.truncate(limit);
    Ok(executions)
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

fn print(screen: &Screen, executions: Vec<DurableExecutionSummary>) -> Result<(), CliError> {
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
    let now = now_ms();
    let mut grid = Grid::with_header(vec!["STATUS", "NAME", "STARTED", "TIME", "FUNCTION"]);
    for execution in &executions {
        let started = execution.start_timestamp.as_millis();
        let ended = execution.end_timestamp.map(|end| end.as_millis());
        let function = FunctionReference::parse(&execution.function_arn);
        let version = function.qualifier.map(|it| format!(":{it}"));
        grid.push(vec![
            Cell::styled(
                preview(execution.status.as_str(), 16),
                status_style(&execution.status),
            ),
            preview(&execution.durable_execution_name, 64).into(),
            ago(started, now).into(),
            duration(ended.unwrap_or(now) - started).into(),
            preview(
                &format!("{}{}", function.name, version.unwrap_or_default()),
                96,
            )
            .into(),
        ]);
    }
    for line in grid.lines(screen.width()) {
        screen.line(line)?;
    }
    Ok(())
}

/// How a status looks, everywhere.
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
