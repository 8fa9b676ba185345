//! The tables of the in-memory store: one, or a few, for each part. Each part has a module of its own for the calls.

use std::collections::{BTreeMap, BTreeSet};

use engine::Execution;
use model::{Event, ExecutionId, ExecutionName, FunctionName, Timestamp, Version};

use crate::audit::AuditRecord;
use crate::{
    AccessKeyRecord, AliasRecord, AsyncInvocation, AsyncInvocationId, Cursor, DeadLetter,
    DeadLetterId, FunctionSettingsRecord, FunctionVersionRecord, ScheduleMark, SetAside,
    StackRecord, StacksRevision,
};

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub executions: ExecutionTables,
    pub set_aside: BTreeMap<ExecutionId, SetAside>,
    pub queue: QueueTables,
    /// By ARN.
    pub schedule_marks: BTreeMap<String, ScheduleMark>,
    pub catalogue: CatalogueTables,
    pub access_keys: AccessKeyTable,
    pub stacks: StackTable,
    /// By id.
    pub audit: BTreeMap<String, AuditRecord>,
    pub closed: bool,
}

/// Executions, with the orders in which they are looked for.
#[derive(Debug, Default)]
pub(super) struct ExecutionTables {
    pub by_id: BTreeMap<ExecutionId, Stored>,
    pub names: BTreeMap<(FunctionName, ExecutionName), ExecutionId>,
    pub starts: BTreeSet<Cursor>,
    /// In the order of recording.
    pub sequences: BTreeMap<i64, ExecutionId>,
    pub sequence_last: i64,
    pub deadlines: BTreeSet<(Timestamp, ExecutionId)>,
}

#[derive(Debug)]
pub(super) struct Stored {
    pub sequence: i64,
    pub execution: Execution,
    pub events: Vec<Event>,
}

/// The queue of asynchronous invocations, with its dead letters.
#[derive(Debug, Default)]
pub(super) struct QueueTables {
    pub waiting: BTreeMap<AsyncInvocationId, AsyncInvocation>,
    pub id_last: i64,
    pub dead_letters: BTreeMap<DeadLetterId, DeadLetter>,
    pub dead_letter_id_last: i64,
}

#[derive(Debug, Default)]
pub(super) struct CatalogueTables {
    pub versions: BTreeMap<(FunctionName, Version), FunctionVersionRecord>,
    pub aliases: BTreeMap<(FunctionName, String), AliasRecord>,
    pub settings: BTreeMap<FunctionName, FunctionSettingsRecord>,
    pub revision: u64,
}

/// By id, with how often they were changed.
#[derive(Debug, Default)]
pub(super) struct AccessKeyTable {
    pub records: BTreeMap<String, AccessKeyRecord>,
    pub changes: u64,
}

/// By name, with how often any was changed.
#[derive(Debug, Default)]
pub(super) struct StackTable {
    pub records: BTreeMap<String, StackRecord>,
    pub revision: StacksRevision,
}
