//! What an execution is asked to do: its input.

use serde::{Deserialize, Serialize};

/// `{"scenario": "fail", "message": "out of stock"}`, and the like.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "scenario", rename_all = "kebab-case")]
pub enum Scenario {
    /// One step, and done.
    Quick {
        /// Given back.
        #[serde(default)]
        order: String,
    },
    /// A step that fails for good.
    Fail {
        /// Of its error.
        message: String,
    },
    /// An order that comes through everything: steps, branches, a retry, a wait, a person, another function.
    Order {
        /// Given back.
        order: String,
        /// Seconds of simulated work in each step.
        #[serde(default)]
        pace: f64,
    },
    /// A step that fails twice before it succeeds.
    Retries {
        /// Seconds between two attempts.
        #[serde(default = "one")]
        delay: u64,
    },
    /// A wait.
    Wait {
        /// How long.
        seconds: u64,
    },
    /// Waits for somebody's answer.
    Callback {
        /// The operation's name.
        name: String,
        /// Seconds until it is given up.
        #[serde(default = "an_hour")]
        timeout: u64,
    },
    /// A step for each of many items.
    FanOut {
        /// How many.
        count: usize,
    },
    /// Many steps, one after the other.
    Steps {
        /// How many.
        count: usize,
        /// Milliseconds of simulated work in each.
        #[serde(default)]
        millis: u64,
    },
    /// Names, results, log lines and an error that would do harm if they were taken for more than text.
    Hostile,
    /// A large result.
    Large {
        /// Its size.
        bytes: usize,
    },
}

fn one() -> u64 {
    1
}

fn an_hour() -> u64 {
    3_600
}
