//! `lambdura callbacks`.

use owo_colors::OwoColorize;
use serde::Serialize;

use crate::args::CallbacksArguments;
use crate::client::{Client, WaitingCallback};
use crate::duration_text::{ago, duration};
use crate::exit::CliError;
use crate::function_selector::{self, FunctionReference};
use crate::grid::Grid;
use crate::neutral::neutral;
use crate::preview::preview;
use crate::screen::{Screen, note};
use crate::standing_text::callback_label;

/// The output of `--output json`.
#[derive(Debug, Serialize)]
struct Waiting {
    callbacks: Vec<WaitingCallback>,
}

pub async fn run(
    client: &Client,
    arguments: CallbacksArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = match &arguments.function {
        Some(function) => {
            let name = FunctionReference::parse(function).name;
            Some(function_selector::find(client, &name).await?.function_name)
        }
        None => None,
    };
    let limit = arguments.limit as usize;
    let callbacks = client.waiting_callbacks(function.as_deref(), limit).await?;
    if screen.is_json() {
        screen.json(&Waiting { callbacks })?;
        return Ok(());
    }
    let Some(first) = callbacks.first() else {
        note("no callback waits for an answer".dimmed());
        return Ok(());
    };
    let now = client.now_ms().await;
    let mut grid = Grid::with_header(vec!["CALLBACK", "WAITS SINCE", "TIMES OUT", "FUNCTION"]);
    for callback in &callbacks {
        let times_out = match callback.deadline_at {
            Some(at) => format!("in {}", duration((at - now).max(0))),
            None => "–".to_owned(),
        };
        grid.push(vec![
            preview(&selector(callback), 128).into(),
            ago(callback.started_at, now).into(),
            times_out.into(),
            preview(&callback.function, 96).into(),
        ]);
    }
    for line in grid.lines(screen.width()) {
        screen.line(line)?;
    }
    let example = selector(first);
    let example = neutral(&example);
    note(format!("answer one: lambdura callback succeed '{example}' --result JSON").dimmed());
    Ok(())
}

/// The callback's name for `lambdura callback`: `EXECUTION/OPERATION`.
fn selector(callback: &WaitingCallback) -> String {
    let label = callback_label(callback.name.as_deref(), &callback.operation_id);
    format!("{}/{label}", callback.execution_name)
}
