//! Code that the functions of the loan approval demo share.
//!
//! The words of an application ([`Status`], [`Stage`], [`LogEntry`]), the event that starts the workflow
//! ([`LoanApplication`]), simulated work ([`Pace`]), and the calls that two functions make.

mod answer_to;
mod application;
mod engine;
mod environment;
mod pace;
mod progress;

#[cfg(feature = "dynamodb")]
pub mod attribute;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "callback")]
mod callback;
#[cfg(feature = "task-token")]
mod task_token;
#[cfg(feature = "testing")]
pub mod testing;

pub use answer_to::AnswerTo;
pub use application::LoanApplication;
#[cfg(feature = "aws")]
pub use aws::aws_configuration;
#[cfg(feature = "callback")]
pub use callback::{CallbackAnswer, SucceedCallbackError, succeed_callback};
pub use engine::Engine;
pub use environment::{MissingVariableError, required_variable};
pub use pace::{Pace, ReadPaceError};
pub use progress::{Level, LogEntry, Stage, Status, timestamp_text};
#[cfg(feature = "task-token")]
pub use task_token::{SucceedTaskError, succeed_task};
