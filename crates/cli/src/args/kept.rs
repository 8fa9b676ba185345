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

/// Write executions, functions, code and tables into one file, also while a server runs
#[derive(Debug, Args)]
#[command(after_help = "\
In it are executions with their histories, accepted invocations and dead letters, marks of schedules, versions,
aliases and settings of functions, their code, and access keys, whose secrets stay sealed; of a data folder also its
DynamoDB tables, its clock and its record of changes. Logs and traces are not, nor what `lambdura up` makes again by
itself. It is read back when it is written: what is told to be done can be restored. Its lines are JSON, compressed with
gzip.

Payloads are in it as functions got them: keep it as you keep the data folder.

Examples:
  lambdura backup monday.backup                               of .lambdura in this directory
  lambdura backup --data-dir /srv/lambdura /backups/$(date +%F).backup
  lambdura backup --store postgres://lambdura@db/lambdura monday.backup
  zcat monday.backup | head -1                                what it is of, and when it was made")]
pub struct BackupArguments {
    #[command(flatten)]
    pub place: PlaceArguments,
    /// The file, which must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Write a backup into a data folder or database that has nothing in it
#[derive(Debug, Args)]
#[command(after_help = "\
A server that is started on it afterwards goes on with every execution where the backup left it: what was done
since the backup was made is done again.

A data folder appears whole or not at all. A database that a restore was interrupted in is marked: no server starts on
it, and the next restore removes what is there and begins anew.

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
    /// Leave the access keys out, as when what seals their secrets is lost
    #[arg(long)]
    pub without_access_keys: bool,
}

/// Check every execution, the catalogue of functions and their code, also while a server runs
#[derive(Debug, Args)]
#[command(after_help = "\
Every history is numbered without gaps and told from its beginning; operations, outcome, counts and deadlines have to
be what it tells. Versions that aliases or open work need have to be there, and code as it was deployed. Exit code 1
and a list of what is wrong if anything is; nothing is changed.

Examples:
  lambdura verify
  lambdura verify --store postgres://lambdura@db/lambdura
  lambdura verify monday.backup                               whether a backup is whole
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

/// Copy everything from one place into another that has nothing in it
#[derive(Debug, Args)]
#[command(after_help = "\
A place is a data folder or the URL of a PostgreSQL database. No server may run on either meanwhile: start one on the
new place afterwards, and none on the old one. DynamoDB tables of a data folder go into data folders only.

Examples:
  lambdura store copy --from .lambdura --to postgres://lambdura@db/lambdura    a trial becomes production
  lambdura store copy --from postgres://lambdura@db/lambdura --to ./here       and back, to look into it")]
pub struct CopyArguments {
    /// Where everything is
    #[arg(long, value_name = "DIR|URL")]
    pub from: String,
    /// Where it is to go
    #[arg(long, value_name = "DIR|URL")]
    pub to: String,
}
