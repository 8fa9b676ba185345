//! The command line.

mod access;
mod asl;
mod callbacks;
mod clock;
mod completions;
mod console;
mod cost;
mod debug;
mod demo;
mod deploy;
mod docs;
mod doctor;
#[cfg(test)]
mod documented;
mod executions;
mod for_up;
mod init;
mod invoke;
mod kept;
mod logs;
mod new;
mod quarantine;
mod serve;
mod server;
mod servers;
mod store;
mod up;
mod values;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::asl::{
    AslAction, AslArguments, AslFunctionArguments, AslRunArguments, AslValidateArguments,
};
pub use access::{AccessArguments, AuditArguments, KeysAction, KeysArguments, OidcArguments};
pub use callbacks::{CallbackAction, CallbackArguments, CallbacksArguments};
pub use clock::{ClockAction, ClockArguments};
pub use completions::{CompletionsArguments, ManArguments, Shell};
pub use console::{ConsoleArguments, OpenArguments};
pub use cost::CostArguments;
pub use debug::DebugArguments;
pub use demo::{DemoArguments, DemoFunctionArguments, DemoServerArguments};
pub use deploy::{DeployArguments, DestroyArguments, StacksAction, StacksArguments};
pub use docs::DocsArguments;
pub use doctor::DoctorArguments;
pub use executions::{
    DeleteArguments, HistoryArguments, LsArguments, PauseArguments, ResumeArguments,
    RetryExecutionArguments, ShowArguments, Status, StopArguments,
};
pub use init::InitArguments;
pub use invoke::InvokeArguments;
pub use kept::{
    BackupArguments, CopyArguments, PlaceArguments, RestoreArguments, StoreAction,
    StoreCommandArguments, VerifyArguments,
};
pub use logs::LogsArguments;
pub use new::{Language, NewArguments, Template};
pub use quarantine::{QuarantineAction, QuarantineArguments, RetryArguments};
pub use serve::{LogFormat, MigrateArguments, ServeArguments};
pub use server::ServerArguments;
pub use servers::ServersArguments;
pub use store::{StoreArguments, TablesArguments};
pub use up::{DebuggedFunction, UpArguments};
pub use values::{AwsCredentials, BuildProfile, Clock, Durability, LimitsProfile};

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
