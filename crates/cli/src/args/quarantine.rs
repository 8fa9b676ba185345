//! `lambdura quarantine`.

use clap::{Args, Subcommand};

/// List executions that are set aside because they cannot be worked on, look at them, and try them again
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
If the records of an execution cannot be read, or the service fails on it again and again, the execution is set
aside: it is left alone, and the others continue. Here an execution is named by ARN, name, unique prefix of name
or id, or as `@last`: the one that was set aside last.

Examples:
  lambdura quarantine                            all of them, with what was attempted and why it failed
  lambdura quarantine show loan-1234
  lambdura quarantine retry loan-1234            after the cause is fixed; exit code 1 if it fails again
  lambdura quarantine retry --all
  lambdura quarantine --output json | jq -r '.executions[].reason'"
)]
pub struct QuarantineArguments {
    #[command(subcommand)]
    pub action: Option<QuarantineAction>,
}

#[derive(Debug, Subcommand)]
pub enum QuarantineAction {
    /// Show one execution: since when, what was attempted, and the whole reason
    Show {
        /// ARN, name, unique prefix of name or id, or `@last`
        execution: String,
    },
    /// Try one execution again, or all
    Retry(RetryArguments),
}

#[derive(Debug, Args)]
pub struct RetryArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub execution: Option<String>,
    /// All executions that are set aside
    #[arg(long)]
    pub all: bool,
}
