//! HTTP APIs and function URLs: payload format 2.0.

mod answer;
mod cors;
mod event;
mod face;
mod routes;

pub(crate) use face::HttpFace;
