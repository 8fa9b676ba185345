//! Plain data of durable executions: ids, ARNs, operations, statuses, events, deadlines, limits.
//!
//! Nothing here waits, reads a clock, draws a random number, or knows AWS's wire spelling (that is
//! `lambda-api`) or SQL (that is the stores). The rules that change this data live in `engine`.
//! Its serde format is the format of backups: a new member needs a default, and a renamed
//! member keeps its old name there.
//! In reading order: the identifiers, the content of an execution, its events.

mod arn;
mod deadline;
mod event;
mod execution;
mod id;
mod limits;
mod operation;
mod payload;
mod shard;
mod timestamp;
mod update;

pub use arn::{ExecutionArn, FunctionArn, ParseArnError, Version};
pub use deadline::{Deadline, DeadlineReason};
pub use event::{Event, EventKind, EventSubject, RetryDetails};
pub use execution::{
    EventSource, EventSourceKind, ExecutionSpec, ExecutionState, ExecutionStatus, Invocation,
    LastCheckpoint, Outcome, Owner, ParentLink, Pause, Trigger,
};
pub use id::{
    CallbackId, CheckpointToken, ClientToken, ExecutionId, ExecutionName, FunctionName, InvalidId,
    OperationId, RequestId,
};
pub use limits::Limits;
pub use operation::{ChainedTarget, Operation, OperationDetails, OperationStatus, OperationType};
pub use payload::{ErrorObject, Payload};
pub use shard::{Shard, Shards};
pub use timestamp::Timestamp;
pub use update::{CallbackOptions, ChainedInvoke, OperationUpdate, UpdateAction};
