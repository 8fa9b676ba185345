//! Commands about executions: list, show, stop, pause, resume, try again, delete.

use clap::{Args, ValueEnum};

/// List durable executions, newest first
#[derive(Debug, Args)]
#[command(
    visible_alias = "list",
    after_help = "\
Examples:
  lambdura ls
  lambdura ls --function LoanWorkflow --status running --status failed
  lambdura ls --watch"
)]
pub struct LsArguments {
    /// Only executions of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// Only executions with this status; may be repeated
    #[arg(long, short, value_enum, ignore_case = true)]
    pub status: Vec<Status>,
    /// Largest number of executions
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Draw the list again every second, until Ctrl-C
    #[arg(long, short)]
    pub watch: bool,
}

/// Status of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    #[value(alias = "timed_out")]
    TimedOut,
    Stopped,
    Pausing,
    Paused,
}

/// Show an execution: its operations as a tree, with status, duration and a timeline
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura show @last
  lambdura show loan-1234 --full
  lambdura show loan-1234 --output json | jq '.Operations[].Name'")]
pub struct ShowArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    #[arg(default_value = "@last")]
    pub execution: String,
    /// Only look among executions of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// Print input, result and the operations' results in full
    #[arg(long)]
    pub full: bool,
}

/// Print the events of an execution, one line each
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura history @last
  lambdura history loan-1234 --full
  lambdura history loan-1234 --output json")]
pub struct HistoryArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    #[arg(default_value = "@last")]
    pub execution: String,
    /// Only look among executions of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// Print payloads and errors in full
    #[arg(long)]
    pub full: bool,
}

/// Stop a running execution for good
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura stop loan-1234
  lambdura stop @last --reason 'entered twice'")]
pub struct StopArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    pub execution: String,
    /// Only look among executions of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// Recorded as the message of the execution's error
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Pause a running execution: its timers keep running, but the function is not invoked until it is resumed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura pause loan-1234 --reason 'the bank is closed'
  lambdura pause @last --keep-timeout            the execution timeout keeps running")]
pub struct PauseArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    pub execution: String,
    /// Only look among executions of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// Recorded in the history
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Let the execution timeout keep running
    #[arg(long)]
    pub keep_timeout: bool,
}

/// Let a paused execution continue
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura resume loan-1234
  lambdura resume @last --reason 'Monday'")]
pub struct ResumeArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    pub execution: String,
    /// Only look among executions of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// Recorded in the history
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Start an execution again, or continue it, with the newest code
#[derive(Debug, Args)]
#[command(after_help = "\
An execution stays on the version that it started on. After you have corrected the code, this command starts
a new execution with the same input, on the function's only alias or on $LATEST.

With --now the same execution continues: its version gets the corrected code, for all executions on that
version, and the function is invoked at once. What was recorded stays, so the new code must ask for the
same operations up to that point.

Examples:
  lambdura retry loan-1234 --now           it is open, and its code is corrected
  lambdura retry loan-1234                 it has ended
  lambdura retry @last --stop              it keeps failing: stop it first
  lambdura retry loan-1234 --qualifier 7   on a version or alias of your choice")]
pub struct RetryExecutionArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    pub execution: String,
    /// Only look among executions of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// Continue it where it is, with the corrected code
    #[arg(long, conflicts_with = "stop")]
    pub now: bool,
    /// Stop it first if it has not ended
    #[arg(long)]
    pub stop: bool,
    /// Version or alias whose code to run
    #[arg(long, short, value_name = "VERSION|ALIAS")]
    pub qualifier: Option<String>,
}

/// Delete the record of an execution that has ended, and free its name
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura delete loan-1234")]
pub struct DeleteArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    pub execution: String,
    /// Only look among executions of this function
    #[arg(long, short)]
    pub function: Option<String>,
}
