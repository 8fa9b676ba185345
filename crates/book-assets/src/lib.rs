//! The documentation in `docs/`, embedded in the program: pages for a browser, and Markdown for a terminal.
//!
//! It is rendered at build time, and not compressed: packages are compressed as a whole, which gets it smaller. This is a
//! separate crate because it is recompiled whenever a page changes.

mod pages;

pub use book::section::anchor;
pub use pages::{CHAPTERS, file, markdown};
