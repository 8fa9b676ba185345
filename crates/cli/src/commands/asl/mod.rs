//! `lambdura asl`: state machines.

mod definition;
mod function;
mod key;
mod mocks;
mod run;
mod services;
mod validate;

use crate::args::{AslAction, AslArguments};
use crate::exit::CliError;
use crate::screen::Screen;

pub use function::run as function;

/// Checks or runs a state machine.
pub async fn run(arguments: AslArguments, endpoint: &str, screen: &Screen) -> Result<(), CliError> {
    match arguments.action {
        AslAction::Validate(it) => validate::run(&it, screen),
        AslAction::Run(it) => run::run(it, endpoint, screen).await,
        AslAction::Function(_) => unreachable!("it ran before the log was started"),
    }
}
