//! Moves time: automatically while nothing is at work, or on command.
//!
//! [`Winder`] moves the clock step by step, so that everything happens in the order of its time; [`Answers`] replace
//! the people and systems that executions wait for, and [`answerer`] sends their answers. The clock
//! (`runtime::WoundClock`) knows whether anything is at work.

mod answerer;
mod answers;
mod period;
mod winder;

pub use answerer::answer_callbacks;
pub use answers::{AnswerSet, Answers, Glob, RESULT_BYTES_MAX, Rule, Stub, StubOutcome};
pub use period::Period;
pub use winder::{NotWound, Stands, Unanswered, Until, Winder};

use model::Timestamp;

/// Something else that comes due, besides executions.
pub trait ComesDue: Send + Sync {
    /// When next.
    fn next_at(&self) -> Option<Timestamp>;
}
