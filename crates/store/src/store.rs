//! A store: the sum of its parts, and the calls that concern all of them.

use std::time::Duration;

use crate::{
    Catalogue, Executions, History, InvocationQueue, ScheduleMarks, Search, StoreFuture,
    StoreHealth, Work,
};

/// Everything that a server keeps, except logs.
///
/// Each part is a trait whose docs say what is fenced and what may be repeated. Correctness rests on
/// these promises, which hold for all parts:
/// - **Atomic:** a write happens completely or not at all, also when the process dies during it.
/// - **Durable:** when a write's future is ready with `Ok`, the write survives the failures that [`Store::durability`]
///   names. Until then no caller may act on it.
/// - **Handed over by the call:** a write is queued by the call itself, not by the first poll of its
///   future.
/// - **In order:** writes handed over to one value are carried out in the order of the calls, also
///   when the first is not awaited before the second.
/// - **Independent:** a write that fails or is refused does not fail another one, however the store
///   groups them. A caller whose second write makes sense only after the first awaits the first;
///   transitions are fenced besides.
/// - **Read your writes:** after a write's future is ready, every read that begins sees it.
/// - **Damaged rows:** a list leaves out a row that cannot be decoded, counts it in
///   [`StoreStats::unreadable_rows`] and reports it in [`StoreHealth::warnings`]. Where a gap would
///   mislead, the call fails instead: a whole execution, its history, and which versions are needed.
///
/// Several servers may share the stored data, each with a value of its own, unless the store refuses to be opened
/// twice. Calls on different values have no order except by awaiting. A read claims nothing: two servers that read the
/// same entry may both act on it.
pub trait Store:
    Executions + History + Work + InvocationQueue + ScheduleMarks + Search + Catalogue
{
    /// The failures that an acknowledged write survives.
    fn durability(&self) -> Durability;

    /// Returns the figures of this value since it was opened.
    fn stats(&self) -> StoreStats;

    /// Whether commits become durable and reads are answered, as far as can be told without waiting: the answer of
    /// `/readyz`. A store whose commits failed tries one by itself when it is asked, so that it is found healthy again
    /// even without other commits.
    fn health(&self) -> StoreHealth;

    /// Finishes the writes that were handed over and releases the files and connections of this
    /// value. Later calls fail; closing again does nothing.
    fn close(&self) -> StoreFuture<'_, ()>;
}

/// Which failures an acknowledged commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Durability {
    /// Survives power loss: answered after fsync.
    Disk,
    /// Survives the death of the process, not of the machine.
    Os,
    /// Survives nothing.
    Memory,
}

impl Durability {
    /// The setting's name on the command line and in `/healthz`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Os => "os",
            Self::Memory => "memory",
        }
    }
}

/// The figures of a store since it was opened, and its size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreStats {
    /// Transactions that were committed.
    pub commits: u64,
    /// Writes in them.
    pub writes: u64,
    /// Transactions that failed for a reason that the next one may meet as well, such as a full disk.
    pub failed_commits: u64,
    /// How long half of the commits took at the most: the time until they were durable.
    pub commit_p50: Option<Duration>,
    /// How long all but one in a hundred took at the most.
    pub commit_p99: Option<Duration>,
    /// Size of the database, in bytes.
    pub bytes: u64,
    /// Size of its write-ahead log, in bytes.
    pub log_bytes: u64,
    /// Rows that lists left out because they could not be decoded.
    pub unreadable_rows: u64,
}
