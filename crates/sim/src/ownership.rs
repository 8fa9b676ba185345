//! The owners of the shards, as the observer records them: every claim, gift and lease, in the database's time.

use std::collections::BTreeMap;

use model::{ExecutionId, Owner, RequestId, Shard, Shards, Timestamp};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Ownership {
    rows: BTreeMap<Shard, Row>,
    /// Until when each server lives.
    leases: BTreeMap<Owner, Timestamp>,
    /// The moves of the shard when an invocation was scheduled.
    scheduled: BTreeMap<RequestId, u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    owner: Option<Owner>,
    /// How often it has changed its owner.
    moves: u64,
}

impl Ownership {
    fn set(&mut self, shard: Shard, owner: Option<Owner>) {
        let row = self.rows.entry(shard).or_default();
        row.owner = owner;
        row.moves += 1;
    }

    fn row(&self, shard: Shard) -> Row {
        self.rows.get(&shard).copied().unwrap_or_default()
    }

    fn lives(&self, server: Owner, now: Timestamp) -> bool {
        self.leases.get(&server).is_some_and(|until| now < *until)
    }

    pub fn beat(&mut self, server: Owner, until: Timestamp) {
        self.leases.insert(server, until);
    }

    /// Records that a server got shards that it claimed. Returns a shard that another living server had, and that
    /// server.
    pub fn claimed(&mut self, by: Owner, taken: Shards, now: Timestamp) -> Option<(Shard, Owner)> {
        let mut robbed = None;
        for shard in taken.iter() {
            if let Some(owner) = self.row(shard).owner
                && owner != by
                && self.lives(owner, now)
            {
                robbed = Some((shard, owner));
            }
            self.set(shard, Some(by));
        }
        robbed
    }

    pub fn given(&mut self, from: Owner, shards: Shards, to: Option<Owner>) {
        for shard in shards.iter() {
            if self.row(shard).owner == Some(from) {
                self.set(shard, to);
            }
        }
    }

    pub fn left(&mut self, server: Owner) {
        self.leases.remove(&server);
        let shards: Vec<_> = self.rows.keys().copied().collect();
        for shard in shards {
            if self.row(shard).owner == Some(server) {
                self.set(shard, None);
            }
        }
    }

    /// Whether a server has the shard of an execution, and lives.
    pub fn has(&self, server: Owner, id: &ExecutionId, now: Timestamp) -> bool {
        self.row(id.shard()).owner == Some(server) && self.lives(server, now)
    }

    pub fn scheduled(&mut self, request_id: &RequestId, id: &ExecutionId) {
        let moves = self.row(id.shard()).moves;
        self.scheduled.insert(request_id.clone(), moves);
    }

    /// Whether a server has had the shard of an execution since it scheduled an invocation of it.
    pub fn has_had(&self, server: Owner, request_id: &RequestId, id: &ExecutionId) -> bool {
        let row = self.row(id.shard());
        row.owner == Some(server) && self.scheduled.get(request_id) == Some(&row.moves)
    }
}
