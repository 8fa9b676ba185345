//! Arguments of `lambdura doctor`.

use std::path::PathBuf;

use clap::Args;

/// Look at what this machine has for `lambdura up`, and say what to install
#[derive(Debug, Args)]
#[command(after_help = "\
With a template, what its functions need counts as well. Exit code 1: something stands in the way.

Examples:
  lambdura doctor
  lambdura doctor orders/template.yaml
  lambdura doctor --output json | jq '.checks[] | select(.status != \"ok\")'")]
pub struct DoctorArguments {
    /// The template, or the directory that holds it [default: this directory, if it holds one]
    #[arg(value_name = "TEMPLATE|DIR")]
    pub template: Option<PathBuf>,
}
