//! The event history of executions, in pages.

use model::{ErrorObject, Event, EventKind, ExecutionId, OperationId, Payload};

use crate::{StoreFuture, within_bytes};

/// The events of each execution: numbered from 1 without gaps, written with their transition by
/// [`Executions::commit`](crate::Executions::commit), and never changed.
///
/// When an event is visible, so are all events before it and the state after its transition. Pages go by event number,
/// so they join without gaps and repeats, even with writes in between. An unknown execution has no events.
pub trait History: Send + Sync + 'static {
    /// A page of an execution's event history: until its limit or its bytes are reached.
    fn events(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>>;

    /// As [`History::events`], without payloads and with errors cut: [`event_head`](crate::event_head).
    fn event_heads(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>>;

    /// The events about one operation: as [`History::events`], but always oldest first.
    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Vec<Event>>;
}

/// Which events of an execution to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPage {
    /// The last event of the page before this one; `None`: from the beginning (or the end).
    pub after: Option<u64>,
    /// Newest first.
    pub newest_first: bool,
    /// Events at the most; at least one.
    pub limit: usize,
    /// Bytes of payloads and errors at the most; the first event is given however large it is.
    pub bytes_max: usize,
}

impl EventPage {
    /// Takes events, of which there are no more than the limit, until the page's bytes are reached. The rest is not
    /// read either, except the first event that is too much.
    ///
    /// # Errors
    /// Those of the events.
    pub fn take<E>(
        self,
        events: impl IntoIterator<Item = Result<Event, E>>,
    ) -> Result<Vec<Event>, E> {
        within_bytes(events, self.bytes_max, event_bytes)
    }
}

/// Bytes of an event's payload and error, as [`EventPage`](crate::EventPage) counts them.
pub fn event_bytes(event: &Event) -> usize {
    use EventKind as Kind;
    match &event.kind {
        Kind::ExecutionStarted { input: payload, .. }
        | Kind::ExecutionSucceeded { result: payload }
        | Kind::ExecutionPaused {
            reason: payload, ..
        }
        | Kind::ExecutionResumed {
            reason: payload, ..
        }
        | Kind::ContextSucceeded { result: payload }
        | Kind::StepSucceeded {
            result: payload, ..
        }
        | Kind::CallbackSucceeded { result: payload }
        | Kind::ChainedInvokeStarted { input: payload, .. }
        | Kind::ChainedInvokeSucceeded { result: payload } => {
            payload.as_ref().map_or(0, Payload::len)
        }
        Kind::ExecutionFailed { error }
        | Kind::ExecutionTimedOut { error }
        | Kind::ExecutionStopped { error }
        | Kind::ContextFailed { error }
        | Kind::StepFailed { error, .. }
        | Kind::CallbackFailed { error }
        | Kind::CallbackTimedOut { error }
        | Kind::ChainedInvokeFailed { error }
        | Kind::ChainedInvokeTimedOut { error }
        | Kind::ChainedInvokeStopped { error } => error.len(),
        Kind::WaitCancelled { error } | Kind::InvocationCompleted { error, .. } => {
            error.as_ref().map_or(0, ErrorObject::len)
        }
        Kind::ContextStarted
        | Kind::StepStarted
        | Kind::WaitStarted { .. }
        | Kind::WaitSucceeded { .. }
        | Kind::CallbackStarted { .. } => 0,
    }
}
