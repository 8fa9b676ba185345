//! What invariants look at, beside a state: a transition, a retry, a refusal.

use engine::{Input, Rejection, Transition};

use crate::world::World;

/// An accepted input: the world before it, what it came to, the world after it.
pub struct Accepted<'a> {
    /// The world before.
    pub before: &'a World,
    /// What happened.
    pub input: &'a Input,
    /// What it came to.
    pub transition: &'a Transition,
    /// The world after.
    pub after: &'a World,
}

/// The same request once more, right after it was accepted.
pub struct Retry<'a> {
    /// The request, the first time.
    pub first: &'a Accepted<'a>,
    /// What it comes to the second time.
    pub second: &'a Result<Transition, Rejection>,
}

/// An input that the engine refused.
pub struct Refused<'a> {
    /// The world, in which nothing has changed.
    pub world: &'a World,
    /// What was refused.
    pub input: &'a Input,
    /// Why.
    pub rejection: &'a Rejection,
}
