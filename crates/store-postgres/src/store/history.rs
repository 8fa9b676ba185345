//! The event history: read in pieces, so that a page of large payloads is not in memory whole before it is cut.

use model::{Event, ExecutionId, OperationId};
use store::columns::read_event;
use store::{EventPage, History, StoreFuture, event_bytes, event_head};
use tokio_postgres::types::ToSql;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;

/// Events that are asked for at once, at first and at the most. Their payloads may be large.
const PIECE_FIRST: usize = 128;
const PIECE_MAX: usize = 1024;

/// Behind the columns of events.
macro_rules! events {
    ($columns:literal, $which:literal) => {
        concat!(include_str!($columns), include_str!($which))
    };
}

impl History for PostgresStore {
    fn events(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        let sql = if page.newest_first {
            events!(
                "../sql/read/event_columns.sql",
                "../sql/read/events_newest.sql"
            )
        } else {
            events!(
                "../sql/read/event_columns.sql",
                "../sql/read/events_oldest.sql"
            )
        };
        let id = id.clone();
        self.read(format!("read events of execution `{id}`"), async move {
            self.event_page(sql, &id, None, page, |event| event).await
        })
    }

    fn event_heads(&self, id: &ExecutionId, page: EventPage) -> StoreFuture<'_, Vec<Event>> {
        let sql = if page.newest_first {
            events!(
                "../sql/read/event_head_columns.sql",
                "../sql/read/events_newest.sql"
            )
        } else {
            events!(
                "../sql/read/event_head_columns.sql",
                "../sql/read/events_oldest.sql"
            )
        };
        let id = id.clone();
        self.read(format!("read events of execution `{id}`"), async move {
            self.event_page(sql, &id, None, page, |event| event_head(&event))
                .await
        })
    }

    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Vec<Event>> {
        let sql = events!(
            "../sql/read/event_columns.sql",
            "../sql/read/events_of_operation.sql"
        );
        let attempted = format!("read events of operation `{operation_id}` of execution `{id}`");
        let (id, operation_id) = (id.clone(), operation_id.clone());
        let page = EventPage {
            newest_first: false,
            ..page
        };
        self.read(attempted, async move {
            let operation = Some(&operation_id);
            self.event_page(sql, &id, operation, page, |event| event)
                .await
        })
    }
}

impl PostgresStore {
    async fn event_page(
        &self,
        sql: &str,
        id: &ExecutionId,
        operation: Option<&OperationId>,
        page: EventPage,
        shown: fn(Event) -> Event,
    ) -> Result<Vec<Event>, ReadError> {
        let (account, id) = (&*self.account, id.as_str());
        let operation = operation.map(OperationId::as_str);
        let beginning = if page.newest_first { i64::MAX } else { 0 };
        let mut after = page
            .after
            .map_or(beginning, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let mut events: Vec<Event> = Vec::new();
        let mut bytes = 0;
        let mut piece = PIECE_FIRST;
        loop {
            let wanted = piece.min(page.limit.max(1) - events.len());
            let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
            let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&account, &id, &after, &limit];
            if let Some(operation) = &operation {
                parameters.push(operation);
            }
            let rows = self.readers.rows(sql, &parameters).await?;
            for row in &rows {
                let event = shown(read_event(&mut Columns::of(row))?);
                bytes += event_bytes(&event);
                if bytes > page.bytes_max && !events.is_empty() {
                    return Ok(events);
                }
                after = event.id.cast_signed();
                events.push(event);
            }
            if rows.len() < wanted || events.len() >= page.limit.max(1) {
                return Ok(events);
            }
            piece = (piece * 2).min(PIECE_MAX);
        }
    }
}
