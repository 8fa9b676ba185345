//! `lambdura up`.

use anyhow::Context;

use crate::args::UpArguments;
use crate::exit::CliError;
use crate::screen::Screen;
use crate::up::{self, UpPresenter};

pub fn run(arguments: UpArguments, is_verbose: bool, screen: &Screen) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let mut presenter = UpPresenter { is_verbose };
    runtime.block_on(up::run(arguments, &mut presenter, screen))
}
