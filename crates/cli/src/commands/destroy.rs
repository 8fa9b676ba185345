//! `lambdura destroy`.

use owo_colors::OwoColorize;
use serde_json::json;

use crate::args::DestroyArguments;
use crate::client::{Client, open_text};
use crate::deploy;
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::screen::{Screen, note};

pub async fn run(
    client: &Client,
    arguments: DestroyArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let name = &arguments.name;
    let stack = client.stack(name).await?;
    let counts = || stack.open_executions.values().copied();
    let open: usize = counts().sum();
    if open > 0 && !arguments.force {
        let executions = open_text(counts(), stack.open_executions_max);
        return Err(CliError::usage(
            format!("{executions} open in stack `{name}`"),
            "wait for their end or stop them (`lambdura ls --status running`); with `--force` they run to their end, and nothing new starts",
        ));
    }
    deploy::say_removal(&stack, client.endpoint());
    if !arguments.yes {
        deploy::confirm("remove this?", "--yes")?;
    }
    client.destroy_stack(name, arguments.force).await?;
    if screen.is_json() {
        screen.json(&json!({ "destroyed": name, "open_executions": stack.open_executions }))?;
        return Ok(());
    }
    screen.line(format!(
        "{} stack {} is removed",
        "✗".dimmed(),
        neutral(name)
    ))?;
    if open > 0 {
        let executions = open_text(counts(), stack.open_executions_max);
        note(format!(
            "{executions} open: they run to their end, and their functions go after that"
        ));
    }
    Ok(())
}
