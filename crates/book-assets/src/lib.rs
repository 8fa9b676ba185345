//! The book in `docs/`, as the program carries it: pages for a browser, and Markdown for a terminal.
//!
//! Made when this is built, and not packed: each package is compressed as a whole, to less. A crate of its own, because it is compiled anew whenever a page changes.

mod pages;

pub use book::section::anchor;
pub use pages::{CHAPTERS, file, markdown};
