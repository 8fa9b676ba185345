//! Parameters of our own routes.

use lambda_api::ErrorCode;
use wire::ApiError;

use crate::http::Query;

/// Lines of a page: when the request names no number, and at most.
const LINES_DEFAULT: usize = 1000;
const LINES_MAX: usize = 10_000;

pub(super) fn limit(query: &Query) -> Result<usize, ApiError> {
    let limit =
        number(query, "limit")?.map_or(LINES_DEFAULT, |limit| usize::try_from(limit).unwrap_or(0));
    Ok(limit.clamp(1, LINES_MAX))
}

pub(super) fn number(query: &Query, name: &str) -> Result<Option<i64>, ApiError> {
    query.get(name).map(str::parse).transpose().map_err(|_| {
        let message = format!("'{name}' must be a whole number");
        ApiError::new(ErrorCode::InvalidParameterValue, message)
    })
}

/// Whether a flag is set; `false` unless the request says so.
pub(super) fn flag(query: &Query, name: &str) -> Result<bool, ApiError> {
    match query.get(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => {
            let message = format!("'{name}' must be true or false");
            Err(ApiError::invalid_parameter(message))
        }
    }
}
