//! The Lambda API: `/2015-03-31` and `/2025-12-01`, in AWS's words and AWS's errors.
//!
//! One file a resource; a handler parses, calls, converts. [`route`] finds it by the raw path, so
//! that an encoded slash inside an ARN does not split it.

mod arn;
mod callback;
mod checkpoint;
mod execution;
mod function;
mod history;
mod invoke;
mod marker;
mod pause;
mod route;

pub(crate) use checkpoint::FIRST_PAGE;
pub(crate) use invoke::SYNC_EXECUTION_SECONDS_MAX;
pub(crate) use route::handle;
