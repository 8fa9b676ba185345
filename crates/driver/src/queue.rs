//! Asynchronous invocations of plain functions: accepted durably, tried again as their policy says,
//! kept as a dead letter when given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use model::{ErrorObject, Timestamp};
use store::{AsyncInvocation, AsyncInvocationId, DeadLetter, ScheduleMark, StoreFault};
use thiserror::Error;

use crate::{Driver, PlainInvocation, PlainOutcome};

/// Accepted invocations that are in memory at once. One more is refused: whoever floods the queue
/// is told so while the store still answers.
const QUEUED_MAX: usize = 10_000;

/// Longest pause before a throttled invocation is tried again, doubling; room ends it sooner.
/// Source: Lambda developer guide, "Error handling for asynchronous invocations": "from 1 second up
/// to 5 minutes".
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);
const THROTTLE_PAUSE_MAX: Duration = Duration::from_secs(300);

/// Why an asynchronous invocation was not accepted.
#[derive(Debug, Error)]
pub enum EnqueueError {
    /// Too many are waiting.
    #[error("{0} asynchronous invocations are waiting already")]
    QueueFull(usize),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] StoreFault),
    /// The driver is shutting down.
    #[error("the service is shutting down")]
    ShuttingDown,
}

/// Counts accepted invocations that are not done.
#[derive(Debug, Default)]
pub(crate) struct QueueGauge(Arc<AtomicUsize>);

struct Queued(Arc<AtomicUsize>);

impl QueueGauge {
    fn enter(&self) -> Option<Queued> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        let queued = Queued(Arc::clone(&self.0));
        (before < QUEUED_MAX).then_some(queued)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Driver {
    /// Accepts an asynchronous invocation; when this returns `Ok`, it is durable and will be tried,
    /// at least once, even if this server dies.
    ///
    /// # Errors
    /// See [`EnqueueError`].
    pub async fn enqueue(&self, invocation: AsyncInvocation) -> Result<(), EnqueueError> {
        self.accept(invocation, None).await
    }

    /// As [`Driver::enqueue`] for an occurrence of a schedule, whose mark becomes durable with it.
    ///
    /// # Errors
    /// See [`EnqueueError`].
    pub async fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> Result<(), EnqueueError> {
        self.accept(invocation, Some(mark)).await
    }

    async fn accept(
        &self,
        invocation: AsyncInvocation,
        mark: Option<ScheduleMark>,
    ) -> Result<(), EnqueueError> {
        if self.inner.tasks.is_closed() {
            return Err(EnqueueError::ShuttingDown);
        }
        let Some(queued) = self.inner.queue.enter() else {
            return Err(EnqueueError::QueueFull(QUEUED_MAX));
        };
        let driver = self.clone();
        let task = self.inner.tasks.spawn(async move {
            let store = &driver.inner.store;
            let id = match mark {
                None => store.enqueue(invocation.clone()).await?,
                Some(mark) => store.enqueue_scheduled(invocation.clone(), mark).await?,
            };
            driver.spawn_queued(id, invocation, queued);
            Ok(())
        });
        match task.await {
            Ok(result) => result,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// Takes up what an earlier server accepted. Those are never refused.
    pub(crate) fn resume_queued(&self, id: AsyncInvocationId, invocation: AsyncInvocation) {
        self.inner.queue.0.fetch_add(1, Ordering::Relaxed);
        self.spawn_queued(id, invocation, Queued(Arc::clone(&self.inner.queue.0)));
    }

    fn spawn_queued(&self, id: AsyncInvocationId, invocation: AsyncInvocation, queued: Queued) {
        let driver = self.clone();
        self.spawn(async move {
            driver.run_queued(id, invocation).await;
            drop(queued);
        });
    }

    async fn run_queued(&self, id: AsyncInvocationId, mut queued: AsyncInvocation) {
        let ended = match self.try_queued(id, &mut queued).await {
            None => self.inner.store.dequeue(id).await,
            Some(given_up) => {
                let letter = self.dead_letter(queued, given_up);
                self.inner.store.bury(id, letter).await
            }
        };
        if let Err(fault) = ended {
            let error = &fault as &dyn std::error::Error;
            tracing::error!(
                error,
                "failed to record the end; a restart will invoke it again"
            );
        }
    }

    /// Tries until it succeeds (none) or is to be given up.
    async fn try_queued(
        &self,
        id: AsyncInvocationId,
        queued: &mut AsyncInvocation,
    ) -> Option<GivenUp> {
        let mut throttle_pause = THROTTLE_PAUSE;
        loop {
            let wait = queued.not_before.since(self.inner.clock.now());
            if !wait.is_zero() {
                self.inner.clock.sleep(wait).await;
            }
            let outcome = self.inner.invoker.invoke_plain(plain(queued)).await;
            // Asked after each try: the function may have been configured meanwhile.
            let policy = self.inner.invoker.retry_policy(queued);
            let expires_at = queued
                .accepted_at
                .plus_seconds(policy.event_age_seconds_max);
            let error = match outcome {
                PlainOutcome::Succeeded(_) => return None,
                PlainOutcome::Throttled(error) => {
                    if self.inner.clock.now() + throttle_pause > expires_at {
                        return Some(GivenUp::too_old(error));
                    }
                    tokio::select! {
                        biased;
                        () = self.inner.invoker.wait_for_room(&queued.function) => {}
                        () = async { self.inner.clock.sleep(throttle_pause).await } => {}
                    }
                    throttle_pause = (throttle_pause * 2).min(THROTTLE_PAUSE_MAX);
                    continue;
                }
                PlainOutcome::FunctionError { error, .. } | PlainOutcome::Unavailable(error) => {
                    error
                }
            };
            queued.attempts += 1;
            if queued.attempts > policy.retries_max {
                return Some(GivenUp {
                    condition: "RetriesExhausted",
                    error,
                });
            }
            queued.not_before = retry_at(self.inner.clock.now(), queued.attempts);
            if queued.not_before > expires_at {
                return Some(GivenUp::too_old(error));
            }
            let (function, request) = (&queued.function, &queued.request_id);
            tracing::warn!(%function, invocation = %request, ?error, "failed; will be tried again");
            if let Err(fault) = self
                .inner
                .store
                .postpone(id, queued.attempts, queued.not_before)
                .await
            {
                // The stored row still says "due": after a crash it is tried sooner, not lost.
                let error = &fault as &dyn std::error::Error;
                tracing::error!(error, "failed to record the attempt");
            }
        }
    }

    fn dead_letter(&self, invocation: AsyncInvocation, given_up: GivenUp) -> DeadLetter {
        let GivenUp { condition, error } = given_up;
        tracing::error!(
            function = %invocation.function,
            invocation = %invocation.request_id,
            attempts = invocation.attempts,
            condition,
            ?error,
            "gave an asynchronous invocation up; it is kept as a dead letter"
        );
        DeadLetter {
            invocation,
            buried_at: self.inner.clock.now(),
            condition: condition.to_owned(),
            error: Some(error),
        }
    }
}

/// Why an invocation is not tried again. The conditions are those of Lambda's destination records.
struct GivenUp {
    condition: &'static str,
    error: ErrorObject,
}

impl GivenUp {
    const fn too_old(error: ErrorObject) -> Self {
        Self {
            condition: "EventAgeExceeded",
            error,
        }
    }
}

/// One minute after the first failure, two after the second (same source).
fn retry_at(now: Timestamp, attempts: u32) -> Timestamp {
    now.plus_seconds(60 * attempts)
}

fn plain(queued: &AsyncInvocation) -> PlainInvocation {
    PlainInvocation {
        request_id: queued.request_id.clone(),
        function: queued.function.clone(),
        version: queued.version.clone(),
        invoked_arn: queued.invoked_arn.clone(),
        payload: queued.payload.clone(),
        client_context: queued.client_context.clone(),
        trace_header: queued.trace_header.clone(),
        tenant_id: queued.tenant_id.clone(),
    }
}
