//! The book in `docs/`: read, checked, made into pages.
//!
//! `docs/SUMMARY.md` lists the chapters, as mdBook has it ([`Summary`]); [`Markdown`] is one file with its headings and
//! links; [`links`] holds every link against what is there; [`site`] makes HTML of it all;
//! [`picture`] draws executions that were recorded. Files are read here and
//! written by whoever asks: `cargo xtask book`, and the build of `book-assets`. Why this is not mdBook is told in
//! `docs/adr/0023-the-book-is-made-by-a-small-renderer.md`.
//!
//! Without the feature `render` there is [`section`] alone, which needs no Markdown parser.

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
