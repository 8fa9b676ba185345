//! The event history in memory: each execution's events as one list.

use std::convert::Infallible;
use std::time::Duration;

use model::{Event, EventKind, ExecutionId, OperationId};

use super::MemoryStore;
use super::tables::ExecutionTables;
use crate::{EventPage, History, StoreFuture, event_head};

impl History for MemoryStore {
    fn events(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        self.call("read events", |tables| {
            tables.executions.page(id, page, Event::clone)
        })
    }

    fn event_heads(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        self.call("read events", |tables| {
            tables.executions.page(id, page, event_head)
        })
    }

    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Vec<Event>> {
        self.call("read events of an operation", |tables| {
            let about = |event: &&Event| {
                let subject = event.subject.as_ref();
                subject.is_some_and(|subject| subject.id == *operation_id)
            };
            let after = page.after.unwrap_or(0);
            let events = tables.executions.history(id);
            let events = events.filter(|event| event.id > after);
            take(events.filter(about).cloned(), page)
        })
    }
}

impl ExecutionTables {
    fn page(
        &self,
        id: &ExecutionId,
        page: EventPage,
        shown: impl Fn(&Event) -> Event,
    ) -> Vec<Event> {
        let events = self.history(id);
        if page.newest_first {
            let before = page.after.unwrap_or(u64::MAX);
            let newest_first = events.rev().filter(|event| event.id < before);
            take(newest_first.map(shown), page)
        } else {
            let after = page.after.unwrap_or(0);
            take(events.filter(|event| event.id > after).map(shown), page)
        }
    }

    /// How long invocations that have ended took together.
    pub(super) fn invocation_time(&self, id: &ExecutionId) -> Duration {
        let times = self.history(id).filter_map(|event| match event.kind {
            EventKind::InvocationCompleted {
                started_at,
                ended_at,
                ..
            } => u64::try_from(ended_at.as_millis() - started_at.as_millis()).ok(),
            _ => None,
        });
        Duration::from_millis(times.sum())
    }

    fn history(&self, id: &ExecutionId) -> impl DoubleEndedIterator<Item = &Event> {
        let stored = self.by_id.get(id).into_iter();
        stored.flat_map(|stored| &stored.events)
    }
}

fn take(events: impl Iterator<Item = Event>, page: EventPage) -> Vec<Event> {
    let events = events.take(page.limit.max(1));
    let Ok(taken) = page.take(events.map(Ok::<_, Infallible>));
    taken
}
