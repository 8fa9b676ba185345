//! The subjects of invariants, besides a state: a transition, a retry, a refusal.

use engine::{Input, Rejection, Transition};

use crate::world::World;

/// An accepted input: the world before it, its transition, the world after it.
pub struct Accepted<'a> {
    /// The world before.
    pub before: &'a World,
    /// The input.
    pub input: &'a Input,
    /// Its transition.
    pub transition: &'a Transition,
    /// The world after.
    pub after: &'a World,
}

/// A repetition of a request right after it was accepted.
pub struct Retry<'a> {
    /// The request, the first time.
    pub first: &'a Accepted<'a>,
    /// The result of the second time.
    pub second: &'a Result<Transition, Rejection>,
}

/// An input that the engine refused.
pub struct Refused<'a> {
    /// The world, in which nothing has changed.
    pub world: &'a World,
    /// The refused input.
    pub input: &'a Input,
    /// Why.
    pub rejection: &'a Rejection,
}
