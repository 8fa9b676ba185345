//! Settings of a function that apply to all its versions: reserved concurrency, and answers about
//! features that no function has here.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::{AccountLimit, AccountUsage, Concurrency, ErrorCode, GetAccountSettingsResponse};
use model::{FunctionName, Timestamp};
use serde_json::json as value;
use wire::ApiError;

use super::change::function_name;
use super::members::{PUT_FUNCTION_CONCURRENCY, narrow};
use crate::api::request::checked;
use crate::app::App;
use crate::functions::{FunctionSettings, UNPACKED_BYTES_MAX};
use crate::http::{Body, Query, RequestBody, json, no_content};

/// An account's default quotas on AWS.
/// Source: Lambda quotas page, read 2026-11.
const CONCURRENT_EXECUTIONS: u32 = 1000;
const TOTAL_CODE_BYTES: i64 = 80_530_636_800;
const ZIPPED_BYTES: i64 = 52_428_800;

/// Changes the settings of a function that is not being deleted; returns the new settings.
pub(super) async fn change(
    app: &Arc<App>,
    function: FunctionName,
    change: impl FnOnce(Timestamp, &mut FunctionSettings) -> Result<(), ApiError> + Send + 'static,
) -> Result<FunctionSettings, ApiError> {
    app.change(move |app, changes| {
        Box::pin(async move {
            changes.latest(&function)?;
            let mut settings = app.registry.settings(&function).as_ref().clone();
            change(changes.now(), &mut settings)?;
            changes.put_settings(&function, settings.clone()).await?;
            Ok(settings)
        })
    })
    .await
}

pub(super) async fn put_concurrency(
    app: &Arc<App>,
    name: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request = checked(body, PUT_FUNCTION_CONCURRENCY).await?;
    let wanted = narrow(request.reserved_concurrent_executions).unwrap_or(0);
    if wanted > CONCURRENT_EXECUTIONS {
        return Err(ApiError::invalid_parameter(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's \
             UnreservedConcurrentExecution below its minimum value: {wanted} is more than the \
             {CONCURRENT_EXECUTIONS} of the account."
        )));
    }
    let function = function_name(app, name)?;
    change(app, function.clone(), move |_, settings| {
        settings.reserved_concurrency = Some(wanted);
        settings.concurrency_from_template = false;
        Ok(())
    })
    .await?;
    app.driver.look_for_turns(&function);
    Ok(json(StatusCode::OK, &reserved(Some(wanted))))
}

pub(super) fn get_concurrency(app: &Arc<App>, name: &str) -> Result<Response<Body>, ApiError> {
    let function = function_name(app, name)?;
    let settings = app.registry.settings(&function);
    Ok(json(
        StatusCode::OK,
        &reserved(settings.reserved_concurrency),
    ))
}

pub(super) async fn delete_concurrency(
    app: &Arc<App>,
    name: &str,
) -> Result<Response<Body>, ApiError> {
    let function = function_name(app, name)?;
    change(app, function.clone(), |_, settings| {
        settings.reserved_concurrency = None;
        settings.concurrency_from_template = false;
        Ok(())
    })
    .await?;
    app.driver.look_for_turns(&function);
    Ok(no_content())
}

fn reserved(reserved: Option<u32>) -> Concurrency {
    Concurrency {
        reserved_concurrent_executions: reserved.map(i64::from),
    }
}

pub(super) fn account(app: &Arc<App>) -> Response<Body> {
    let latest = app.registry.all_latest();
    let mut reserved = 0;
    let mut bytes = 0;
    for function in &latest {
        if let Ok(name) = FunctionName::parse(&function.config.name) {
            let settings = app.registry.settings(&name);
            reserved += settings.reserved_concurrency.unwrap_or(0);
            let versions = app.registry.versions(&name).unwrap_or_default();
            bytes += versions
                .iter()
                .filter_map(|version| version.configuration.code_size)
                .sum::<i64>();
        }
    }
    let unreserved = CONCURRENT_EXECUTIONS.saturating_sub(reserved);
    let settings = GetAccountSettingsResponse {
        account_limit: AccountLimit {
            total_code_size: TOTAL_CODE_BYTES,
            code_size_unzipped: i64::try_from(UNPACKED_BYTES_MAX).unwrap_or(i64::MAX),
            code_size_zipped: ZIPPED_BYTES,
            concurrent_executions: i64::from(CONCURRENT_EXECUTIONS),
            unreserved_concurrent_executions: i64::from(unreserved),
        },
        account_usage: AccountUsage {
            total_code_size: bytes,
            function_count: i64::try_from(latest.len()).unwrap_or(i64::MAX),
        },
    };
    json(StatusCode::OK, &settings)
}

/// `GetPolicy`: resource policies do not exist here, so no function has one.
pub(super) fn policy(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    super::function::resolve(app, name, query)?;
    Err(ApiError::new(
        ErrorCode::ResourceNotFound,
        "The resource you requested does not exist.",
    ))
}

/// `GetFunctionCodeSigningConfig`: no function has one.
pub(super) fn code_signing(app: &Arc<App>, name: &str) -> Result<Response<Body>, ApiError> {
    let function = function_name(app, name)?;
    let answer = value!({ "CodeSigningConfigArn": "", "FunctionName": function.as_str() });
    Ok(json(StatusCode::OK, &answer))
}

/// `GetFunctionRecursionConfig`: AWS's default.
pub(super) fn recursion(app: &Arc<App>, name: &str) -> Result<Response<Body>, ApiError> {
    function_name(app, name)?;
    Ok(json(
        StatusCode::OK,
        &value!({ "RecursiveLoop": "Terminate" }),
    ))
}

/// `GetRuntimeManagementConfig`: functions use the runtimes of this machine.
pub(super) fn runtime_management(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let resolved = super::function::resolve(app, name, query)?;
    let answer = value!({ "UpdateRuntimeOn": "Auto", "FunctionArn": resolved.invoked_arn() });
    Ok(json(StatusCode::OK, &answer))
}
