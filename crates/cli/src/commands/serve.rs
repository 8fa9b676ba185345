//! `lambdura serve`.

use anyhow::Context;

use crate::args::ServeArguments;
use crate::exit::CliError;
use crate::screen::Screen;
use crate::serve;

pub fn run(arguments: ServeArguments, screen: &Screen) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(serve::run(arguments, screen))
}
