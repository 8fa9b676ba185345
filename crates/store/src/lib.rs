//! The database of durable executions: one trait for each noun, the [`Store`] that combines them, the in-memory store,
//! and the conformance suite that every store passes.

mod store;

mod executions;
mod history;
mod work;

mod queue;
mod schedule_marks;

mod access_keys;
mod audit;
mod catalogue;

mod search;

mod logs;

mod code_blobs;
mod servers;
mod sessions;
mod stacks;

mod commits;
mod error;
mod future;
mod heads;
mod health;
mod left_out;
mod within_bytes;
mod write;

mod around;
mod memory;

pub mod columns;
pub mod conformance;

pub use access_keys::{AccessKeyRecord, AccessKeyRevision, AccessKeys};
pub use around::{Around, Call, Surround};
pub use audit::{
    AUDIT_REMOVED_AT_ONCE, AuditKeep, AuditKind, AuditQuery, AuditRecord, AuditRecords,
};
pub use catalogue::{
    AliasRecord, Catalogue, CatalogueRevision, FunctionSettingsRecord, FunctionVersionRecord,
};
pub use code_blobs::{CODE_NAME_DIGITS, CodeBlobs, code_name};
pub use commits::{CommitCounters, CommitHealth};
pub use error::{CommitError, StoreFault};
pub use executions::{Cursor, ExecutionFilter, ExecutionHead, ExecutionRecord, Executions};
pub use future::StoreFuture;
pub use heads::{cut_error, event_head, name_from_around, operation_head};
pub use health::{StoreHealth, StoreTrouble};
pub use history::{EventPage, History, event_bytes};
pub use left_out::LeftOut;
pub use logs::{LogLine, LogPage, LogQuery, LogStore, LogStream, NumberedLine, Segment};
pub use memory::{Faults, MemoryCode, MemoryLogs, MemoryServers, MemorySessions, MemoryStore};
pub use queue::{
    AsyncInvocation, AsyncInvocationId, DEAD_LETTER_BYTES_MAX, DEAD_LETTERS_MAX, DeadLetter,
    DeadLetterId, InvocationQueue, QueuedInvocation,
};
pub use schedule_marks::{ScheduleMark, ScheduleMarks};
pub use search::{
    CallbackCursor, EXECUTION_WORK, ExecutionCount, ExecutionSearch, ExecutionSummary, OFFER,
    OPEN_OPERATIONS_MAX, OpenCallback, OpenTimer, RECENT_INPUT_BYTES_MAX, RecentInput, Search,
    SearchCursor, SearchPage,
};
pub use servers::{
    Membership, PlacesAsk, PlacesRecord, PlacesSeen, ServerRecord, Servers, Survey, SurveyedServer,
};
pub use sessions::{SessionRecord, Sessions};
pub use stacks::{StackList, StackRecord, Stacks, StacksRevision};
pub use store::{Durability, Store, StoreStats};
pub use within_bytes::within_bytes;
pub use work::{SetAside, Work};
pub use write::{StoreWrite, WriteDomain, Written};
