//! `lambdura up`.

use std::time::Duration;

use anyhow::Context;

use crate::args::UpArguments;
use crate::exit::CliError;
use crate::screen::Screen;
use crate::up::{self, UpPresenter};

/// How long the end waits for work that cannot be cancelled, such as an installation of packages. It writes beside its
/// folder, so nothing breaks when it is cut short; the server itself has ended before.
const AT_THE_END: Duration = Duration::from_secs(2);

pub fn run(arguments: UpArguments, is_verbose: bool, screen: &Screen) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let mut presenter = UpPresenter { is_verbose };
    let ended = runtime.block_on(up::run(arguments, &mut presenter, screen));
    runtime.shutdown_timeout(AT_THE_END);
    ended
}
