//! The keys of executions that are written to, so that a commit need not look them up.
//!
//! A key belongs to its execution's id for ever, unless the database loses its last commits and an execution is started
//! again: a transition that is refused has its key forgotten, too. Executions that end are forgotten; the others go
//! when as many newer ones were used.

use std::collections::HashMap;

use model::ExecutionId;

/// Keys of one generation; two are kept.
const GENERATION: usize = 16_384;

/// The key of no execution.
pub(crate) const NO_KEY: i64 = -1;

#[derive(Debug, Default)]
pub(crate) struct Keys {
    young: HashMap<ExecutionId, i64>,
    old: HashMap<ExecutionId, i64>,
}

impl Keys {
    pub fn insert(&mut self, id: &ExecutionId, key: i64) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id.clone(), key);
    }

    /// Whether the key is known. It is not forgotten soon then.
    pub fn knows(&mut self, id: &ExecutionId) -> bool {
        if self.young.contains_key(id) {
            return true;
        }
        let Some(key) = self.old.remove(id) else {
            return false;
        };
        self.insert(id, key);
        true
    }

    /// The key, or that of no execution.
    pub fn of(&self, id: &ExecutionId) -> i64 {
        let known = self.young.get(id).or_else(|| self.old.get(id));
        known.copied().unwrap_or(NO_KEY)
    }

    pub fn forget(&mut self, id: &ExecutionId) {
        self.young.remove(id);
        self.old.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ExecutionId {
        ExecutionId::parse(&format!("{number:036}")).expect("a valid id")
    }

    #[test]
    fn who_is_written_to_is_remembered_and_the_others_are_forgotten() {
        let mut keys = Keys::default();
        for number in 0..3 * GENERATION {
            keys.insert(&id(number), number as i64);
            assert!(keys.knows(&id(0)), "it was written to all the time");
        }
        assert_eq!(keys.of(&id(0)), 0);
        assert_eq!(keys.of(&id(1)), NO_KEY);
        assert_eq!(keys.of(&id(3 * GENERATION - 1)), 3 * GENERATION as i64 - 1);
        assert!(keys.young.len() + keys.old.len() <= 2 * GENERATION);
        keys.forget(&id(0));
        assert!(!keys.knows(&id(0)));
    }
}
