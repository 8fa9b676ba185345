//! AWS's other services: requests that come here because `AWS_ENDPOINT_URL` leads here, and where they go.
//!
//! No service is emulated. A request is handed on to an emulator that the user named, or refused in the words
//! and the protocol that its sender speaks ([`refusal`]). [`signed_service`] tells for which service it is.

mod forward;
mod refusal;
mod signed_service;

use std::sync::Arc;

use function_host::Credentials;
use hyper::{Request, Response, Uri};

use crate::http::{Body, RequestBody};
use crate::telemetry::Diagnostics;
use forward::Forwarder;

/// Where calls to AWS services go that are not here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Elsewhere {
    /// Nowhere: they are refused, and the refusal says what can be done.
    #[default]
    Nowhere,
    /// To a program that emulates them, at this `http://` URL.
    Emulator(Uri),
    /// To AWS, by the functions themselves.
    Account(AccountCredentials),
}

/// What functions sign calls to a real account with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountCredentials {
    /// These keys.
    Environment(Credentials),
    /// A profile of the AWS configuration, which each SDK reads by itself.
    Profile(String),
}

impl AccountCredentials {
    /// The keys that functions are given; none where their SDKs read a profile.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        match self {
            Self::Environment(credentials) => Some(credentials.clone()),
            Self::Profile(_) => None,
        }
    }
}

impl Elsewhere {
    /// The variables by which functions find the services, besides those that are here.
    pub(crate) fn variables(&self, here: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Nowhere => vec![("AWS_ENDPOINT_URL", here.to_owned())],
            Self::Emulator(url) => {
                vec![(
                    "AWS_ENDPOINT_URL",
                    url.to_string().trim_end_matches('/').to_owned(),
                )]
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

/// Where requests go that are for a service which is not here.
pub(crate) struct OtherServices {
    forwarder: Option<Forwarder>,
    diagnostics: Arc<Diagnostics>,
}

impl OtherServices {
    pub fn new(elsewhere: &Elsewhere, diagnostics: Arc<Diagnostics>) -> Self {
        let forwarder = match elsewhere {
            Elsewhere::Emulator(url) => Some(Forwarder::new(url.clone())),
            Elsewhere::Nowhere | Elsewhere::Account(_) => None,
        };
        Self {
            forwarder,
            diagnostics,
        }
    }

    /// Answers a request that is signed for another service than those of the main port; gives back what is not.
    pub async fn handle(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Body>, Request<RequestBody>> {
        let Some(service) = signed_service::of(&request) else {
            return Err(request);
        };
        if let Some(forwarder) = &self.forwarder {
            return Ok(forwarder.forward(request).await);
        }
        if self
            .diagnostics
            .is_news(&format!("AWS {service}"), "is not here")
        {
            let name = refusal::full_name(&service);
            tracing::warn!(
                "{name} was called, and is not served here: {}",
                refusal::WHAT_TO_DO
            );
        }
        Ok(refusal::refuse(&request, &service))
    }
}
