//! REST APIs: payload format 1.0.

mod answer;
mod cors;
mod event;
mod face;
mod routes;
mod templated;
mod velocity;

pub(crate) use face::RestFace;
pub(super) use templated::Exchange;
