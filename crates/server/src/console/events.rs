//! Pages of an execution's event history, in AWS's shape of an event.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use model::{Event, OperationId};
use serde::Serialize;
use store::EventPage as StorePage;
use utoipa::ToSchema;

use super::filter;
use crate::convert::wire_event;
use crate::error::ApiError;
use crate::http::{Body, Query, decode, json};
use crate::server::App;

/// Events of a page at the most.
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
}

/// Answers with a page of an execution's history, oldest first.
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
    let id = super::execution_id(id)?;
    let store = app.driver.store();
    if store.summary(&id).await?.is_none() {
        return Err(ApiError::unknown_execution());
    }
    let after = after(query)?;
    let limit = filter::limit(query)?.min(EVENTS_MAX);
    let with_data = query.get("data") == Some("true");
    let operation = query.get("operation").and_then(decode);
    let events = match operation {
        Some(operation) => {
            let operation = OperationId::parse(&operation)
                .map_err(|error| filter::invalid(error.to_string()))?;
            store.operation_events(&id, &operation, limit).await?
        }
        None if with_data => {
            let page = StorePage {
                after: Some(after),
                newest_first: false,
                limit,
            };
            store.events(&id, page).await?
        }
        None => store.event_heads(&id, after, limit).await?,
    };
    let page = EventPage {
        last_event_id: events.last().map_or(after, |last| last.id),
        events: match with_data {
            true => events.iter().map(|event| wire_event(event, true)).collect(),
            false => events.iter().map(shown_head).collect(),
        },
    };
    Ok(json(StatusCode::OK, &page))
}

/// The event after which a client wants to know the others.
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
