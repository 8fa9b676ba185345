//! `lambdura serve` and `migrate`: a server that stacks are deployed to.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::server::ServerArguments;

/// Run a server that stacks are deployed to, until SIGTERM or Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
Each setting comes from its flag, else from the environment, else from the file of `--config`, else it is the default.

Examples:
  lambdura serve                                       on 127.0.0.1:3001, data in .lambdura
  lambdura serve --data-dir /var/lib/lambdura --log-format json
  lambdura serve --store postgres://lambdura@db/lambdura --cluster-listen 10.0.0.5:3100
  lambdura serve --check                               whether it would start, and what is missing
  lambdura deploy app                                  in another terminal")]
pub struct ServeArguments {
    /// A file with settings: each key is a flag's name [default: lambdura.toml in this directory, if it exists]
    #[arg(long, value_name = "FILE", env = "LAMBDURA_CONFIG")]
    pub config: Option<PathBuf>,
    /// Try everything that the settings name, print a list, and do not start; exit code 1 if something is wrong
    #[arg(long)]
    pub check: bool,
    /// How log lines are written
    #[arg(long, value_enum, env = "LAMBDURA_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// Folder for executions, code and tables
    #[arg(
        long,
        value_name = "DIR",
        env = "LAMBDURA_DATA_DIR",
        default_value = ".lambdura"
    )]
    pub data_dir: PathBuf,
    /// AWS region in ARNs and environments [default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1]
    #[arg(long, env = "LAMBDURA_REGION")]
    pub region: Option<String>,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
}

/// Update a store to this version's schema, before its servers are replaced
#[derive(Debug, Args)]
#[command(after_help = "\
A server does this itself when it starts. Migrations only add, so servers of the previous version keep running.

Examples:
  lambdura migrate --store postgres://lambdura@db/lambdura --dry-run
  lambdura migrate --store postgres://lambdura@db/lambdura
  lambdura migrate --data-dir /var/lib/lambdura       the SQLite file there, while no server runs")]
pub struct MigrateArguments {
    /// The PostgreSQL database
    #[arg(
        long,
        value_name = "URL",
        env = "LAMBDURA_STORE",
        hide_env_values = true,
        conflicts_with = "data_dir",
        required_unless_present = "data_dir"
    )]
    pub store: Option<String>,
    /// The data folder with the SQLite file
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Only print what would be done
    #[arg(long)]
    pub dry_run: bool,
}
