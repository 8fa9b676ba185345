//! `lambdura up`: how a stack is run.

use std::path::PathBuf;

use clap::Args;

use super::server::ServerArguments;
use super::values::{BuildProfile, key_value, layer};

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
    /// Use this folder or `.zip` for a layer that is not in the template, named by its ARN, with or without the version; may be repeated
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
    /// or at PORT; for other runtimes, attach by process id. May be repeated
    #[arg(long, value_name = "FUNCTION[:PORT]", value_parser = debugged)]
    pub debug: Vec<DebuggedFunction>,
    /// Make functions named by `--debug` wait for the debugger before they run any code
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
