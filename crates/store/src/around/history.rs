//! The event history.

use model::{Event, ExecutionId, OperationId};

use super::{Around, Call, Surround};
use crate::{EventPage, History, StoreFuture};

impl<S: Surround> History for Around<S> {
    fn events(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        let id = id.clone();
        let call = Call::Read("events");
        self.around.call(call, move || self.inner.events(&id, page))
    }

    fn event_heads(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        let id = id.clone();
        let call = Call::Read("event_heads");
        self.around
            .call(call, move || self.inner.event_heads(&id, page))
    }

    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Vec<Event>> {
        let id = id.clone();
        let operation_id = operation_id.clone();
        let call = Call::Read("operation_events");
        self.around.call(call, move || {
            self.inner.operation_events(&id, &operation_id, page)
        })
    }
}
