//! `lambdura up`: how a stack is run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::AccessArguments;
use super::store::StoreArguments;

/// Run a SAM template here: functions, aliases, APIs, schedules and tables, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura up                                    template.yaml in this directory
  lambdura up demo/loan-approval --env DEMO_PACE=0
  lambdura up cdk.out --stack OrdersStack        what `cdk synth` wrote
  lambdura up --clock auto                       waits of days are over at once; `lambdura clock` says more
  lambdura up --debug Workflow                   for a debugger; `lambdura debug --vscode` sets up Visual Studio Code
  lambdura up --listen 127.0.0.1:0 --ready-file ready.json
                                                 any free port; scripts read the URLs from the file")]
pub struct UpArguments {
    /// The template, or the directory that holds it or that `cdk synth` wrote
    #[arg(
        value_name = "TEMPLATE|DIR",
        env = "LAMBDURA_TEMPLATE",
        default_value = "."
    )]
    pub template: PathBuf,
    /// Where the Lambda API and the console listen; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "LAMBDURA_LISTEN",
        default_value = "127.0.0.1:3001"
    )]
    pub listen: SocketAddr,
    /// Where the template's first API listens; further ones and function URLs take the ports after it
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "LAMBDURA_HTTP_API_LISTEN",
        default_value = "127.0.0.1:3000"
    )]
    pub http_api_listen: SocketAddr,
    /// Executions, code and tables are kept here [default: .lambdura beside the template]
    #[arg(long, value_name = "DIR", env = "LAMBDURA_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// An environment variable for every function, over the template's; may be repeated (LAMBDURA_ENV: one per line)
    #[arg(long, value_name = "NAME=VALUE", env = "LAMBDURA_ENV", value_delimiter = '\n', value_parser = key_value)]
    pub env: Vec<(String, String)>,
    /// Written once everything answers: URLs, functions and process id as JSON
    #[arg(long, value_name = "PATH", env = "LAMBDURA_READY_FILE")]
    pub ready_file: Option<PathBuf>,
    /// What an answered request survives
    #[arg(long, value_enum, env = "LAMBDURA_DURABILITY", default_value = "disk")]
    pub durability: Durability,
    /// What one execution may use: AWS's quotas, or whatever the disk holds
    #[arg(
        long,
        value_enum,
        value_name = "PROFILE",
        env = "LAMBDURA_LIMITS",
        default_value = "aws"
    )]
    pub limits: LimitsProfile,
    /// Name of the stack, and which one of several that CDK wrote [default: from samconfig.toml, else the directory's name]
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
    /// Start what was built before, without asking cargo
    #[arg(long, env = "LAMBDURA_NO_BUILD", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_build: bool,
    /// Refuse to start unless every function of the template can run
    #[arg(long, env = "LAMBDURA_STRICT", value_parser = clap::builder::BoolishValueParser::new())]
    pub strict: bool,
    /// Leave functions as they are when their sources change
    #[arg(long, env = "LAMBDURA_NO_RELOAD", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_reload: bool,
    /// How long a function process is kept with nothing to do, such as `30s` or `5m`
    #[arg(long, value_name = "TIME", env = "LAMBDURA_IDLE_TIME", default_value = "30s", value_parser = time)]
    pub idle_time: Duration,
    /// Processes of one function at the most, where the template reserves no number
    #[arg(long, value_name = "N", env = "LAMBDURA_CONCURRENCY", default_value_t = 64, value_parser = concurrency)]
    pub concurrency: usize,
    /// A program that emulates AWS's other services (LocalStack, MiniStack, moto), for calls of functions to them; the
    /// template's queues, topics, buckets, parameters and secrets are created there
    #[arg(long, value_name = "URL", env = "LAMBDURA_AWS_ENDPOINT", value_parser = http_url)]
    pub aws_endpoint: Option<http::Uri>,
    /// Let functions call AWS's other services in your account: `env` takes the AWS_… variables, `profile` or
    /// `profile:NAME` the AWS configuration
    #[arg(
        long,
        value_name = "env|profile",
        env = "LAMBDURA_AWS_CREDENTIALS",
        conflicts_with = "aws_endpoint",
        value_parser = aws_credentials
    )]
    pub aws_credentials: Option<AwsCredentials>,
    /// Run this function for a debugger, in one process and without time limits: Python at port 5678, Node.js at 9229, or
    /// at PORT; others are attached to by their process id. May be repeated
    #[arg(long, value_name = "FUNCTION[:PORT]", value_parser = debugged)]
    pub debug: Vec<DebuggedFunction>,
    /// Have such a function wait for the debugger before it runs any code
    #[arg(long, requires = "debug")]
    pub debug_wait: bool,
    /// By which keys the JWTs are believed that callers of APIs send: a file with a JWK set, whoever issued them, or `any`
    /// for every JWT, signed or not [default: the keys that each issuer publishes]
    #[arg(long, value_name = "FILE|any", env = "LAMBDURA_JWT_KEYS")]
    pub jwt_keys: Option<PathBuf>,
    /// Let everybody call the template's APIs: no authorizer is asked (API keys still are)
    #[arg(long, env = "LAMBDURA_NO_AUTHORIZERS", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_authorizers: bool,
    /// How time passes
    #[arg(long, value_enum, env = "LAMBDURA_CLOCK", default_value = "real")]
    pub clock: Clock,
    /// Rules by which callbacks are answered, and functions that are not here are stood for: YAML or JSON, see
    /// `lambdura docs testing#answers`
    #[arg(long, value_name = "FILE", env = "LAMBDURA_ANSWERS")]
    pub answers: Option<PathBuf>,
    #[command(flatten)]
    pub store: StoreArguments,
    #[command(flatten)]
    pub access: AccessArguments,
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
            Ok(0) | Err(_) => return Err(format!("`{port}` is no port: 1 to 65535 are")),
        },
    };
    match function {
        "" => Err("a function is to be named".to_owned()),
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

fn aws_credentials(text: &str) -> Result<AwsCredentials, String> {
    match text.split_once(':') {
        None if text == "env" => Ok(AwsCredentials::Environment),
        None if text == "profile" => Ok(AwsCredentials::Profile(None)),
        Some(("profile", name)) if !name.is_empty() => {
            Ok(AwsCredentials::Profile(Some(name.to_owned())))
        }
        _ => Err("`env`, `profile` or `profile:NAME` is meant".to_owned()),
    }
}

fn http_url(text: &str) -> Result<http::Uri, String> {
    let url: http::Uri = text.parse().map_err(|error| format!("no URL: {error}"))?;
    let is_base = matches!(url.path(), "" | "/") && url.query().is_none();
    match (url.scheme_str(), url.authority()) {
        (Some("http"), Some(_)) if is_base => Ok(url),
        _ => Err("a URL such as http://127.0.0.1:4566 is meant".to_owned()),
    }
}

/// What an answered request survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Power loss: answered after fsync
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
    /// As everywhere
    Real,
    /// While nothing is at work, it jumps to the next instant that something waits for: for tests
    Auto,
    /// While nothing is at work, it stands still until `lambdura clock` moves it: for tests and talks
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

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("must be of the form NAME=VALUE".to_owned()),
    }
}

fn layer(text: &str) -> Result<(String, PathBuf), String> {
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

fn concurrency(text: &str) -> Result<usize, String> {
    match text.parse() {
        // Lambda's default quota of an account.
        Ok(number @ 1..=1000) => Ok(number),
        Ok(_) | Err(_) => Err("must be a number from 1 to 1000".to_owned()),
    }
}
