//! The command line.

mod access;
mod asl;
mod clock;
mod completions;
mod debug;
mod demo;
mod deploy;
mod docs;
mod doctor;
#[cfg(test)]
mod documented;
mod init;
mod kept;
mod new;
mod serve;
mod server;
mod servers;
mod store;
mod up;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::asl::{
    AslAction, AslArguments, AslFunctionArguments, AslRunArguments, AslValidateArguments,
};
pub use access::{AccessArguments, AuditArguments, KeysAction, KeysArguments, OidcArguments};
pub use clock::{ClockAction, ClockArguments};
pub use completions::{CompletionsArguments, ManArguments, Shell};
pub use debug::DebugArguments;
pub use demo::{DemoArguments, DemoFunctionArguments, DemoServerArguments};
pub use deploy::{DeployArguments, DestroyArguments, StacksAction, StacksArguments};
pub use docs::DocsArguments;
pub use doctor::DoctorArguments;
pub use init::InitArguments;
pub use kept::{
    BackupArguments, CopyArguments, PlaceArguments, RestoreArguments, StoreAction,
    StoreCommandArguments, VerifyArguments,
};
pub use new::{Language, NewArguments, Template};
pub use serve::{LogFormat, MigrateArguments, ServeArguments};
pub use server::ServerArguments;
pub use servers::ServersArguments;
pub use store::{StoreArguments, TablesArguments};
pub use up::{
    AwsCredentials, BuildProfile, Clock, DebuggedFunction, Durability, LimitsProfile, UpArguments,
};

const AFTER_HELP: &str = "\
Executions are named by ARN, by name, by a unique prefix of name or id, or as `@last`.

Exit codes:
  0    done
  1    failed
  2    invalid arguments
  3    no such function, execution or callback
  4    the service cannot be reached
  5    the function or execution failed
  130  Ctrl-C";

/// Run, test, debug and understand AWS Lambda durable functions anywhere.
#[derive(Debug, Parser)]
#[command(name = "lambdura", version, about, after_help = AFTER_HELP, propagate_version = true)]
pub struct Arguments {
    #[command(flatten)]
    pub global: GlobalArguments,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct GlobalArguments {
    /// The service to talk to
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "LAMBDURA_ENDPOINT",
        default_value = "http://127.0.0.1:3001"
    )]
    pub endpoint: String,
    /// How results are printed
    #[arg(
        long,
        global = true,
        value_enum,
        env = "LAMBDURA_OUTPUT",
        default_value = "text"
    )]
    pub output: OutputFormat,
    /// Print more on standard error; twice for even more (LAMBDURA_LOG takes a filter such as `server=debug`)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    Text,
    /// For programs: in AWS's own format if AWS has one
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    New(NewArguments),
    Init(InitArguments),
    Up(Box<UpArguments>),
    Serve(Box<ServeArguments>),
    Deploy(DeployArguments),
    Stacks(StacksArguments),
    Destroy(DestroyArguments),
    Migrate(MigrateArguments),
    Tables(TablesArguments),
    Demo(DemoArguments),
    #[command(hide = true)]
    DemoFunction(DemoFunctionArguments),
    #[command(hide = true)]
    DemoServer(DemoServerArguments),
    Debug(DebugArguments),
    Asl(AslArguments),
    Invoke(InvokeArguments),
    Ls(LsArguments),
    Show(ShowArguments),
    History(HistoryArguments),
    Cost(CostArguments),
    Logs(LogsArguments),
    Callback(CallbackArguments),
    Callbacks(CallbacksArguments),
    /// List functions, with their aliases
    Functions,
    Open(OpenArguments),
    Console(ConsoleArguments),
    Retry(RetryExecutionArguments),
    Stop(StopArguments),
    Pause(PauseArguments),
    Resume(ResumeArguments),
    Delete(DeleteArguments),
    Clock(ClockArguments),
    Quarantine(QuarantineArguments),
    Servers(ServersArguments),
    Backup(BackupArguments),
    Restore(RestoreArguments),
    Verify(VerifyArguments),
    Store(StoreCommandArguments),
    Keys(KeysArguments),
    Audit(AuditArguments),
    Docs(DocsArguments),
    Doctor(DoctorArguments),
    Completions(CompletionsArguments),
    #[command(hide = true)]
    Man(ManArguments),
}

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

/// Compute what executions would cost on AWS, including everything that they invoked in a chain
#[derive(Debug, Args)]
#[command(after_help = "\
The figures are AWS's list prices times the quantities in the event history; assumptions are printed below them.
Memory, architecture and retention come from the function's configuration. For a function, the figures are the average
of its newest executions that have ended; several subjects are shown side by side.

Examples:
  lambdura cost @last
  lambdura cost loan-1234 --runs 1,10000,5000000
  lambdura cost loan-1234 loan-5678                   side by side
  lambdura cost LoanWorkflow LoanMachine --last 50    a durable function and a state machine
  lambdura cost --print-prices > prices.toml          change the prices, then:
  lambdura cost @last --prices prices.toml
  lambdura cost @last --output json | jq .bill.total")]
pub struct CostArguments {
    /// Executions, each an ARN, name, unique prefix of name or id, or `@last`; or functions
    #[arg(value_name = "EXECUTION|FUNCTION", default_value = "@last")]
    pub subjects: Vec<String>,
    /// Only look among executions of this function; with --last, the average is of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// How many of a function's newest executions to average [default: 20]
    #[arg(long, value_name = "N", value_parser = cost_last)]
    pub last: Option<usize>,
    /// Numbers of executions for which sums are printed
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', default_value = "1,1000,1000000", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: Vec<u32>,
    /// A price table to use instead of AWS's prices in us-east-1
    #[arg(long, value_name = "FILE", env = "LAMBDURA_PRICES")]
    pub prices: Option<PathBuf>,
    /// Only print the price table, in the format that `--prices` reads
    #[arg(long)]
    pub print_prices: bool,
}

fn cost_last(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err("not a number from 1 to 1000".to_owned()),
    }
}

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

/// Complete a callback, or send a heartbeat for it
#[derive(Debug, Args)]
#[command(after_help = "\
A callback is named by its id, or by its execution if that waits for only one, or as EXECUTION/OPERATION.

Examples:
  lambdura callback succeed @last/manager-approval --result '{\"approved\": true}'
  lambdura callback fail loan-1234 --error-type Rejected --error-message 'out of budget'
  lambdura callback heartbeat loan-1234/fraud-check")]
pub struct CallbackArguments {
    #[command(subcommand)]
    pub action: CallbackAction,
}

#[derive(Debug, Subcommand)]
pub enum CallbackAction {
    /// Complete it with a result
    Succeed {
        /// Callback id, EXECUTION, or EXECUTION/OPERATION
        #[arg(value_name = "CALLBACK")]
        callback: String,
        /// The result, as JSON
        #[arg(long, short, value_name = "JSON|@FILE|-")]
        result: Option<String>,
        /// The result as plain text, for code that does not read it as JSON
        #[arg(long, value_name = "TEXT|@FILE|-", conflicts_with = "result")]
        text: Option<String>,
    },
    /// Complete it with an error
    Fail {
        /// Callback id, EXECUTION, or EXECUTION/OPERATION
        #[arg(value_name = "CALLBACK")]
        callback: String,
        /// What kind of error
        #[arg(long, value_name = "TYPE")]
        error_type: Option<String>,
        /// What went wrong
        #[arg(long, visible_alias = "error", value_name = "TEXT")]
        error_message: Option<String>,
        /// More about it, for programs
        #[arg(long, value_name = "TEXT")]
        error_data: Option<String>,
    },
    /// Report that the work is still in progress
    Heartbeat {
        /// Callback id, EXECUTION, or EXECUTION/OPERATION
        #[arg(value_name = "CALLBACK")]
        callback: String,
    },
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

/// List callbacks that wait for an answer, those of older executions first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura callbacks
  lambdura callbacks --function LoanWorkflow
  lambdura callback succeed loan-1234/manager-approval --result '{\"approved\": true}'")]
pub struct CallbacksArguments {
    /// Only callbacks of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// How many callbacks to list
    #[arg(long, short, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// Open the web console for the file of a program that runs its own executions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura console --file app.db
  lambdura console --file app.db --port 0     on a free port

The console is read-only: the program keeps running, and changes from the console are rejected.")]
pub struct ConsoleArguments {
    /// The SQLite file that the program was opened with
    #[arg(long, short, value_name = "FILE")]
    pub file: std::path::PathBuf,
    /// Port of the console, on this machine only
    #[arg(long, value_name = "PORT", default_value_t = 3002)]
    pub port: u16,
}

/// Show the web console, or an execution in it, in the browser
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura open
  lambdura open @last
  BROWSER=firefox lambdura open loan-1234")]
pub struct OpenArguments {
    /// ARN, name, unique prefix of name or id, or `@last`
    pub execution: Option<String>,
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn values_may_hold_commas_and_equals_signs() {
        let line = ["lambdura", "up", "--env", "A=1,2=3", "--env", "B="];
        let Command::Up(up) = Arguments::parse_from(line).command else {
            panic!("`up` was asked for");
        };
        let expected = [("A", "1,2=3"), ("B", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(up.server.env, expected);
        assert_eq!(up.server.idle_time, Duration::from_secs(30));
    }

    #[test]
    fn one_execution_or_all_are_tried_again() {
        let parsed = |rest: &[&str]| {
            let line = ["lambdura", "quarantine", "retry"].iter().chain(rest);
            Arguments::try_parse_from(line)
        };
        assert!(parsed(&[]).is_err());
        assert!(parsed(&["loan-1", "--all"]).is_err());
        assert!(parsed(&["loan-1"]).is_ok());
        assert!(parsed(&["--all"]).is_ok());
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            ["up", "--env", "=x"],
            ["up", "--idle-time", "-5s"],
            ["up", "--concurrency", "0"],
            ["ls", "--limit", "0"],
        ] {
            let line = ["lambdura"].into_iter().chain(line);
            assert!(Arguments::try_parse_from(line.clone()).is_err(), "{line:?}");
        }
    }
}
