//! The files of the web console, as `cargo xtask console` built them in `console/dist`.
//!
//! A release build carries them; a development build reads them from there each time, so that a new
//! build of the console needs no new build of the binary. Where the console was not built there are
//! none. A crate of its own, because it is compiled anew whenever one of them changes.

mod asset;

pub use asset::{Asset, asset};
