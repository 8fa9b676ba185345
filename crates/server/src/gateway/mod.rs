//! HTTP APIs: API Gateway's payload format 2.0 in front of a stack's functions.
//!
//! Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs" and
//! "Configure CORS for HTTP APIs", read 2026-11.

mod api;
mod cors;
mod event;
mod response;
mod routes;

pub(crate) use api::{Described, HttpApi};
