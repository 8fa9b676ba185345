//! Backups, restores, checks, and moving from one store to another.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where executions and functions are kept
#[derive(Debug, Clone, Args)]
pub struct PlaceArguments {
    /// The data folder of a server [default: .lambdura in this directory]
    #[arg(long, value_name = "DIR", env = "LAMBDURA_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The PostgreSQL database that servers share, instead of a data folder
    #[arg(
        long,
        value_name = "URL",
        env = "LAMBDURA_STORE",
        hide_env_values = true
    )]
    pub store: Option<String>,
}

/// Write executions, functions, code and tables into one file; works while a server runs
#[derive(Debug, Args)]
#[command(after_help = "\
The backup contains executions with their histories, accepted invocations and dead letters, the progress of schedules,
versions, aliases and settings of functions, their code, and access keys, whose secrets stay sealed; from a data folder
also its DynamoDB tables, its clock and its record of changes. It does not contain logs and traces, nor what
`lambdura up` can make again. The file is read back after it is written, so a backup that succeeds can be restored.
Its lines are JSON, compressed with gzip.

Payloads are in plain text: protect the file as you protect the data folder.

Examples:
  lambdura backup monday.backup                               from .lambdura in this directory
  lambdura backup --data-dir /srv/lambdura /backups/$(date +%F).backup
  lambdura backup --store postgres://lambdura@db/lambdura monday.backup
  zcat monday.backup | head -1                                what it contains, and when it was made")]
pub struct BackupArguments {
    #[command(flatten)]
    pub place: PlaceArguments,
    /// The file, which must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Write a backup into an empty data folder or database
#[derive(Debug, Args)]
#[command(after_help = "\
A server that you start on it afterwards continues every execution where the backup left it: what happened after the
backup happens again.

A data folder appears complete or not at all. If a restore into a database is interrupted, the database is marked: no
server starts on it, and the next restore removes what is there and starts over.

The secrets of access keys are sealed by `access.key` of the data folder or LAMBDURA_SEALING_KEY, which are in no backup.

Examples:
  lambdura restore monday.backup --data-dir /srv/lambdura
  lambdura restore monday.backup --store postgres://lambdura@db/lambdura")]
pub struct RestoreArguments {
    /// What `lambdura backup` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub place: PlaceArguments,
    /// Leave the access keys out, for instance because the key that seals their secrets is lost
    #[arg(long)]
    pub without_access_keys: bool,
}

/// Check every execution, the catalogue of functions and their code; works while a server runs
#[derive(Debug, Args)]
#[command(after_help = "\
Every history must be numbered without gaps and, replayed from its beginning, lead to the recorded operations, outcome,
counts and deadlines. Versions that aliases or open work need must exist, and code must be as it was deployed. If
anything is wrong, it is listed and the exit code is 1; nothing is changed.

Examples:
  lambdura verify
  lambdura verify --store postgres://lambdura@db/lambdura
  lambdura verify monday.backup                               whether a backup is complete
  lambdura verify --output json | jq '.problems[]'")]
pub struct VerifyArguments {
    /// A backup, instead of a data folder or database
    #[arg(value_name = "FILE", conflicts_with_all = ["data_dir", "store"])]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub place: PlaceArguments,
}

/// Move from one store to another
#[derive(Debug, Args)]
pub struct StoreCommandArguments {
    #[command(subcommand)]
    pub action: StoreAction,
}

#[derive(Debug, Subcommand)]
pub enum StoreAction {
    Copy(CopyArguments),
}

/// Copy everything from one place into another one, which must be empty
#[derive(Debug, Args)]
#[command(after_help = "\
A place is a data folder or the URL of a PostgreSQL database. No server may run on either during the copy; afterwards,
start servers on the new place and none on the old one. DynamoDB tables are copied only from data folder to data folder.

Examples:
  lambdura store copy --from .lambdura --to postgres://lambdura@db/lambdura    a trial becomes production
  lambdura store copy --from postgres://lambdura@db/lambdura --to ./here       and back, to look into it")]
pub struct CopyArguments {
    /// The place to copy from
    #[arg(long, value_name = "DIR|URL")]
    pub from: String,
    /// The place to copy to
    #[arg(long, value_name = "DIR|URL")]
    pub to: String,
}
