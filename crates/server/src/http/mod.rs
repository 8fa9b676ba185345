//! The parts that all faces share: accepting connections, reading requests, writing answers.

pub(crate) mod connections;
pub(crate) mod guard;
pub(crate) mod listen;
pub(crate) mod socket;
pub(crate) mod tls;

mod answer;
mod body;
mod client;
mod conversation;
mod cookie;
mod patient_io;
mod query;
mod request_body;
mod turns;

pub(crate) use answer::{empty_object, json, no_content, refusal};
pub(crate) use body::{Body, BodyError, BrokenOff, read_body, read_pieces};
pub(crate) use client::client;
pub(crate) use cookie::{cookie, drop_cookies, drop_set_cookies};
pub(crate) use query::{Query, decode};
pub(crate) use request_body::RequestBody;
