//! The event history: everything that happened to an execution, in order, numbered from 1.

use serde::{Deserialize, Serialize};

use crate::{
    CallbackId, ErrorObject, ExecutionArn, OperationId, Payload, RequestId, Timestamp, Version,
};

/// One entry of the event history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts from 1 without gaps.
    pub id: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The operation that it is about; absent for `InvocationCompleted`.
    pub subject: Option<EventSubject>,
    /// The kind of event.
    pub kind: EventKind,
}

/// The operation that an event is about, as it was named then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSubject {
    /// Its id.
    pub id: OperationId,
    /// Its name.
    pub name: Option<String>,
    /// The enclosing CONTEXT.
    pub parent_id: Option<OperationId>,
    /// Its sub-type; absent for the execution itself.
    pub sub_type: Option<String>,
}

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryDetails {
    /// The attempt that ended, counted from 1.
    pub current_attempt: u32,
    /// Seconds to the next one, when there is one.
    pub next_attempt_delay_seconds: Option<u32>,
}

/// The kinds of events: AWS's event types with their details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the names are AWS's; the protocol defines each"
)]
pub enum EventKind {
    ExecutionStarted {
        input: Option<Payload>,
        execution_timeout_seconds: u32,
    },
    ExecutionSucceeded {
        result: Option<Payload>,
    },
    ExecutionFailed {
        error: ErrorObject,
    },
    ExecutionTimedOut {
        error: ErrorObject,
    },
    ExecutionStopped {
        error: ErrorObject,
    },
    ExecutionPaused {
        requested_at: Timestamp,
        reason: Option<Payload>,
        execution_timeout_paused: bool,
    },
    ExecutionResumed {
        requested_at: Timestamp,
        reason: Option<Payload>,
    },
    ContextStarted,
    ContextSucceeded {
        result: Option<Payload>,
    },
    ContextFailed {
        error: ErrorObject,
    },
    StepStarted,
    StepSucceeded {
        result: Option<Payload>,
        retry: RetryDetails,
    },
    StepFailed {
        error: ErrorObject,
        retry: RetryDetails,
    },
    WaitStarted {
        seconds: u32,
        scheduled_end_at: Timestamp,
    },
    WaitSucceeded {
        seconds: u32,
    },
    WaitCancelled {
        error: Option<ErrorObject>,
    },
    CallbackStarted {
        callback_id: CallbackId,
        timeout_seconds: Option<u32>,
        heartbeat_timeout_seconds: Option<u32>,
    },
    CallbackSucceeded {
        result: Option<Payload>,
    },
    CallbackFailed {
        error: ErrorObject,
    },
    CallbackTimedOut {
        error: ErrorObject,
    },
    ChainedInvokeStarted {
        function_name: String,
        tenant_id: Option<String>,
        input: Option<Payload>,
        executed_version: Option<Version>,
        execution_arn: Option<ExecutionArn>,
    },
    ChainedInvokeSucceeded {
        result: Option<Payload>,
    },
    ChainedInvokeFailed {
        error: ErrorObject,
    },
    ChainedInvokeTimedOut {
        error: ErrorObject,
    },
    ChainedInvokeStopped {
        error: ErrorObject,
    },
    InvocationCompleted {
        request_id: RequestId,
        started_at: Timestamp,
        ended_at: Timestamp,
        error: Option<ErrorObject>,
    },
}
