//! `lambdura invoke`.

use clap::Args;

/// Invoke a function and print its result
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura invoke LoanApi --payload '{\"ping\": true}'
  lambdura invoke LoanWorkflow:live --payload @loan.json --event --name loan-1234
  lambdura invoke LoanWorkflow --payload @loan.json --wait     start it, wait for its end, print its result
  lambdura invoke LoanWorkflow --payload @loan.json --follow   the same, and print its log while waiting")]
pub struct InvokeArguments {
    /// Name, ARN or CDK construct, with an alias or version if it matters
    #[arg(value_name = "FUNCTION[:QUALIFIER]")]
    pub function: String,
    /// The event, as JSON
    #[arg(long, short, value_name = "JSON|@FILE|-")]
    pub payload: Option<String>,
    /// Do not wait: print what was started
    #[arg(long, short, conflicts_with_all = ["wait", "follow"])]
    pub event: bool,
    /// Name of the durable execution; starting it again with the same payload on the same version returns the existing
    /// one
    #[arg(long, short)]
    pub name: Option<String>,
    /// Start a durable execution and wait for its end, however long it takes
    #[arg(long, short)]
    pub wait: bool,
    /// Print the log while waiting
    #[arg(long, short)]
    pub follow: bool,
}
