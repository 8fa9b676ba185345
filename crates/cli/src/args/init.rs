//! Arguments of `lambdura init`.

use std::path::PathBuf;

use clap::Args;

/// Use Lambdura in a SAM or CDK project that there is: has git ignore its data, and says what else helps
#[derive(Debug, Args)]
#[command(after_help = "\
Templates and code stay as they are: what runs here is what is deployed.

Examples:
  lambdura init
  lambdura init orders --dry-run")]
pub struct InitArguments {
    /// The project
    #[arg(value_name = "DIR", default_value = ".")]
    pub project: PathBuf,
    /// Change nothing, and say what would be changed
    #[arg(long)]
    pub dry_run: bool,
}
