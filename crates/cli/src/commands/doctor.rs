//! `lambdura doctor`: what this machine has for `lambdura up`, and what to install.

pub mod check;
mod machine;
pub mod programs;

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Parser as _;
use owo_colors::Style;
use serde_json::json;
use stack::Stack;

use self::check::{Check, Status};
use crate::args::{Arguments, Command, DoctorArguments, UpArguments};
use crate::exit::CliError;
use crate::grid::{Cell, Grid};
use crate::preview::preview;
use crate::screen::Screen;
use crate::up;

/// Templates that are looked for where none is named.
const TEMPLATES: [&str; 3] = ["template.yaml", "template.yml", "cdk.out"];

pub fn run(arguments: &DoctorArguments, screen: &Screen) -> Result<(), CliError> {
    let template = arguments.template.clone().or_else(|| {
        let mut usual = TEMPLATES.iter().map(PathBuf::from);
        usual.find(|path| path.exists())
    });
    let up = up_arguments(template.as_deref())?;
    let (stack, read) = match &template {
        None => (None, None),
        Some(template) => match up::load_stack(&up) {
            Ok(stack) => (Some(stack), None),
            Err(error) => (None, Some(unreadable(template, &error))),
        },
    };
    let mut checks = vec![version()];
    checks.extend(machine::checks(&up));
    checks.extend(programs::checks(stack.as_ref()));
    checks.extend(read);
    checks.extend(stack.as_ref().map(functions));
    say(&checks, screen)?;
    match checks
        .iter()
        .filter(|it| it.status == Status::Problem)
        .count()
    {
        0 => Ok(()),
        1 => Err(anyhow!("one problem was found").into()),
        count => Err(anyhow!("{count} problems were found").into()),
    }
}

/// The arguments for `lambdura up`.
fn up_arguments(template: Option<&Path>) -> Result<UpArguments, CliError> {
    let mut words = vec!["lambdura".into(), "up".into()];
    words.extend(template.map(|it| it.as_os_str().to_owned()));
    let parsed = Arguments::try_parse_from(words).map_err(|error| anyhow!(error))?;
    match parsed.command {
        Command::Up(up) => Ok(*up),
        _ => unreachable!("it was given as the command"),
    }
}

fn version() -> Check {
    let target = env!("LAMBDURA_BUILD_TARGET");
    Check::ok(
        "lambdura",
        format!("{} for {target}", env!("CARGO_PKG_VERSION")),
    )
}

fn unreadable(template: &Path, error: &dyn std::error::Error) -> Check {
    Check::problem(
        "template",
        format!("{}: {error}", template.display()),
        "`lambdura up` shows the line",
    )
}

fn functions(stack: &Stack) -> Check {
    let count = stack.functions.len();
    let cannot = stack.functions.iter().filter(|it| it.cannot_run.is_some());
    let names: Vec<&str> = cannot.map(|it| it.shown()).collect();
    let found = format!("{count} functions in {}", stack.template_path.display());
    if names.is_empty() {
        return Check::ok("template", found);
    }
    Check::warning(
        "template",
        format!("{found}; {} cannot run here", names.join(", ")),
        "the others run; `lambdura up` says why these do not",
    )
}

fn say(checks: &[Check], screen: &Screen) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(&json!({ "checks": checks }))?;
        return Ok(());
    }
    let mut grid = Grid::wrapping(vec!["", "WHAT", "FOUND"]);
    for check in checks {
        let (mark, style) = match check.status {
            Status::Ok => ("✓", Style::new().green()),
            Status::Warning => ("!", Style::new().yellow()),
            Status::Problem => ("✗", Style::new().red()),
        };
        let found = match &check.advice {
            None => check.found.clone(),
            Some(advice) => format!("{}: {advice}", check.found),
        };
        grid.push(vec![
            Cell::styled(mark, style),
            Cell::styled(check.name, Style::new().bold()),
            preview(&found, 512).into(),
        ]);
    }
    for line in grid.lines(screen.width()) {
        screen.line(line)?;
    }
    Ok(())
}
