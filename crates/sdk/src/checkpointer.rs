//! The queue of updates to be recorded, and how it is cut into calls.
//!
//! A plain data structure: the driver makes the calls. Order is first in, first out, and one call is made at a time,
//! so the service's records are always a prefix of the handler's updates.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use lambda_api::{OperationType, OperationUpdate};
use tokio::time::Instant;

/// Most updates in one call. Source: the official Python and JavaScript SDKs; the service publishes no limit.
const UPDATES_PER_CALL_MAX: usize = 250;

/// Most bytes of updates in one call; a single larger update travels alone.
/// Source: the official SDKs; the service publishes no limit.
const BYTES_PER_CALL_MAX: usize = 750 * 1024;

/// How long an update may stay unsent while no task waits for it.
///
/// Long enough for a quick step's start to travel with its result, short enough that a slow step shows as started.
const LINGER: Duration = Duration::from_millis(20);

/// The place of an update in the queue; a ticket is acknowledged when its call was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

#[derive(Debug)]
struct Queued {
    update: OperationUpdate,
    bytes: usize,
    since: Instant,
}

/// One call's worth of updates.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) updates: Vec<OperationUpdate>,
    /// The last update ends the execution, so the answer has no token.
    pub(crate) ends_execution: bool,
}

/// Updates in the order in which they must be recorded.
#[derive(Debug, Default)]
pub(crate) struct CheckpointQueue {
    queued: VecDeque<Queued>,
    enqueued: Ticket,
    taken: Ticket,
    acknowledged: Ticket,
    /// A task waits until this one is acknowledged.
    demanded: Ticket,
}

impl CheckpointQueue {
    pub(crate) fn enqueue(&mut self, update: OperationUpdate, now: Instant) -> Ticket {
        let bytes = serialized_bytes(&update);
        self.queued.push_back(Queued {
            update,
            bytes,
            since: now,
        });
        self.enqueued.0 += 1;
        self.enqueued
    }

    /// Makes the updates up to `ticket` urgent.
    pub(crate) fn demand(&mut self, ticket: Ticket) {
        self.demanded = self.demanded.max(ticket);
    }

    /// Makes everything so far urgent; the returned ticket is acknowledged when all updates are.
    #[cfg(feature = "embedded")]
    pub(crate) fn demand_all(&mut self) -> Ticket {
        self.demand(self.enqueued);
        self.enqueued
    }

    pub(crate) fn is_acknowledged(&self, ticket: Ticket) -> bool {
        ticket <= self.acknowledged
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    /// When the queue must be sent: at once if a task waits or a call is full, else [`LINGER`] after its oldest update.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        let oldest = self.queued.front()?;
        let urgent = self.demanded > self.taken || self.queued.len() >= UPDATES_PER_CALL_MAX;
        Some(if urgent { now } else { oldest.since + LINGER })
    }

    /// Takes the next call's updates. Only one batch may be in flight at a time.
    pub(crate) fn take_batch(&mut self) -> Batch {
        assert_eq!(
            self.taken, self.acknowledged,
            "one checkpoint call at a time"
        );
        let mut updates = Vec::new();
        let mut bytes = 0;
        while let Some(next) = self.queued.front() {
            let full = updates.len() == UPDATES_PER_CALL_MAX
                || (!updates.is_empty() && bytes + next.bytes > BYTES_PER_CALL_MAX);
            if full {
                break;
            }
            let next = self
                .queued
                .pop_front()
                .expect("the front was just looked at");
            bytes += next.bytes;
            updates.push(next.update);
        }
        self.taken.0 += updates.len() as u64;
        let ends_execution = updates
            .last()
            .is_some_and(|update| update.r#type == OperationType::Execution);
        Batch {
            updates,
            ends_execution,
        }
    }

    /// The service has accepted the call whose batch was taken.
    pub(crate) fn acknowledge(&mut self) {
        self.acknowledged = self.taken;
    }
}

fn serialized_bytes(update: &OperationUpdate) -> usize {
    struct Count(usize);

    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    serde_json::to_writer(&mut count, update).expect("an update is plain data with string keys");
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(id: usize, payload_bytes: usize) -> OperationUpdate {
        OperationUpdate {
            id: id.to_string(),
            payload: Some("x".repeat(payload_bytes)),
            ..OperationUpdate::default()
        }
    }

    fn sizes(mut queue: CheckpointQueue) -> Vec<usize> {
        let mut sizes = Vec::new();
        while !queue.is_empty() {
            sizes.push(queue.take_batch().updates.len());
            queue.acknowledge();
        }
        sizes
    }

    #[tokio::test]
    async fn calls_are_cut_at_the_update_limit() {
        let mut queue = CheckpointQueue::default();
        for id in 0..601 {
            queue.enqueue(update(id, 1), Instant::now());
        }
        assert_eq!(sizes(queue), [250, 250, 101]);
    }

    #[tokio::test]
    async fn oversized_update_travels_alone() {
        let mut queue = CheckpointQueue::default();
        for (id, bytes) in [10, 800 * 1024, 10, 400 * 1024, 400 * 1024]
            .into_iter()
            .enumerate()
        {
            queue.enqueue(update(id, bytes), Instant::now());
        }
        assert_eq!(sizes(queue), [1, 1, 2, 1]);
    }

    #[tokio::test]
    async fn only_a_demanded_update_is_urgent() {
        let now = Instant::now();
        let mut queue = CheckpointQueue::default();
        assert_eq!(queue.due_at(now), None);
        let ticket = queue.enqueue(update(1, 1), now);
        assert_eq!(queue.due_at(now), Some(now + LINGER));
        queue.demand(ticket);
        assert_eq!(queue.due_at(now), Some(now));
        queue.take_batch();
        assert!(!queue.is_acknowledged(ticket));
        queue.acknowledge();
        assert!(queue.is_acknowledged(ticket));
        assert_eq!(queue.due_at(now), None);
    }
}
