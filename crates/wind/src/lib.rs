//! Time that is moved: by itself while nothing is at work, or when somebody says so.
//!
//! [`Winder`] moves the clock, step by step, so that everything happens in the order of its time; [`Answers`] stand for
//! the people and systems whose answers executions wait for, and [`answerer`] gives them. What it means that nothing is
//! at work, the clock knows (`runtime::WoundClock`).

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
