//! The Lambda API, as this process serves it.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response};
use lambda_api::headers;
use model::EventSource;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::StatesError;
use crate::api;
use crate::app::App;
use crate::http::{Body, RequestBody};

/// A request to the Lambda API.
pub(super) struct Call<'c> {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'c str, &'c str)>,
    pub body: Vec<u8>,
}

/// A refusal of the Lambda API.
#[derive(Debug)]
pub(super) struct Refusal {
    pub code: String,
    pub message: String,
}

impl Call<'_> {
    pub fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn post(path: String, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            path,
            headers: Vec::new(),
            body,
        }
    }

    /// Sends the request, and returns the body of the answer.
    pub async fn answer(self, app: &Arc<App>) -> Result<Bytes, Refusal> {
        self.respond(app).await.map(|(_, body)| body)
    }

    /// Invokes a function, named with its version or alias, on behalf of `source`.
    pub async fn invoke(
        app: &Arc<App>,
        function: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        source: Option<EventSource>,
    ) -> Result<(), Refusal> {
        let mut given = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).map_err(|error| internal(&error));
            let value = HeaderValue::try_from(*value).map_err(|error| internal(&error));
            given.insert(name?, value?);
        }
        let body = RequestBody::whole(Bytes::from(body));
        let function = segment(function);
        let answer = api::invoke_by(app, &function, &given, body, source).await;
        read(answer).await.map(drop)
    }

    /// Sends the request, and returns the headers and the body of the answer.
    pub async fn respond(self, app: &Arc<App>) -> Result<(HeaderMap, Bytes), Refusal> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(RequestBody::whole(Bytes::from(self.body)))
            .map_err(|error| internal(&error))?;
        read(api::handle(Arc::clone(app), request).await).await
    }

    /// Sends the request, and parses the answer.
    pub async fn read<T: DeserializeOwned>(self, app: &Arc<App>) -> Result<T, Refusal> {
        let body = self.answer(app).await?;
        serde_json::from_slice(&body).map_err(|error| Refusal {
            code: String::from("InternalServerException"),
            message: error.to_string(),
        })
    }
}

fn internal(error: &dyn std::fmt::Display) -> Refusal {
    Refusal {
        code: String::from("InternalServerException"),
        message: error.to_string(),
    }
}

/// The headers and the body of an answer, unless it is a refusal.
async fn read(answer: Response<Body>) -> Result<(HeaderMap, Bytes), Refusal> {
    let (parts, body) = answer.into_parts();
    let collected = body.collect().await;
    let body = collected.map_err(|error| internal(&error))?.to_bytes();
    if parts.status.is_success() {
        return Ok((parts.headers, body));
    }
    let code = parts.headers.get(headers::ERROR_TYPE);
    let code = code.and_then(|code| code.to_str().ok()).unwrap_or_default();
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = ["message", "Message"]
        .iter()
        .find_map(|name| told.get(name)?.as_str());
    Err(Refusal {
        code: code.to_owned(),
        message: message.unwrap_or_default().to_owned(),
    })
}

impl Refusal {
    /// The same in Step Functions' words. `missing` makes the error for a missing resource.
    pub fn states(self, missing: impl FnOnce() -> StatesError) -> StatesError {
        match self.code.as_str() {
            "ResourceNotFoundException" => missing(),
            "DurableExecutionAlreadyStartedException" => {
                StatesError::new("ExecutionAlreadyExists", self.message)
            }
            "TooManyRequestsException" => StatesError::new("ThrottlingException", self.message),
            "CallbackTimeoutException" => StatesError::new("TaskTimedOut", self.message),
            "InvalidParameterValueException" | "InvalidRequestContentException" => {
                StatesError::validation(self.message)
            }
            _ => StatesError::new("InternalServerException", self.message),
        }
    }
}

/// A text as a segment of a path.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
