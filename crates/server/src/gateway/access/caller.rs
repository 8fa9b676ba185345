//! Who sent a request to an API.

use serde_json::Value;

/// What is known of who sent a request that is let in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// `requestContext.authorizer`; null without an authorizer.
    pub authorizer: Value,
    /// The API key that it showed.
    pub api_key: Option<ApiKey>,
}

/// An API key that opens the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKey {
    /// Its key in the template, which stands for its id.
    pub id: String,
    pub value: String,
}

/// What an authorizer says of a request: what its event has of it, and the API key, if it knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Admitted {
    pub authorizer: Value,
    pub usage_identifier_key: Option<String>,
}
