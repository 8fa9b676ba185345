//! A durable execution: the part that is fixed at its start, and the part that changes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ClientToken, Deadline, ErrorObject, ExecutionArn, ExecutionId, OperationId, Payload, RequestId,
    Timestamp,
};

/// The part of an execution that is fixed at its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionSpec {
    /// Names the function, its pinned version and the execution.
    pub arn: ExecutionArn,
    /// When it started.
    pub started_at: Timestamp,
    /// The caller's input; the EXECUTION operation carries it too.
    pub input: Option<Payload>,
    /// Longest time from start to end, in seconds.
    pub execution_timeout_seconds: u32,
    /// How long the record is kept after the end, in days.
    pub retention_days: u32,
    /// Largest result in bytes: 6 MiB for a caller who waits, 1 MiB otherwise.
    pub result_bytes_max: usize,
    /// The X-Ray trace that it belongs to.
    pub trace_header: Option<String>,
    /// The tenant that it runs for.
    pub tenant_id: Option<String>,
    /// The origin of its start.
    pub trigger: Trigger,
}

/// The origin of an execution's start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// A call of `Invoke`.
    Invoke,
    /// An operation of another execution.
    ChainedInvoke(ParentLink),
    /// Something in front of the function that calls it for others.
    EventSource(EventSource),
}

impl Trigger {
    /// The operation of another execution, where there is one.
    pub const fn parent(&self) -> Option<&ParentLink> {
        match self {
            Self::ChainedInvoke(parent) => Some(parent),
            Self::Invoke | Self::EventSource(_) => None,
        }
    }
}

/// A source that calls a function on behalf of a caller who does not know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSource {
    /// Its kind.
    pub kind: EventSourceKind,
    /// Which one: an API with the route, `LoanApi POST /apply`, a function URL, a schedule or a queue.
    pub name: String,
}

/// The kinds of [`EventSource`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventSourceKind {
    /// An HTTP API of API Gateway.
    HttpApi,
    /// A REST API of API Gateway.
    RestApi,
    /// A function URL.
    FunctionUrl,
    /// A schedule of EventBridge.
    Schedule,
    /// A queue of SQS.
    Queue,
    /// A version or an alias of a state machine: `NAME:VERSION`, `NAME:ALIAS`.
    StateMachine,
}

/// The chained invoke that started an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentLink {
    /// The execution that invoked.
    pub execution_id: ExecutionId,
    /// The operation in it.
    pub operation_id: OperationId,
}

/// Where a durable execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ExecutionStatus {
    /// Not ended, whether a process works on it or not.
    Running,
    /// Ended with a result.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ran into its execution timeout.
    TimedOut,
    /// Ended by `StopDurableExecution`.
    Stopped,
    /// To be paused once the running invocation gives it a chance.
    Pausing,
    /// Paused: its timers run and answers are recorded, but the function is not invoked.
    Paused,
}

impl ExecutionStatus {
    /// Whether the execution has ended: such a status never changes again.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Running | Self::Pausing | Self::Paused => false,
            Self::Succeeded | Self::Failed | Self::TimedOut | Self::Stopped => true,
        }
    }
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// With a result.
    Succeeded(Option<Payload>),
    /// With an error of the function or of the service.
    Failed(ErrorObject),
    /// By its execution timeout.
    TimedOut(ErrorObject),
    /// By `StopDurableExecution`.
    Stopped(ErrorObject),
}

impl Outcome {
    /// The status that the outcome means.
    pub const fn status(&self) -> ExecutionStatus {
        match self {
            Self::Succeeded(_) => ExecutionStatus::Succeeded,
            Self::Failed(_) => ExecutionStatus::Failed,
            Self::TimedOut(_) => ExecutionStatus::TimedOut,
            Self::Stopped(_) => ExecutionStatus::Stopped,
        }
    }

    /// The result, when it succeeded with one.
    pub const fn result(&self) -> Option<&Payload> {
        match self {
            Self::Succeeded(result) => result.as_ref(),
            Self::Failed(_) | Self::TimedOut(_) | Self::Stopped(_) => None,
        }
    }

    /// The error, unless it succeeded.
    pub const fn error(&self) -> Option<&ErrorObject> {
        match self {
            Self::Succeeded(_) => None,
            Self::Failed(error) | Self::TimedOut(error) | Self::Stopped(error) => Some(error),
        }
    }
}

/// The part that changes while an execution runs. Small: its size does not grow with the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionState {
    /// Counts transitions from 1. Two writers cannot both commit the same one.
    pub version: u64,
    /// How it ended; `None` while it runs.
    pub outcome: Option<Outcome>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether the terminal event still has to follow the running invocation's end.
    pub terminal_event_owed: bool,
    /// The last event's id: events are numbered from 1 without gaps.
    pub event_id_last: u64,
    /// The state of its function.
    pub invocation: Invocation,
    /// Invocations scheduled so far: the number of the last one.
    pub invocation_count: u64,
    /// Which checkpoint of the running invocation comes next, from 1: part of its token. Zero while
    /// there is none to come.
    pub token_sequence: u64,
    /// The last accepted checkpoint, for a retry of the same request.
    pub last_checkpoint: Option<LastCheckpoint>,
    /// Counts the changes that the service made to operations; each of those operations carries its
    /// number ([`Operation::service_change`](crate::Operation)).
    pub service_changes: u64,
    /// The changes up to this one were told to an invocation.
    pub told_changes: u64,
    /// The changes up to this one were told to an invocation that ended well. Those between the two
    /// are told again should the running one fail.
    pub settled_changes: u64,
    /// Invocations in a row that failed, for any reason.
    pub failed_invocations: u32,
    /// How many of those count towards giving up: all but timeouts and crashes.
    pub counted_failures: u32,
    /// Invocations in a row that returned PENDING with nothing pending.
    pub invalid_pendings: u32,
    /// Operations recorded, the EXECUTION operation included.
    pub operation_count: u32,
    /// Operations that something other than the function will move on.
    pub pending_count: u32,
    /// Chained invokes that the service still has to bring to an end.
    pub open_chained_invokes: u32,
    /// Bytes of payloads recorded so far.
    pub bytes: u64,
    /// The pause that was requested or is in effect.
    pub pause: Option<Pause>,
    /// How long the execution timeout stood still in pauses that are over.
    pub timeout_paused_for: Duration,
    /// The client token of the last resume, for a retry of the same request.
    pub resume_client_token: Option<ClientToken>,
    /// The next deadline.
    pub next_deadline: Option<Deadline>,
}

impl ExecutionState {
    /// Where the execution stands.
    pub fn status(&self) -> ExecutionStatus {
        match (&self.outcome, &self.pause) {
            (Some(outcome), _) => outcome.status(),
            (None, Some(pause)) if pause.in_effect_since.is_some() => ExecutionStatus::Paused,
            (None, Some(_)) => ExecutionStatus::Pausing,
            (None, None) => ExecutionStatus::Running,
        }
    }

    /// Whether a pause is in effect: the function is not invoked.
    pub fn is_paused(&self) -> bool {
        self.pause
            .as_ref()
            .is_some_and(|pause| pause.in_effect_since.is_some())
    }

    /// Whether the active invocation has had its token taken away by a pause: it can record nothing more, and its
    /// answer does not count.
    pub fn is_cut_short(&self) -> bool {
        matches!(self.invocation, Invocation::Active { .. }) && self.token_sequence == 0
    }

    /// Whether a server that starts as `owner` has something to do for this execution beyond its
    /// deadlines: an invocation that died with another run, or chained invokes to bring to an end.
    pub fn owes_work(&self, owner: Owner) -> bool {
        let chained = self.outcome.is_none() && self.open_chained_invokes > 0;
        chained || self.invocation_owner().is_some_and(|other| other != owner)
    }

    /// Whether the execution would owe work to some run: a store keeps an index of this.
    pub const fn may_owe_work(&self) -> bool {
        let chained = self.outcome.is_none() && self.open_chained_invokes > 0;
        chained || matches!(self.invocation, Invocation::Active { .. })
    }

    /// The run of a server that drives the active invocation, if there is one.
    pub const fn invocation_owner(&self) -> Option<Owner> {
        match self.invocation {
            Invocation::Active { owner, .. } => Some(owner),
            Invocation::Idle | Invocation::BackingOff { .. } => None,
        }
    }
}

/// A pause, from its request to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it was requested.
    pub requested_at: Timestamp,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// Makes a retry of the same request recognisable.
    pub client_token: Option<ClientToken>,
    /// Whether the execution timeout stands still meanwhile.
    pub execution_timeout_paused: bool,
    /// Since when it is in effect; `None` while an invocation runs that has not been told.
    pub in_effect_since: Option<Timestamp>,
    /// Whether the function is owed an invocation in any case: the pause cut one short, or kept a failed one from being
    /// repeated.
    pub owes_invocation: bool,
}

/// One run of a server, from its start to its end. Each invocation names the run that drives it, so
/// that the next run knows which invocations died with an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(pub u64);

impl Owner {
    /// No run: an invocation that was scheduled while its execution had no driver. The server that takes it over
    /// schedules it anew.
    pub const NOBODY: Self = Self(0);

    /// No run, and no invocation has it: where those of one run are left out, none are.
    pub const NONE: Self = Self(u64::MAX);
}

/// The state of an execution's function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Invocation {
    /// Nothing: the execution is suspended, or has ended.
    Idle,
    /// An invocation is scheduled or running.
    Active {
        /// Counts invocations of this execution from 1.
        number: u64,
        /// Names it on the Runtime API and in the history.
        request_id: RequestId,
        /// Part of its checkpoint tokens, so that they cannot be guessed.
        nonce: u64,
        /// When it was scheduled.
        scheduled_at: Timestamp,
        /// The run of a server that drives it.
        owner: Owner,
    },
    /// The last invocation failed; the next one is scheduled at this instant.
    BackingOff {
        /// When.
        until: Timestamp,
    },
}

/// The data that answers a repeated checkpoint request as it was answered the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCheckpoint {
    /// The request's client token.
    pub client_token: ClientToken,
    /// The sequence number of the checkpoint token that it presented.
    pub token_sequence: u64,
    /// The operations in its answer, in order.
    pub answered: Vec<OperationId>,
}
