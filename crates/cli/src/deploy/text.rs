//! Prints plans and stacks, for people and for programs.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use owo_colors::OwoColorize;

use super::bundle::{Archives, megabytes};
use crate::client::{ShownStack, StackPlan, open_text};
use crate::exit::CliError;
use crate::neutral::neutral_line;
use crate::screen::{Screen, note};

/// Prints the changes that a deployment would make.
pub fn show_plan(plan: &StackPlan, archives: &Archives, screen: &Screen) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(plan)?;
        return Ok(());
    }
    for line in plan_lines(plan, archives) {
        screen.line(line)?;
    }
    Ok(())
}

/// Says which changes are about to be made.
pub fn say_plan(plan: &StackPlan, archives: &Archives, endpoint: &str) {
    let name = neutral_line(&plan.stack);
    let what = if plan.on.is_some() {
        "changes"
    } else {
        "is new"
    };
    note(format!("stack {} {what} at {endpoint}", name.bold()));
    plan_lines(plan, archives).into_iter().for_each(note);
}

fn plan_lines(plan: &StackPlan, archives: &Archives) -> Vec<String> {
    let mut lines = Vec::new();
    if plan.changes.is_empty() {
        lines.push("nothing changes".to_owned());
    }
    for change in &plan.changes {
        let mark = match change.action.as_str() {
            "add" => "+".green().to_string(),
            "remove" => "−".red().to_string(),
            _ => "~".yellow().to_string(),
        };
        let kind = change.kind.replace('_', " ");
        let mut line = format!(
            "  {mark} {kind} {}",
            neutral_line(&change.logical_id).bold()
        );
        if let Some(name) = change.name.as_ref().filter(|it| **it != change.logical_id) {
            line.push_str(&format!(" {}", neutral_line(name).dimmed()));
        }
        if !change.properties.is_empty() {
            let properties = change.properties.join(", ");
            line.push_str(&format!(": {}", neutral_line(&properties)));
        }
        lines.push(line);
    }
    for function in &plan.adopted {
        lines.push(format!(
            "  {} function {} exists already, and becomes part of the stack",
            "!".yellow(),
            neutral_line(function).bold()
        ));
    }
    for (function, open) in &plan.open_executions {
        lines.push(format!(
            "  {} {}: {} open; nothing new starts, and what is open runs to its end",
            "!".yellow(),
            neutral_line(function).bold(),
            open_text([*open], plan.open_executions_max)
        ));
    }
    let missing = plan.missing_code.iter();
    let bytes: usize = missing
        .filter_map(|it| archives.get(it))
        .map(Vec::len)
        .sum();
    if bytes > 0 {
        let size = megabytes(bytes);
        lines.push(format!("  {size} of code to upload").dimmed().to_string());
    }
    lines
}

/// Says what is removed with a stack.
pub fn say_removal(stack: &ShownStack, endpoint: &str) {
    let name = neutral_line(&stack.summary.name);
    note(format!("stack {} goes from {endpoint}", name.bold()));
    let resources = &stack.resources;
    let gone = |kind: &str, name: &str| {
        note(format!(
            "  {} {kind} {}",
            "−".red(),
            neutral_line(name).bold()
        ));
    };
    for function in &resources.functions {
        gone("function", &function.name);
    }
    let apis = [
        &resources.http_apis,
        &resources.rest_apis,
        &resources.function_urls,
    ];
    for (id, url) in apis.into_iter().flatten() {
        gone("API", &format!("{id} {url}"));
    }
    for schedule in &resources.schedules {
        gone("schedule", &schedule.name);
    }
    for table in &resources.tables {
        note(format!(
            "    table {} stays, with its items",
            neutral_line(table).bold()
        ));
    }
}

/// Prints a stack.
pub fn show_stack(stack: &ShownStack, screen: &Screen) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(stack)?;
        return Ok(());
    }
    let summary = &stack.summary;
    let status = match summary.status.as_str() {
        "live" => "live".green().to_string(),
        other => neutral_line(other).yellow().to_string(),
    };
    screen.line(format!("{} {status}", neutral_line(&summary.name).bold()))?;
    let resources = &stack.resources;
    for function in &resources.functions {
        let version = match &function.alias {
            Some(alias) => format!("version {} ({alias})", function.version),
            None => "$LATEST".to_owned(),
        };
        let durable = if function.durable { "durable, " } else { "" };
        let open = match stack.open_executions.get(&function.name) {
            Some(open) if *open >= stack.open_executions_max => {
                format!(", {open} or more open")
            }
            Some(open) => format!(", {open} open"),
            None => String::new(),
        };
        let rest = format!("{durable}{}, {version}{open}", function.runtime);
        screen.line(format!(
            "  {} {}",
            neutral_line(&function.name),
            neutral_line(&rest).dimmed()
        ))?;
    }
    let apis = [
        &resources.http_apis,
        &resources.rest_apis,
        &resources.function_urls,
    ];
    for (id, url) in apis.into_iter().flatten() {
        screen.line(format!("  {} {}", neutral_line(id), neutral_line(url)))?;
    }
    for schedule in &resources.schedules {
        let state = if schedule.enabled { "" } else { " (off)" };
        let text = format!("{} {}{state}", schedule.name, schedule.expression);
        screen.line(format!("  {}", neutral_line(&text)))?;
    }
    for table in &resources.tables {
        screen.line(format!("  table {}", neutral_line(table)))?;
    }
    for (name, value) in &resources.outputs {
        screen.line(format!(
            "  {} = {}",
            neutral_line(name),
            neutral_line(value)
        ))?;
    }
    Ok(())
}

/// Asks at a terminal whether to go on.
///
/// # Errors
/// When the answer is no, or there is no terminal; then `flag` confirms.
pub fn confirm(question: &str, flag: &str) -> Result<(), CliError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CliError::usage(
            "there is no terminal to ask for confirmation",
            format!("confirm with `{flag}`"),
        ));
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Failed(anyhow::anyhow!("nothing was changed"))),
    }
}
