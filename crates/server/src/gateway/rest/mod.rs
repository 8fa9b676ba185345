//! REST APIs: payload format 1.0.

mod answer;
mod cors;
mod event;
mod face;
mod routes;

pub(crate) use face::RestFace;
