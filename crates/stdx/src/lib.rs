//! Helpers that the standard library lacks and that more than one crate needs.
#![warn(missing_docs)]

mod error;
mod panic;

pub use error::error_chain;
pub use panic::panic_message;
