//! The two kinds of API, and how long each waits for a function.

use std::time::Duration;

/// How long an HTTP API waits for a function, at most and by default.
/// Source: API Gateway developer guide, "Quotas for HTTP APIs", read 2026-11-23.
pub(super) const HTTP_API_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a REST API waits for a function by default.
/// Source: API Gateway developer guide, "Quotas for REST APIs", read 2026-11-23.
pub(super) const REST_API_TIMEOUT: Duration = Duration::from_secs(29);

/// The kind of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Rest,
}

impl Kind {
    /// How long it waits by default.
    pub fn timeout(self) -> Duration {
        match self {
            Self::Http => HTTP_API_TIMEOUT,
            Self::Rest => REST_API_TIMEOUT,
        }
    }
}
