//! `/lambdura/v1/access-keys`: access keys of a running server; `/lambdura/v1/audit`: the record of changes.

use std::sync::Arc;

use access::policy::read_once;
use hyper::{Method, Response, StatusCode};
use lambda_api::ErrorCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::{AuditKind, AuditQuery};
use utoipa::ToSchema;
use wire::ApiError;

use crate::access::{AuditLine, Concerned, KeyError, KeyView, KeyWithSecret};
use crate::api::small_json;
use crate::app::App;
use crate::http::{Body, Query, RequestBody, decode, json};

pub(super) const ROUTE: &str = "/lambdura/v1/access-keys";
pub(super) const AUDIT_ROUTE: &str = "/lambdura/v1/audit";

/// Lines of the record when the request names no number.
const LINES_DEFAULT: usize = 100;

/// An access key that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    name: String,
    /// Names of ready policies, and policy documents.
    #[schema(value_type = Vec<Value>)]
    policies: Vec<Box<RawValue>>,
}

/// Policies as they were sent. A policy with a repeated member is refused.
fn policies(sent: &[Box<RawValue>]) -> Result<Vec<Value>, ApiError> {
    let read = sent.iter().map(|one| read_once(one.get().as_bytes()));
    let read = read.collect::<Result<_, _>>();
    read.map_err(|error| {
        ApiError::invalid_parameter(format!("the policy of an access key: {error}"))
    })
}

/// Answers a request about keys; gives it back if path or method is none of theirs.
pub(super) async fn handle(
    app: &Arc<App>,
    method: &Method,
    path: &str,
    body: RequestBody,
) -> Result<Result<Response<Body>, ApiError>, RequestBody> {
    let rest = match path.strip_prefix(ROUTE) {
        Some("") => None,
        Some(rest) if rest.starts_with('/') => Some(&rest[1..]),
        Some(_) | None => return Err(body),
    };
    let keys = &app.access.keys;
    let now = app.machine_now();
    let noted = async |action: &str, named: &str, is_done: bool| {
        let access = &app.access;
        access.note_unsigned(action, named, is_done, now).await;
    };
    let (status, named, answered) = match (method.as_str(), rest) {
        ("GET", None) => {
            let listed = keys.list().await;
            (
                StatusCode::OK,
                None,
                listed.map(|keys| json!({ "access_keys": keys })),
            )
        }
        ("POST", None) => match small_json::<NewKey>(body).await {
            Ok(NewKey {
                name,
                policies: sent,
            }) => {
                let policies = match policies(&sent) {
                    Ok(policies) => policies,
                    Err(error) => return Ok(Err(error)),
                };
                let created = keys.create(&name, policies, now).await;
                noted("CreateAccessKey", &name, created.is_ok()).await;
                let created = created.map(|created| json!(created));
                (StatusCode::CREATED, Some(name), created)
            }
            Err(error) => return Ok(Err(error)),
        },
        ("DELETE", Some(named)) => {
            let named = named_key(named);
            let deleted = keys.delete(&named, now).await;
            noted("DeleteAccessKey", &named, deleted.is_ok()).await;
            let deleted = deleted.map(|deleted| json!(deleted));
            (StatusCode::OK, Some(named), deleted)
        }
        ("POST", Some(rest)) => {
            let (named, action) = rest.rsplit_once('/').unwrap_or((rest, ""));
            let named = named_key(named);
            let (what, changed) = match action {
                "rotate" => {
                    let rotated = keys.rotate(&named, now).await;
                    ("RotateAccessKey", rotated.map(|key| json!(key)))
                }
                "disable" | "enable" => {
                    let is_disabled = action == "disable";
                    let set = keys.set_disabled(&named, is_disabled, now).await;
                    let what = if is_disabled {
                        "DisableAccessKey"
                    } else {
                        "EnableAccessKey"
                    };
                    (what, set.map(|key| json!(key)))
                }
                _ => return Err(body),
            };
            noted(what, &named, changed.is_ok()).await;
            (StatusCode::OK, Some(named), changed)
        }
        _ => return Err(body),
    };
    Ok(match answered {
        Ok(answer) => {
            let mut answer = json(status, &answer);
            if let Some(named) = named {
                answer.extensions_mut().insert(Concerned(named));
            }
            Ok(answer)
        }
        Err(error) => Err(refused(error)),
    })
}

fn named_key(segment: &str) -> String {
    decode(segment).unwrap_or_default()
}

fn refused(error: KeyError) -> ApiError {
    let message = error.to_string();
    match error {
        KeyError::Name(_) | KeyError::Policy(_) => ApiError::invalid_parameter(message),
        KeyError::Taken(_) => ApiError::new(ErrorCode::ResourceConflict, message),
        KeyError::Unknown(_) => ApiError::new(ErrorCode::ResourceNotFound, message),
        KeyError::TooMany => ApiError::new(ErrorCode::ServiceQuotaExceeded, message),
        KeyError::Store(fault) => fault.into(),
        KeyError::Unseal(_)
        | KeyError::NoSealingKey
        | KeyError::SealingFile(_)
        | KeyError::Randomness(_) => {
            tracing::error!(%message, "access keys cannot be used");
            ApiError::new(ErrorCode::Service, message)
        }
    }
}

/// Lines of the record of changes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes an answer that is made by hand")]
pub(crate) struct AuditLines {
    lines: Vec<AuditLine>,
}

/// Access keys, without their secrets.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes an answer that is made by hand")]
pub(crate) struct AccessKeys {
    access_keys: Vec<KeyView>,
}

/// Returns the access keys.
#[utoipa::path(get, path = "/lambdura/v1/access-keys", responses((status = 200, body = AccessKeys)))]
#[expect(dead_code, reason = "`handle` does it")]
pub(crate) fn list() {}

/// Creates an access key; its secret is shown only once.
#[utoipa::path(
    post,
    path = "/lambdura/v1/access-keys",
    request_body = NewKey,
    responses((status = 201, body = KeyWithSecret)),
)]
#[expect(dead_code, reason = "`handle` does it")]
pub(crate) fn create() {}

/// Deletes an access key.
#[utoipa::path(
    delete,
    path = "/lambdura/v1/access-keys/{key}",
    params(("key" = String, Path, description = "its id or its name, percent-encoded")),
    responses((status = 200, body = KeyView)),
)]
#[expect(dead_code, reason = "`handle` does it")]
pub(crate) fn delete() {}

/// Gives an access key a new secret, which is shown only once.
#[utoipa::path(
    post,
    path = "/lambdura/v1/access-keys/{key}/rotate",
    params(("key" = String, Path, description = "its id or its name, percent-encoded")),
    responses((status = 200, body = KeyWithSecret)),
)]
#[expect(dead_code, reason = "`handle` does it")]
pub(crate) fn rotate() {}

/// Disables an access key until it is enabled again.
#[utoipa::path(
    post,
    path = "/lambdura/v1/access-keys/{key}/disable",
    params(("key" = String, Path, description = "its id or its name, percent-encoded")),
    responses((status = 200, body = KeyView)),
)]
#[expect(dead_code, reason = "`handle` does it")]
pub(crate) fn disable() {}

/// Enables a disabled access key.
#[utoipa::path(
    post,
    path = "/lambdura/v1/access-keys/{key}/enable",
    params(("key" = String, Path, description = "its id or its name, percent-encoded")),
    responses((status = 200, body = KeyView)),
)]
#[expect(dead_code, reason = "`handle` does it")]
pub(crate) fn enable() {}

/// Returns the newest lines of the record of changes, of all servers, oldest first.
#[utoipa::path(
    get,
    path = "/lambdura/v1/audit",
    params(
        ("limit" = Option<usize>, Query, description = "how many lines; 100 without it"),
        ("containing" = Option<String>, Query, description = "only lines with this text in one of their words"),
        ("kind" = Option<String>, Query, description = "only `management` or only `data`"),
        ("before" = Option<String>, Query, description = "only lines before the one with this id"),
    ),
    responses((status = 200, body = AuditLines)),
)]
pub(crate) async fn audit(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let limit = super::parameter::number(query, "limit")?;
    let limit = limit.map_or(LINES_DEFAULT, |limit| usize::try_from(limit).unwrap_or(1));
    let kind = match query.get("kind") {
        None => None,
        Some("management") => Some(AuditKind::Management),
        Some("data") => Some(AuditKind::Data),
        Some(_) => {
            let message = "kind is neither `management` nor `data`";
            return Err(ApiError::invalid_parameter(message));
        }
    };
    let query = AuditQuery {
        kind,
        containing: query.get("containing").map(str::to_owned),
        before: query.get("before").map(str::to_owned),
        limit,
    };
    let lines = app.access.audit.read(query).await?;
    Ok(json(StatusCode::OK, &json!({ "lines": lines })))
}
