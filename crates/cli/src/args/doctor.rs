//! Arguments of `lambdura doctor`.

use std::path::PathBuf;

use clap::Args;

/// Check what this machine has for `lambdura up`, and print what to install
#[derive(Debug, Args)]
#[command(after_help = "\
With a template, the needs of its functions are checked too. Exit code 1 means that something is missing.

Examples:
  lambdura doctor
  lambdura doctor orders/template.yaml
  lambdura doctor --output json | jq '.checks[] | select(.status != \"ok\")'")]
pub struct DoctorArguments {
    /// The template, or the directory that contains it [default: this directory, if it contains one]
    #[arg(value_name = "TEMPLATE|DIR")]
    pub template: Option<PathBuf>,
}
