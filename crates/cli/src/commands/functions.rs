//! `lambdura functions`.

use std::collections::BTreeMap;

use lambda_api::{AliasConfiguration, FunctionConfiguration, ListFunctionsResponse};
use owo_colors::OwoColorize;

use crate::client::Client;
use crate::exit::CliError;
use crate::function_selector::is_durable;
use crate::grid::Grid;
use crate::preview::preview;
use crate::screen::{Screen, note};

pub async fn run(client: &Client, screen: &Screen) -> Result<(), CliError> {
    let mut functions = client.list_functions().await?;
    if screen.is_json() {
        screen.json(&ListFunctionsResponse {
            functions,
            next_marker: None,
        })?;
        return Ok(());
    }
    if functions.is_empty() {
        note("no functions".dimmed());
        return Ok(());
    }
    functions.sort_by(|one, other| one.function_name.cmp(&other.function_name));
    let constructs: BTreeMap<String, String> = client.construct_paths().await.into_iter().collect();
    let mut header = vec!["FUNCTION", "ALIASES", "RUNTIME", "HANDLER", ""];
    if !constructs.is_empty() {
        header.insert(1, "CONSTRUCT");
    }
    let mut grid = Grid::with_header(header);
    for function in &functions {
        let aliases = client.list_aliases(&function.function_name).await?;
        let mut row = vec![
            preview(&function.function_name, 96).into(),
            preview(&alias_text(&aliases), 64).into(),
            preview(function.runtime.as_deref().unwrap_or("–"), 32).into(),
            preview(function.handler.as_deref().unwrap_or("–"), 64).into(),
            kind(function).into(),
        ];
        if !constructs.is_empty() {
            let path = constructs.get(&function.function_name);
            row.insert(1, preview(path.map_or("–", String::as_str), 96).into());
        }
        grid.push(row);
    }
    for line in grid.lines(screen.width()) {
        screen.line(line)?;
    }
    Ok(())
}

/// `live → 3`, or that there is none.
fn alias_text(aliases: &[AliasConfiguration]) -> String {
    if aliases.is_empty() {
        return "–".to_owned();
    }
    let texts = aliases.iter();
    let texts: Vec<String> = texts
        .map(|alias| format!("{} → {}", alias.name, alias.function_version))
        .collect();
    texts.join(", ")
}

fn kind(function: &FunctionConfiguration) -> &'static str {
    if is_durable(function) { "durable" } else { "" }
}
