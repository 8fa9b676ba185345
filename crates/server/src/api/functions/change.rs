//! `CreateFunction`, `UpdateFunctionCode`, `UpdateFunctionConfiguration`, `PublishVersion`,
//! `DeleteFunction`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use function_host::Runtimes;
use hyper::{Response, StatusCode};
use lambda_api::{ErrorCode, FunctionConfiguration, FunctionRequest};
use model::{FunctionName, Version};
use serde::de::DeserializeOwned;
use stdx::error_chain;
use wire::{ApiError, check};

use super::capacity;
use super::function::presented;
use super::input::{apply, check_parameters, defaults};
use super::members::{
    CREATE_FUNCTION, PUBLISH_VERSION, UPDATE_FUNCTION_CODE, UPDATE_FUNCTION_CONFIGURATION,
};
use crate::api::Draining;
use crate::api::request::{checked, object};
use crate::app::App;
use crate::functions::{FrozenCode, NewFunction, Reference, UnpackError};
use crate::http::{Body, BodyError, Query, RequestBody, decode, json, no_content, read_body};

/// Largest requests with a deployment package: an archive of 50 MB in base64, and the rest of the
/// request. Source: the message of Lambda's own refusal, diagnostics 2026-11.
const CREATE_BYTES_MAX: usize = 70_167_211;
const UPDATE_CODE_BYTES_MAX: usize = 69_905_067;

/// Tags of one function (Lambda developer guide, "Tag restrictions").
pub(super) const TAGS_MAX: usize = 50;

pub(super) async fn create(app: &Arc<App>, body: RequestBody) -> Result<Response<Body>, ApiError> {
    let request = package(body, CREATE_BYTES_MAX, "CreateFunction").await?;
    check(&request, CREATE_FUNCTION)?;
    check_parameters(&request)?;
    let tags = request.tags.clone().unwrap_or_default();
    let name = unqualified_name(app, request.function_name.as_deref().unwrap_or_default())?;
    if request.runtime.is_none() || request.handler.is_none() {
        return Err(ApiError::invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment \
             packages.",
        ));
    }
    if request
        .durable_config
        .as_ref()
        .is_some_and(|durable| durable.execution_timeout.is_none())
    {
        return Err(ApiError::invalid_parameter(
            "DurableConfig needs an ExecutionTimeout.",
        ));
    }
    if tags.len() > TAGS_MAX {
        return Err(too_many_tags());
    }
    let code = request.code.clone().unwrap_or_default();
    let elsewhere = code.s3_bucket.is_some() || code.s3_key.is_some();
    let archive = archive(code.zip_file, elsewhere, code.image_uri.is_some())?;
    // An early check before the archive is unpacked. The change itself checks again.
    if app.registry.version(&name, &Version::Latest).is_some() {
        let message = format!("Function already exist: {name}");
        return Err(ApiError::new(ErrorCode::ResourceConflict, message));
    }
    let code = unpacked(app, archive).await?;
    prepare_runtime(app, request.runtime.as_deref()).await?;
    let mut configuration = FunctionConfiguration {
        function_name: name.to_string(),
        function_arn: app.registry.home.arn(&name).to_string(),
        ..defaults()
    };
    apply(&request, &mut configuration);
    capacity::check_parameters(&request, &configuration)?;
    let publish = request.publish.unwrap_or(false);
    let changed = app.change(move |app, changes| {
        Box::pin(async move {
            let new = NewFunction {
                name: name.clone(),
                configuration,
                code,
                tags,
            };
            let created = changes.create(new).await?;
            let configuration = if publish {
                changes.publish(&name, None).await?
            } else {
                created
            };
            Ok::<_, ApiError>(presented(app, &name, configuration))
        })
    });
    Ok(json(StatusCode::CREATED, &changed.await?))
}

/// Makes sure that a managed runtime works here before a function depends on it. Takes seconds the
/// first time, to download the runtime's client.
async fn prepare_runtime(app: &Arc<App>, runtime: Option<&str>) -> Result<(), ApiError> {
    let Some(runtime) = runtime.filter(|runtime| Runtimes::is_managed(runtime)) else {
        return Ok(());
    };
    let (runtimes, name) = (Arc::clone(&app.runtimes), runtime.to_owned());
    let prepared = tokio::task::spawn_blocking(move || runtimes.prepare(&name)).await;
    match prepared {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(ApiError::invalid_parameter(error_chain(&error))),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

pub(super) async fn update_code(
    app: &Arc<App>,
    name: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request = package(body, UPDATE_CODE_BYTES_MAX, "UpdateFunctionCode").await?;
    check(&request, UPDATE_FUNCTION_CODE)?;
    let name = function_name(app, name)?;
    // Checks that the function exists before the archive is unpacked.
    revised(app, &name, request.revision_id.as_deref()).await?;
    let elsewhere = request.s3_bucket.is_some() || request.s3_key.is_some();
    let archive = archive(
        request.zip_file.clone(),
        elsewhere,
        request.image_uri.is_some(),
    )?;
    let code = unpacked(app, archive).await?;
    let changed = app.change(move |app, changes| {
        Box::pin(async move {
            let before = changes.latest(&name)?;
            check_revision(&before.configuration, request.revision_id.as_deref())?;
            let mut configuration = before.configuration.clone();
            if request.architectures.is_some() {
                configuration.architectures = request.architectures;
            }
            if request.dry_run.unwrap_or(false) {
                configuration.code_sha256 = Some(code.sha256);
                configuration.code_size = i64::try_from(code.bytes).ok();
                return Ok(presented(app, &name, configuration));
            }
            let mut shown = changes.replace_latest(&name, configuration, &code).await?;
            app.upkeep.notify_one();
            if request.publish.unwrap_or(false) {
                shown = changes.publish(&name, None).await?;
            }
            Ok::<_, ApiError>(presented(app, &name, shown))
        })
    });
    Ok(json(StatusCode::OK, &changed.await?))
}

pub(super) async fn update_configuration(
    app: &Arc<App>,
    name: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request = checked(body, UPDATE_FUNCTION_CONFIGURATION).await?;
    check_parameters(&request)?;
    let name = function_name(app, name)?;
    prepare_runtime(app, request.runtime.as_deref()).await?;
    let changed = app.change(move |app, changes| {
        Box::pin(async move {
            let before = changes.latest(&name)?;
            check_revision(&before.configuration, request.revision_id.as_deref())?;
            let durable = before.configuration.durable_config.is_some();
            if request.durable_config.is_some() && !durable {
                return Err(ApiError::invalid_parameter(
                    "DurableConfig cannot be added to an existing function. Durable execution can \
                     only be enabled when the function is created.",
                ));
            }
            let mut configuration = before.configuration.clone();
            // Architectures belong to the code: only `UpdateFunctionCode` changes them.
            let request = FunctionRequest {
                architectures: None,
                ..request
            };
            apply(&request, &mut configuration);
            capacity::check_parameters(&request, &configuration)?;
            let bytes = configuration
                .code_size
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or(0);
            let (dir, sha256) = (&before.config.code_dir, before.code_sha256.clone());
            let code = app.registry.code.frozen(dir, sha256, bytes);
            let shown = changes.replace_latest(&name, configuration, &code).await?;
            Ok(presented(app, &name, shown))
        })
    });
    Ok(json(StatusCode::OK, &changed.await?))
}

pub(super) async fn publish(
    app: &Arc<App>,
    name: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request = checked(body, PUBLISH_VERSION).await?;
    let name = function_name(app, name)?;
    let changed = app.change(move |app, changes| {
        Box::pin(async move {
            let latest = changes.latest(&name)?;
            check_revision(&latest.configuration, request.revision_id.as_deref())?;
            if let Some(wanted) = &request.code_sha256
                && *wanted != latest.code_sha256
            {
                return Err(ApiError::invalid_parameter(format!(
                    "CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({}). \
                     Please try again with the CodeSHA256 in $LATEST.",
                    latest.code_sha256
                )));
            }
            let published = changes.publish(&name, request.description).await?;
            Ok(presented(app, &name, published))
        })
    });
    Ok(json(StatusCode::CREATED, &changed.await?))
}

pub(super) async fn delete(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let text = decode(name).unwrap_or_default();
    let reference = Reference::parse(&text, query.get("Qualifier"))?;
    app.registry.resolve(&Reference {
        qualifier: None,
        ..reference.clone()
    })?;
    let version = match reference.qualifier.as_deref() {
        None => None,
        Some(qualifier) => match qualifier.parse() {
            Ok(Version::Published(number)) => {
                app.registry.resolve(&reference)?;
                Some(number)
            }
            Ok(Version::Latest) => {
                return Err(ApiError::invalid_parameter(
                    "$LATEST version cannot be deleted without deleting the function.",
                ));
            }
            Err(_) => {
                return Err(ApiError::invalid_parameter(
                    "Deletion of aliases is not currently supported. Use DeleteAlias.",
                ));
            }
        },
    };
    let function = reference.name;
    app.delete(Draining { function, version }).await?;
    Ok(no_content())
}

pub(super) fn too_many_tags() -> ApiError {
    ApiError::invalid_parameter(format!(
        "Too many tags: a function can have {TAGS_MAX} of them."
    ))
}

/// The name of an existing function from a path segment without a qualifier.
pub(super) fn function_name(app: &App, segment: &str) -> Result<FunctionName, ApiError> {
    let name = unqualified_name(app, &decode(segment).unwrap_or_default())?;
    let reference = Reference {
        name: name.clone(),
        qualifier: None,
        region: None,
        account_id: None,
    };
    app.registry.resolve(&reference)?;
    Ok(name)
}

fn unqualified_name(app: &App, text: &str) -> Result<FunctionName, ApiError> {
    let reference = Reference::parse(text, None)?;
    if reference
        .qualifier
        .as_deref()
        .is_some_and(|qualifier| qualifier != "$LATEST")
    {
        return Err(ApiError::invalid_parameter(
            "This operation is permitted on Lambda functions only. Aliases and versions do not \
             support this operation. Please specify either a function name or an unqualified \
             function ARN.",
        ));
    }
    if !app.registry.home.is(&reference) {
        return Err(ApiError::new(
            ErrorCode::ResourceNotFound,
            format!("Functions from '{text}' are not reachable from this region and account"),
        ));
    }
    Ok(reference.name)
}

async fn revised(
    app: &App,
    name: &FunctionName,
    revision_id: Option<&str>,
) -> Result<(), ApiError> {
    let store = app.driver.store();
    let changes = app.registry.changes(store.as_ref(), app.driver.now()).await;
    check_revision(&changes.latest(name)?.configuration, revision_id)
}

fn check_revision(
    configuration: &FunctionConfiguration,
    wanted: Option<&str>,
) -> Result<(), ApiError> {
    match wanted {
        Some(wanted) if configuration.revision_id.as_deref() != Some(wanted) => {
            Err(stale_revision())
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn stale_revision() -> ApiError {
    ApiError::new(
        ErrorCode::PreconditionFailed,
        "The Revision Id provided does not match the latest Revision Id. Call the \
         GetFunction/GetAlias API to retrieve the latest Revision Id",
    )
}

/// The archive of a request. It must be in the request itself.
fn archive(zip_file: Option<String>, in_s3: bool, image: bool) -> Result<Vec<u8>, ApiError> {
    if in_s3 {
        return Err(ApiError::invalid_parameter(
            "Code in S3 is not supported here: there is no S3. Send the archive itself as ZipFile.",
        ));
    }
    if image {
        return Err(ApiError::invalid_parameter(
            "Container images (ImageUri) are not supported here. Send an archive as ZipFile.",
        ));
    }
    let Some(base64) = zip_file else {
        return Err(ApiError::invalid_parameter(
            "Please provide a source for function code.",
        ));
    };
    STANDARD.decode(base64).map_err(|_| {
        let message = "The member 'ZipFile' is not base64.";
        ApiError::new(ErrorCode::Serialization, message)
    })
}

async fn unpacked(app: &App, archive: Vec<u8>) -> Result<FrozenCode, ApiError> {
    let code = Arc::clone(&app.registry.code);
    let unpacked = tokio::task::spawn_blocking(move || code.unpack(&archive)).await;
    let unpacked = match unpacked {
        Ok(unpacked) => unpacked,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    };
    unpacked.map_err(|error| match error {
        error @ UnpackError::Io { .. } => {
            tracing::error!(error = error_chain(&error), "failed to unpack an archive");
            let message = "The archive could not be unpacked here. See the server's log.";
            ApiError::new(ErrorCode::Service, message)
        }
        refused => ApiError::invalid_parameter(refused.to_string()),
    })
}

/// A request with a deployment package.
async fn package<T: DeserializeOwned>(
    body: RequestBody,
    bytes_max: usize,
    operation: &str,
) -> Result<T, ApiError> {
    let bytes = read_body(body, bytes_max)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => ApiError::new(
                ErrorCode::RequestEntityTooLarge,
                format!(
                    "Request must be smaller than {bytes_max} bytes for the {operation} operation"
                ),
            ),
            error @ (BodyError::Broken | BodyError::Slow) => error.into(),
        })?;
    object(&bytes)
}
