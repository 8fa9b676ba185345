//! `GetDurableExecutionHistory`.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::GetDurableExecutionHistoryResponse;
use store::EventPage;

use super::arn::execution_arn;
use super::execution::{boolean, include_data, record};
use super::marker;
use crate::convert::wire_event;
use crate::error::ApiError;
use crate::http::{Body, Query, json};
use crate::server::App;

pub(super) async fn history(
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
    record(app, &arn).await?;
    let page = EventPage {
        after,
        newest_first,
        limit: limit + 1,
    };
    let mut events = app.driver.store().events(&arn.id, page).await?;
    let more = events.len() > limit;
    events.truncate(limit);
    let next_marker = events
        .last()
        .filter(|_| more)
        .map(|last| marker::encode(&last.id.to_string()));
    let events = events
        .iter()
        .map(|event| wire_event(event, include_data))
        .collect();
    Ok(json(
        StatusCode::OK,
        &GetDurableExecutionHistoryResponse {
            events,
            next_marker,
        },
    ))
}
