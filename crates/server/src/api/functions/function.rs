//! `GetFunction`, `GetFunctionConfiguration`, `ListFunctions`, `ListVersionsByFunction`.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::{
    Concurrency, EphemeralStorage, FunctionCodeLocation, FunctionConfiguration,
    GetFunctionResponse, ListFunctionsResponse, ListVersionsByFunctionResponse, LoggingConfig,
    SnapStart,
};
use model::{FunctionName, Version};
use wire::ApiError;

use crate::api::marker;
use crate::app::App;
use crate::functions::{FunctionVersion, Reference, Resolved};
use crate::http::{Body, Query, decode, json};

/// Functions of a page, at most (botocore: `ListFunctions` returns up to 50).
pub(super) const FUNCTIONS_MAX: usize = 50;

pub(super) fn get(app: &Arc<App>, name: &str, query: &Query) -> Result<Response<Body>, ApiError> {
    let resolved = resolve(app, name, query)?;
    let location = format!("file://{}", resolved.version.config.code_dir.display());
    let settings = app.registry.settings(&resolved.arn.name);
    let response = GetFunctionResponse {
        configuration: shown(app, &resolved),
        code: Some(FunctionCodeLocation {
            repository_type: Some("FileSystem".to_owned()),
            location: Some(location),
        }),
        tags: Some(settings.tags.clone()).filter(|tags| !tags.is_empty()),
        concurrency: settings.reserved_concurrency.map(|reserved| Concurrency {
            reserved_concurrent_executions: Some(i64::from(reserved)),
        }),
    };
    Ok(json(StatusCode::OK, &response))
}

pub(super) fn configuration(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    Ok(json(
        StatusCode::OK,
        &shown(app, &resolve(app, name, query)?),
    ))
}

pub(super) fn resolve(app: &Arc<App>, name: &str, query: &Query) -> Result<Resolved, ApiError> {
    let name = decode(name).unwrap_or_default();
    app.registry
        .resolve(&Reference::parse(&name, query.get("Qualifier"))?)
}

/// The configuration, with the ARN qualified as in the request.
fn shown(app: &App, resolved: &Resolved) -> FunctionConfiguration {
    let configuration = FunctionConfiguration {
        function_arn: resolved.invoked_arn(),
        ..resolved.version.configuration.clone()
    };
    presented(app, &resolved.arn.name, configuration)
}

/// A stored configuration as the API shows it: with its state, and with defaults that are not
/// stored.
pub(super) fn presented(
    app: &App,
    name: &FunctionName,
    mut configuration: FunctionConfiguration,
) -> FunctionConfiguration {
    let version: Option<Version> = configuration
        .version
        .as_deref()
        .and_then(|version| version.parse().ok());
    let version = version.unwrap_or(Version::Latest);
    if app.registry.settings(name).is_deleting(&version) {
        configuration.state = Some("Deleting".to_owned());
        configuration.state_reason =
            Some("The function is waiting for its durable executions to end.".to_owned());
        configuration.state_reason_code = Some("DrainingDurableExecutions".to_owned());
    }
    app.registry.mark_damage(name, &version, &mut configuration);
    let logging = configuration.logging_config.take().unwrap_or_default();
    let is_json = logging.log_format.as_deref() == Some("JSON");
    let info = || is_json.then(|| "INFO".to_owned());
    configuration.logging_config = Some(LoggingConfig {
        application_log_level: logging.application_log_level.or_else(info),
        system_log_level: logging.system_log_level.or_else(info),
        log_format: logging.log_format.or_else(|| Some("Text".to_owned())),
        log_group: logging
            .log_group
            .or_else(|| Some(format!("/aws/lambda/{name}"))),
    });
    let storage = EphemeralStorage { size: Some(512) };
    configuration.ephemeral_storage = configuration.ephemeral_storage.or(Some(storage));
    let snap_start = configuration.snap_start.take().unwrap_or_default();
    configuration.snap_start = Some(SnapStart {
        apply_on: snap_start.apply_on.or_else(|| Some("None".to_owned())),
        optimization_status: Some("Off".to_owned()),
    });
    configuration
}

pub(super) fn list(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let all = match query.get("FunctionVersion") {
        None => app.registry.all_latest(),
        Some("ALL") => {
            let names = app.registry.all_latest();
            let names = names
                .iter()
                .filter_map(|one| FunctionName::parse(&one.config.name).ok());
            names
                .flat_map(|name| app.registry.versions(&name).unwrap_or_default())
                .collect()
        }
        Some(other) => {
            let mut violations = wire::Violations::default();
            violations.not_one_of(other, "functionVersion", &["ALL"]);
            violations.none()?;
            Vec::new()
        }
    };
    let (page, next_marker) = page(&all, query, FUNCTIONS_MAX)?;
    let functions = page.iter().map(|version| listed(app, version)).collect();
    Ok(json(
        StatusCode::OK,
        &ListFunctionsResponse {
            functions,
            next_marker,
        },
    ))
}

fn listed(app: &App, version: &FunctionVersion) -> FunctionConfiguration {
    let configuration = version.configuration.clone();
    match FunctionName::parse(&version.config.name) {
        Ok(name) => presented(app, &name, configuration),
        Err(_) => configuration,
    }
}

pub(super) fn versions(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let name = known_function(app, name)?;
    let all = app.registry.versions(&name).unwrap_or_default();
    let (page, next_marker) = page(&all, query, FUNCTIONS_MAX)?;
    let versions = page
        .iter()
        .map(|version| version_shown(app, &name, version))
        .collect();
    Ok(json(
        StatusCode::OK,
        &ListVersionsByFunctionResponse {
            versions,
            next_marker,
        },
    ))
}

/// A version as a list shows it: every ARN is qualified, `$LATEST` too.
fn version_shown(
    app: &Arc<App>,
    name: &FunctionName,
    version: &FunctionVersion,
) -> FunctionConfiguration {
    let arn = app.registry.home.arn(name);
    let configuration = FunctionConfiguration {
        function_arn: arn.qualified(&version.version.to_string()),
        ..version.configuration.clone()
    };
    presented(app, name, configuration)
}

/// The name of an existing function.
pub(super) fn known_function(app: &Arc<App>, name: &str) -> Result<FunctionName, ApiError> {
    let name = decode(name).unwrap_or_default();
    let reference = Reference::parse(&name, None)?;
    app.registry.resolve(&Reference {
        qualifier: None,
        ..reference.clone()
    })?;
    Ok(reference.name)
}

/// A page of a list in memory: the marker is the number of earlier items.
pub(super) fn page<'a, T>(
    all: &'a [T],
    query: &Query,
    items_max: usize,
) -> Result<(&'a [T], Option<String>), ApiError> {
    let skip: usize = match query.get("Marker") {
        None => 0,
        Some(text) => marker::decode(text)?
            .parse()
            .map_err(|_| marker::invalid())?,
    };
    let limit = match query.get("MaxItems") {
        None => items_max,
        Some(_) => marker::max_items(query)?.min(items_max),
    };
    let rest = all.get(skip..).unwrap_or_default();
    let page = &rest[..rest.len().min(limit)];
    let next = (page.len() < rest.len()).then(|| marker::encode(&(skip + limit).to_string()));
    Ok((page, next))
}
