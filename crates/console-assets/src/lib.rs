//! The files of the web console, as `cargo xtask console` built them in `console/dist`.
//!
//! A release build embeds them; a development build reads them from there each time, so a new
//! build of the console needs no new build of the binary. If the console was not built, there are
//! none. This is a separate crate because it is recompiled whenever one of the files changes.

mod asset;

pub use asset::{Asset, asset};
