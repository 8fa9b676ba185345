//! `lambdura up`.

use anyhow::Context;

use crate::args::UpArguments;
use crate::exit::CliError;
use crate::screen::Screen;
use crate::up;

pub fn run(arguments: UpArguments, is_verbose: bool, screen: &Screen) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(up::run(arguments, is_verbose, screen))
}
