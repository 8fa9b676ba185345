//! The event history: read only.

use model::{Event, ExecutionId, OperationId};
use store::{EventPage, History, StoreFuture};

use super::CrashingStore;

impl History for CrashingStore {
    fn events(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        self.inner.events(id, page)
    }

    fn event_heads(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        self.inner.event_heads(id, page)
    }

    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Vec<Event>> {
        self.inner.operation_events(id, operation_id, page)
    }
}
