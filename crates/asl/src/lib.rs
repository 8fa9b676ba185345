//! The Amazon States Language: reads, checks and evaluates definitions.
//!
//! [`Definition::parse`] reads a state machine and reports every error in it, with line and column
//! ([`Problem`]). The result is plain data ([`State`]) whose expressions are already parsed: JSONPath with intrinsic
//! functions ([`Expression`]), and JSONata ([`Query`]). Pure functions compute how data flows through a state ([`Flow`]),
//! which branch a choice takes, and whether an error is retried.
//!
//! Nothing here runs anything, reads a clock or draws a random number: the time and the seed of a state come with its
//! [`Scope`], so that a replayed state gives the same result. The caller that runs state machines (`state-machine`)
//! records both.
//!
//! Source of the rules: the Amazon States Language specification and the Step Functions developer guide.

mod chance;
mod definition;
mod error;
mod language;
mod letters;
mod position;
mod scope;

mod choice;
mod express;
mod flow;
mod intrinsic;
mod jsonata;
mod map;
mod path;
mod read;
mod retry;
mod template;
mod writer;

pub use chance::Chance;
pub use choice::{Comparison, Condition, Is, Operator, Order, OrderedType, Rule};
pub use definition::{
    Definition, Problem, ProblemCode, State, StateKind, States, Task, Transition, Wait,
};
pub(crate) use error::shortened;
pub use error::*;
pub use flow::{Flow, Left, ResultPath, Selected};
pub use intrinsic::{Call, Expression};
pub use jsonata::Query;
pub use language::Language;
pub use letters::is_of_names;
pub use map::{Batcher, ItemReader, Items, Map, ProcessorMode, ReaderFormat, Tolerance, run_label};
pub use path::{Path, PathError, Root};
pub use position::Position;
pub use retry::{Catcher, Jitter, Retrier};
pub use scope::{Scope, Variables};
pub use template::Template;
pub use writer::{
    ItemExecution, ItemOutcome, OutputType, ResultFiles, ResultGroup, ResultPlace, ResultWriter,
    Transformation,
};
