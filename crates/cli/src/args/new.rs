//! Arguments of `lambdura new`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Create a project that runs here, has a test, and deploys to AWS
#[derive(Debug, Args)]
#[command(after_help = "\
The project is an AWS SAM template with one durable function, its test, sample events, and a page that explains how to
run, test, debug and deploy it. Nothing is overwritten.

Examples:
  lambdura new --list                                   the templates and languages
  lambdura new expenses --language python               an approval with a reminder and two outcomes
  lambdura new trips --language typescript --template saga
  lambdura new invoices --language rust --template fan-out")]
pub struct NewArguments {
    /// Name of the new folder and of the function: letters, digits, - and _
    #[arg(required_unless_present = "list")]
    pub name: Option<String>,
    /// Language of the function and of its test
    #[arg(long, short, value_enum)]
    pub language: Option<Language>,
    /// What the function does; `--list` says more
    #[arg(long, short, value_enum, default_value = "approval")]
    pub template: Template,
    /// List templates and languages, and create nothing
    #[arg(long, conflicts_with_all = ["name", "language", "template"])]
    pub list: bool,
    /// A checkout of Lambdura whose Rust crates the project takes, instead of those of its repository
    #[arg(long, hide = true, value_name = "DIR")]
    pub path_to_lambdura: Option<PathBuf>,
}

/// Language of a new project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    #[value(alias = "py")]
    Python,
    #[value(name = "typescript", alias = "ts")]
    TypeScript,
    #[value(alias = "rs")]
    Rust,
}

/// What a new project does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Template {
    Approval,
    Saga,
    Agent,
    FanOut,
}
