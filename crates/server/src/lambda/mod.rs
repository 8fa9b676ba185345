//! The Lambda API: `/2015-03-31`, `/2025-12-01` and the dates between, in AWS's words and AWS's errors.
//!
//! One file a resource; a handler parses, calls, converts. [`route`] finds it by the raw path, so
//! that an encoded slash inside an ARN does not split it.

mod alias;
mod arn;
mod callback;
mod checkpoint;
mod event_invoke;
mod event_stream;
mod execution;
mod function;
mod function_change;
mod function_input;
mod function_route;
mod function_setting;
mod history;
mod invoke;
mod invoke_async;
mod marker;
mod pause;
mod route;
mod stream;
mod tags;

pub(crate) use checkpoint::FIRST_PAGE;
pub(crate) use invoke::SYNC_EXECUTION_SECONDS_MAX;
pub(crate) use route::handle;
