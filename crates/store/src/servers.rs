//! Servers that share a store: which of them live, and which of them drives which shards.

use std::time::Duration;

use model::{ExecutionId, FunctionName, Owner, Shard, Shards, Timestamp};

use crate::StoreFuture;

/// The servers of a store, and their shards. All time here is the database's: no server's clock is asked.
///
/// It decides which server does the work, so that two do not do the same, and nothing depends on it: a server that goes
/// on in spite of a lost shard is stopped by the version of each execution, as ever.
///
/// - **Leases:** a server lives until its last [`beat`](Servers::beat) is older than the lease that it asked for. The
///   shards of a server that does not live have no owner.
/// - **One owner:** of two servers that claim a shard at the same moment, one gets it.
pub trait Servers: Send + Sync + 'static {
    /// Says that a server lives, for as long as the lease, and records it; returns the live servers and the owners of
    /// shards, as of this moment.
    fn beat(&self, server: ServerRecord, lease: Duration) -> StoreFuture<'_, Membership>;

    /// The live servers and the owners of shards now, and the servers that died within the last hour: for people.
    fn survey(&self) -> StoreFuture<'_, Survey>;

    /// Takes those of these shards that have no owner; returns the shards that were taken. A server that does not live
    /// takes none.
    fn claim(&self, by: Owner, shards: Shards) -> StoreFuture<'_, Shards>;

    /// Passes those of these shards that `from` owns to another server, or leaves them without an owner. Idempotent.
    fn give(&self, from: Owner, shards: Shards, to: Option<Owner>) -> StoreFuture<'_, ()>;

    /// Leaves word for a server that these executions were changed by another one, where it cannot be told directly.
    /// Word for a server that does not live may be lost: the server that takes its shards over looks at every execution
    /// in them.
    fn leave_word(&self, to: Owner, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()>;

    /// Takes the word that was left for a server: each once, oldest first. Word that was taken by a server that
    /// dies before it acts is lost with it.
    fn take_word(&self, of: Owner) -> StoreFuture<'_, Vec<ExecutionId>>;

    /// Gives back and asks for places of functions whose concurrency is reserved, and renews those that are kept
    /// for as long as the lease; returns what all servers have of these functions afterwards.
    ///
    /// - **Never too many:** of each function, the places of all servers whose leases are not over, and so the
    ///   invocations that they let run, are no more than the limit that is asked with; unless they were more already,
    ///   under a higher limit: then no server gets another one until enough were given back.
    /// - **In order:** a question that arrives after a later one of the same server changes nothing: its sender has
    ///   given up waiting for the answer.
    /// - The places of a function that a server does not ask about last until its lease is over.
    fn share_places(
        &self,
        server: Owner,
        question: u64,
        asks: Vec<PlacesAsk>,
        lease: Duration,
    ) -> StoreFuture<'_, PlacesSeen>;

    /// Forgets a server; its shards have no owner then. Its places last until their lease is over, because its last
    /// invocations may not have ended. Idempotent.
    fn leave(&self, server: Owner) -> StoreFuture<'_, ()>;
}

/// The servers of a store, as people look at them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The moment, by the clock of the store.
    pub at: Timestamp,
    /// In order of id.
    pub servers: Vec<SurveyedServer>,
    /// The owner of each shard, by its number; `None` where no live server owns it.
    pub owners: Box<[Option<Owner>; Shard::COUNT]>,
}

/// A server that lives, or has lived until lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyedServer {
    /// Its own record.
    pub server: ServerRecord,
    /// When its lease is over, or was, by the clock of the store.
    pub expires_at: Timestamp,
    /// Invocations of durable executions that it has begun, and that have not ended.
    pub invocations: u64,
}

/// The places of a function that a server keeps, and would like to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesAsk {
    /// The function.
    pub function: FunctionName,
    /// How many invocations may run at one time, at all servers together.
    pub limit: u32,
    /// How many places it keeps, of those that it has; the rest is given back.
    pub keep: u32,
    /// How many it would like to have, if others leave so many.
    pub goal: u32,
    /// How many it could use at this moment, for the other servers to see.
    pub wanted: u32,
}

/// The places of all servers, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesSeen {
    /// The moment, by the clock of the store; the beginning of time where no places are seen.
    pub at: Timestamp,
    /// By function and server; without places whose leases are over.
    pub places: Vec<PlacesRecord>,
}

/// The places of a function that a server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesRecord {
    /// The function.
    pub function: FunctionName,
    /// The server.
    pub server: Owner,
    /// How many it has.
    pub held: u32,
    /// How many it could use.
    pub wanted: u32,
}

/// A server, as the others see it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerRecord {
    /// The run: the invocations that it schedules carry it.
    pub id: Owner,
    /// Where the other servers reach it: `host:port`.
    pub address: String,
    /// Proves to the others that the sender is a server of the same store; never shown.
    pub secret: String,
    /// The version of the program.
    pub version: String,
    /// When it started, by its own clock.
    pub started_at: Timestamp,
    /// It hands over the shards that it owns, and takes no more.
    pub is_leaving: bool,
}

impl std::fmt::Debug for ServerRecord {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerRecord")
            .field("id", &self.id)
            .field("address", &self.address)
            .field("version", &self.version)
            .field("started_at", &self.started_at)
            .field("is_leaving", &self.is_leaving)
            .finish_non_exhaustive()
    }
}

/// The live servers, and the owners of the shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The servers that live, in order of id.
    pub servers: Vec<ServerRecord>,
    /// The owner of each shard, by its number; `None` where no live server owns it.
    pub owners: Box<[Option<Owner>; Shard::COUNT]>,
}

impl Membership {
    /// No live server, and no owned shard.
    pub fn empty() -> Self {
        Self {
            servers: Vec::new(),
            owners: Box::new([None; Shard::COUNT]),
        }
    }

    /// The shards of a server.
    pub fn owned_by(&self, server: Owner) -> Shards {
        let owns = |owner: &Option<Owner>| *owner == Some(server);
        self.shards_where(owns)
    }

    /// The shards without an owner.
    pub fn free(&self) -> Shards {
        self.shards_where(Option::is_none)
    }

    fn shards_where(&self, holds: impl Fn(&Option<Owner>) -> bool) -> Shards {
        let all = Shards::ALL.iter().zip(self.owners.iter());
        all.filter(|(_, owner)| holds(owner))
            .map(|(shard, _)| shard)
            .collect()
    }

    /// The server that owns a shard.
    pub fn owner(&self, shard: Shard) -> Option<&ServerRecord> {
        let owner = self.owners[usize::from(shard.0)]?;
        self.server(owner)
    }

    /// A server that lives.
    pub fn server(&self, id: Owner) -> Option<&ServerRecord> {
        self.servers.iter().find(|server| server.id == id)
    }
}
