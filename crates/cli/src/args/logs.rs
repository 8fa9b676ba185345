//! `lambdura logs`.

use clap::Args;

/// Print what functions logged
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura logs                     the last lines of all functions
  lambdura logs LoanApi --follow
  lambdura logs @last               everything that one execution logged
  lambdura logs --output json | jq .text")]
pub struct LogsArguments {
    /// An execution or a function [default: all functions]
    #[arg(value_name = "EXECUTION|FUNCTION")]
    pub subject: Option<String>,
    /// Keep printing; for an execution, until it ends
    #[arg(long, short)]
    pub follow: bool,
    /// Only lines of the invocation with this request id
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// How many of the latest lines to print [default: all of an execution, 200 otherwise]
    #[arg(long, short = 'n', value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: Option<u32>,
}
