//! `lambdura man`: for packages, which install the pages.

use std::fs;

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::args::{Arguments, ManArguments};
use crate::exit::CliError;

pub fn run(arguments: &ManArguments) -> Result<(), CliError> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
        .with_context(|| format!("write the manual into `{}`", folder.display()))?;
    Ok(())
}
