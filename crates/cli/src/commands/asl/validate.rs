//! `lambdura asl validate`.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use asl::Definition;
use owo_colors::OwoColorize as _;
use serde::Serialize;
use state_machine::{Settings, StateMachine};

use super::definition;
use crate::args::AslValidateArguments;
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::screen::Screen;

/// The report on a definition: its members have the names of `ValidateStateMachineDefinition`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Validated {
    file: String,
    result: &'static str,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Diagnostic {
    severity: &'static str,
    code: &'static str,
    message: String,
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

/// Checks definitions.
///
/// # Errors
/// When one of them is wrong, or cannot be read.
pub fn run(arguments: &AslValidateArguments, screen: &Screen) -> Result<(), CliError> {
    let mut all = Vec::new();
    for path in &arguments.files {
        let diagnostics = match definition::read(path)? {
            Ok(definition) => {
                let mut diagnostics = unsupported(definition);
                diagnostics.extend(odd(path)?);
                diagnostics
            }
            Err(problems) => problems.into_iter().map(|it| told(it, "ERROR")).collect(),
        };
        let is_wrong = diagnostics.iter().any(|it| it.severity == "ERROR");
        all.push(Validated {
            file: path.display().to_string(),
            result: if is_wrong { "FAIL" } else { "OK" },
            diagnostics,
        });
    }
    if screen.is_json() {
        screen.json(&all)?;
    } else {
        for validated in &all {
            show(validated, screen)?;
        }
    }
    match all.iter().filter(|it| it.result == "FAIL").count() {
        0 => Ok(()),
        1 => Err(anyhow!("a definition has errors").into()),
        count => Err(anyhow!("{count} definitions have errors").into()),
    }
}

/// Warnings about parts that are most likely mistakes. For a definition in YAML they have no line and column.
fn odd(path: &Path) -> Result<Vec<Diagnostic>, CliError> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the definition `{}`", path.display()))?;
    let warnings = Definition::warnings(&text).into_iter();
    Ok(warnings.map(|it| told(it, "WARNING")).collect())
}

fn told(problem: asl::Problem, severity: &'static str) -> Diagnostic {
    Diagnostic {
        severity,
        code: problem.code.as_str(),
        message: problem.message,
        location: problem.location,
        line: problem.position.map(|it| it.line),
        column: problem.position.map(|it| it.column),
    }
}

/// Warnings about valid parts that cannot be run here.
fn unsupported(definition: Definition) -> Vec<Diagnostic> {
    let machine = StateMachine::new("checked", definition, Settings::default());
    let unsupported = machine.err().unwrap_or_default().into_iter();
    let warnings = unsupported.map(|it| Diagnostic {
        severity: "WARNING",
        code: "UNSUPPORTED_RESOURCE",
        message: it.to_string(),
        location: String::new(),
        line: None,
        column: None,
    });
    warnings.collect()
}

fn show(validated: &Validated, screen: &Screen) -> Result<(), CliError> {
    let file = neutral(&validated.file);
    for diagnostic in &validated.diagnostics {
        let place = match (diagnostic.line, diagnostic.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            _ => file.to_string(),
        };
        let severity = match diagnostic.severity {
            "ERROR" => "error".red().bold().to_string(),
            _ => "warning".yellow().bold().to_string(),
        };
        let message = neutral(&diagnostic.message);
        let at = match diagnostic.location.as_str() {
            "" => String::new(),
            location => format!(" (at {})", neutral(location)),
        };
        screen.line(format!("{}: {severity}: {message}{at}", place.bold()))?;
    }
    if validated.result == "OK" {
        screen.line(format!("{file}: {}", "valid".green()))?;
    }
    Ok(())
}
