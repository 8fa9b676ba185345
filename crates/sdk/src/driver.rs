//! Runs the handler until it ends, fails, or can do nothing more, and makes the checkpoint calls meanwhile.
//!
//! One future does all of this: it polls the call in flight, then the handler, then decides. Nothing is spawned, so
//! dropping it, or the handler inside it, leaves nothing behind.
//!
//! **Suspension.** The handler is dropped, and the invocation answered with `PENDING`, when it is *quiescent*: its
//! poll returned `Pending`, at least one operation is parked on an outside event, no update is queued or in flight,
//! no step body is running, and nothing else can wake it, as seen on its [waker](HandlerWaker). Work of the handler's
//! own beside a parked operation goes on until it ends or the deadline nears, and is dropped only then. Combinators
//! that keep a waker although all their operations are parked are given [`COMBINATOR_GRACE`] to make progress: the
//! driver cannot see whether they contain other work. Dropping loses nothing: replay repeats all unrecorded work.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lambda_api::ErrorObject;
use tokio::time::{Instant, Sleep};

use crate::execution::{Execution, State};
use crate::handler_waker::HandlerWaker;
use crate::service::{DurableServiceClient, ServiceError};
use crate::service_call::{CallResult, checkpoint};

/// How long a handler that holds wakers only in combinators around parked operations is not woken before it is
/// suspended.
const COMBINATOR_GRACE: Duration = Duration::from_secs(1);

/// The driver does not poll the service this close to the deadline: the answer might come too late to act on. Source:
/// official SDKs.
/// Work of the handler's own is given up then, because the invocation's answer must be on its way by the deadline.
const DEADLINE_RESERVE: Duration = Duration::from_secs(1);

/// How long work of the handler's own beside a parked operation may take in an invocation without a deadline.
/// Source: Lambda quotas page, longest function timeout.
const OWN_WORK_MAX: Duration = Duration::from_secs(15 * 60);

/// Polls of the handler that one look at combinators can cause: one, and another for each level of nested combinators,
/// because they wake themselves after having polled all their futures.
const POLLS_OF_DRIVER_MAX: usize = 4;

/// How often the driver checks whether work of the handler's own still holds a waker: the work may drop it without a
/// wake.
const OWN_WORK_CHECK: Duration = Duration::from_secs(1);

/// Turns of the loop before the driver yields to the runtime.
const TURNS_MAX: usize = 64;

/// How an invocation ended.
#[derive(Debug)]
pub(crate) enum Ending<T> {
    /// The handler came to its end and everything it did is recorded.
    Finished(T),
    /// The handler panicked.
    Panicked(Box<dyn Any + Send>),
    /// The execution goes on in another invocation.
    Suspended,
    /// The execution cannot go on, regardless of the handler.
    Fatal(ErrorObject),
    /// A call to the service failed.
    CheckpointFailed(ServiceError),
}

/// Runs `handler` to an ending.
///
/// Dropping the returned future drops the handler and the call in flight; the service then invokes again, and updates
/// that were acknowledged by then are not repeated.
pub(crate) async fn drive<T>(
    execution: &Arc<Execution>,
    client: &Arc<dyn DurableServiceClient>,
    checkpoint_token: String,
    handler: BoxFuture<'_, T>,
) -> Ending<T> {
    let began_at = Instant::now();
    let mut driver = Driver {
        execution,
        client,
        checkpoint_token,
        waker: HandlerWaker::new(),
        handler: Some(handler),
        finished: None,
        own_work_until: match execution.deadline {
            Some(deadline) => deadline.checked_sub(DEADLINE_RESERVE).unwrap_or(began_at),
            None => began_at + OWN_WORK_MAX,
        },
        last_woken_at: began_at,
        of_combinators: None,
        polls_of_driver: 0,
        call: None,
        sleep: Box::pin(tokio::time::sleep(Duration::ZERO)),
    };
    let ending = std::future::poll_fn(|context| driver.poll(context)).await;
    if matches!(ending, Ending::Suspended) {
        execution.warn_of_abandoned();
    }
    ending
}

struct Driver<'a, T> {
    execution: &'a Arc<Execution>,
    client: &'a Arc<dyn DurableServiceClient>,
    checkpoint_token: String,
    waker: HandlerWaker,
    handler: Option<BoxFuture<'a, T>>,
    finished: Option<T>,
    /// When the driver gives up work of the handler's own.
    own_work_until: Instant,
    /// When the handler was last woken, wakes by the driver's own look at combinators excepted.
    last_woken_at: Instant,
    /// How many clones of the waker combinators hold; `None` until the driver looks at them after the handler's last
    /// wake.
    of_combinators: Option<usize>,
    /// How many more polls of the handler that look can cause.
    polls_of_driver: usize,
    call: Option<BoxFuture<'static, CallResult>>,
    sleep: Pin<Box<Sleep>>,
}

impl<T> Drop for Driver<'_, T> {
    fn drop(&mut self) {
        // The handler is dropped next, with every operation inside it: these are not abandoned by user code.
        self.execution.state().abandoned.is_closing = true;
    }
}

impl<T> Driver<'_, T> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ending<T>> {
        self.waker.register_driver(context.waker());
        for _ in 0..TURNS_MAX {
            if let Some(call) = &mut self.call
                && let Poll::Ready(result) = call.as_mut().poll(context)
            {
                self.call = None;
                if let Some(ending) = self.take_over(result) {
                    return Poll::Ready(ending);
                }
            }
            if let Some(ending) = self.poll_handler() {
                return Poll::Ready(ending);
            }
            let now = Instant::now();
            if self.call.is_none() {
                if self.start_call(now) {
                    continue;
                }
                if self.execution.state().queue.is_empty()
                    && let Some(output) = self.finished.take()
                {
                    return Poll::Ready(Ending::Finished(output));
                }
            }
            match self.rest(now) {
                Rest::Suspend => return Poll::Ready(Ending::Suspended),
                Rest::UntilWoken => return Poll::Pending,
                Rest::Until(instant) => {
                    self.sleep.as_mut().reset(instant);
                    ready!(self.sleep.as_mut().poll(context));
                }
                Rest::No => {}
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_handler(&mut self) -> Option<Ending<T>> {
        let handler = self.handler.as_mut()?;
        if !self.waker.take_wake() {
            return None;
        }
        if self.polls_of_driver > 0 {
            self.polls_of_driver -= 1;
        } else {
            self.last_woken_at = Instant::now();
            self.of_combinators = None;
        }
        let mut context = Context::from_waker(self.waker.waker());
        match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(&mut context))) {
            Ok(Poll::Pending) => {
                if !self.waker.is_woken() {
                    self.polls_of_driver = 0;
                }
            }
            Ok(Poll::Ready(output)) => {
                self.handler = None;
                self.finished = Some(output);
            }
            Err(panic) => return Some(Ending::Panicked(panic)),
        }
        let fatal = self.execution.state().fatal().cloned();
        fatal.map(Ending::Fatal)
    }

    /// Starts the next call if one is due, and returns whether it did.
    fn start_call(&mut self, now: Instant) -> bool {
        let mut state = self.execution.state();
        #[cfg(feature = "embedded")]
        if self.handler.is_some()
            && let Some(transacting) = state.next_transaction()
        {
            drop(state);
            self.call = Some(Box::pin(crate::service_call::transact(
                Arc::clone(self.client),
                self.execution.arn.clone(),
                self.checkpoint_token.clone(),
                transacting,
            )));
            return true;
        }
        let send_at = state.queue.due_at(now);
        // Nothing will be added once the handler has ended.
        let send = send_at.is_some_and(|at| at <= now || self.finished.is_some());
        let poll = self.handler.is_some()
            && self.poll_at(&state).is_some_and(|at| at <= now)
            && !self.is_quiescent(&state);
        if !send && !poll {
            return false;
        }
        let batch = state.queue.take_batch();
        drop(state);
        self.call = Some(Box::pin(checkpoint(
            Arc::clone(self.client),
            self.execution.arn.clone(),
            self.checkpoint_token.clone(),
            batch,
        )));
        true
    }

    fn take_over(&mut self, result: CallResult) -> Option<Ending<T>> {
        let accepted = match result {
            Ok(accepted) => accepted,
            Err(error) => return Some(Ending::CheckpointFailed(error)),
        };
        let mut state = self.execution.state();
        let mut before = BTreeMap::new();
        if !self.execution.plugins.is_empty() {
            let updates = accepted.batch.updates.iter().map(|update| &update.id);
            let changed = accepted.operations.iter().map(|operation| &operation.id);
            let ids = updates.chain(changed).map(String::as_str);
            before = Execution::recorded_of(&state, ids);
        }
        state.queue.acknowledge();
        for update in &accepted.batch.updates {
            state.apply(update);
        }
        state.postpone_polls(Instant::now());
        state.merge(accepted.operations);
        drop(state);
        self.execution.announce(before);
        match accepted.checkpoint_token {
            Some(token) => self.checkpoint_token = token,
            None if accepted.batch.ends_execution => {}
            // The service accepts no more from this invocation, because of a pause, a stop, or a newer invocation.
            None => return Some(Ending::Suspended),
        }
        None
    }

    /// Decides the next action when no call is due and the handler was polled.
    fn rest(&mut self, now: Instant) -> Rest {
        if self.handler.is_some() && self.waker.is_woken() {
            return Rest::No;
        }
        if self.call.is_some() {
            return Rest::UntilWoken;
        }
        let state = self.execution.state();
        if self.is_quiescent(&state) {
            return Rest::Suspend;
        }
        let mut wake_at = state.queue.due_at(now);
        let mut at_latest = |at: Instant| wake_at = Some(wake_at.map_or(at, |other| other.min(at)));
        if let Some(poll_at) = self.poll_at(&state) {
            at_latest(poll_at);
        }
        if let Some(held) = self.held_while_parked(&state) {
            let Some(of_combinators) = self.of_combinators else {
                let wakers = state.wakers_inside_combinators(self.waker.waker());
                drop(state);
                self.of_combinators = Some(if wakers.is_empty() {
                    0
                } else {
                    self.polls_of_driver = POLLS_OF_DRIVER_MAX;
                    self.waker.clones_of_combinators(wakers)
                });
                return Rest::No;
            };
            let has_own_work = held > of_combinators;
            let give_up_at = if has_own_work {
                at_latest(now + OWN_WORK_CHECK);
                self.own_work_until
            } else {
                self.last_woken_at + COMBINATOR_GRACE
            };
            if give_up_at <= now {
                if has_own_work {
                    tracing::warn!(
                        "the handler still waits for something that is not a durable operation, but the invocation's deadline is near: the invocation is suspended, and what the handler waited for is dropped"
                    );
                }
                return Rest::Suspend;
            }
            at_latest(give_up_at);
        }
        wake_at.map_or(Rest::UntilWoken, Rest::Until)
    }

    fn is_quiescent(&self, state: &State) -> bool {
        self.held_while_parked(state) == Some(0) && !self.waker.is_woken()
    }

    /// How many clones of the handler's waker do not belong to operations; `None` if something else prevents
    /// suspension.
    fn held_while_parked(&self, state: &State) -> Option<usize> {
        if self.handler.is_none() || self.call.is_some() || !state.queue.is_empty() {
            return None;
        }
        let idleness = state.idleness(self.waker.waker());
        if idleness.parked == 0 || idleness.executing > 0 {
            return None;
        }
        Some(self.waker.clones().saturating_sub(idleness.wakers_held))
    }

    fn poll_at(&self, state: &State) -> Option<Instant> {
        let poll_at = state.next_poll_at()?;
        match self.execution.deadline {
            Some(deadline) if poll_at + DEADLINE_RESERVE > deadline => None,
            _ => Some(poll_at),
        }
    }
}

enum Rest {
    No,
    Until(Instant),
    UntilWoken,
    Suspend,
}
