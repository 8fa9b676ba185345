//! The event history of an execution.

use model::{CallbackId, Event, EventSubject, OperationId, RequestId};
use store::columns::ReadEventColumns;
use store::event_head;
use tokio_postgres::Row;

use crate::cells::Columns;
use crate::fault::ReadError;

type Read<T> = Result<T, ReadError>;

/// Reads the columns of `event_columns.sql`, in its order.
pub(crate) fn read_event(row: &Row) -> Read<Event> {
    let mut columns = Columns::of(row);
    let id = columns.bits()?;
    let at = columns.instant()?;
    let kind: &str = columns.next()?;
    let subject = read_subject(&mut columns)?;
    let details = ReadEventColumns {
        attempt: columns.optional_count()?,
        next_attempt_delay_seconds: columns.optional_count()?,
        seconds: columns.optional_count()?,
        scheduled_end_at: columns.optional_instant()?,
        callback_id: columns.optional_parsed(CallbackId::parse)?,
        timeout_seconds: columns.optional_count()?,
        heartbeat_timeout_seconds: columns.optional_count()?,
        function_name: columns.optional_text()?,
        tenant_id: columns.optional_text()?,
        executed_version: columns.optional_parsed(str::parse)?,
        started_execution_arn: columns.optional_parsed(str::parse)?,
        request_id: columns.optional_parsed(RequestId::parse)?,
        invocation_started_at: columns.optional_instant()?,
        invocation_ended_at: columns.optional_instant()?,
        requested_at: columns.optional_instant()?,
        execution_timeout_paused: columns.next()?,
        error: columns.error()?,
        payload: columns.payload()?,
    };
    let kind = details.kind(kind);
    Ok(Event {
        id,
        at,
        subject,
        kind: kind.map_err(|unknown| ReadError::undecodable("type", unknown))?,
    })
}

/// As [`read_event`], of the columns of `event_head_columns.sql`.
pub(crate) fn event_head_of(row: &Row) -> Read<Event> {
    read_event(row).map(|event| event_head(&event))
}

fn read_subject(columns: &mut Columns<'_>) -> Read<Option<EventSubject>> {
    let Some(id) = columns.optional_parsed(OperationId::parse)? else {
        columns.skip(3);
        return Ok(None);
    };
    Ok(Some(EventSubject {
        id,
        name: columns.optional_text()?,
        parent_id: columns.optional_parsed(OperationId::parse)?,
        sub_type: columns.optional_text()?,
    }))
}
