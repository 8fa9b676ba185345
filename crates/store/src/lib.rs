//! What durable executions need from a database: the [`Store`] trait, the in-memory store, and the
//! conformance suite that every store passes.

pub mod conformance;
mod error;
mod health;
mod memory;
mod memory_logs;
mod record;
mod search;
mod store;

pub use error::{CommitError, StoreFault};
pub use health::{StoreHealth, StoreTrouble};
pub use memory::{Faults, MemoryStore};
pub use memory_logs::MemoryLogs;
pub use record::{
    AliasRecord, AsyncInvocation, AsyncInvocationId, Cursor, DEAD_LETTER_BYTES_MAX,
    DEAD_LETTERS_MAX, DeadLetter, DeadLetterId, Durability, EventPage, ExecutionFilter,
    ExecutionHead, ExecutionRecord, FunctionSettingsRecord, FunctionVersionRecord, LogLine,
    LogPage, LogQuery, LogStream, NumberedLine, QueuedInvocation, ScheduleMark, Segment, SetAside,
};
pub use search::{
    CallbackCursor, EXECUTION_WORK, ExecutionCount, ExecutionSearch, ExecutionSummary,
    OPEN_OPERATIONS_MAX, OpenCallback, OpenTimer, RECENT_INPUT_BYTES_MAX, RecentInput,
    SearchCursor, SearchPage, StoreStats, cut_error, event_bytes, event_head, operation_head,
};
pub use store::{LogStore, Store, StoreFuture};
