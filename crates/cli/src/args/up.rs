//! `lambdura up`: how a stack is run.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::server::ServerArguments;

/// Run a SAM template here: functions, aliases, APIs, schedules and tables, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura up                                    template.yaml in this directory
  lambdura up demo/loan-approval --env DEMO_PACE=0
  lambdura up cdk.out --stack OrdersStack        what `cdk synth` wrote
  lambdura up --clock auto                       waits of days pass at once; see `lambdura clock`
  lambdura up --debug Workflow                   for a debugger; `lambdura debug --vscode` sets up Visual Studio Code
  lambdura up --listen 127.0.0.1:0 --ready-file ready.json
                                                 any free port; scripts read the URLs from the file")]
pub struct UpArguments {
    /// The template, the directory that contains it, or the directory that `cdk synth` wrote
    #[arg(
        value_name = "TEMPLATE|DIR",
        env = "LAMBDURA_TEMPLATE",
        default_value = "."
    )]
    pub template: PathBuf,
    /// Folder for executions, code and tables [default: .lambdura beside the template]
    #[arg(long, value_name = "DIR", env = "LAMBDURA_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Name of the stack; if CDK wrote several, which one to use [default: from samconfig.toml, else the directory's
    /// name]
    #[arg(
        long,
        visible_alias = "stack",
        value_name = "NAME",
        env = "LAMBDURA_STACK_NAME"
    )]
    pub stack_name: Option<String>,
    /// AWS region in ARNs and environments [default: the CDK app's, AWS_REGION, AWS_DEFAULT_REGION, us-east-1]
    #[arg(long, env = "LAMBDURA_REGION")]
    pub region: Option<String>,
    /// A value for a parameter of the template; may be repeated (LAMBDURA_PARAMETER: one per line)
    #[arg(long, value_name = "NAME=VALUE", env = "LAMBDURA_PARAMETER", value_delimiter = '\n', value_parser = key_value)]
    pub parameter: Vec<(String, String)>,
    /// Values for `{{resolve:ssm:…}}`, `{{resolve:secretsmanager:…}}` and parameters of type AWS::SSM::Parameter::Value
    /// [default: references.json in the data folder]
    #[arg(long, value_name = "FILE", env = "LAMBDURA_REFERENCES")]
    pub references: Option<PathBuf>,
    /// A layer that is not in the template, by its ARN with or without the version, as a folder or `.zip`; may be repeated
    /// (LAMBDURA_LAYER: one per line)
    #[arg(long, value_name = "ARN=FOLDER|ZIP", env = "LAMBDURA_LAYER", value_delimiter = '\n', value_parser = layer)]
    pub layer: Vec<(String, PathBuf)>,
    /// How Rust functions are built
    #[arg(
        long,
        value_enum,
        env = "LAMBDURA_BUILD_PROFILE",
        default_value = "dev"
    )]
    pub build_profile: BuildProfile,
    /// Start what was built before, without running cargo
    #[arg(long, env = "LAMBDURA_NO_BUILD", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_build: bool,
    /// Refuse to start unless every function of the template can run
    #[arg(long, env = "LAMBDURA_STRICT", value_parser = clap::builder::BoolishValueParser::new())]
    pub strict: bool,
    /// Leave functions as they are when their sources change
    #[arg(long, env = "LAMBDURA_NO_RELOAD", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_reload: bool,
    /// Run this function for a debugger, in one process and without time limits: Python at port 5678, Node.js at 9229,
    /// or at PORT; attach to others by their process id. May be repeated
    #[arg(long, value_name = "FUNCTION[:PORT]", value_parser = debugged)]
    pub debug: Vec<DebuggedFunction>,
    /// Make such a function wait for the debugger before it runs any code
    #[arg(long, requires = "debug")]
    pub debug_wait: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// A function to debug, as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebuggedFunction {
    /// Its name, logical id, or construct's path.
    pub function: String,
    /// Where the debugger listens.
    pub port: Option<u16>,
}

pub(super) fn debugged(text: &str) -> Result<DebuggedFunction, String> {
    let (function, port) = match text.rsplit_once(':') {
        None => (text, None),
        Some((function, port)) => match port.parse() {
            Ok(port @ 1..) => (function, Some(port)),
            Ok(0) | Err(_) => return Err(format!("`{port}` is not a port: use 1 to 65535")),
        },
    };
    match function {
        "" => Err("a function must be named".to_owned()),
        function => Ok(DebuggedFunction {
            function: function.to_owned(),
            port,
        }),
    }
}

/// Where functions have real credentials from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsCredentials {
    /// `AWS_ACCESS_KEY_ID` and what belongs to it.
    Environment,
    /// A profile by name; none: `AWS_PROFILE`, or the default one.
    Profile(Option<String>),
}

pub(super) fn aws_credentials(text: &str) -> Result<AwsCredentials, String> {
    match text.split_once(':') {
        None if text == "env" => Ok(AwsCredentials::Environment),
        None if text == "profile" => Ok(AwsCredentials::Profile(None)),
        Some(("profile", name)) if !name.is_empty() => {
            Ok(AwsCredentials::Profile(Some(name.to_owned())))
        }
        _ => Err("must be `env`, `profile` or `profile:NAME`".to_owned()),
    }
}

pub(super) fn http_url(text: &str) -> Result<http::Uri, String> {
    let url: http::Uri = text
        .parse()
        .map_err(|error| format!("not a URL: {error}"))?;
    let is_base = matches!(url.path(), "" | "/") && url.query().is_none();
    match (url.scheme_str(), url.authority()) {
        (Some("http"), Some(_)) if is_base => Ok(url),
        _ => Err("must be a URL such as http://127.0.0.1:4566".to_owned()),
    }
}

/// What an answered request survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Power loss: acknowledged after fsync
    Disk,
    /// The death of the process, not of the machine
    Os,
    /// Nothing: for tests
    Memory,
}

impl From<Durability> for store::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Disk => Self::Disk,
            Durability::Os => Self::Os,
            Durability::Memory => Self::Memory,
        }
    }
}

/// How time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// As usual
    Real,
    /// When nothing is at work, it jumps to the next moment that something waits for: for tests
    Auto,
    /// When nothing is at work, it stands still until `lambdura clock` moves it: for tests and presentations
    Manual,
}

/// What one execution may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LimitsProfile {
    /// AWS's quotas: 3,000 operations, 100 MB, 256 KB a step result
    Aws,
    /// No quota on operations and data, and payloads of up to 6 MB everywhere
    Unbounded,
}

/// How Rust functions are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BuildProfile {
    /// Fast to build, with debug assertions
    Dev,
    /// Optimised, as `sam build` does it
    Release,
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("must be of the form NAME=VALUE".to_owned()),
    }
}

pub(super) fn layer(text: &str) -> Result<(String, PathBuf), String> {
    let (arn, path) = key_value(text)?;
    let parts: Vec<&str> = arn.split(':').collect();
    let is_layer = matches!(parts.as_slice(), ["arn", _, "lambda", _, _, "layer", _, ..]);
    if is_layer && !path.is_empty() {
        return Ok((arn, path.into()));
    }
    Err("must be of the form ARN=FOLDER or ARN=ZIP, with the ARN of a layer".to_owned())
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "must be a time such as `30s`, `5m` or `1h30m`".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "must not be negative".to_owned())
}

pub(super) fn concurrency(text: &str) -> Result<usize, String> {
    match text.parse() {
        // Lambda's default quota of an account.
        Ok(number @ 1..=1000) => Ok(number),
        Ok(_) | Err(_) => Err("must be a number from 1 to 1000".to_owned()),
    }
}
