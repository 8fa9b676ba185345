//! Calling functions: over the Lambda API, and on behalf of an API or a schedule.

pub(super) mod asynchronous;
pub(super) mod call;
mod event_source;
mod event_stream;
pub(super) mod stream;
mod streamed;

pub(super) use event_source::check_waited_for;
pub(crate) use event_source::{Scheduled, SendEventError, Target};
pub(crate) use streamed::{AnswerStream, Streamed};
