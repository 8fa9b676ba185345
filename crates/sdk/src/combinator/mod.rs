//! Several operations at once, with what came of them recorded.

mod calls;
mod error;
mod future;
mod run;

pub use error::CombinatorErrorKind;
pub use future::{DurableFuture, DurableOperation};
pub use run::{JoinAll, Race, SelectOk, Settled, TryJoinAll};
