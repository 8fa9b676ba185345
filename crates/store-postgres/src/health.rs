//! Whether a store can be relied on, as far as it knows.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use store::{CommitHealth, StoreTrouble};

/// Written by the tasks of a store, read by all callers.
#[derive(Debug, Default)]
pub(crate) struct Health {
    commits: CommitHealth,
    warnings: Mutex<Vec<String>>,
}

impl Deref for Health {
    type Target = CommitHealth;

    fn deref(&self) -> &CommitHealth {
        &self.commits
    }
}

impl Health {
    /// Says something about the data or the database, for people.
    pub fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.clone()
    }

    /// Why the store cannot be relied on now.
    pub fn trouble(&self) -> Option<StoreTrouble> {
        self.ended().or_else(|| self.failing())
    }
}
