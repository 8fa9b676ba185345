//! The Amazon States Language: definitions read, checked and evaluated.
//!
//! [`Definition::parse`] reads a state machine and says everything that is wrong with it, with line and column
//! ([`Problem`]). What comes out is plain data ([`State`]) whose expressions are read already: JSONPath with intrinsic
//! functions ([`Expression`]), and JSONata ([`Query`]). How data flows through a state ([`Flow`]), which way a choice
//! goes, and whether an error is retried are functions of what is handed in.
//!
//! Nothing here runs anything, looks at a clock or draws a number: the instant and the seed of a state come in with its
//! [`Scope`], so that a state that is replayed comes to the same. Whoever runs state machines (`state-machine`) records
//! both.
//!
//! Source of the rules: the Amazon States Language specification and the Step Functions developer guide.

mod chance;
mod definition;
mod error;
mod position;
mod scope;

mod choice;
mod flow;
mod intrinsic;
mod jsonata;
mod map;
mod path;
mod read;
mod retry;
mod template;

pub use chance::Chance;
pub use choice::{Comparison, Condition, Is, Operator, Order, OrderedType, Rule};
pub use definition::{
    Definition, Language, Problem, ProblemCode, State, StateKind, States, Task, Transition, Wait,
};
pub(crate) use error::shortened;
pub use error::*;
pub use flow::{Flow, Left, ResultPath, Selected};
pub use intrinsic::{Call, Expression};
pub use jsonata::Query;
pub use map::{Batcher, ItemReader, Items, Map, ProcessorMode, ReaderFormat, Tolerance};
pub use path::{Path, PathError, Root};
pub use position::Position;
pub use retry::{Catcher, Jitter, Retrier};
pub use scope::{Scope, Variables};
pub use template::Template;
