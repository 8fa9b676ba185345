//! Small worlds of the engine, explored whole.
//!
//! The engine is a function, so a small world can be explored completely: every interleaving of a few
//! inputs over two operations, every state once, every request twice. The random scripts of the
//! engine's own tests go far and see little of each place; this goes a few moves and sees everything.
//! Nothing depends on this crate.
//!
//! In reading order: a [`World`] is an execution and what lies around it, [`moves`] says what may
//! happen in it, [`step`] makes a move, [`invariants`] say what must hold, [`Search`] goes everywhere.

mod fingerprint;
mod history;
pub mod invariants;
mod moves;
mod pair;
mod request;
mod search;
mod step;
mod update;
mod world;

pub use fingerprint::fingerprint;
pub use history::{History, Told};
pub use moves::{Chained, Ending, Move, Old, Says, moves};
pub use pair::{Pair, Slot, TYPES};
pub use search::{Bounds, Counterexample, Counts, End, Search};
pub use step::{Step, Violation, check_start, step};
pub use update::Action;
pub use world::{Asked, Process, Repeatable, Token, World};
