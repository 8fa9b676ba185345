//! What the functions of the loan approval demo share.
//!
//! The words of an application ([`Status`], [`Stage`], [`LogEntry`]), the event that starts the workflow
//! ([`LoanApplication`]), simulated work ([`Pace`]), and the calls that two functions make.

mod application;
mod environment;
mod pace;
mod progress;

#[cfg(feature = "dynamodb")]
pub mod attribute;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "callback")]
mod callback;
#[cfg(feature = "testing")]
pub mod testing;

pub use application::LoanApplication;
#[cfg(feature = "aws")]
pub use aws::aws_configuration;
#[cfg(feature = "callback")]
pub use callback::{CallbackAnswer, SucceedCallbackError, succeed_callback};
pub use environment::{MissingVariableError, required_variable};
pub use pace::{Pace, ReadPaceError};
pub use progress::{Level, LogEntry, Stage, Status, timestamp_text};
