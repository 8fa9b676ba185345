//! State machines.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Check and run state machines of the Amazon States Language
#[derive(Debug, Args)]
pub struct AslArguments {
    #[command(subcommand)]
    pub action: AslAction,
}

#[derive(Debug, Subcommand)]
pub enum AslAction {
    Validate(AslValidateArguments),
    Run(AslRunArguments),
    Function(AslFunctionArguments),
}

/// Check definitions, and list every error with its line and column
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura asl validate order.asl.json
  lambdura asl validate machines/*.asl.json --output json")]
pub struct AslValidateArguments {
    /// Definitions, as JSON or YAML
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Run a definition once in this program, and print its output
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura asl run order.asl.json --input '{\"amount\": 5}'
  lambdura asl run order.asl.json --input @order.json --mocks mocks.json     answers instead of functions
  lambdura asl run order.asl.json --data order.db --name order-7             continues after it was killed

Tasks call functions of the service at --endpoint, unless --mocks answers for them. A file of mocks has a member for
each function: {\"charge\": {\"Return\": {\"ok\": true}}}, or {\"Throw\": {\"Error\": \"Busy\", \"Cause\": \"later\"}},
or a list with one of these for each call, the last for all further calls. {\"Token\": …} around one of them completes the
task token in the function's input.")]
pub struct AslRunArguments {
    /// The definition, as JSON or YAML
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The input
    #[arg(long, short, value_name = "JSON|@FILE|-", default_value = "{}")]
    pub input: String,
    /// A file with answers that are used instead of functions
    #[arg(long, value_name = "FILE")]
    pub mocks: Option<PathBuf>,
    /// A file to keep the execution in [default: it is not kept]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Name of the execution: run again with the same --data, it continues where it stopped
    #[arg(long, short, requires = "data")]
    pub name: Option<String>,
    /// Folder in which `ItemReader` finds its files and `ResultWriter` puts them, as FOLDER/Bucket/Key
    #[arg(long, value_name = "FOLDER")]
    pub files: Option<PathBuf>,
}

/// Run a state machine as a durable function: the command for a function's `bootstrap`
#[derive(Debug, Args)]
#[command(after_help = "\
Example of a `bootstrap` beside the definition:
  #!/bin/sh
  exec lambdura asl function order.asl.json")]
pub struct AslFunctionArguments {
    /// The definition, as JSON or YAML
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
