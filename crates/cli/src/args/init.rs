//! Arguments of `lambdura init`.

use std::path::PathBuf;

use clap::Args;

/// Prepare an existing SAM or CDK project: let git ignore Lambdura's data, and print what else helps
#[derive(Debug, Args)]
#[command(after_help = "\
Templates and code stay as they are: what runs here is also what you deploy.

Examples:
  lambdura init
  lambdura init orders --dry-run")]
pub struct InitArguments {
    /// The project
    #[arg(value_name = "DIR", default_value = ".")]
    pub project: PathBuf,
    /// Change nothing; only print what would be changed
    #[arg(long)]
    pub dry_run: bool,
}
