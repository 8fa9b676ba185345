//! Servers and their shards in memory: for tests of several servers in one process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{ExecutionId, FunctionName, Owner, Shard, Shards, Timestamp};

use super::ready;
use crate::servers::{Survey, SurveyedServer};
use crate::{Membership, PlacesAsk, PlacesRecord, PlacesSeen, ServerRecord, Servers, StoreFuture};

/// Keeps servers and owners of shards in memory. Clones share it.
#[derive(Clone)]
pub struct MemoryServers {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    tables: Arc<Mutex<ServerTables>>,
}

#[derive(Debug, Default)]
struct ServerTables {
    servers: BTreeMap<Owner, (ServerRecord, Timestamp)>,
    owners: BTreeMap<Shard, Owner>,
    words: BTreeMap<Owner, Vec<ExecutionId>>,
    places: BTreeMap<(FunctionName, Owner), Places>,
}

#[derive(Debug, Clone, Copy)]
struct Places {
    held: u32,
    wanted: u32,
    until: Timestamp,
    question: u64,
}

impl MemoryServers {
    /// No servers; `now` is the database's time.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            now: Arc::new(now),
            tables: Arc::default(),
        }
    }

    fn tables(&self) -> MutexGuard<'_, ServerTables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerTables {
    fn lives(&self, server: Owner, now: Timestamp) -> bool {
        let until = self.servers.get(&server).map(|(_, until)| *until);
        until.is_some_and(|until| now < until)
    }

    fn membership(&self, now: Timestamp) -> Membership {
        let mut membership = Membership::empty();
        let live = self.servers.values().filter(|(_, until)| now < *until);
        membership.servers = live.map(|(server, _)| server.clone()).collect();
        for (shard, owner) in &self.owners {
            if self.lives(*owner, now) {
                membership.owners[usize::from(shard.0)] = Some(*owner);
            }
        }
        membership
    }
}

impl Servers for MemoryServers {
    fn beat(&self, server: ServerRecord, lease: Duration) -> StoreFuture<'_, Membership> {
        let now = (self.now)();
        let mut tables = self.tables();
        tables.servers.insert(server.id, (server, now + lease));
        ready(Ok(tables.membership(now)))
    }

    fn survey(&self) -> StoreFuture<'_, Survey> {
        let at = (self.now)();
        let tables = self.tables();
        let servers = tables.servers.values();
        let servers = servers.map(|(server, until)| SurveyedServer {
            server: server.clone(),
            expires_at: *until,
            // There are no executions here.
            invocations: 0,
        });
        let servers = servers.collect();
        let owners = tables.membership(at).owners;
        ready(Ok(Survey {
            at,
            servers,
            owners,
        }))
    }

    fn claim(&self, by: Owner, shards: Shards) -> StoreFuture<'_, Shards> {
        let now = (self.now)();
        let mut tables = self.tables();
        if !tables.lives(by, now) {
            return ready(Ok(Shards::NONE));
        }
        let free = tables.membership(now).free();
        let taken = shards.common(free);
        tables.owners.extend(taken.iter().map(|shard| (shard, by)));
        ready(Ok(taken))
    }

    fn give(&self, from: Owner, shards: Shards, to: Option<Owner>) -> StoreFuture<'_, ()> {
        let mut tables = self.tables();
        for shard in shards.iter() {
            if tables.owners.get(&shard) != Some(&from) {
                continue;
            }
            match to {
                Some(to) => tables.owners.insert(shard, to),
                None => tables.owners.remove(&shard),
            };
        }
        ready(Ok(()))
    }

    fn leave_word(&self, to: Owner, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()> {
        self.tables()
            .words
            .entry(to)
            .or_default()
            .extend(executions);
        ready(Ok(()))
    }

    fn take_word(&self, of: Owner) -> StoreFuture<'_, Vec<ExecutionId>> {
        let words = self.tables().words.remove(&of);
        ready(Ok(words.unwrap_or_default()))
    }

    fn share_places(
        &self,
        server: Owner,
        question: u64,
        asks: Vec<PlacesAsk>,
        lease: Duration,
    ) -> StoreFuture<'_, PlacesSeen> {
        let at = (self.now)();
        let mut tables = self.tables();
        tables.places.retain(|_, places| at < places.until);
        let mut seen = Vec::new();
        for ask in asks {
            let has = |(function, _): &(FunctionName, Owner)| *function == ask.function;
            let others = tables.places.iter();
            let others = others.filter(|(key, _)| has(key) && key.1 != server);
            let others: u32 = others.map(|(_, places)| places.held).sum();
            let key = (ask.function.clone(), server);
            let had = tables.places.get(&key).map_or(0, |places| places.held);
            let left = ask.limit.saturating_sub(others);
            let places = Places {
                held: ask.keep.min(had).max(ask.goal.min(left)),
                wanted: ask.wanted,
                until: at + lease,
                question,
            };
            let last = tables.places.get(&key);
            if last.is_none_or(|last| last.question < question) {
                tables.places.insert(key, places);
            }
            let all = tables.places.iter().filter(|(key, _)| has(key));
            seen.extend(all.map(|((function, server), places)| PlacesRecord {
                function: function.clone(),
                server: *server,
                held: places.held,
                wanted: places.wanted,
            }));
        }
        ready(Ok(PlacesSeen { at, places: seen }))
    }

    fn leave(&self, server: Owner) -> StoreFuture<'_, ()> {
        let mut tables = self.tables();
        tables.servers.remove(&server);
        tables.words.remove(&server);
        tables.owners.retain(|_, owner| *owner != server);
        ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::SERVERS;

    #[tokio::test]
    async fn servers_in_memory_keep_the_promises() {
        let now = || Timestamp::from_millis(1_790_000_000_000);
        SERVERS
            .check(|| Box::new(MemoryServers::new(now)) as Box<dyn Servers>)
            .await;
    }
}
