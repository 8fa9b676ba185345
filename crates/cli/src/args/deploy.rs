//! `lambdura deploy`, `stacks`, `destroy`: templates on a server that runs elsewhere.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::values::{AwsCredentials, BuildProfile, aws_credentials, http_url, key_value, layer};

/// Build a template and deploy it to a server that `lambdura serve` started
#[derive(Debug, Args)]
#[command(after_help = "\
The change is shown before it is made. Every function that changes is started on the server; if one does not start,
everything stays as it was, and its output is printed. Running executions stay on their version.

Requests are signed with LAMBDURA_ACCESS_KEY_ID and LAMBDURA_SECRET_ACCESS_KEY if they are set.

Examples:
  lambdura deploy                                     template.yaml in this directory, to http://127.0.0.1:3001
  lambdura deploy app --to https://lambdura.example.org
  lambdura deploy app --to URL --plan                 only show what would change
  lambdura deploy app --to URL --yes                  without a question: for scripts")]
pub struct DeployArguments {
    /// The template, the directory that contains it, or the directory that `cdk synth` wrote
    #[arg(value_name = "TEMPLATE|DIR", default_value = ".")]
    pub template: PathBuf,
    /// The server [default: `--endpoint`]
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// Name of the stack; if CDK wrote several, which one to use [default: from samconfig.toml, else the directory's
    /// name]
    #[arg(
        long,
        visible_alias = "stack",
        value_name = "NAME",
        env = "LAMBDURA_STACK_NAME"
    )]
    pub stack_name: Option<String>,
    /// A value for a parameter of the template; may be repeated (LAMBDURA_PARAMETER: one per line)
    #[arg(long, value_name = "NAME=VALUE", env = "LAMBDURA_PARAMETER", value_delimiter = '\n', value_parser = key_value)]
    pub parameter: Vec<(String, String)>,
    /// Values for `{{resolve:ssm:…}}`, `{{resolve:secretsmanager:…}}` and parameters of type AWS::SSM::Parameter::Value
    #[arg(long, value_name = "FILE", env = "LAMBDURA_REFERENCES")]
    pub references: Option<PathBuf>,
    /// Use this folder or `.zip` for a layer that is not in the template, named by its ARN, with or without the version; may be repeated
    #[arg(long, value_name = "ARN=FOLDER|ZIP", env = "LAMBDURA_LAYER", value_delimiter = '\n', value_parser = layer)]
    pub layer: Vec<(String, PathBuf)>,
    /// How Rust functions are built
    #[arg(
        long,
        value_enum,
        env = "LAMBDURA_BUILD_PROFILE",
        default_value = "release"
    )]
    pub build_profile: BuildProfile,
    /// Deploy what was built before, without building
    #[arg(long, env = "LAMBDURA_NO_BUILD", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_build: bool,
    /// Folder for what is built [default: .lambdura/deploy beside the template]
    #[arg(long, value_name = "DIR")]
    pub build_dir: Option<PathBuf>,
    /// The emulator of AWS's other services, if the server uses one: code in S3 is fetched from it
    #[arg(long, value_name = "URL", env = "LAMBDURA_AWS_ENDPOINT", value_parser = http_url)]
    pub aws_endpoint: Option<http::Uri>,
    /// Keys of your AWS account, if the server calls AWS's other services there: `env`, `profile` or `profile:NAME`
    #[arg(
        long,
        value_name = "env|profile",
        env = "LAMBDURA_AWS_CREDENTIALS",
        conflicts_with = "aws_endpoint",
        value_parser = aws_credentials
    )]
    pub aws_credentials: Option<AwsCredentials>,
    /// Only show what would change; the exit code is 0 in any case
    #[arg(long, visible_alias = "dry-run")]
    pub plan: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// List the stacks of a server, or show one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura stacks
  lambdura stacks --to https://lambdura.example.org --output json
  lambdura stacks show loan-approval")]
pub struct StacksArguments {
    /// The server [default: `--endpoint`]
    #[arg(long, global = true, value_name = "URL")]
    pub to: Option<String>,
    #[command(subcommand)]
    pub action: Option<StacksAction>,
}

#[derive(Debug, Subcommand)]
pub enum StacksAction {
    /// Show a stack: its functions, APIs, schedules, tables and outputs
    Show {
        /// Its name
        name: String,
    },
}

/// Remove a stack from a server
#[derive(Debug, Args)]
#[command(after_help = "\
Its APIs and schedules are removed at once, its functions when their open executions have ended. Histories stay for
their retention, and tables keep their items.

Examples:
  lambdura destroy loan-approval
  lambdura destroy loan-approval --to https://lambdura.example.org --yes
  lambdura destroy loan-approval --force              even if executions are open")]
pub struct DestroyArguments {
    /// Its name
    pub name: String,
    /// The server [default: `--endpoint`]
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// Even if executions are open: they run to their end, and nothing new starts
    #[arg(long)]
    pub force: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}
