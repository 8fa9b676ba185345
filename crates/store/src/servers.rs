//! Servers that share a store: which of them live, and which of them drives which shards.

use std::time::Duration;

use model::{ExecutionId, Owner, Shard, Shards, Timestamp};

use crate::StoreFuture;

/// The servers of a store, and their shards. All time here is the database's: no server's clock is asked.
///
/// It says who does the work, so that two do not do the same, and nothing depends on it: whoever writes on
/// in spite of a lost shard is stopped by the version of each execution, as ever.
///
/// - **Leases:** a server lives until its last [`beat`](Servers::beat) is older than the lease that it asked
///   for. What a server owns that does not live is owned by nobody.
/// - **One owner:** of two servers that claim a shard at the same moment, one gets it.
pub trait Servers: Send + Sync + 'static {
    /// Says that a server lives, for as long as the lease, and what it is like; returns who lives and who owns
    /// what, as of this moment.
    fn beat(&self, server: ServerRecord, lease: Duration) -> StoreFuture<'_, Membership>;

    /// Takes those of these shards that nobody owns; returns those that were taken. A server that does not
    /// live takes none.
    fn claim(&self, by: Owner, shards: Shards) -> StoreFuture<'_, Shards>;

    /// Passes those of these shards that `from` owns to another server, or to nobody. Idempotent.
    fn give(&self, from: Owner, shards: Shards, to: Option<Owner>) -> StoreFuture<'_, ()>;

    /// Leaves word for a server that these executions were changed by another one, where it cannot be told
    /// directly. What is left for a server that does not live may be lost: whoever takes its shards over looks
    /// at every execution in them.
    fn leave_word(&self, to: Owner, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()>;

    /// Takes the word that was left for a server: each once, oldest first. Word that was taken by a server that
    /// dies before it acts is lost with it.
    fn take_word(&self, of: Owner) -> StoreFuture<'_, Vec<ExecutionId>>;

    /// Forgets a server; its shards are nobody's. Idempotent.
    fn leave(&self, server: Owner) -> StoreFuture<'_, ()>;
}

/// A server, as the others see it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerRecord {
    /// The run: the invocations that it schedules carry it.
    pub id: Owner,
    /// Where the other servers reach it: `host:port`.
    pub address: String,
    /// What others prove with that they are servers of the same store; never shown.
    pub secret: String,
    /// The version of the program.
    pub version: String,
    /// When it started, by its own clock.
    pub started_at: Timestamp,
    /// It hands over what it owns, and takes nothing more.
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

/// Who lives, and who owns what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The servers that live, in order of id.
    pub servers: Vec<ServerRecord>,
    /// The owner of each shard, by its number; none where nobody that lives owns it.
    pub owners: Box<[Option<Owner>; Shard::COUNT]>,
}

impl Membership {
    /// Nobody lives, and nothing is owned.
    pub fn empty() -> Self {
        Self {
            servers: Vec::new(),
            owners: Box::new([None; Shard::COUNT]),
        }
    }

    /// What a server owns.
    pub fn owned_by(&self, server: Owner) -> Shards {
        let owns = |owner: &Option<Owner>| *owner == Some(server);
        self.shards_where(owns)
    }

    /// What nobody owns.
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
