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

mod duration_text;
mod grid;
mod kept_warnings;
mod launch_file;
mod neutral;
mod payload_argument;
mod preview;
mod screen;
mod standing_text;

mod commands;
mod up;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    server::return_freed_memory();
    let arguments = args::Arguments::parse();
    let screen = screen::Screen::new(arguments.global.output);
    let ended = commands::run(arguments, &screen);
    exit::report(ended).into()
}
