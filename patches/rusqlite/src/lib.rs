//! The `rusqlite` that `dynoxide` asks for (0.36), answered by the one that the executions use.
//!
//! One program links one SQLite. The one in `rusqlite` 0.36 can lose committed transactions when a checkpoint
//! meets a commit that begins the log anew (SQLite 3.7.0 to 3.51.2), and `dynoxide` uses nothing of 0.36 that
//! has changed since. See `docs/adr/0008`. Remove this once `dynoxide` asks for a newer version itself.

pub use current::*;
