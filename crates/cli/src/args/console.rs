//! The web console: `lambdura open` and `lambdura console`.

use std::path::PathBuf;

use clap::Args;

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
    pub file: PathBuf,
    /// Port of the console, on this machine only
    #[arg(long, value_name = "PORT", default_value_t = 3002)]
    pub port: u16,
}
