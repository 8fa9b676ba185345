//! The documentation in `docs/`: reads it, checks it, and renders it.
//!
//! `docs/SUMMARY.md` lists the chapters, in mdBook's format ([`Summary`]); [`Markdown`] is one file with its headings
//! and links; [`links`] checks that every link has a target; [`site`] renders all of it as HTML; [`picture`] draws
//! recorded executions. This crate reads files, its callers write them: `cargo xtask book`, and the build of
//! `book-assets`. Why this is not mdBook is explained in `docs/adr/0023-the-book-is-made-by-a-small-renderer.md`.
//!
//! Without the feature `render` there is only [`section`], which needs no Markdown parser.

#[cfg(feature = "render")]
pub mod links;
#[cfg(feature = "render")]
mod markdown;
#[cfg(feature = "pictures")]
pub mod picture;
pub mod section;
#[cfg(feature = "render")]
pub mod site;
#[cfg(feature = "render")]
mod summary;

#[cfg(feature = "render")]
pub use markdown::{Heading, Link, Markdown};
#[cfg(feature = "render")]
pub use summary::{Chapter, Part, Summary, SummaryError};
