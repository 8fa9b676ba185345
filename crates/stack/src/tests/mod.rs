//! Templates in, plain data or problems out.

mod access;
mod apis;
mod capacity;
mod cloud_assembly;
mod code;
mod companions;
mod conditions;
mod cron;
mod dynamic;
mod event_invoke;
mod gateway;
mod lambda;
mod loan_approval;
mod loops;
mod nested;
mod open_api;
mod parameters;
mod problems;
mod published;
mod references;
mod resources;
mod samconfig;
mod schedules;
mod state_machines;
mod substitution;
mod untrusted;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use expect_test::Expect;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use crate::load::load_text;
use crate::resource::Assets;
use crate::samconfig::SamConfig;
use crate::template::Text;
use crate::{LoadOptions, LoadStackError, Stack};

/// The template's text, named `/app/template.yaml`.
fn try_load(template: &str, parameters: &[(&str, &str)]) -> Result<Stack, LoadStackError> {
    let text = Text {
        name: "template.yaml".to_owned(),
        content: Arc::new(template.to_owned()),
    };
    let parameters: BTreeMap<String, String> = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let options = LoadOptions {
        stack_name: Some("demo".to_owned()),
        parameters,
        ..LoadOptions::default()
    };
    let directory = Path::new("/app");
    let path = directory.join("template.yaml");
    let assets = Assets {
        directory: directory.to_owned(),
        ..Assets::default()
    };
    load_text(text, &path, &assets, SamConfig::default(), &options)
}

fn load(template: &str) -> Stack {
    try_load(template, &[]).unwrap_or_else(|error| panic!("{}", render(&error)))
}

/// A template of functions `F` with these properties, besides the required ones.
fn function(properties: &str) -> String {
    let indented: String = properties
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: f/
{indented}"
    )
}

fn render(error: &dyn Diagnostic) -> String {
    let mut rendered = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_links(false)
        .render_report(&mut rendered, error)
        .expect("writing to a string succeeds");
    // Formatted as `main` prints it; the first line keeps the others' indentation through `expect!`.
    let lines = rendered.lines().map(str::trim_end);
    let lines: Vec<&str> = std::iter::once("Error:").chain(lines).collect();
    lines.join("\n") + "\n"
}

/// The problems of a template, one per line, without the text.
fn problems(template: &str) -> String {
    match try_load(template, &[]) {
        Ok(_) => panic!("expected problems"),
        Err(LoadStackError::Invalid(invalid)) => invalid
            .problems
            .iter()
            .map(|it| {
                let help = it.help.as_deref().unwrap_or("-");
                format!(
                    "{}:{} {} [{}] ({help})\n",
                    it.line, it.column, it.message, it.label
                )
            })
            .collect(),
        Err(other) => panic!("{}", render(&other)),
    }
}

fn warnings(template: &str) -> String {
    let warnings = load(template).warnings;
    warnings.iter().map(|it| format!("{it}\n")).collect()
}

fn check_problems(template: &str, expected: Expect) {
    expected.assert_eq(&problems(template));
}

fn check_warnings(template: &str, expected: Expect) {
    expected.assert_eq(&warnings(template));
}
