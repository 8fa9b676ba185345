//! The sender of a request to an API.

use serde_json::Value;

/// The known facts about the sender of an admitted request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// `requestContext.authorizer`; null without an authorizer.
    pub authorizer: Value,
    /// The API key in the request.
    pub api_key: Option<ApiKey>,
}

/// An API key that opens the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKey {
    /// Its key in the template, which serves as its id.
    pub id: String,
    pub value: String,
}

/// An authorizer's result for a request: its part of the event, and the API key, if it names one.
#[derive(Debug, Clone, Default)]
pub(super) struct Admitted {
    pub authorizer: Value,
    pub usage_identifier_key: Option<String>,
}
