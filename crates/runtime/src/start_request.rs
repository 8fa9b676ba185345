//! The request to start an execution, and its result.

use model::{ExecutionArn, ExecutionId, ExecutionName, FunctionArn, Payload, Trigger, Version};
use store::ExecutionRecord;

/// The execution to start.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// The function.
    pub function: FunctionArn,
    /// The version that the execution is pinned to.
    pub version: Version,
    /// The execution's name; `None`: a new one.
    pub name: Option<ExecutionName>,
    /// The execution's id; `None`: a new one. Given where starting twice must be harmless.
    pub id: Option<ExecutionId>,
    /// The function's input.
    pub input: Option<Payload>,
    /// Longest time to the end, in seconds.
    pub execution_timeout_seconds: u32,
    /// How long the record is kept, in days.
    pub retention_days: u32,
    /// Largest result, in bytes.
    pub result_bytes_max: usize,
    /// The X-Ray trace.
    pub trace_header: Option<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// The origin of the start.
    pub trigger: Trigger,
}

/// The result of a start.
#[derive(Debug, Clone)]
pub enum Started {
    /// A new execution runs.
    New(ExecutionArn),
    /// The name is in use by an execution that was started in the same way: it stands for this one.
    Existing(Box<ExecutionRecord>),
}

impl Started {
    /// The execution's ARN.
    pub fn arn(&self) -> &ExecutionArn {
        match self {
            Self::New(arn) => arn,
            Self::Existing(record) => &record.spec.arn,
        }
    }
}
