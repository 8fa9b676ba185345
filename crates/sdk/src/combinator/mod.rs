//! Several operations at once, with what came of them recorded.

mod calls;
mod error;
mod future;
mod operations;
mod run;

pub use calls::{JoinAll, Race, SelectOk, Settled, TryJoinAll};
pub use error::CombinatorErrorKind;
pub use future::{DurableFuture, DurableOperation};
