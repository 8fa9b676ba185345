//! `TagResource`, `ListTags`, `UntagResource`.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::Tags;
use model::FunctionName;
use wire::{ApiError, check};

use super::change::{TAGS_MAX, function_name, too_many_tags};
use super::members::{RESOURCE, TAG_RESOURCE, UNTAG_RESOURCE};
use super::setting::change;
use crate::api::request::checked;
use crate::app::App;
use crate::http::{Body, Query, RequestBody, decode, json, no_content};

pub(super) async fn tag(
    app: &Arc<App>,
    resource: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request = checked(body, TAG_RESOURCE).await?;
    let function = tagged(app, resource)?;
    change(app, function, |_, settings| {
        settings.tags.extend(request.tags.unwrap_or_default());
        if settings.tags.len() > TAGS_MAX {
            return Err(too_many_tags());
        }
        Ok(())
    })
    .await?;
    Ok(no_content())
}

pub(super) fn list(app: &Arc<App>, resource: &str) -> Result<Response<Body>, ApiError> {
    let function = tagged(app, resource)?;
    let tags = app.registry.settings(&function).tags.clone();
    Ok(json(StatusCode::OK, &Tags { tags: Some(tags) }))
}

pub(super) async fn untag(
    app: &Arc<App>,
    resource: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let keys: Vec<String> = query.all("tagKeys").map(str::to_owned).collect();
    check(&keys, UNTAG_RESOURCE)?;
    let function = tagged(app, resource)?;
    change(app, function, move |_, settings| {
        settings.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
    .await?;
    Ok(no_content())
}

/// Only functions have tags here; their ARN names them.
fn tagged(app: &App, resource: &str) -> Result<FunctionName, ApiError> {
    let arn = decode(resource).unwrap_or_default();
    check(&arn, RESOURCE)?;
    if arn.split(':').count() > 7 {
        return Err(ApiError::invalid_parameter(
            "Tags on function aliases and versions are not supported. Please specify a function \
             ARN.",
        ));
    }
    function_name(app, resource)
}
