//! `lambdura debug`: what Visual Studio Code needs to know to debug functions.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use owo_colors::OwoColorize;
use serde_json::{Value, json};

use crate::args::DebugArguments;
use crate::exit::CliError;
use crate::launch_file::{self, Added};
use crate::screen::{Screen, note};
use crate::up;

/// The file that Visual Studio Code reads, below the folder that it has opened.
const FILE: &str = ".vscode/launch.json";

pub async fn run(arguments: DebugArguments, screen: &Screen) -> Result<(), CliError> {
    let here = std::env::current_dir().context("cannot tell where this is")?;
    let configurations = up::configurations(&arguments, &here).await?;
    let documents: Vec<Value> = configurations
        .iter()
        .map(|it| it.document.clone())
        .collect();
    if arguments.vscode {
        write(Path::new(FILE), &documents)?;
    } else {
        screen.json(&json!({"version": "0.2.0", "configurations": documents}))?;
    }
    for configuration in &configurations {
        note(format!(
            "{}  lambdura up --debug {}",
            configuration.name.bold(),
            configuration.function
        ));
    }
    Ok(())
}

fn write(path: &Path, documents: &[Value]) -> Result<(), CliError> {
    let before = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(anyhow::Error::new(error)
                .context(format!("cannot read `{}`", path.display()))
                .into());
        }
    };
    let Added { text, kept } = launch_file::add(before.as_deref(), documents).map_err(|why| {
        let message = format!("`{}` {why}, and stays as it is", path.display());
        CliError::usage(
            message,
            "`lambdura debug` prints the configurations: add them by hand",
        )
    })?;
    for name in kept {
        note(format!(
            "{} {name} is there already, and stays as it is",
            "!".yellow()
        ));
    }
    if before.as_deref() != Some(text.as_str()) {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(path, text))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        note(format!("{} {}", "✓".green(), path.display()));
    }
    Ok(())
}
