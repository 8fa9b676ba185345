//! Explores small worlds of the engine completely.
//!
//! The engine is a pure function, so a small world can be explored completely: every interleaving of a few inputs over
//! two operations, every state once, every request twice. The random scripts of the engine's own tests make many moves
//! but visit few states at each point; this crate makes only a few moves but sees every state. Nothing depends on this
//! crate.
//!
//! In reading order: a [`World`] is an execution and its surroundings, [`moves`] lists its possible moves, [`step`]
//! makes a move, [`invariants`] checks the result, [`Search`] visits every state.

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
