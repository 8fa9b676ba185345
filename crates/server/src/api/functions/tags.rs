//! `TagResource`, `ListTags`, `UntagResource`.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::Tags;
use model::FunctionName;
use wire::{ApiError, Violations};

use super::change::{function_name, too_many_tags};
use super::input::check_tags;
use super::setting::change;
use crate::api::request::small;
use crate::app::App;
use crate::http::{Body, Query, RequestBody, decode, json, no_content};

/// Tags of one function (Lambda developer guide, "Tag restrictions").
const TAGS_MAX: usize = 50;

pub(super) async fn tag(
    app: &Arc<App>,
    resource: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request: Tags = small(body).await?;
    let mut violations = Violations::default();
    match &request.tags {
        Some(tags) => check_tags(tags, &mut violations),
        None => violations.missing("tags"),
    }
    violations.none()?;
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
    let mut violations = Violations::default();
    if keys.is_empty() {
        violations.missing("tagKeys");
    }
    violations.none()?;
    let function = tagged(app, resource)?;
    change(app, function, move |_, settings| {
        settings.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
    .await?;
    Ok(no_content())
}

/// Only functions have tags here, and they are named by their ARN.
fn tagged(app: &App, resource: &str) -> Result<FunctionName, ApiError> {
    let arn = decode(resource).unwrap_or_default();
    if !arn.starts_with("arn:") {
        let mut violations = Violations::default();
        let rule = "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}\
                    ((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|\
                    [a-zA-Z0-9-_]+))?)";
        violations.add(Some(&arn), "resource", rule);
        violations.none()?;
    }
    if arn.split(':').count() > 7 {
        return Err(ApiError::invalid_parameter(
            "Tags on function aliases and versions are not supported. Please specify a function \
             ARN.",
        ));
    }
    function_name(app, resource)
}
