//! `CreateAlias`, `GetAlias`, `UpdateAlias`, `DeleteAlias`, `ListAliases`.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::{
    AliasConfiguration, AliasRequest, AliasRoutingConfiguration, ErrorCode, ListAliasesResponse,
};
use model::{FunctionName, Version};
use store::AliasRecord;
use wire::ApiError;

use super::change::{function_name, stale_revision};
use super::function::{FUNCTIONS_MAX, known_function, page};
use super::members::{CREATE_ALIAS, UPDATE_ALIAS};
use crate::api::request::checked;
use crate::app::App;
use crate::functions::{CatalogueChanges, weights};
use crate::http::{Body, Query, RequestBody, decode, json, no_content};

pub(super) fn list(app: &Arc<App>, name: &str, query: &Query) -> Result<Response<Body>, ApiError> {
    let name = known_function(app, name)?;
    let mut all = app.registry.aliases(&name).unwrap_or_default();
    if let Some(version) = query.get("FunctionVersion") {
        all.retain(|alias| alias.version.to_string() == version);
    }
    let (page, next_marker) = page(&all, query, FUNCTIONS_MAX)?;
    let aliases = page.iter().map(|alias| shown(app, alias)).collect();
    Ok(json(
        StatusCode::OK,
        &ListAliasesResponse {
            aliases,
            next_marker,
        },
    ))
}

pub(super) fn get(app: &Arc<App>, name: &str, alias: &str) -> Result<Response<Body>, ApiError> {
    let name = known_function(app, name)?;
    let alias = decode(alias).unwrap_or_default();
    let record = existing(app, &name, &alias)?;
    Ok(json(StatusCode::OK, &shown(app, &record)))
}

pub(super) async fn create(
    app: &Arc<App>,
    name: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request = checked(body, CREATE_ALIAS).await?;
    let version = version(&request);
    let name = function_name(app, name)?;
    let changed = app.change(move |app, changes| {
        Box::pin(async move {
            changes.latest(&name)?;
            let alias = request.name.clone().unwrap_or_default();
            if app.registry.alias(&name, &alias).is_some() {
                let arn = app.registry.home.arn(&name).qualified(&alias);
                let message = format!("Alias already exists: {arn}");
                return Err(ApiError::new(ErrorCode::ResourceConflict, message));
            }
            let record = AliasRecord {
                function: name,
                name: alias,
                version: version.unwrap_or(Version::Latest),
                description: request.description.clone().unwrap_or_default(),
                routing: routing(&request),
                revision_id: String::new(),
            };
            put(app, changes, record).await
        })
    });
    Ok(json(StatusCode::CREATED, &changed.await?))
}

pub(super) async fn update(
    app: &Arc<App>,
    name: &str,
    alias: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request = checked(body, UPDATE_ALIAS).await?;
    let version = version(&request);
    let name = function_name(app, name)?;
    let alias = decode(alias).unwrap_or_default();
    let changed = app.change(move |app, changes| {
        Box::pin(async move {
            changes.latest(&name)?;
            let before = existing(app, &name, &alias)?;
            if let Some(wanted) = &request.revision_id
                && *wanted != before.revision_id
            {
                return Err(stale_revision());
            }
            let record = AliasRecord {
                version: version.unwrap_or_else(|| before.version.clone()),
                description: request
                    .description
                    .clone()
                    .unwrap_or_else(|| before.description.clone()),
                routing: match &request.routing_config {
                    Some(_) => routing(&request),
                    None => before.routing.clone(),
                },
                ..before
            };
            put(app, changes, record).await
        })
    });
    Ok(json(StatusCode::OK, &changed.await?))
}

/// Deletes an alias. An alias that does not exist counts as deleted.
pub(super) async fn delete(
    app: &Arc<App>,
    name: &str,
    alias: &str,
) -> Result<Response<Body>, ApiError> {
    let name = function_name(app, name)?;
    let alias = decode(alias).unwrap_or_default();
    app.change(move |app, changes| {
        Box::pin(async move {
            changes.delete_alias(&name, &alias).await?;
            let mut settings = app.registry.settings(&name).as_ref().clone();
            settings.event_invoke.remove(&alias);
            changes.put_settings(&name, settings).await?;
            Ok::<_, ApiError>(())
        })
    })
    .await?;
    Ok(no_content())
}

/// Stores an alias whose versions exist.
async fn put(
    app: &App,
    changes: &CatalogueChanges<'_>,
    record: AliasRecord,
) -> Result<AliasConfiguration, ApiError> {
    exists(app, &record.function, &record.version)?;
    for (other, _) in weights(&record).into_iter().flatten() {
        let other: Version = other
            .parse()
            .map_err(|_| ApiError::invalid_parameter(format!("Invalid version {other}")))?;
        if other == Version::Latest || record.version == Version::Latest {
            return Err(ApiError::invalid_parameter(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ));
        }
        if other == record.version {
            return Err(ApiError::invalid_parameter(format!(
                "Invalid function version {other}. Function version {other} is already included \
                 in routing configuration."
            )));
        }
        exists(app, &record.function, &other)?;
    }
    let record = AliasRecord {
        revision_id: uuid::Uuid::new_v4().to_string(),
        ..record
    };
    changes.put_alias(record.clone()).await?;
    Ok(shown(app, &record))
}

fn exists(app: &App, function: &FunctionName, version: &Version) -> Result<(), ApiError> {
    let deleting = app.registry.settings(function).is_deleting(version);
    if app.registry.version(function, version).is_some() && !deleting {
        return Ok(());
    }
    let arn = app.registry.home.arn(function);
    let message = format!(
        "Function not found: {}",
        arn.qualified(&version.to_string())
    );
    Err(ApiError::new(ErrorCode::ResourceNotFound, message))
}

fn existing(app: &App, function: &FunctionName, alias: &str) -> Result<AliasRecord, ApiError> {
    app.registry.alias(function, alias).ok_or_else(|| {
        let arn = app.registry.home.arn(function).qualified(alias);
        let message = format!("Cannot find alias arn: {arn}");
        ApiError::new(ErrorCode::ResourceNotFound, message)
    })
}

fn version(request: &AliasRequest) -> Option<Version> {
    request.function_version.as_deref()?.parse().ok()
}

/// The routing to store: none when all invocations go to one version.
fn routing(request: &AliasRequest) -> Option<String> {
    let weights = request
        .routing_config
        .as_ref()?
        .additional_version_weights
        .clone()
        .filter(|weights| !weights.is_empty())?;
    let routing = AliasRoutingConfiguration {
        additional_version_weights: Some(weights),
    };
    Some(serde_json::to_string(&routing).expect("a map of numbers within bounds is always JSON"))
}

fn shown(app: &App, alias: &AliasRecord) -> AliasConfiguration {
    let arn = app.registry.home.arn(&alias.function);
    AliasConfiguration {
        alias_arn: arn.qualified(&alias.name),
        name: alias.name.clone(),
        function_version: alias.version.to_string(),
        description: Some(alias.description.clone()),
        routing_config: weights(alias).map(|weights| AliasRoutingConfiguration {
            additional_version_weights: Some(weights),
        }),
        revision_id: Some(alias.revision_id.clone()).filter(|id| !id.is_empty()),
    }
}
