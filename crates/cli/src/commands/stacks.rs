//! `lambdura stacks`.

use owo_colors::OwoColorize;

use crate::args::{StacksAction, StacksArguments};
use crate::client::Client;
use crate::deploy;
use crate::duration_text::{ago, now_ms};
use crate::exit::CliError;
use crate::grid::Grid;
use crate::preview::preview;
use crate::screen::{Screen, note};

pub async fn run(
    client: &Client,
    arguments: StacksArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    if let Some(StacksAction::Show { name }) = &arguments.action {
        return deploy::show_stack(&client.stack(name).await?, screen);
    }
    let server = client.stacks().await?;
    if screen.is_json() {
        screen.json(&server)?;
        return Ok(());
    }
    if server.stacks.is_empty() {
        note("no stacks: `lambdura deploy TEMPLATE` makes one".dimmed());
        return Ok(());
    }
    let mut grid = Grid::with_header(vec!["STACK", "STATUS", "FUNCTIONS", "DEPLOYED", ""]);
    for stack in &server.stacks {
        grid.push(vec![
            preview(&stack.name, 128).into(),
            preview(&stack.status, 16).into(),
            stack.functions.to_string().into(),
            ago(stack.deployed_at, now_ms()).into(),
            preview(stack.description.as_deref().unwrap_or_default(), 200).into(),
        ]);
    }
    for line in grid.lines(screen.width()) {
        screen.line(line)?;
    }
    Ok(())
}
