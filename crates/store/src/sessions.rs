//! Sessions of people at the console, and secrets that servers share.

use model::Timestamp;

use crate::StoreFuture;

/// What servers have to know together so that whoever is let in by one is let in by all.
///
/// Not a part of [`Store`](crate::Store): what drives executions has no use for it.
///
/// - **Read your writes,** and those of other servers that were acknowledged.
/// - **No secret in the clear:** a session is named by the hash of what its holder has, and a shared secret is sealed
///   before it comes here.
pub trait Sessions: Send + Sync + 'static {
    /// Keeps a sealed secret under a name, unless there is one already; returns the one that is kept. The first of
    /// several servers wins. `instead_of` is replaced, where that is the one that is kept.
    fn keep_secret(
        &self,
        name: &str,
        sealed: Vec<u8>,
        instead_of: Option<Vec<u8>>,
    ) -> StoreFuture<'_, Vec<u8>>;

    /// Begins a session, and forgets those that were over at `now`.
    fn begin_session(&self, session: SessionRecord, now: Timestamp) -> StoreFuture<'_, ()>;

    /// The session of this hash, whether it is over or not.
    fn session(&self, hash: &str) -> StoreFuture<'_, Option<SessionRecord>>;

    /// Ends a session. Idempotent.
    fn end_session(&self, hash: &str) -> StoreFuture<'_, ()>;
}

/// A session, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The hash of what its holder has.
    pub hash: String,
    /// Who that is, in a form of the server's own.
    pub who: String,
    /// When it is over, by the clock of the server that began it.
    pub until: Timestamp,
}
