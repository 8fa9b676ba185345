//! `lambdura quarantine`.

use anyhow::anyhow;
use owo_colors::{OwoColorize, Style};
use serde::Serialize;

use crate::args::{QuarantineAction, QuarantineArguments, RetryArguments};
use crate::client::{CallError, Client, SetAsideExecution, TriedAgain};
use crate::duration_text::{ago, date_time};
use crate::exit::CliError;
use crate::grid::{Cell, Grid};
use crate::neutral::{neutral, neutral_lines};
use crate::preview::preview;
use crate::screen::{Screen, note};

/// How many candidates an ambiguous prefix lists.
const CANDIDATES_MAX: usize = 8;

/// Characters of an attempt, and of a reason, in the list; `show` prints all of them.
const ATTEMPTED_SHOWN: usize = 32;
const REASON_SHOWN: usize = 240;

pub async fn run(
    client: &Client,
    arguments: QuarantineArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let executions = client.set_aside().await?;
    match arguments.action {
        None => list(&executions, client.now_ms().await, screen),
        Some(QuarantineAction::Show { execution }) => {
            let chosen = choose(&execution, &executions)?;
            show(chosen, client.now_ms().await, screen)
        }
        Some(QuarantineAction::Retry(RetryArguments { execution, all: _ })) => {
            let chosen = match execution {
                Some(execution) => vec![choose(&execution, &executions)?],
                None => executions.iter().collect(),
            };
            retry(client, &chosen, screen).await
        }
    }
}

#[derive(Serialize)]
struct List<'a, T> {
    executions: &'a [T],
}

fn list(executions: &[SetAsideExecution], now: i64, screen: &Screen) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(&List { executions })?;
        return Ok(());
    }
    if executions.is_empty() {
        note("no execution is set aside".dimmed());
        return Ok(());
    }
    let mut grid = Grid::wrapping(vec!["EXECUTION", "SINCE", "ATTEMPTED", "REASON"]);
    for it in executions {
        grid.push(vec![
            preview(called(it), 64).into(),
            ago(it.set_aside_at, now).into(),
            preview(&it.attempted, ATTEMPTED_SHOWN).into(),
            Cell::styled(preview(&it.reason, REASON_SHOWN), Style::new().red()),
        ]);
    }
    for line in grid.lines(screen.width()) {
        screen.line(line)?;
    }
    note("`lambdura quarantine retry --all` tries them again".dimmed());
    Ok(())
}

fn show(execution: &SetAsideExecution, now: i64, screen: &Screen) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(execution)?;
        return Ok(());
    }
    let since = execution.set_aside_at;
    let known = [
        ("id", Some(execution.execution_id.as_str())),
        ("function", execution.function.as_deref()),
        ("ARN", execution.durable_execution_arn.as_deref()),
        ("attempted", Some(execution.attempted.as_str())),
        ("reason", Some(execution.reason.as_str())),
    ];
    screen.line(format!(
        "{}  {}  since {} ({})",
        preview(called(execution), 64).bold(),
        "set aside".yellow(),
        date_time(since),
        ago(since, now),
    ))?;
    for (label, value) in known {
        if let Some(value) = value {
            let label = format!("{label:<9}");
            screen.line(format!("  {}  {}", label.dimmed(), neutral_lines(value)))?;
        }
    }
    let again = format!(
        "`lambdura quarantine retry {}` tries it again",
        neutral(called(execution))
    );
    note(again.dimmed());
    Ok(())
}

/// The result for one execution.
#[derive(Serialize)]
struct Tried {
    execution_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Absent when another client took it back meanwhile.
    #[serde(flatten)]
    tried: Option<TriedAgain>,
}

async fn retry(
    client: &Client,
    chosen: &[&SetAsideExecution],
    screen: &Screen,
) -> Result<(), CliError> {
    if chosen.is_empty() && !screen.is_json() {
        note("no execution is set aside".dimmed());
    }
    let mut all = Vec::new();
    let mut again = 0;
    for execution in chosen {
        let tried = match client.try_again(&execution.execution_id).await {
            Ok(tried) => Some(tried),
            Err(CallError::Refused(api)) if api.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        again += usize::from(matches!(tried, Some(TriedAgain::SetAside { .. })));
        if !screen.is_json() {
            say(execution, tried.as_ref(), screen)?;
        }
        all.push(Tried {
            execution_id: execution.execution_id.clone(),
            name: execution.name.clone(),
            tried,
        });
    }
    if screen.is_json() {
        screen.json(&List { executions: &all })?;
    }
    if again > 0 {
        let tried = chosen.len();
        return Err(anyhow!("{again} of {tried} failed again, and stay set aside").into());
    }
    Ok(())
}

fn say(
    execution: &SetAsideExecution,
    tried: Option<&TriedAgain>,
    screen: &Screen,
) -> Result<(), CliError> {
    let name = neutral(called(execution));
    match tried {
        Some(TriedAgain::TakenBack) => screen.line(format!("{} {name} goes on", "▶".green()))?,
        Some(TriedAgain::SetAside { execution }) => screen.line(format!(
            "{} {name} is set aside again: {}: {}",
            "✗".red(),
            neutral(&execution.attempted),
            neutral(&execution.reason),
        ))?,
        None => screen.line(format!("{} {name} is not set aside any more", "·".dimmed()))?,
    }
    Ok(())
}

/// Its name where that can be read, else its id.
fn called(execution: &SetAsideExecution) -> &str {
    execution.name.as_deref().unwrap_or(&execution.execution_id)
}

/// Picks the one execution that is meant: by ARN, name, id, a unique prefix of name or id, or `@last`.
fn choose<'a>(
    text: &str,
    executions: &'a [SetAsideExecution],
) -> Result<&'a SetAsideExecution, CliError> {
    if text == "@last" {
        let last = executions.iter().max_by_key(|it| it.set_aside_at);
        return last.ok_or_else(|| {
            CliError::not_found(
                "no execution is set aside",
                "`lambdura ls` lists executions that work",
            )
        });
    }
    // An ARN ends with the id, also where the rest of the record cannot be read.
    let text = match text.strip_prefix("arn:") {
        Some(arn) => arn.rsplit('/').next().unwrap_or(arn),
        None => text,
    };
    let is = |it: &&SetAsideExecution| it.execution_id == text || it.name.as_deref() == Some(text);
    let begins = |it: &&SetAsideExecution| {
        let name = it.name.as_deref().unwrap_or_default();
        it.execution_id.starts_with(text) || name.starts_with(text)
    };
    let mut found: Vec<&SetAsideExecution> = executions.iter().filter(is).collect();
    if found.is_empty() && !text.is_empty() {
        found = executions.iter().filter(begins).collect();
    }
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(CliError::not_found(
            format!("no execution called `{}` is set aside", neutral(text)),
            "see what exists with `lambdura quarantine`",
        )),
        several => {
            let candidates = several.iter().take(CANDIDATES_MAX);
            let candidates = candidates
                .map(|it| format!("\n  {}  {}", neutral(called(it)), neutral(&it.execution_id)));
            let rest = several.len().saturating_sub(CANDIDATES_MAX);
            let more = (rest > 0).then(|| format!("\n  … and {rest} more"));
            let message = format!(
                "`{}` could be any of {} executions:{}{}",
                neutral(text),
                several.len(),
                candidates.collect::<String>(),
                more.unwrap_or_default(),
            );
            Err(CliError::usage(
                message,
                "give more of the name or id, or the whole ARN",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution(id: &str, name: Option<&str>, at: i64) -> SetAsideExecution {
        SetAsideExecution {
            execution_id: id.to_owned(),
            set_aside_at: at,
            attempted: "go on with it".to_owned(),
            reason: "unreadable".to_owned(),
            durable_execution_arn: None,
            name: name.map(str::to_owned),
            function: None,
        }
    }

    #[test]
    fn executions_are_found_by_whatever_is_known_of_them() {
        let all = [
            execution("0190aa", Some("loan-1"), 3),
            execution("0190ab", None, 5),
            execution("0190ac", Some("loan-12"), 4),
        ];
        let id = |text| choose(text, &all).map(|it| it.execution_id.clone()).ok();
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:F:1/durable-execution/x/0190ab";
        assert_eq!(id("loan-1").as_deref(), Some("0190aa"));
        assert_eq!(id("loan-12").as_deref(), Some("0190ac"));
        assert_eq!(id("0190ab").as_deref(), Some("0190ab"));
        assert_eq!(id(arn).as_deref(), Some("0190ab"));
        assert_eq!(id("@last").as_deref(), Some("0190ab"));
        assert_eq!(id("loan"), None);
        assert_eq!(id("order"), None);
        assert_eq!(id(""), None);
        let Err(CliError::Usage { message, .. }) = choose("0190a", &all) else {
            panic!("three begin with it");
        };
        assert!(message.starts_with("`0190a` could be any of 3 executions:\n  loan-1  0190aa"));
    }
}
