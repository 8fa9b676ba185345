//! The common parts of all peers: the work, and its measurement.

pub mod measure;
pub mod post;
pub mod work;
