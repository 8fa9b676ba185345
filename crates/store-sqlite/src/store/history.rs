//! The event history. Only the API of functions waits for whole events; heads are for people.

use model::{Event, ExecutionId, OperationId};
use store::{EventPage, History, StoreFuture};

use super::SqliteStore;
use crate::read;

impl History for SqliteStore {
    fn events(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        let attempted = format!("read events of execution `{id}`");
        let id = id.clone();
        self.readers.read(attempted, move |connection| {
            read::events(connection, &id, page)
        })
    }

    fn event_heads(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        let attempted = format!("read events of execution `{id}`");
        let id = id.clone();
        self.searcher.read(attempted, move |connection| {
            read::event_heads(connection, &id, page)
        })
    }

    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Vec<Event>> {
        let attempted = format!("read events of operation `{operation_id}` of execution `{id}`");
        let (id, operation_id) = (id.clone(), operation_id.clone());
        self.searcher.read(attempted, move |connection| {
            read::operation_events(connection, &id, &operation_id, page)
        })
    }
}
