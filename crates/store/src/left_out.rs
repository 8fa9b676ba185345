//! Rows that cannot be decoded: lists leave them out, and say so.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Different rows that are remembered, so that each is reported once; further rows are neither reported nor counted.
const ROWS_MAX: usize = 10_000;

/// Rows that are shown to people.
const SHOWN_MAX: usize = 20;

/// The rows of one database that lists left out.
#[derive(Debug, Default)]
pub struct LeftOut {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    rows: HashSet<String>,
    first: Vec<String>,
}

impl LeftOut {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a row was left out.
    pub fn note(&self, row: String) {
        let mut known = self.known();
        if known.rows.len() >= ROWS_MAX || !known.rows.insert(row.clone()) {
            return;
        }
        tracing::warn!("left out of lists, because it cannot be decoded: {row}");
        if known.first.len() < SHOWN_MAX {
            known.first.push(row);
        }
    }

    /// How many different rows there were.
    pub fn count(&self) -> u64 {
        self.known().rows.len() as u64
    }

    /// The first of them, for people.
    pub fn first(&self) -> Vec<String> {
        self.known().first.clone()
    }
}
