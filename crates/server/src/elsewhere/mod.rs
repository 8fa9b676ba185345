//! AWS's other services: requests that arrive because `AWS_ENDPOINT_URL` points to this server, and where they go.
//!
//! No service is emulated. A request is forwarded to an emulator that the user named, or rejected in the format
//! and the protocol of its sender ([`refusal`]); only the template's own parameters and secrets can be read
//! without an emulator ([`own_values`]). [`signed_service`] tells which service a request is for. [`client`] makes the
//! server's own calls to these services: to queues that functions process ([`sqs`]), to create the template's own
//! resources at an emulator ([`creation`]), and for code in a bucket ([`object`]).

mod client;
mod creation;
mod credentials;
mod forward;
mod machine;
mod object;
mod own_values;
mod refusal;
mod signed_service;
mod sqs;

use std::sync::{Arc, PoisonError, RwLock};

use function_host::Credentials;
use hyper::{Request, Response, Uri};
use model::Timestamp;

use crate::functions::Home;
use crate::http::{Body, RequestBody, read_body};
use crate::telemetry::Diagnostics;
use forward::Forwarder;
use own_values::OwnValues;

pub(crate) use client::{AwsClient, Call, CallError};
pub(crate) use creation::create;
pub use credentials::profile_keys;
pub use machine::{UnansweredCall, unanswered_calls};
pub use object::{FetchObjectError, fetch_object};
pub(crate) use sqs::{ENTRIES_MAX, Message, MessageAttribute, Queue, of_arn as queue_of_arn};

/// Where calls go to AWS services that this server does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Elsewhere {
    /// Nowhere: they are refused, and the refusal names the options.
    #[default]
    Nowhere,
    /// To a program that emulates them, at this `http://` URL.
    Emulator(Uri),
    /// To AWS, by the functions themselves.
    Account(AccountCredentials),
}

/// The credentials with which functions sign calls to a real account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountCredentials {
    /// These keys.
    Environment(Credentials),
    /// A profile of the AWS configuration, which each SDK reads by itself.
    Profile(String),
}

impl AccountCredentials {
    /// The keys that functions get; none where their SDKs read a profile.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        match self {
            Self::Environment(credentials) => Some(credentials.clone()),
            Self::Profile(_) => None,
        }
    }
}

impl Elsewhere {
    /// The variables by which functions find the services that this server does not have.
    pub(crate) fn variables(&self, here: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Nowhere => vec![("AWS_ENDPOINT_URL", here.to_owned())],
            Self::Emulator(url) => {
                let emulator = url.to_string().trim_end_matches('/').to_owned();
                // The template's state machines run here; if it has none, the call is forwarded.
                vec![
                    ("AWS_ENDPOINT_URL", emulator),
                    ("AWS_ENDPOINT_URL_SFN", here.to_owned()),
                ]
            }
            Self::Account(AccountCredentials::Environment(_)) => Vec::new(),
            Self::Account(AccountCredentials::Profile(name)) => {
                let mut variables = vec![("AWS_PROFILE", name.clone())];
                for passed_on in ["HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
                    let value = std::env::var(passed_on).ok();
                    variables.extend(value.map(|value| (passed_on, value)));
                }
                variables
            }
        }
    }
}

/// Handles requests for services that this server does not have.
pub(crate) struct OtherServices {
    forwarder: Option<Forwarder>,
    /// Parameters and secrets of the template.
    own: RwLock<OwnValues>,
    diagnostics: Arc<Diagnostics>,
}

/// Largest request for parameters or secrets.
const QUESTION_BYTES_MAX: usize = 64 * 1024;

impl OtherServices {
    pub fn new(elsewhere: &Elsewhere, diagnostics: Arc<Diagnostics>) -> Self {
        let forwarder = match elsewhere {
            Elsewhere::Emulator(url) => Some(Forwarder::new(url.clone())),
            Elsewhere::Nowhere | Elsewhere::Account(_) => None,
        };
        Self {
            forwarder,
            own: RwLock::default(),
            diagnostics,
        }
    }

    /// Sets the template's parameters and secrets; they replace those of an earlier template.
    pub fn set_own(&self, resources: &[stack::CompanionResource], home: &Home, at: Timestamp) {
        let at = at.as_millis() as f64 / 1000.0;
        let own = OwnValues::new(resources, &home.region, &home.account_id, at);
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = own;
    }

    /// Answers a read of the template's own parameters and secrets; gives back any other request.
    async fn answer_own(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Body>, Request<()>> {
        let (parts, body) = request.into_parts();
        let target = parts.headers.get("x-amz-target");
        let target = target.and_then(|target| target.to_str().ok());
        let target = target.filter(|target| OwnValues::may_answer(target));
        let Some(target) = target.map(str::to_owned) else {
            return Err(Request::from_parts(parts, ()));
        };
        let question = read_body(body, QUESTION_BYTES_MAX).await;
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
        let answer = question
            .ok()
            .and_then(|question| own.answer(&target, &question));
        answer.ok_or_else(|| Request::from_parts(parts, ()))
    }

    /// Whether requests are forwarded to an emulator.
    pub fn are_handed_on(&self) -> bool {
        self.forwarder.is_some()
    }

    /// The service for which a request is signed, if the main port does not serve it.
    #[expect(clippy::unused_self, reason = "it is a question to them")]
    pub fn meant<B>(&self, request: &Request<B>) -> Option<String> {
        signed_service::of(request)
    }

    /// Answers a request for one of these services.
    pub async fn handle(&self, request: Request<RequestBody>, service: &str) -> Response<Body> {
        if let Some(forwarder) = &self.forwarder {
            return forwarder.forward(request, service).await;
        }
        let request = match self.answer_own(request).await {
            Ok(answer) => return answer,
            Err(request) => request,
        };
        if self
            .diagnostics
            .is_news(&format!("AWS {service}"), "is not here")
        {
            let name = refusal::full_name(service);
            tracing::warn!(
                "{name} was called, and is not served here: {}",
                refusal::WHAT_TO_DO
            );
        }
        refusal::refuse(&request, service)
    }
}
