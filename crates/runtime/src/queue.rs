//! Asynchronous invocations of plain functions: accepted durably, run in their turn, tried again as their
//! policy says, kept as a dead letter when given up.
//!
//! Their payloads wait in the store: in memory there is an id for each.

use model::{ErrorObject, Shards, Timestamp};
use store::{
    AsyncInvocation, AsyncInvocationId, DeadLetter, QueuedInvocation, ScheduleMark, StoreFault,
};
use thiserror::Error;

use crate::dispatch::{Held, lane_of};
use crate::lanes::{LaneKey, Purpose, Turn};
use crate::queue_gauge::QUEUED_MAX;
use crate::to_the_end::ToTheEnd;
use crate::{
    Destination, Driver, EndedInvocation, PlainInvocation, PlainOutcome, StartError, StartRequest,
};

/// Rows read at once.
const PAGE: usize = 1_024;

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
        let Some(counted) = self.inner.queue.enter() else {
            return Err(EnqueueError::QueueFull(QUEUED_MAX));
        };
        let driver = self.clone();
        let at_work = self.inner.clock.work();
        let task = self.inner.tasks.spawn(async move {
            let _at_work = at_work;
            let store = &driver.inner.store;
            let id = match mark {
                None => store.enqueue(invocation.clone()).await?,
                Some(mark) => store.enqueue_scheduled(invocation.clone(), mark).await?,
            };
            counted.keep();
            driver.note_accepted(id, &invocation);
            let key = lane_of(&invocation.function, &invocation.version);
            if let Some(held) = driver.ask_for_turn(key, Turn::Queued(id), Purpose::Begin) {
                let runner = driver.clone();
                driver.spawn(async move { runner.run_queued(held, id, invocation).await });
            }
            Ok(())
        });
        match task.await {
            Ok(result) => result,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// How many accepted asynchronous invocations are not done.
    pub fn queued_count(&self) -> usize {
        self.inner.queue.count()
    }

    /// After an invocation is in the store: a server that takes its shard over from here on finds it there.
    fn note_accepted(&self, id: AsyncInvocationId, invocation: &AsyncInvocation) {
        if !self.inner.territory.drives(invocation.request_id.shard()) {
            self.inner.queue.guests().insert(id);
        }
    }

    /// Whether an accepted invocation is for this server to run.
    fn runs_here(&self, id: AsyncInvocationId, invocation: &AsyncInvocation) -> bool {
        let drives = self.inner.territory.drives(invocation.request_id.shard());
        drives || self.inner.queue.guests().contains(&id)
    }

    /// Takes up the invocations that earlier runs, and other servers, accepted in these shards.
    pub(crate) async fn recover_queue(&self, of: Shards) {
        let mut after = None;
        loop {
            let page = self
                .until_it_works("read accepted asynchronous invocations", || {
                    self.inner.store.queued(of, after, PAGE)
                })
                .await
                .unwrap_or_default();
            let Some(last) = page.last() else { return };
            after = Some(last.id);
            for queued in page {
                self.take_up_queued(queued);
            }
        }
    }

    /// One that this run has accepted itself meanwhile has its turn already.
    fn take_up_queued(&self, queued: QueuedInvocation) {
        let id = queued.id;
        let key = lane_of(&queued.function, &queued.version);
        if self.inner.lanes.has(&Turn::Queued(id)) {
            return;
        }
        self.inner.queue.take_up();
        self.run_at(key, id, queued.not_before);
    }

    /// Asks for a turn once it is time.
    fn run_at(&self, key: LaneKey, id: AsyncInvocationId, not_before: Timestamp) {
        let wait = not_before.since(self.inner.clock.now());
        let driver = self.clone();
        if wait.is_zero() {
            if let Some(held) = self.ask_for_turn(key, Turn::Queued(id), Purpose::Begin) {
                self.spawn(async move { driver.take_queued_turn(held, id).await });
            }
            return;
        }
        self.spawn(async move {
            driver.inner.clock.until_due(not_before).await;
            driver.run_at(key, id, not_before);
        });
    }

    pub(crate) async fn take_queued_turn(&self, held: Held, id: AsyncInvocationId) {
        let read = self
            .until_it_works("read an accepted asynchronous invocation", || {
                self.inner.store.queued_invocation(id)
            })
            .await;
        match read {
            Some(Some(invocation)) if self.runs_here(id, &invocation) => {
                self.run_queued(held, id, invocation).await;
            }
            // It is done, or another server's.
            Some(_) => self.inner.queue.done(id),
            None => {}
        }
    }

    async fn run_queued(&self, mut held: Held, id: AsyncInvocationId, queued: AsyncInvocation) {
        let expired = self.expires_at(&queued) < self.inner.clock.now();
        if expired {
            held.leave_lane();
            let error = ErrorObject::new(
                "EventAgeExceeded",
                "The event was older than the function allows before its turn came.",
            );
            return self
                .end_queued(id, queued, None, Some(GivenUp::too_old(error)))
                .await;
        }
        let outcome = self.inner.runner.invoke_plain(plain(&queued)).await;
        let error = match &outcome {
            PlainOutcome::Succeeded(_) => None,
            PlainOutcome::Throttled(_) => return held.put_back(),
            PlainOutcome::FunctionError { error, .. } | PlainOutcome::Unavailable(error) => {
                Some(error.clone())
            }
        };
        held.leave_lane();
        self.to_the_end(|driver| async move {
            match error {
                None => driver.end_queued(id, queued, Some(outcome), None).await,
                Some(error) => driver.failed(id, queued, outcome, error).await,
            }
        })
        .await;
    }

    /// Records a function's outcome, also when a shutdown begins meanwhile: otherwise it would be invoked again.
    async fn to_the_end<F: Future<Output = ()> + Send + 'static>(
        &self,
        record: impl FnOnce(Self) -> F,
    ) {
        ToTheEnd::of(&self.inner.tasks, record(self.clone())).await;
    }

    /// Checked again each time: the function's configuration may have changed.
    fn expires_at(&self, queued: &AsyncInvocation) -> Timestamp {
        let policy = self.inner.runner.retry_policy(queued);
        queued
            .accepted_at
            .plus_seconds(policy.event_age_seconds_max)
    }

    async fn failed(
        &self,
        id: AsyncInvocationId,
        mut queued: AsyncInvocation,
        outcome: PlainOutcome,
        error: ErrorObject,
    ) {
        let policy = self.inner.runner.retry_policy(&queued);
        queued.attempts += 1;
        if queued.attempts > policy.retries_max {
            let given_up = GivenUp {
                condition: "RetriesExhausted",
                error,
            };
            return self
                .end_queued(id, queued, Some(outcome), Some(given_up))
                .await;
        }
        queued.not_before = retry_at(self.inner.clock.now(), queued.attempts);
        if queued.not_before > self.expires_at(&queued) {
            let given_up = GivenUp::too_old(error);
            return self
                .end_queued(id, queued, Some(outcome), Some(given_up))
                .await;
        }
        let (function, request) = (&queued.function, &queued.request_id);
        tracing::warn!(%function, invocation = %request, %error, "failed; will be tried again");
        let (attempts, not_before) = (queued.attempts, queued.not_before);
        self.until_it_works("record a failed attempt", || {
            self.inner.store.postpone(id, attempts, not_before)
        })
        .await;
        let key = lane_of(&queued.function, &queued.version);
        self.run_at(key, id, not_before);
    }

    /// Records the end. While the store fails it tries again: a restart would invoke it once more.
    async fn end_queued(
        &self,
        id: AsyncInvocationId,
        queued: AsyncInvocation,
        outcome: Option<PlainOutcome>,
        given_up: Option<GivenUp>,
    ) {
        // First, so that it is never forgotten; the server may die between the two, and say it twice.
        let destination = self.inner.runner.destination(EndedInvocation {
            invocation: &queued,
            condition: given_up.as_ref().map_or("Success", |it| it.condition),
            outcome: outcome.as_ref(),
            at: self.inner.clock.now(),
        });
        if let Some(destination) = destination
            && !self.tell(destination).await
        {
            // It stays accepted: the next run invokes it again, and tells then.
            return;
        }
        let letter = given_up.map(|given_up| self.dead_letter(queued, given_up));
        let ended = self
            .until_it_works(
                "record the end of an asynchronous invocation",
                || match &letter {
                    None => self.inner.store.dequeue(id),
                    Some(letter) => self.inner.store.bury(id, letter.clone()),
                },
            )
            .await;
        if ended.is_some() {
            self.inner.queue.done(id);
        }
    }

    /// Hands on the record of an ended invocation, durably; says whether it did. Only a shutdown keeps it from it.
    async fn tell(&self, destination: Destination) -> bool {
        match destination {
            Destination::Plain(invocation) => {
                let accepted = self
                    .until_it_works("accept the record of an ended invocation", || {
                        self.inner.store.enqueue((*invocation).clone())
                    })
                    .await;
                let Some(id) = accepted else { return false };
                self.inner.queue.take_up();
                self.note_accepted(id, &invocation);
                let key = lane_of(&invocation.function, &invocation.version);
                self.run_at(key, id, invocation.not_before);
                true
            }
            Destination::Durable(start) => self
                .until_it_works(
                    "start an execution with the record of an ended invocation",
                    || self.start_once((*start).clone()),
                )
                .await
                .is_some(),
        }
    }

    /// Starts an execution, unless an earlier try has.
    async fn start_once(&self, start: StartRequest) -> Result<(), StartError> {
        match self.start_here(start).await {
            Ok(_) | Err(StartError::AlreadyStarted(_)) => Ok(()),
            Err(error) => Err(error),
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

/// One minute after the first failure, two after the second.
/// Source: Lambda developer guide, "Error handling for asynchronous invocations".
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
        tenure: None,
    }
}
