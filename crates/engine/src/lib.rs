//! The durable execution engine: `(execution, input, now) -> transition | rejection`.
//!
//! A pure function. It reads no clock, draws no random number, does no I/O and never waits; time
//! and chance come in with the input. A [`Transition`] holds the records to write, the effects to
//! run once they are durable, and the next deadline with its reason. The caller commits it, then
//! lets the resident [`Execution`] [absorb](Execution::absorb) it, then runs the effects.
//!
//! The rules are those of AWS's service as the official SDKs, emulator and conformance suite show
//! them. A transition costs work in proportion to its own updates, never to the history.
//!
//! In reading order: [`Input`] says what can happen, `apply` dispatches, one module a cause. A cause
//! changes a `draft` of the execution, which becomes the transition.

mod apply;
mod callback;
mod chained_invoke;
mod chance;
mod checkpoint;
mod close;
mod context;
mod deadline;
mod delete;
mod draft;
mod execution;
mod input;
mod invocation;
mod pause;
mod rejection;
mod schedule;
mod start;
mod stop;
mod token;
mod transition;

pub use apply::apply;
pub use chance::Chance;
pub use context::Context;
pub use execution::{Execution, times_out_at};
pub use input::{ChainedOutcome, Input, InvocationOutcome, Output};
pub use rejection::Rejection;
pub use start::start;
pub use token::{callback_target, checkpoint_token, token_execution};
pub use transition::{Answer, Effect, Transition};
