//! Shared parsing of requests: JSON bodies and boolean parameters.

use lambda_api::ErrorCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wire::{ApiError, Member, check};

use crate::http::{Query, RequestBody, read_body};

/// Largest requests without code or payload.
const SMALL_BYTES_MAX: usize = 1024 * 1024;

/// The body of a request without code or payload; an empty body means `{}`.
pub(crate) async fn small<T: DeserializeOwned>(body: RequestBody) -> Result<T, ApiError> {
    let bytes = read_body(body, SMALL_BYTES_MAX).await?;
    if bytes.is_empty() {
        return object(b"{}");
    }
    object(&bytes)
}

/// The same, checked against the operation's members.
pub(super) async fn checked<T: DeserializeOwned>(
    body: RequestBody,
    members: &[Member<T>],
) -> Result<T, ApiError> {
    let request = small(body).await?;
    check(&request, members)?;
    Ok(request)
}

/// A request body, which is a JSON object. (Serde would take a structure's members from an array
/// too.)
pub(super) fn object<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, ApiError> {
    let refuse = |reason: String| {
        let message = format!("The request body is not what the operation expects: {reason}");
        ApiError::new(ErrorCode::Serialization, message)
    };
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(refuse("it is not a JSON object".to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))
}

/// A boolean parameter.
pub(super) fn boolean(query: &Query, name: &str, default: bool) -> Result<bool, ApiError> {
    match query.get(name) {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(other) => Err(ApiError::new(
            ErrorCode::Serialization,
            format!("'{other}' can not be converted to a Boolean"),
        )),
    }
}
