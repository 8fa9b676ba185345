//! The state of one invocation: recorded operations, queued updates, and waiting tasks.
//!
//! Everything runs in one task, driven by [`crate::driver`]. Operations look themselves up here, enqueue updates, and
//! wait: for an acknowledgement, or, parked, for an event outside of this invocation.

#[cfg(feature = "embedded")]
use std::collections::VecDeque;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::{self, Future};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lambda_api::{
    ErrorObject, OperationAction, OperationStatus, OperationType, OperationUpdate, StepDetails,
};
use tokio::time::Instant;

use crate::abandoned::Abandoned;
use crate::checkpointer::{CheckpointQueue, Ticket};
use crate::error::{Failure, wire_type};
use crate::machine_time::MachineTime;
use crate::operation::{Operation, difference, due_at};
use crate::operation_id::OperationSpec;
use crate::plugin::Plugins;
use crate::replay_only::ReplayWatcher;
#[cfg(feature = "embedded")]
use crate::transacting::{Transacted, Transacting};

/// First poll for an operation whose end is unpredictable, such as a callback. Source: official JavaScript and Go SDKs.
const FIRST_POLL_AFTER: Duration = Duration::from_secs(1);

/// One invocation of a durable execution.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) arn: String,
    pub(crate) request_id: String,
    /// When the invocation is cut off.
    pub(crate) deadline: Option<Instant>,
    /// The task that drives the handler; durable operations make no progress in any other.
    task: Option<tokio::task::Id>,
    /// Operations that changed since an earlier invocation last showed them to the handler's code.
    pub(crate) updated: HashSet<String>,
    /// Whether anything besides the execution itself was recorded when the invocation began.
    pub(crate) has_history: bool,
    pub(crate) plugins: Plugins,
    pub(crate) time: MachineTime,
    /// The operations that earlier invocations recorded; empty if no plugin asks.
    pub(crate) known_at_start: HashSet<String>,
    /// Whether a step can be recorded together with its writes to the application's tables.
    #[cfg(feature = "embedded")]
    pub(crate) has_transactions: bool,
    /// Set where only recorded operations may begin.
    replay_only: Option<Arc<dyn ReplayWatcher>>,
    state: Mutex<State>,
}

/// The parts that are the same for every invocation of a function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) plugins: Plugins,
    pub(crate) time: MachineTime,
    /// Whether a step can be recorded together with its writes to the application's tables.
    #[cfg(feature = "embedded")]
    pub(crate) has_transactions: bool,
    /// Set where only recorded operations may begin.
    pub(crate) replay_only: Option<Arc<dyn ReplayWatcher>>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) operations: HashMap<String, Arc<Operation>>,
    pub(crate) queue: CheckpointQueue,
    /// Steps to be recorded within transactions, in order, each after the updates up to its ticket.
    #[cfg(feature = "embedded")]
    transactions: VecDeque<(Ticket, Arc<Transacting>)>,
    /// In the order in which they began to wait; they are woken in the same order.
    waiters: BTreeMap<WaiterId, Waiter>,
    next_waiter: WaiterId,
    /// Step bodies and condition checks between their first poll and their end.
    executing: usize,
    fatal: Option<ErrorObject>,
    pub(crate) abandoned: Abandoned,
}

type WaiterId = u64;

#[derive(Debug)]
struct Waiter {
    waker: Waker,
    parked: Option<Parked>,
}

#[derive(Debug)]
struct Parked {
    next_poll_at: Instant,
    fruitless_polls: u32,
}

/// The handler's state, seen from outside after it returned `Pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Idleness {
    /// Operations that wait for outside events.
    pub(crate) parked: usize,
    /// User code inside steps that has not finished.
    pub(crate) executing: usize,
    /// The SDK's own waiters that hold the handler's waker.
    pub(crate) wakers_held: usize,
}

impl Execution {
    /// Must be called in the task that will drive the handler.
    pub(crate) fn new(
        arn: String,
        request_id: String,
        deadline: Option<Instant>,
        operations: Vec<Operation>,
        updated: HashSet<String>,
        surroundings: Surroundings,
    ) -> Arc<Self> {
        let Surroundings {
            plugins,
            time,
            #[cfg(feature = "embedded")]
            has_transactions,
            replay_only,
        } = surroundings;
        let operations: HashMap<_, _> = operations
            .into_iter()
            .map(|operation| (operation.id.clone(), Arc::new(operation)))
            .collect();
        let has_history = operations
            .values()
            .any(|operation| operation.r#type != OperationType::Execution);
        let known_at_start = if plugins.is_empty() {
            HashSet::new()
        } else {
            operations.keys().cloned().collect()
        };
        Arc::new(Self {
            arn,
            request_id,
            deadline,
            task: tokio::task::try_id(),
            updated,
            has_history,
            plugins,
            time,
            known_at_start,
            #[cfg(feature = "embedded")]
            has_transactions,
            replay_only,
            state: Mutex::new(State {
                operations,
                ..State::default()
            }),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // No user code runs under the lock, so a poisoned one still holds consistent state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails in any task but the driver's: an operation there would wait forever once the handler suspends.
    pub(crate) fn check_task(&self) -> Result<(), Failure> {
        if tokio::task::try_id() == self.task {
            return Ok(());
        }
        Err(Failure::invalid(
            "durable operations must be awaited in the handler's own task: \
             use parallel, map or join! instead of tokio::spawn",
        ))
    }

    /// Whether the handler has not seen the outcome of this operation yet.
    pub(crate) fn is_news(&self, operation: &Operation) -> bool {
        self.updated.contains(&operation.id)
    }

    /// The record under the id, without comparing it with the program's operation.
    pub(crate) fn recorded(&self, spec: &OperationSpec) -> Option<Arc<Operation>> {
        self.state().operations.get(spec.id().as_str()).cloned()
    }

    /// The record of the operation that the program describes with `spec`.
    ///
    /// If another operation is recorded in its place, the execution fails, and this never returns.
    pub(crate) async fn look_up(&self, spec: &OperationSpec) -> Option<Arc<Operation>> {
        let recorded = self.recorded(spec);
        if let Some(watcher) = &self.replay_only {
            watcher.called(spec.id().as_str());
            if recorded.is_none() {
                let parent_id = spec.parent_id.as_ref().map(|id| id.as_str());
                watcher.not_recorded(&spec.to_string(), parent_id);
                // Other branches go on with their own records.
                return self.wait_for_good().await;
            }
        }
        if let Some(operation) = &recorded
            && let Some(difference) = difference(spec, operation)
        {
            return self
                .fail_execution(format!("operation {spec}: {difference}"))
                .await;
        }
        recorded
    }

    /// Ends the execution because its code does not repeat its history. User code cannot catch it.
    pub(crate) async fn fail_execution<T>(&self, what: String) -> T {
        let hint = self.state().abandoned.hint();
        let message = format!(
            "{what}; the code must call the same operations in the same order in every invocation{hint}"
        );
        self.end_with(wire_type::NON_DETERMINISTIC, message).await
    }

    /// Waits forever: once nothing else can be done, the handler is dropped here.
    async fn wait_for_good<T>(&self) -> T {
        Wait {
            execution: self,
            waiter: None,
            park_until: Some(Instant::now() + FIRST_POLL_AFTER),
            ready: |_: &State| None,
        }
        .await
    }

    /// Ends the invocation with this error, unless it ends already. User code cannot catch it.
    async fn end_with<T>(&self, error_type: &str, message: String) -> T {
        self.state().fatal.get_or_insert_with(|| ErrorObject {
            error_type: Some(error_type.to_owned()),
            error_message: Some(message),
            ..ErrorObject::default()
        });
        future::pending().await
    }

    /// Drops operations whose outcome cannot matter any more, without a warning.
    pub(crate) fn discard<T>(&self, operations: T) {
        self.state().abandoned.discarding += 1;
        drop(operations);
        self.state().abandoned.discarding -= 1;
    }

    /// Warns of abandoned operations that can make a later invocation take another path than this one.
    pub(crate) fn warn_of_abandoned(&self) {
        let state = self.state();
        /// A loop may abandon one in every turn, all for the same reason.
        const WARNINGS_MAX: usize = 5;
        let warnings = state.abandoned.warnings(&state.operations);
        for warning in warnings.take(WARNINGS_MAX) {
            tracing::warn!(
                executionArn = self.arn,
                requestId = self.request_id,
                "{warning}"
            );
        }
    }

    /// Records without waiting.
    pub(crate) fn enqueue(&self, update: OperationUpdate) -> Ticket {
        self.state().queue.enqueue(update, Instant::now())
    }

    /// Records, and returns when the service has the update.
    pub(crate) async fn record(&self, update: OperationUpdate) {
        let ticket = self.enqueue(update);
        self.acknowledged(ticket).await;
    }

    /// Lets the service run and record a step's body within one of its transactions.
    #[cfg(feature = "embedded")]
    pub(crate) async fn transact(&self, transacting: Arc<Transacting>) -> Transacted {
        {
            let mut state = self.state();
            let before = state.queue.demand_all();
            let queued = (before, Arc::clone(&transacting));
            state.transactions.push_back(queued);
        }
        Wait {
            execution: self,
            waiter: None,
            park_until: None,
            ready: |_: &State| transacting.outcome(),
        }
        .await
    }

    /// Returns when the service has all updates up to `ticket`.
    pub(crate) async fn acknowledged(&self, ticket: Ticket) {
        self.state().queue.demand(ticket);
        Wait {
            execution: self,
            waiter: None,
            park_until: None,
            ready: |state: &State| state.queue.is_acknowledged(ticket).then_some(()),
        }
        .await;
    }

    /// Waits until the recorded operation is no longer in the state that `blocked` describes.
    ///
    /// When nothing else can be done the handler is dropped here and the invocation ends as `PENDING`.
    pub(crate) async fn park(
        &self,
        spec: &OperationSpec,
        blocked: fn(&Operation) -> bool,
    ) -> Arc<Operation> {
        let due = self
            .recorded(spec)
            .and_then(|operation| due_at(&operation))
            .map_or(FIRST_POLL_AFTER, |due| {
                Duration::from_millis(
                    due.0
                        .saturating_sub(self.time.now_millis())
                        .try_into()
                        .unwrap_or(0),
                )
            });
        Wait {
            execution: self,
            waiter: None,
            park_until: Some(Instant::now() + due),
            ready: |state: &State| {
                let operation = state.operations.get(spec.id().as_str())?;
                (!blocked(operation)).then(|| Arc::clone(operation))
            },
        }
        .await
    }

    /// Counts user code as executing until the guard is dropped.
    pub(crate) fn executing(&self) -> Executing<'_> {
        self.state().executing += 1;
        Executing(self)
    }

    pub(crate) fn remaining_time(&self) -> Option<Duration> {
        Some(self.deadline?.saturating_duration_since(Instant::now()))
    }
}

impl State {
    /// The next step to be recorded within a transaction, once everything before it is recorded.
    #[cfg(feature = "embedded")]
    pub(crate) fn next_transaction(&mut self) -> Option<Arc<Transacting>> {
        let (before, _) = self.transactions.front()?;
        if !self.queue.is_acknowledged(*before) {
            return None;
        }
        self.transactions.pop_front().map(|(_, next)| next)
    }

    /// Applies the changes that the service reports, and wakes the waiting tasks.
    pub(crate) fn merge(&mut self, operations: Vec<Operation>) {
        for operation in operations {
            self.operations
                .insert(operation.id.clone(), Arc::new(operation));
        }
        for waiter in self.waiters.values() {
            waiter.waker.wake_by_ref();
        }
    }

    /// Applies the effect of an accepted update, so that the SDK does not depend on the service echoing it.
    pub(crate) fn apply(&mut self, update: &OperationUpdate) {
        let known = self.operations.get(&update.id);
        let status = match update.action {
            OperationAction::Start => OperationStatus::Started,
            OperationAction::Succeed => OperationStatus::Succeeded,
            OperationAction::Fail => OperationStatus::Failed,
            OperationAction::Retry => OperationStatus::Pending,
            OperationAction::Cancel => OperationStatus::Cancelled,
            OperationAction::Unknown(_) => return,
        };
        let mut operation = known.map_or_else(
            || Operation {
                id: update.id.clone(),
                parent_id: update.parent_id.clone(),
                name: update.name.clone(),
                r#type: update.r#type.clone(),
                sub_type: update.sub_type.clone(),
                ..Operation::default()
            },
            |operation| Operation::clone(operation),
        );
        operation.status = status;
        if update.action == OperationAction::Retry {
            let finished = operation
                .step_details
                .as_ref()
                .and_then(|details| details.attempt);
            operation.step_details = Some(StepDetails {
                attempt: Some(finished.unwrap_or(0) + 1),
                next_attempt_timestamp: None,
                result: update.payload.clone(),
                error: update.error.clone(),
            });
        }
        self.operations
            .insert(update.id.clone(), Arc::new(operation));
    }

    pub(crate) fn fatal(&self) -> Option<&ErrorObject> {
        self.fatal.as_ref()
    }

    pub(crate) fn idleness(&self, handler_waker: &Waker) -> Idleness {
        Idleness {
            parked: self.waiters.values().filter(|w| w.parked.is_some()).count(),
            executing: self.executing,
            wakers_held: self
                .waiters
                .values()
                .filter(|waiter| waiter.waker.will_wake(handler_waker))
                .count(),
        }
    }

    /// The wakers of waiters that are not the handler's: they belong to combinators, which wake the handler in turn.
    pub(crate) fn wakers_inside_combinators(&self, handler_waker: &Waker) -> Vec<Waker> {
        let waiters = self.waiters.values();
        let inside = waiters.filter(|waiter| !waiter.waker.will_wake(handler_waker));
        inside.map(|waiter| waiter.waker.clone()).collect()
    }

    /// When the service should be asked whether a parked operation can go on.
    pub(crate) fn next_poll_at(&self) -> Option<Instant> {
        self.waiters
            .values()
            .filter_map(|waiter| waiter.parked.as_ref())
            .map(|parked| parked.next_poll_at)
            .min()
    }

    /// Called after a poll of the service: tasks that are still parked poll later. Source of the delays: official
    /// JavaScript and Go SDKs.
    pub(crate) fn postpone_polls(&mut self, now: Instant) {
        const PATIENT_FROM_POLL: u32 = 96;
        for waiter in self.waiters.values_mut() {
            let Some(parked) = &mut waiter.parked else {
                continue;
            };
            if parked.next_poll_at > now {
                continue;
            }
            parked.fruitless_polls += 1;
            let seconds = match parked.fruitless_polls {
                polls if polls < PATIENT_FROM_POLL => polls.min(10),
                _ => 60,
            };
            parked.next_poll_at = now + Duration::from_secs(seconds.into());
        }
    }
}

/// See [`Execution::executing`].
#[derive(Debug)]
pub(crate) struct Executing<'a>(&'a Execution);

impl Drop for Executing<'_> {
    fn drop(&mut self) {
        self.0.state().executing -= 1;
    }
}

/// Waits until `ready` returns a value. Dropping it is harmless.
struct Wait<'a, F> {
    execution: &'a Execution,
    waiter: Option<WaiterId>,
    park_until: Option<Instant>,
    ready: F,
}

impl<T, F: FnMut(&State) -> Option<T> + Unpin> Future for Wait<'_, F> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        let mut state = this.execution.state();
        if let Some(found) = (this.ready)(&state) {
            return Poll::Ready(found);
        }
        let id = *this.waiter.get_or_insert_with(|| {
            state.next_waiter += 1;
            state.next_waiter
        });
        match state.waiters.get_mut(&id) {
            Some(waiter) => waiter.waker.clone_from(context.waker()),
            None => {
                let parked = this.park_until.map(|next_poll_at| Parked {
                    next_poll_at,
                    fruitless_polls: 0,
                });
                let waker = context.waker().clone();
                state.waiters.insert(id, Waiter { waker, parked });
            }
        }
        Poll::Pending
    }
}

impl<F> Drop for Wait<'_, F> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter {
            self.execution.state().waiters.remove(&waiter);
        }
    }
}
