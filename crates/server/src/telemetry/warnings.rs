//! The program's last warnings, for people who did not watch its terminal.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many warnings are kept.
const WARNINGS_MAX: usize = 100;

/// How many characters of a warning are kept.
const CHARS_MAX: usize = 2_000;

/// One warning or error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Epoch milliseconds.
    pub at: i64,
    /// `WARN` or `ERROR`.
    pub level: &'static str,
    /// The part of the program.
    pub target: String,
    /// Its text, with its fields.
    pub message: String,
}

/// The last warnings, oldest first.
#[derive(Debug, Default)]
pub struct Warnings {
    kept: Mutex<VecDeque<Warning>>,
}

impl Warnings {
    /// Keeps a warning; drops the oldest when there are too many.
    pub fn push(&self, mut warning: Warning) {
        if let Some((end, _)) = warning.message.char_indices().nth(CHARS_MAX) {
            warning.message.truncate(end);
            warning.message.push('…');
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= WARNINGS_MAX {
            kept.pop_front();
        }
        kept.push_back(warning);
    }

    /// The kept warnings, oldest first.
    pub fn all(&self) -> Vec<Warning> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().cloned().collect()
    }
}
