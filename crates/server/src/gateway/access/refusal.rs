//! Answers to refused requests, in API Gateway's words.
//!
//! Source: API Gateway developer guide, "Gateway responses for REST APIs" and "Troubleshooting issues with HTTP
//! APIs", read 2026-11-28.

use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde_json::json;

use super::GateKind;
use crate::gateway::answer::message;
use crate::http::{Body, json};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its sender is unknown or not proved; for HTTP APIs with the fault of the token.
    Unauthorized(Option<String>),
    /// Its token was valid, and has expired.
    Expired,
    /// The authorizer does not admit it.
    Denied,
    /// The authorizer's policy denies it explicitly.
    DeniedExplicitly,
    /// Its token is valid, but lacks the scopes of this route.
    NoScope,
    /// It has no API key, or one that is not valid for this API.
    NoApiKey,
    /// The authorizer made no decision.
    NoDecision,
    /// These parameters are missing.
    MissingParameters(Vec<String>),
    /// Its body does not match the model.
    InvalidBody,
    /// The server shuts down.
    Ending,
}

impl Refusal {
    /// The answer of an API.
    pub fn answer(&self, kind: GateKind) -> Response<Body> {
        let forbidden = || message(StatusCode::FORBIDDEN, "Forbidden");
        let denied = |text: &str| json(StatusCode::FORBIDDEN, &json!({ "Message": text }));
        match (self, kind) {
            (Self::Unauthorized(problem), GateKind::Http) => {
                let mut answer = message(StatusCode::UNAUTHORIZED, "Unauthorized");
                let challenge = match problem {
                    Some(problem) => format!(
                        "Bearer scope=\"\" error=\"invalid_token\" error_description=\"{problem}\""
                    ),
                    None => "Bearer".to_owned(),
                };
                if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
                answer
            }
            (Self::Unauthorized(_), GateKind::Rest) => {
                message(StatusCode::UNAUTHORIZED, "Unauthorized")
            }
            (Self::Expired, GateKind::Http) => {
                let problem = "the token has expired".to_owned();
                Self::Unauthorized(Some(problem)).answer(kind)
            }
            (Self::Expired, GateKind::Rest) => {
                message(StatusCode::UNAUTHORIZED, "The incoming token has expired")
            }
            (Self::Denied, GateKind::Rest) => {
                denied("User is not authorized to access this resource")
            }
            (Self::DeniedExplicitly, GateKind::Rest) => {
                denied("User is not authorized to access this resource with an explicit deny")
            }
            (Self::NoScope, GateKind::Rest) => message(StatusCode::UNAUTHORIZED, "Unauthorized"),
            (Self::Denied | Self::DeniedExplicitly | Self::NoScope, GateKind::Http)
            | (Self::NoApiKey, _) => forbidden(),
            (Self::NoDecision, GateKind::Rest) => json(
                StatusCode::INTERNAL_SERVER_ERROR,
                &json!({ "message": null }),
            ),
            (Self::NoDecision, GateKind::Http) => {
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            (Self::MissingParameters(names), _) => {
                let names = names.join(", ");
                let text = format!("Missing required request parameters: [{names}]");
                message(StatusCode::BAD_REQUEST, &text)
            }
            (Self::InvalidBody, _) => message(StatusCode::BAD_REQUEST, "Invalid request body"),
            (Self::Ending, _) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}
