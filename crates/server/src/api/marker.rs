//! Pages: `MaxItems` and the opaque markers between them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{ExecutionId, Timestamp};
use store::Cursor;
use wire::{ApiError, Range, Violations};

use crate::http::Query;

/// Items of a page: when the request gives no number (or zero), and at most.
const ITEMS_DEFAULT: usize = 100;
const ITEMS: Range = Range { min: 0, max: 1000 };

/// `MaxItems` of a request.
pub(super) fn max_items(query: &Query) -> Result<usize, ApiError> {
    let Some(text) = query.get("MaxItems") else {
        return Ok(ITEMS_DEFAULT);
    };
    let Ok(value) = text.parse() else {
        return Err(ApiError::new(
            lambda_api::ErrorCode::Serialization,
            format!("'{text}' can not be converted to an Integer"),
        ));
    };
    let mut violations = Violations::default();
    let items = violations.in_range(value, "maxItems", ITEMS);
    violations.none()?;
    match items {
        None | Some(0) => Ok(ITEMS_DEFAULT),
        Some(items) => Ok(items as usize),
    }
}

/// The opaque marker for a text.
pub(super) fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The text of a marker that this service issued.
pub(super) fn decode(marker: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).map_err(|_| invalid())?;
    String::from_utf8(bytes).map_err(|_| invalid())
}

pub(super) fn encode_cursor(cursor: &Cursor) -> String {
    encode(&format!(
        "{}.{}",
        cursor.started_at.as_millis(),
        cursor.execution_id
    ))
}

pub(super) fn decode_cursor(marker: &str) -> Result<Cursor, ApiError> {
    let text = decode(marker)?;
    let (millis, id) = text.split_once('.').ok_or_else(invalid)?;
    Ok(Cursor {
        started_at: Timestamp::from_millis(millis.parse().map_err(|_| invalid())?),
        execution_id: ExecutionId::parse(id).map_err(|_| invalid())?,
    })
}

pub(super) fn invalid() -> ApiError {
    ApiError::invalid_parameter("Invalid Marker")
}
