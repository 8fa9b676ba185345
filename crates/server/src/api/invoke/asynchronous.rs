//! `InvokeAsync`: the deprecated spelling of an invocation of type `Event`.

use std::sync::Arc;

use hyper::header::HeaderValue;
use hyper::{HeaderMap, Response};
use lambda_api::headers;
use wire::ApiError;

use super::call;
use crate::app::App;
use crate::http::{Body, Query, RequestBody};

pub(in crate::api) async fn invoke(
    app: &Arc<App>,
    name: &str,
    header_map: &HeaderMap,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let mut header_map = header_map.clone();
    header_map.insert(headers::INVOCATION_TYPE, HeaderValue::from_static("Event"));
    call::invoke(app, name, &Query::default(), &header_map, body).await
}
