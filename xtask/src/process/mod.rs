//! Every process that the chores start, and their end.
//!
//! Each runs in a process group of its own, so that ending it ends what it started too, and nothing else. Ctrl-C
//! reaches only this program, which then ends the groups.

mod group;
mod registry;
mod run;

pub use group::ProcessGroup;
pub use registry::end_all_on_interrupt;
pub use run::{output, run};
