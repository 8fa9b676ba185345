//! The inputs to an execution.

use model::{
    CallbackId, CheckpointToken, ClientToken, ErrorObject, OperationId, OperationUpdate, Payload,
    RequestId, Timestamp,
};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The function records progress, or polls with no updates.
    Checkpoint {
        /// Proof of being the running invocation, at this point of it.
        token: CheckpointToken,
        /// Makes a retry of the same request recognisable.
        client_token: Option<ClientToken>,
        /// The changes, in order.
        updates: Vec<OperationUpdate>,
    },
    /// An invocation is over.
    InvocationEnded {
        /// Which.
        request_id: RequestId,
        /// When a function process took it up.
        started_at: Timestamp,
        /// How it ended.
        outcome: InvocationOutcome,
    },
    /// The clock passed a deadline.
    DeadlineReached,
    /// An outside party completed a callback.
    CallbackSucceeded {
        /// The operation that the id names.
        operation_id: OperationId,
        /// The id that was presented.
        callback_id: CallbackId,
        /// The answer.
        result: Option<Payload>,
    },
    /// An outside party failed a callback.
    CallbackFailed {
        /// The operation that the id names.
        operation_id: OperationId,
        /// The id that was presented.
        callback_id: CallbackId,
        /// Why.
        error: ErrorObject,
    },
    /// An outside party gave a sign of life.
    CallbackHeartbeat {
        /// The operation that the id names.
        operation_id: OperationId,
        /// The id that was presented.
        callback_id: CallbackId,
    },
    /// A function that this execution invoked is done.
    ChainedInvokeEnded {
        /// The operation that invoked it.
        operation_id: OperationId,
        /// How it ended.
        outcome: ChainedOutcome,
    },
    /// `StopDurableExecution`.
    Stop {
        /// The reason to record.
        error: ErrorObject,
    },
    /// `PauseDurableExecution`.
    Pause {
        /// Why, in the caller's words.
        reason: Option<String>,
        /// Whether the execution timeout stands still meanwhile.
        execution_timeout_paused: bool,
        /// Makes a retry of the same request recognisable.
        client_token: Option<ClientToken>,
    },
    /// `ResumeDurableExecution`.
    Resume {
        /// Why, in the caller's words.
        reason: Option<String>,
        /// Makes a retry of the same request recognisable.
        client_token: Option<ClientToken>,
    },
    /// `DeleteDurableExecution`: the record of an ended execution is removed.
    Delete,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// The function answered.
    Returned(Output),
    /// The function reported an error instead of an answer, or could not be started. It is repeated
    /// a number of times.
    FunctionError(ErrorObject),
    /// The function was cut off while it worked: it ran into its timeout, or its process ended. It is
    /// repeated until the execution's own timeout.
    /// Source: aws-durable-execution-docs, issue 281.
    Interrupted(ErrorObject),
    /// No process was given the event: the execution ended or is to be paused before its turn came.
    /// It leaves no trace in the history.
    NotStarted,
    /// It can never succeed (the function is gone): the execution fails.
    Unavailable(ErrorObject),
    /// The server that drove it is gone, and its answer with it. It is repeated at once.
    Lost,
}

/// The function's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// The handler returned.
    Succeeded(Option<Payload>),
    /// The handler failed.
    Failed(ErrorObject),
    /// The handler waits for something that is not the function's to do.
    Pending,
    /// Not an answer in the protocol's form; the text says why.
    Invalid(String),
}

/// How a chained invoke ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainedOutcome {
    /// With a result.
    Succeeded(Option<Payload>),
    /// With an error.
    Failed(ErrorObject),
    /// By its execution timeout.
    TimedOut(ErrorObject),
    /// By `StopDurableExecution`.
    Stopped(ErrorObject),
}
