//! The front of a stack's functions: API Gateway's HTTP APIs and function URLs with payload format
//! 2.0, and its REST APIs with payload format 1.0.
//!
//! [`api`] handles every request; [`access`] admits or refuses it; [`http`] and [`rest`] are the two faces, which find
//! the route of a request, make the event, and form the answer; [`stream`] sends an answer while its function writes
//! it.
//!
//! Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs",
//! "Configure CORS for HTTP APIs" and "Lambda proxy integrations in API Gateway", and Lambda
//! developer guide, "Invoking Lambda function URLs", read 2026-11.

mod access;
mod answer;
mod api;
mod path;
mod request;
mod states_call;
mod stream;

mod http;
mod rest;

pub(crate) use api::{Api, Face, ServedApi};
pub(crate) use http::HttpFace;
pub(crate) use rest::RestFace;
