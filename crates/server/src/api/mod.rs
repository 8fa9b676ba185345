//! The Lambda API: `/2015-03-31`, `/2025-12-01` and the dates between, with AWS's names and errors.
//!
//! [`durable`] is about executions, [`functions`] about functions, [`invoke`] about calling them. Each resource has one
//! file; a handler parses, calls, converts. [`route`] finds it by the raw path, so that an encoded slash inside an ARN
//! does not split it.

mod durable;
mod functions;
mod invoke;

mod marker;
mod request;
mod route;

pub(crate) use functions::Draining;
pub(crate) use invoke::call::invoke_by;
pub(crate) use invoke::{AnswerStream, Scheduled, SendEventError, Streamed, Target};
pub(crate) use request::small as small_json;
pub(crate) use route::{handle, is_path, look_for};
