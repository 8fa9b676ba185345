//! The work that every system does: its inputs, and what its steps return.

use serde::{Deserialize, Serialize};

/// Steps of the first kind of work.
pub const STEPS: usize = 10;

/// The input of an execution, and the result of each of its steps: about 200 bytes of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parcel {
    pub number: u64,
    /// For how long an execution that waits does so, in milliseconds.
    pub wait_millis: u64,
    pub filling: String,
}

impl Parcel {
    pub fn new(wait_millis: u64) -> Self {
        Self {
            number: 0,
            wait_millis,
            filling: "x".repeat(150),
        }
    }

    /// The result of the next step.
    pub fn next(&self) -> Self {
        Self {
            number: self.number + 1,
            ..self.clone()
        }
    }
}
