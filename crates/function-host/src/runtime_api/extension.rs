//! The Extensions API 2020-01-01, the Telemetry API 2022-07-01 and its predecessor, the Logs API 2020-08-15.
//!
//! As for the Runtime API, this speaks HTTP and keeps no state: every call becomes a message to the process's own task.
//! Source: Lambda developer guide, "Using the Lambda Extensions API to create extensions", "Accessing real-time telemetry data
//! for extensions using the Telemetry API", read 2026-11.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde::Deserialize;
use tokio::sync::oneshot;

use super::body;
use super::call::RuntimeCall;
use super::extension_call::{
    ExtensionAnswer, ExtensionCall, ExtensionFailure, ExtensionRefusal, LifecycleEvents,
};
use super::route::{Router, Unanswered, ending, error, json};
use super::subscription;
use super::watched_stream::closed;

const NAME: HeaderName = HeaderName::from_static("lambda-extension-name");
const IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-identifier");
const EVENT_IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-event-identifier");
const ACCEPT_FEATURE: HeaderName = HeaderName::from_static("lambda-extension-accept-feature");
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-extension-function-error-type");

/// Characters kept of an extension's error message.
const ERROR_CHARS_MAX: usize = 1024;

/// A path of these APIs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ExtensionRoute {
    Register,
    Next,
    InitError,
    ExitError,
    Subscribe,
}

/// Finds the route of a path, and its method.
pub(super) fn route(path: &str) -> Option<(Method, ExtensionRoute)> {
    match path {
        "/2020-01-01/extension/register" => Some((Method::POST, ExtensionRoute::Register)),
        "/2020-01-01/extension/event/next" => Some((Method::GET, ExtensionRoute::Next)),
        "/2020-01-01/extension/init/error" => Some((Method::POST, ExtensionRoute::InitError)),
        "/2020-01-01/extension/exit/error" => Some((Method::POST, ExtensionRoute::ExitError)),
        "/2022-07-01/telemetry" | "/2020-08-15/logs" => {
            Some((Method::PUT, ExtensionRoute::Subscribe))
        }
        _ => None,
    }
}

type HttpResponse = Response<Full<Bytes>>;

/// Answers one request.
///
/// # Errors
/// When the connection cannot be used any more.
pub(super) async fn answer(
    router: &Router,
    route: ExtensionRoute,
    head: Parts,
    body: Incoming,
) -> Result<HttpResponse, Unanswered> {
    let body = body::read(body).await?.bytes.unwrap_or_default();
    let answered = match route {
        ExtensionRoute::Register => register(router, &head.headers, &body).await,
        ExtensionRoute::Next => return next(router, &head.headers).await,
        ExtensionRoute::InitError => {
            failed(router, "Extension.InitError", &head.headers, &body).await
        }
        ExtensionRoute::ExitError => {
            failed(router, "Extension.ExitError", &head.headers, &body).await
        }
        ExtensionRoute::Subscribe => subscribe(router, &head.headers, &body).await,
    };
    Ok(answered.unwrap_or_else(|refusal| *refusal))
}

type Answered = Result<HttpResponse, Box<HttpResponse>>;

async fn register(router: &Router, headers: &HeaderMap, body: &[u8]) -> Answered {
    #[derive(Deserialize)]
    struct Wanted {
        #[serde(default)]
        events: Vec<String>,
    }
    let name = required(headers, &NAME)?;
    let wanted: Wanted = serde_json::from_slice(body)
        .map_err(|cause| bad_request("InvalidRequestFormat", &cause.to_string()))?;
    let mut events = LifecycleEvents::default();
    for event in wanted.events {
        match &*event {
            "INVOKE" => events.invoke = true,
            "SHUTDOWN" => events.shutdown = true,
            _ => {
                let message = format!("`{event}` is not an event: INVOKE and SHUTDOWN are");
                return Err(bad_request("Extension.InvalidEventType", &message));
            }
        }
    }
    let mut registered = router
        .ask(|answer| ExtensionCall::Register {
            name,
            events,
            answer,
        })
        .await?;
    let features = headers.get(ACCEPT_FEATURE).and_then(|it| it.to_str().ok());
    let with_account = features.is_some_and(|it| it.split(',').any(|it| it.trim() == "accountId"));
    registered.account_id = registered.account_id.filter(|_| with_account);
    let document = serde_json::to_vec(&registered).expect("a struct of texts is always JSON");
    let mut response = json(StatusCode::OK, document.into());
    let identifier = registered.identifier.parse();
    response
        .headers_mut()
        .insert(IDENTIFIER, identifier.expect("it is made of digits"));
    Ok(response)
}

async fn next(router: &Router, headers: &HeaderMap) -> Result<HttpResponse, Unanswered> {
    let identifier = match required(headers, &IDENTIFIER) {
        Ok(identifier) => identifier,
        Err(refusal) => return Ok(*refusal),
    };
    let asked = router.ask(|answer| ExtensionCall::Next { identifier, answer });
    // As for `next` of the Runtime API: a connection that has ended must not take an event.
    let event = tokio::select! {
        biased;
        () = closed(&router.stream) => return Err(Unanswered::HungUp),
        event = asked => event,
    };
    Ok(match event {
        Ok(event) => {
            let mut response = json(StatusCode::OK, event.document);
            let identifier = event.identifier.parse();
            response
                .headers_mut()
                .insert(EVENT_IDENTIFIER, identifier.expect("it is made of digits"));
            response
        }
        Err(refusal) => *refusal,
    })
}

async fn failed(
    router: &Router,
    error_type: &'static str,
    headers: &HeaderMap,
    body: &[u8],
) -> Answered {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        error_message: Option<String>,
        error_type: Option<String>,
    }
    let identifier = required(headers, &IDENTIFIER)?;
    let own_type = required(headers, &ERROR_TYPE)?;
    let document: Document = serde_json::from_slice(body).unwrap_or_default();
    let own_type = document.error_type.unwrap_or(own_type);
    let message = match document.error_message {
        Some(message) => format!("{own_type}: {message}"),
        None => own_type,
    };
    let failure = ExtensionFailure {
        error_type,
        message: message.chars().take(ERROR_CHARS_MAX).collect(),
    };
    router
        .ask(|answer| ExtensionCall::Failed {
            identifier,
            failure,
            answer,
        })
        .await?;
    Ok(json(
        StatusCode::ACCEPTED,
        Bytes::from_static(br#"{"status":"OK"}"#),
    ))
}

async fn subscribe(router: &Router, headers: &HeaderMap, body: &[u8]) -> Answered {
    let identifier = required(headers, &IDENTIFIER)?;
    let subscription =
        subscription::parse(body).map_err(|message| bad_request("ValidationError", &message))?;
    router
        .ask(|answer| ExtensionCall::Subscribe {
            identifier,
            subscription,
            answer,
        })
        .await?;
    Ok(json(StatusCode::OK, Bytes::from_static(br#""OK""#)))
}

impl Router {
    async fn ask<T>(
        &self,
        call: impl FnOnce(ExtensionAnswer<T>) -> ExtensionCall,
    ) -> Result<T, Box<HttpResponse>> {
        let (answer, verdict) = oneshot::channel();
        let call = RuntimeCall::Extension(call(answer));
        if self.calls.send(call).await.is_err() {
            return Err(Box::new(ending()));
        }
        match verdict.await {
            Ok(verdict) => verdict.map_err(|refusal| Box::new(refused(refusal))),
            Err(_) => Err(Box::new(ending())),
        }
    }
}

fn required(headers: &HeaderMap, name: &HeaderName) -> Result<String, Box<HttpResponse>> {
    let value = headers.get(name).map(HeaderValue::to_str);
    match value {
        Some(Ok(value)) if !value.is_empty() => Ok(value.to_owned()),
        Some(_) | None => {
            let message = format!("the header `{name}` is missing");
            let missing = error(StatusCode::FORBIDDEN, "Extension.MissingHeader", &message);
            Err(Box::new(missing))
        }
    }
}

fn bad_request(error_type: &str, message: &str) -> Box<HttpResponse> {
    Box::new(error(StatusCode::BAD_REQUEST, error_type, message))
}

fn refused(refusal: ExtensionRefusal) -> HttpResponse {
    let (error_type, message) = match refusal {
        ExtensionRefusal::UnknownIdentifier => (
            "Extension.UnknownExtensionIdentifier",
            "no extension of this process has the identifier",
        ),
        ExtensionRefusal::AlreadyRegistered => (
            "Extension.AlreadyRegistered",
            "the extension is registered already",
        ),
        ExtensionRefusal::RegistrationClosed => (
            "Extension.RegistrationClosed",
            "extensions register while the process initializes",
        ),
        ExtensionRefusal::InternalShutdown => (
            "ShutdownEventNotSupportedForInternalExtension",
            "the extension is none of `/opt/extensions`, and only those may ask for SHUTDOWN; its name must be its file's",
        ),
        ExtensionRefusal::TooMany => (
            "Extension.TooManyExtensions",
            "a process can have 10 extensions",
        ),
        ExtensionRefusal::NoInvokeEvents => (
            "Extension.InvalidEventType",
            "INVOKE is not an event of functions on managed instances, whose invocations run side by side: register for SHUTDOWN only",
        ),
    };
    error(StatusCode::FORBIDDEN, error_type, message)
}
