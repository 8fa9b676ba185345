//! What all peers have in common: the work, and how it is measured.

pub mod measure;
pub mod post;
pub mod work;
