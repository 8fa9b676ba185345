//! What is in front of a stack's functions: API Gateway's HTTP APIs and function URLs with payload
//! format 2.0, and its REST APIs with payload format 1.0.
//!
//! Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs",
//! "Configure CORS for HTTP APIs" and "Lambda proxy integrations in API Gateway", and Lambda
//! developer guide, "Invoking Lambda function URLs", read 2026-11.

mod api;
mod cors;
mod described;
mod event;
mod response;
mod rest_api;
mod rest_cors;
mod rest_event;
mod rest_response;
mod rest_routes;
mod routes;

pub(crate) use api::HttpApi;
pub(crate) use described::{Described, DescribedRest};
pub(crate) use rest_api::RestApi;
