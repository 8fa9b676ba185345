//! Pages of an execution's event history, in AWS's shape of an event.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use model::{Event, OperationId};
use serde::Serialize;
use store::EventPage as StorePage;
use utoipa::ToSchema;
use wire::{ApiError, PAGE_BYTES_MAX, fitting, wire_event};

use super::filter;
use crate::app::App;
use crate::http::{Body, Query, json};

/// Events of a page, at most.
pub(super) const EVENTS_MAX: usize = 1_000;

/// Characters of an error's message in an event whose data is left out.
const MESSAGE_CHARS_MAX: usize = 500;

/// A page of the history, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventPage {
    /// Each is an `Event` of AWS's `GetDurableExecutionHistory`.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<lambda_api::Event>,
    /// The id of the last one; where there is none, what was asked for.
    pub last_event_id: u64,
    /// Whether others follow: a page ends at its bytes too. Go on after the last one.
    pub more: bool,
}

/// Returns a page of an execution's history, oldest first.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions/{execution_id}/events",
    params(
        ("execution_id" = String, Path, description = "what its ARN ends with"),
        ("after" = Option<u64>, Query, description = "the last event that is known already"),
        ("limit" = Option<usize>, Query, description = "1 to 1,000; 100 when absent"),
        ("data" = Option<bool>, Query, description = "with payloads and whole errors; false when absent"),
        ("operation" = Option<String>, Query, description = "only about this operation"),
    ),
    responses((status = 200, body = EventPage)),
)]
pub(super) async fn page(
    app: &Arc<App>,
    id: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let id = super::named::execution_id(id)?;
    let store = app.driver.store();
    let head = store.head(&id).await?;
    let head = head.ok_or_else(ApiError::unknown_execution)?;
    let after = after(query)?;
    let with_data = filter::flag(query, "data")?;
    let operation = query.get("operation").map(OperationId::parse).transpose();
    let operation = operation.map_err(|error| filter::invalid(error.to_string()))?;
    let wanted = StorePage {
        after: Some(after),
        newest_first: false,
        limit: filter::limit(query)?.min(EVENTS_MAX),
        bytes_max: PAGE_BYTES_MAX,
    };
    let events = match &operation {
        Some(operation) => store.operation_events(&id, operation, wanted).await?,
        None if with_data => store.events(&id, wanted).await?,
        None => store.event_heads(&id, wanted).await?,
    };
    let shown = events.iter().map(|event| match with_data {
        true => wire_event(event, true),
        false => shown_head(event),
    });
    let events = fitting(shown, PAGE_BYTES_MAX).items;
    let last = events.last().map(|last| last.event_id.cast_unsigned());
    let mut more = last.is_some_and(|last| last < head.event_id_last);
    if let (true, Some(operation)) = (more, &operation) {
        let next = StorePage {
            after: last,
            limit: 1,
            bytes_max: 0,
            ..wanted
        };
        let next = store.operation_events(&id, operation, next).await?;
        more = !next.is_empty();
    }
    let page = EventPage {
        events,
        last_event_id: last.unwrap_or(after),
        more,
    };
    Ok(json(StatusCode::OK, &page))
}

/// The id of the last event that the client already has.
pub(super) fn after(query: &Query) -> Result<u64, ApiError> {
    let after = filter::number(query, "after")?.unwrap_or(0);
    u64::try_from(after).map_err(|_| filter::invalid("'after' must be an event's id"))
}

/// An event without payloads, its error cut to what a line shows.
pub(super) fn shown_head(event: &Event) -> lambda_api::Event {
    let mut event = wire_event(&store::event_head(event), true);
    let errors = [
        event
            .execution_failed_details
            .as_mut()
            .map(|it| &mut it.error),
        event
            .execution_stopped_details
            .as_mut()
            .map(|it| &mut it.error),
        event
            .context_failed_details
            .as_mut()
            .map(|it| &mut it.error),
        event.step_failed_details.as_mut().map(|it| &mut it.error),
        event
            .callback_failed_details
            .as_mut()
            .map(|it| &mut it.error),
        event
            .callback_timed_out_details
            .as_mut()
            .map(|it| &mut it.error),
        event
            .chained_invoke_failed_details
            .as_mut()
            .map(|it| &mut it.error),
        event
            .chained_invoke_timed_out_details
            .as_mut()
            .map(|it| &mut it.error),
        event
            .chained_invoke_stopped_details
            .as_mut()
            .map(|it| &mut it.error),
        event
            .execution_timed_out_details
            .as_mut()
            .and_then(|it| it.error.as_mut()),
        event
            .wait_cancelled_details
            .as_mut()
            .and_then(|it| it.error.as_mut()),
        event
            .invocation_completed_details
            .as_mut()
            .and_then(|it| it.error.as_mut()),
    ];
    for error in errors.into_iter().flatten() {
        if let Some(message) = error
            .payload
            .as_mut()
            .and_then(|it| it.error_message.as_mut())
            && let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX)
        {
            message.truncate(end);
            message.push('…');
        }
    }
    event
}
