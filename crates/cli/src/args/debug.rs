//! `lambdura debug`.

use clap::Args;

use super::up::{DebuggedFunction, debugged};

/// Set up an editor for functions that `lambdura up --debug` runs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura debug                     print the configurations, for .vscode/launch.json
  lambdura debug --vscode            add them to that file
  lambdura debug Workflow:5679 --vscode
  lambdura up --debug Workflow:5679  run the function at this port")]
pub struct DebugArguments {
    /// Only these functions, and the port of each [default: all functions]
    #[arg(value_name = "FUNCTION[:PORT]", value_parser = debugged)]
    pub functions: Vec<DebuggedFunction>,
    /// The template, the directory that contains it, or the directory that `cdk synth` wrote
    #[arg(long, value_name = "TEMPLATE|DIR", default_value = ".")]
    pub template: String,
    /// Which stack to use, if CDK wrote several
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// A value for a parameter of the template; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub parameter: Vec<String>,
    /// Write .vscode/launch.json in this directory; other configurations in it stay
    #[arg(long)]
    pub vscode: bool,
}
