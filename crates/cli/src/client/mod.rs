//! A client of the AWS Lambda API, which signs its requests when the environment says with what.

mod answer;
mod api;
mod callbacks;
mod clock;
mod error;
mod keys;
mod logs;
mod servers;
mod services;
mod set_aside;
mod signing;
mod stacks;
mod standing;
mod tls;
mod transport;
mod version_code;

pub use api::{CallbackCompletion, Client, ExecutionQuery, InvocationType, InvokeRequest, Invoked};
pub use callbacks::WaitingCallback;
pub use clock::ClockStand;
pub use error::{ApiError, CallError};
pub use logs::{LogLine, LogQuery};
pub use servers::ServerShown;
pub use set_aside::{SetAsideExecution, TriedAgain};
pub use stacks::{ShownStack, StackPlan, StackServer, open_text};
pub use standing::{ErrorHead, OpenOperation, Standing, StandingQuery};
