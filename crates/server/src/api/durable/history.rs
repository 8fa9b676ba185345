//! `GetDurableExecutionHistory`.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::GetDurableExecutionHistoryResponse;
use store::EventPage;
use wire::{ApiError, PAGE_BYTES_MAX, fitting, wire_event};

use super::arn::execution_arn;
use super::execution::{head, include_data};
use crate::api::marker;
use crate::api::request::boolean;
use crate::app::App;
use crate::http::{Body, Query, json};

pub(in crate::api) async fn history(
    app: &Arc<App>,
    arn: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let arn = execution_arn(arn)?;
    let limit = marker::max_items(query)?;
    let after = match query.get("Marker") {
        None => None,
        Some(text) => Some(
            marker::decode(text)?
                .parse()
                .map_err(|_| marker::invalid())?,
        ),
    };
    let newest_first = boolean(query, "ReverseOrder", false)?;
    let include_data = include_data(query)?;
    let head = head(app, &arn).await?;
    let page = EventPage {
        after,
        newest_first,
        limit,
        bytes_max: PAGE_BYTES_MAX,
    };
    let store = app.driver.store();
    let events = if include_data {
        store.events(&arn.id, page).await?
    } else {
        store.event_heads(&arn.id, page).await?
    };
    let shown = events.iter().map(|event| wire_event(event, include_data));
    let events = fitting(shown, PAGE_BYTES_MAX).items;
    let last = events.last().map(|last| last.event_id.cast_unsigned());
    let next_marker = last
        .filter(|last| match newest_first {
            true => *last > 1,
            false => *last < head.event_id_last,
        })
        .map(|last| marker::encode(&last.to_string()));
    Ok(json(
        StatusCode::OK,
        &GetDurableExecutionHistoryResponse {
            events,
            next_marker,
        },
    ))
}
