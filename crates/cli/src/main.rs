//! The command `lambdura`: run, test, debug and understand AWS Lambda durable functions anywhere.
//!
//! `up` is the service, in this process; every other command is a client of it (or of anything else that
//! speaks the AWS Lambda API) over HTTP. Errors become exit codes in one place, [`exit`].

mod args;
mod exit;

mod client;
mod execution_selector;
mod function_selector;

mod interval;
mod operations;
mod timeline;
mod tree;

mod completions;
mod duration_text;
mod grid;
mod kept;
mod kept_warnings;
mod launch_file;
mod neutral;
mod payload_argument;
mod preview;
mod prices;
mod screen;
mod sh;
mod standing_text;
mod version;

mod commands;
mod deploy;
mod serve;
mod up;

#[cfg(test)]
mod reference;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// After thousands of requests at once, the C library's allocator spends a fifth of the whole processor time on
/// searching its lists; this one has none, and gives pages back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    sh::answer();
    completions::answer();
    if let Some(version) = version::asked() {
        println!("{version}");
        return ExitCode::SUCCESS;
    }
    server::return_freed_memory();
    let arguments = match serve::config_file::parse(std::env::args_os().collect()) {
        Ok(arguments) => arguments,
        Err(error) => return exit::report(Err(error)).into(),
    };
    let screen = screen::Screen::new(arguments.global.output);
    let ended = commands::run(arguments, &screen);
    exit::report(ended).into()
}
