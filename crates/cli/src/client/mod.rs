//! A client of the AWS Lambda API, unsigned, over plain HTTP.

mod answer;
mod api;
mod callbacks;
mod clock;
mod error;
mod logs;
mod set_aside;
mod standing;
mod transport;
mod version_code;

pub use api::{CallbackCompletion, Client, ExecutionQuery, InvocationType, InvokeRequest, Invoked};
pub use callbacks::WaitingCallback;
pub use clock::ClockStand;
pub use error::{ApiError, CallError};
pub use logs::{LogLine, LogQuery};
pub use set_aside::{SetAsideExecution, TriedAgain};
pub use standing::{ErrorHead, OpenOperation, Standing, StandingQuery};
