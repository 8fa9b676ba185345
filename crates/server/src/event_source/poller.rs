//! Reads one queue, for as long as its mapping stays as it is.

use std::sync::Arc;
use std::time::Duration;

use model::{EventSource, EventSourceKind, FunctionName};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::event::{event, filtered, record};
use super::hidden::Hidden;
use crate::api::Target;
use crate::app::App;
use crate::elsewhere::{CallError, ENTRIES_MAX, Message, Queue, queue_of_arn};
use crate::functions::{EventFilter, EventSourceMapping};

/// Concurrent invocations where the mapping names no number: Lambda begins with as many.
/// Source: Lambda developer guide, "Configuring scaling behavior for SQS event source mappings", read 2026-11-28.
const CONCURRENCY: usize = 5;

/// The longest poll that SQS has.
const POLL_SECONDS: u64 = 20;

/// Largest event (Lambda quotas page, read 2026-11).
const EVENT_BYTES_MAX: usize = 6 * 1024 * 1024;

/// The pause after an obstacle: doubled each time.
const BACK_OFF: Duration = Duration::from_millis(500);
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// A queue's address and visibility timeout are looked up again after this time.
const LOOKED_UP_EVERY: Duration = Duration::from_secs(300);

/// In AWS's words.
const NOTHING_YET: &str = "No records processed";

/// A message that is part of a batch.
pub(super) struct Taken {
    pub message: Message,
    pub record: Box<RawValue>,
    /// The message is hidden from then on.
    pub received_at: Instant,
}

pub(super) struct Poller {
    app: Arc<App>,
    function: FunctionName,
    mapping: EventSourceMapping,
    stop: CancellationToken,
    filters: Vec<EventFilter>,
    /// Messages that did not fit into the last batch.
    left: Vec<Taken>,
    /// The obstacle that was logged last.
    said: Option<String>,
    /// Whether the last attempt read something.
    is_read: bool,
}

/// Why nothing was read.
enum Obstacle {
    /// Logged once, and tried again.
    Problem(String),
    /// The same, with the network's own text, which counts as one reason.
    NoAnswer(String),
    Stopped,
}

impl From<CallError> for Obstacle {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Unreachable(problem) => Self::NoAnswer(problem),
            other => Self::Problem(other.to_string()),
        }
    }
}

impl Poller {
    pub fn new(
        app: Arc<App>,
        function: FunctionName,
        mapping: EventSourceMapping,
        stop: CancellationToken,
    ) -> Self {
        let filters = mapping.filters.iter();
        // The patterns were checked when the mapping was made.
        let filters = filters.filter_map(|text| EventFilter::parse(text).ok());
        Self {
            filters: filters.collect(),
            app,
            function,
            mapping,
            stop,
            left: Vec::new(),
            said: None,
            is_read: false,
        }
    }

    /// Reads until it is told to stop, and returns when the batches at work are done.
    pub async fn run(mut self) {
        let most = self.mapping.concurrency_max.map(|most| most as usize);
        let most = most.unwrap_or(CONCURRENCY);
        let places = Arc::new(Semaphore::new(most));
        let mut pause = BACK_OFF;
        while !self.stop.is_cancelled() {
            match self.read(&places).await {
                Ok(()) => {}
                Err(Obstacle::Stopped) => break,
                Err(obstacle) => {
                    if self.is_read {
                        pause = BACK_OFF;
                    }
                    self.is_read = false;
                    self.say(obstacle);
                    tokio::select! {
                        () = sleep(pause) => pause = (pause * 2).min(BACK_OFF_MAX),
                        () = self.stop.cancelled() => {}
                    }
                }
            }
        }
        let all = u32::try_from(most).unwrap_or(u32::MAX);
        let _all_done = places.acquire_many(all).await;
    }

    /// Says why the queue is not read, once for each reason.
    fn say(&mut self, obstacle: Obstacle) {
        let (problem, reason) = match obstacle {
            Obstacle::Problem(problem) => (problem.clone(), problem),
            Obstacle::NoAnswer(problem) => (
                format!("there is no answer ({problem})"),
                "no answer".to_owned(),
            ),
            Obstacle::Stopped => return,
        };
        let (queue, function) = (&self.mapping.queue_arn, &self.function);
        if self.said.as_ref() != Some(&reason) {
            tracing::warn!(%queue, %function, "the queue is not read: {problem}; trying again");
        }
        let states = &self.app.registry.event_source_states;
        states.set_result(&self.mapping.uuid, format!("PROBLEM: {problem}"));
        self.said = Some(reason);
    }

    fn note_read(&mut self) {
        if self.said.take().is_some() {
            let (queue, function) = (&self.mapping.queue_arn, &self.function);
            tracing::info!(%queue, %function, "the queue is read again");
            let states = &self.app.registry.event_source_states;
            states.set_result(&self.mapping.uuid, NOTHING_YET.to_owned());
        }
        self.is_read = true;
    }

    /// Reads until an obstacle comes, or the queue should be looked up anew: it may be another one.
    async fn read(&mut self, places: &Arc<Semaphore>) -> Result<(), Obstacle> {
        let app = Arc::clone(&self.app);
        let stop = self.stop.clone();
        let looked_up = async {
            self.target()?;
            let queue = Queue::find(&app.aws, &self.mapping.queue_arn).await?;
            let hidden_for = queue.visibility_timeout(&app.aws).await?;
            Ok::<_, Obstacle>((queue, hidden_for))
        };
        let (queue, hidden_for) = tokio::select! {
            found = looked_up => found?,
            () = stop.cancelled() => return Err(Obstacle::Stopped),
        };
        let look_up_at = Instant::now() + LOOKED_UP_EVERY;
        while Instant::now() < look_up_at {
            let place = tokio::select! {
                place = Arc::clone(places).acquire_owned() => place.map_err(|_| Obstacle::Stopped)?,
                () = stop.cancelled() => return Err(Obstacle::Stopped),
            };
            // Checked before messages are taken: a target that is missing could not work on them.
            self.target()?;
            let taken = self.collect(&queue, hidden_for, &stop).await?;
            self.note_read();
            let Some(first) = taken.iter().map(|it| it.received_at).min() else {
                continue;
            };
            let records: Vec<&RawValue> = taken.iter().map(|it| &*it.record).collect();
            let batch = Batch {
                app: Arc::clone(&app),
                function: self.function.clone(),
                mapping: self.mapping.clone(),
                queue: queue.clone(),
                target: self.target()?,
                payload: event(&records),
                messages: taken.into_iter().map(|it| it.message).collect(),
                hidden_for,
                hidden: Hidden::since(first, hidden_for),
                stop: stop.clone(),
            };
            tokio::spawn(async move {
                batch.work_off().await;
                drop(place);
            });
        }
        Ok(())
    }

    /// The function; an obstacle when it cannot be invoked for a queue.
    fn target(&self) -> Result<Target, Obstacle> {
        let source = EventSource {
            kind: EventSourceKind::Queue,
            name: queue_of_arn(&self.mapping.queue_arn)
                .map_or(&*self.mapping.queue_arn, |(_, name)| name)
                .to_owned(),
        };
        let qualifier = self.mapping.qualifier.as_deref();
        let target = Target::find(&self.app, &self.function, qualifier, source);
        let target = target.map_err(|error| Obstacle::Problem(error.to_string()))?;
        target.check_waited_for().map_err(Obstacle::Problem)?;
        Ok(target)
    }

    /// One batch: collects messages until it is full, or its time is over. Empty after a poll without messages.
    async fn collect(
        &mut self,
        queue: &Queue,
        hidden_for: Duration,
        stop: &CancellationToken,
    ) -> Result<Vec<Taken>, Obstacle> {
        let app = Arc::clone(&self.app);
        let most = self.mapping.batch_size.max(1) as usize;
        let window = Duration::from_secs(u64::from(self.mapping.window_seconds));
        let mut taken: Vec<Taken> = std::mem::take(&mut self.left);
        // Messages that have waited longer are visible again, and will be received again.
        taken.retain(|it| it.received_at.elapsed() < hidden_for);
        let mut bytes: usize = taken.iter().map(|it| it.record.get().len() + 1).sum();
        let first = taken.iter().map(|it| it.received_at).min();
        let mut until = first.map(|it| window_end(it, window, hidden_for));
        while taken.len() < most {
            let seconds = match until {
                None => POLL_SECONDS,
                Some(until) => {
                    let rest = until.saturating_duration_since(Instant::now());
                    if rest.is_zero() {
                        break;
                    }
                    rest.as_secs().min(POLL_SECONDS)
                }
            };
            let wanted = (most - taken.len()).min(ENTRIES_MAX);
            let messages = tokio::select! {
                messages = queue.receive(&app.aws, wanted, seconds) => messages,
                // The messages of a poll under way become visible again by themselves.
                () = stop.cancelled() => return Err(Obstacle::Stopped),
            };
            let messages = match messages {
                Ok(messages) => messages,
                // Messages that have come already are not held back.
                Err(error) if !taken.is_empty() => {
                    tracing::debug!(%error, "a batch is smaller than it could be");
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            if messages.is_empty() && until.is_none() {
                break;
            }
            if messages.is_empty() && seconds == 0 {
                // Less than a second is left, and SQS waits for whole ones.
                let rest = until.map(|it| it.saturating_duration_since(Instant::now()));
                tokio::select! {
                    () = sleep(rest.unwrap_or_default()) => break,
                    () = stop.cancelled() => return Err(Obstacle::Stopped),
                }
            }
            let received_at = Instant::now();
            let fitting = self.filter(queue, messages, received_at).await?;
            if !fitting.is_empty() {
                until.get_or_insert_with(|| window_end(received_at, window, hidden_for));
            }
            for one in fitting {
                let size = one.record.get().len() + 1;
                if !self.left.is_empty() || bytes + size > EVENT_BYTES_MAX && !taken.is_empty() {
                    self.left.push(one);
                } else {
                    bytes += size;
                    taken.push(one);
                }
            }
            if !self.left.is_empty() {
                break;
            }
        }
        Ok(taken)
    }

    /// The messages that match a filter; the others are deleted, as Lambda does.
    async fn filter(
        &self,
        queue: &Queue,
        messages: Vec<Message>,
        received_at: Instant,
    ) -> Result<Vec<Taken>, Obstacle> {
        let region = queue_of_arn(&self.mapping.queue_arn).map_or("", |(region, _)| region);
        let mut taken = Vec::new();
        let mut others = Vec::new();
        for message in messages {
            let record = record(&message, &self.mapping.queue_arn, region);
            let counts = self.filters.is_empty() || {
                let seen = filtered(&record);
                self.filters.iter().any(|filter| filter.matches(&seen))
            };
            if counts {
                taken.push(Taken {
                    message,
                    record,
                    received_at,
                });
            } else {
                others.push(message.receipt_handle);
            }
        }
        if !others.is_empty()
            && let Err(error) = queue.delete(&self.app.aws, &others).await
        {
            let queue = &self.mapping.queue_arn;
            tracing::warn!(%queue, %error, "messages that no filter wants could not be deleted: they come again");
        }
        Ok(taken)
    }
}

/// Until when a batch is filled, by the reception of its first message. At half of the time for which that message is
/// hidden the work must begin; it prolongs the time.
fn window_end(received_at: Instant, window: Duration, hidden_for: Duration) -> Instant {
    received_at + window.min(hidden_for / 2)
}
