//! Notices to other servers, kept until it is certain that the right server received them.
//!
//! The owner of a shard is known here as of the last look at the servers. Since then the shard may have a new owner,
//! which looked at it before the change, and which no server notifies. So a notice counts as delivered once a look that
//! began later shows the same owner: any later owner of the shard looks at everything in it.

use std::collections::BTreeMap;

use model::{ExecutionId, Owner};
use store::Membership;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Told {
    executions: BTreeMap<ExecutionId, Telling>,
    /// Beats begun so far.
    beats: u64,
}

#[derive(Debug)]
struct Telling {
    /// `None`: no owner of the shard was known.
    owner: Option<Owner>,
    /// Beats that had begun when it was told.
    beats: u64,
}

impl Told {
    /// The owner was told of these.
    pub fn add(&mut self, owner: Option<Owner>, ids: impl IntoIterator<Item = ExecutionId>) {
        let beats = self.beats;
        let told = ids.into_iter().map(|id| (id, Telling { owner, beats }));
        self.executions.extend(told);
    }

    /// Takes all of which it is not certain yet.
    pub fn take(&mut self) -> Vec<ExecutionId> {
        std::mem::take(&mut self.executions).into_keys().collect()
    }

    /// A look at the servers begins.
    pub fn begin_beat(&mut self) -> u64 {
        self.beats += 1;
        self.beats
    }

    /// A look at the servers has ended; returns the executions to tell again.
    pub fn end_beat(&mut self, beat: u64, seen: &Membership) -> Vec<ExecutionId> {
        let mut again = Vec::new();
        self.executions.retain(|id, telling| {
            if telling.beats >= beat {
                return true;
            }
            let owner = seen.owners[usize::from(id.shard().0)];
            if owner.is_none() || owner != telling.owner {
                again.push(id.clone());
            }
            false
        });
        again
    }
}
