//! The permissions that requests need, in IAM's words: actions, and the ARNs of their resources.
//!
//! The handler of a request is chosen elsewhere, by method and path; here the same method and path are read once more.
//! An unknown path needs an action that only `*` allows: a forgotten route is closed.
//!
//! Source of actions: IAM's service authorization reference for Lambda and DynamoDB, read 2026-11; `lambdura:…` are
//! those of our own routes.

mod dynamodb;
mod lambda;
mod machine;
mod own;
mod partiql;
mod requirement;
mod states;

use hyper::header::{HeaderMap, HeaderValue};
use hyper::http::request::Parts;

use crate::functions::Home;
pub(crate) use lambda::to_invoke;
pub(crate) use machine::{of_callback, of_machine};
pub(crate) use requirement::{Needed, On};

/// Largest body of most requests, in bytes: that of the largest table request; only code is larger.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Largest body with code, in bytes. Source: as `api::functions::change`, with room for the rest of the request.
const CODE_BYTES_MAX: usize = 72 * 1024 * 1024;

/// Largest archive of code, in bytes, as `deploy::requests` takes it.
const ARCHIVE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Whether an action uses existing resources, as CloudTrail's data events do, and changes nothing of the service.
pub(crate) fn is_data_event(action: &str) -> bool {
    let (service, name) = action.split_once(':').unwrap_or(("", action));
    match service {
        "lambda" => name.starts_with("Invoke") || name.starts_with("SendDurableExecutionCallback"),
        "dynamodb" => name.contains("Item") || name.starts_with("PartiQL"),
        "states" => {
            matches!(name, "StartExecution" | "StartSyncExecution") || name.starts_with("SendTask")
        }
        _ => false,
    }
}

/// The service of AWS that a request is for, with the name that it must be signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Lambda,
    DynamoDb,
    /// Step Functions.
    States,
    /// A service that is not here.
    Elsewhere,
}

impl Service {
    /// The service of a request, unless it is for the state machines here. `is_elsewhere` says whether it is signed for
    /// a service that is not here.
    pub fn of(is_table: bool, is_elsewhere: bool) -> Self {
        match (is_elsewhere, is_table) {
            (true, _) => Self::Elsewhere,
            (false, true) => Self::DynamoDb,
            (false, false) => Self::Lambda,
        }
    }

    /// Whether a signature for this name is valid for the service.
    pub fn is_named(self, name: &str) -> bool {
        match self {
            Self::Lambda => name == "lambda",
            Self::DynamoDb => name == "dynamodb",
            Self::States => name == "states",
            // These requests are recognized by this very name.
            Self::Elsewhere => !["lambda", "dynamodb"].contains(&name),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::DynamoDb => "dynamodb",
            Self::States => "states",
            Self::Elsewhere => "its own",
        }
    }
}

/// The largest body of a request, in bytes.
pub(crate) fn bytes_max(service: Service, parts: &Parts) -> usize {
    match service {
        Service::Lambda if path(parts).starts_with("/lambdura/v1/code/") => ARCHIVE_BYTES_MAX,
        Service::Lambda if lambda::has_code(&parts.method, path(parts)) => CODE_BYTES_MAX,
        Service::Lambda | Service::DynamoDb | Service::States | Service::Elsewhere => BYTES_MAX,
    }
}

/// The needed permissions of a request. Never empty.
pub(crate) fn needed(
    service: Service,
    signed_for: &str,
    parts: &Parts,
    body: &[u8],
    home: &Home,
) -> Vec<Needed> {
    match service {
        Service::DynamoDb => dynamodb::needed(&parts.headers, body, home),
        Service::States => states::needed(&parts.headers, body, home),
        Service::Elsewhere => vec![elsewhere(signed_for, parts)],
        Service::Lambda => {
            let path = path(parts);
            if let Some(own) = own::needed(&parts.method, path, home) {
                return vec![own];
            }
            let mut needed = vec![lambda::needed(
                &parts.method,
                path,
                parts.uri.query(),
                body,
                home,
            )];
            if needed[0].is_progress() {
                needed.extend(lambda::chained(body, home));
            }
            needed
        }
    }
}

/// The needed permissions of an operation on tables with this body.
pub(crate) fn to_use_tables(operation: &str, body: &[u8], home: &Home) -> Vec<Needed> {
    match HeaderValue::try_from(format!("DynamoDB_20120810.{operation}")) {
        Ok(target) => {
            let mut headers = HeaderMap::new();
            headers.insert("x-amz-target", target);
            dynamodb::needed(&headers, body, home)
        }
        Err(_) => vec![Needed::on_anything("dynamodb:UnknownOperation")],
    }
}

/// The path as `api` and the other modules compare it.
fn path(parts: &Parts) -> &str {
    parts.uri.path().trim_end_matches('/')
}

/// An operation of a service that is not here, named by its protocol's header.
fn elsewhere(service: &str, parts: &Parts) -> Needed {
    let target = parts.headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next());
    let operation = operation.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    Needed::new(
        format!("{service}:{}", operation.unwrap_or("Call")),
        "*".to_owned(),
    )
}

#[cfg(test)]
mod tests;
