//! `GetFunction`, `GetFunctionConfiguration`, `ListFunctions`, `ListVersionsByFunction`,
//! `ListAliases`, `GetAlias`.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::{
    AliasConfiguration, ErrorCode, FunctionCodeLocation, FunctionConfiguration,
    GetFunctionResponse, ListAliasesResponse, ListFunctionsResponse,
    ListVersionsByFunctionResponse,
};
use model::FunctionName;
use store::AliasRecord;

use super::marker;
use crate::error::ApiError;
use crate::functions::{FunctionVersion, Reference, Resolved};
use crate::http::{Body, Query, decode, json};
use crate::server::App;

/// Functions of a page at the most (botocore: `ListFunctions` returns up to 50).
const FUNCTIONS_MAX: usize = 50;

pub(super) fn get(app: &Arc<App>, name: &str, query: &Query) -> Result<Response<Body>, ApiError> {
    let resolved = resolve(app, name, query)?;
    let location = format!("file://{}", resolved.version.config.code_dir.display());
    let response = GetFunctionResponse {
        configuration: shown(&resolved),
        code: Some(FunctionCodeLocation {
            repository_type: Some("FileSystem".to_owned()),
            location: Some(location),
        }),
        tags: None,
    };
    Ok(json(StatusCode::OK, &response))
}

pub(super) fn configuration(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    Ok(json(StatusCode::OK, &shown(&resolve(app, name, query)?)))
}

fn resolve(app: &Arc<App>, name: &str, query: &Query) -> Result<Resolved, ApiError> {
    let name = decode(name).unwrap_or_default();
    app.registry
        .resolve(&Reference::parse(&name, query.get("Qualifier"))?)
}

/// The configuration, with the ARN qualified as the request was.
fn shown(resolved: &Resolved) -> FunctionConfiguration {
    FunctionConfiguration {
        function_arn: resolved.invoked_arn(),
        ..resolved.version.configuration.clone()
    }
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
            let mut violations = crate::validate::Violations::default();
            violations.not_one_of(other, "functionVersion", &["ALL"]);
            violations.none()?;
            Vec::new()
        }
    };
    let (page, next_marker) = page(&all, query, FUNCTIONS_MAX)?;
    let functions = page
        .iter()
        .map(|version| version.configuration.clone())
        .collect();
    Ok(json(
        StatusCode::OK,
        &ListFunctionsResponse {
            functions,
            next_marker,
        },
    ))
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

/// In a list of versions every ARN is qualified, `$LATEST` too.
fn version_shown(
    app: &Arc<App>,
    name: &FunctionName,
    version: &FunctionVersion,
) -> FunctionConfiguration {
    let arn = app.registry.home.arn(name);
    FunctionConfiguration {
        function_arn: arn.qualified(&version.version.to_string()),
        ..version.configuration.clone()
    }
}

pub(super) fn aliases(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let name = known_function(app, name)?;
    let mut all = app.registry.aliases(&name).unwrap_or_default();
    if let Some(version) = query.get("FunctionVersion") {
        all.retain(|alias| alias.version.to_string() == version);
    }
    let (page, next_marker) = page(&all, query, FUNCTIONS_MAX)?;
    let aliases = page.iter().map(|alias| alias_shown(app, alias)).collect();
    Ok(json(
        StatusCode::OK,
        &ListAliasesResponse {
            aliases,
            next_marker,
        },
    ))
}

pub(super) fn alias(app: &Arc<App>, name: &str, alias: &str) -> Result<Response<Body>, ApiError> {
    let name = known_function(app, name)?;
    let alias = decode(alias).unwrap_or_default();
    let aliases = app.registry.aliases(&name).unwrap_or_default();
    match aliases.iter().find(|record| record.name == alias) {
        Some(record) => Ok(json(StatusCode::OK, &alias_shown(app, record))),
        None => {
            let arn = app.registry.home.arn(&name).qualified(&alias);
            let message = format!("Cannot find alias arn: {arn}");
            Err(ApiError::new(ErrorCode::ResourceNotFound, message))
        }
    }
}

fn alias_shown(app: &Arc<App>, alias: &AliasRecord) -> AliasConfiguration {
    AliasConfiguration {
        alias_arn: app
            .registry
            .home
            .arn(&alias.function)
            .qualified(&alias.name),
        name: alias.name.clone(),
        function_version: alias.version.to_string(),
        description: Some(alias.description.clone()),
        routing_config: None,
        revision_id: None,
    }
}

/// The name of a function that exists.
fn known_function(app: &Arc<App>, name: &str) -> Result<FunctionName, ApiError> {
    let name = decode(name).unwrap_or_default();
    let reference = Reference::parse(&name, None)?;
    app.registry.resolve(&Reference {
        qualifier: None,
        ..reference.clone()
    })?;
    Ok(reference.name)
}

/// A page of a list that is in memory: the marker is how many came before.
fn page<'a, T>(
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
