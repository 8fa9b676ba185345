//! Sessions of people at the console, and secrets that servers share.

use model::Timestamp;

use crate::StoreFuture;

/// Shared by servers, so that a caller who is let in by one of them is let in by all.
///
/// Not a part of [`Store`](crate::Store): the driver of executions has no use for it.
///
/// - **Read your writes,** and those of other servers that were acknowledged.
/// - **No secret in the clear:** a session is named by the hash of its holder's secret, and a shared secret is sealed
///   before it comes here.
pub trait Sessions: Send + Sync + 'static {
    /// Keeps a sealed secret under a name, unless there is one already; returns the kept one. The first of several
    /// servers wins. If `instead_of` is the kept one, it is replaced.
    fn keep_secret(
        &self,
        name: &str,
        sealed: Vec<u8>,
        instead_of: Option<Vec<u8>>,
    ) -> StoreFuture<'_, Vec<u8>>;

    /// Begins a session, and forgets the sessions that were over at `now`.
    fn begin_session(&self, session: SessionRecord, now: Timestamp) -> StoreFuture<'_, ()>;

    /// The session of this hash, whether it is over or not.
    fn session(&self, hash: &str) -> StoreFuture<'_, Option<SessionRecord>>;

    /// Ends a session. Idempotent.
    fn end_session(&self, hash: &str) -> StoreFuture<'_, ()>;
}

/// A session, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The hash of the holder's secret.
    pub hash: String,
    /// The holder, in a form of the server's own.
    pub who: String,
    /// When it is over, by the clock of the server that began it.
    pub until: Timestamp,
}
