//! The context of every input.

use model::{Limits, Owner, Timestamp};

use crate::Chance;

/// What surrounds an input: the time, chance, and the limits in force.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// When the input happens.
    pub now: Timestamp,
    /// Randomness for ids and tokens.
    pub chance: Chance,
    /// The limits in force.
    pub limits: &'a Limits,
    /// The run of the server: it owns the invocations that it schedules.
    pub owner: Owner,
}
