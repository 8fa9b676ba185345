//! Plumbing that every face shares: accepting connections, reading requests, writing answers.

pub(crate) mod guard;
pub(crate) mod listen;
pub(crate) mod socket;
pub(crate) mod tls;

mod answer;
mod body;
mod cookie;
mod patient_io;
mod query;
mod request_body;

pub(crate) use answer::{empty_object, json, no_content, refusal};
pub(crate) use body::{Body, BodyError, BrokenOff, read_body, read_pieces};
pub(crate) use cookie::cookie;
pub(crate) use query::{Query, decode};
pub(crate) use request_body::RequestBody;
