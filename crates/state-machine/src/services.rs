//! Calls of AWS's services that a Task makes directly, through the caller that runs the machine.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use aws_services::{Operation, Refusal, Service, Style};
use lambdura::NamedError;
use serde_json::Value;

/// A request to a service.
#[derive(Clone, Debug)]
pub struct ServiceRequest {
    /// Which service.
    pub service: &'static Service,
    /// Its operation.
    pub operation: &'static Operation,
    /// What the service is to be told.
    pub parameters: Value,
    /// The same if the call is made once more because nobody knows whether it was.
    pub token: String,
    /// How the result is to be told.
    pub style: Style,
    /// How long the answer may take; then the error is `States.Timeout`.
    pub within: Option<Duration>,
}

/// What a service answered.
#[derive(Clone, Debug, Default)]
pub struct ServiceResult {
    /// The result.
    pub result: Value,
    /// Such as 200.
    pub status: u16,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
}

/// Why there is no result.
#[derive(Debug)]
pub enum ServiceError {
    /// The service refused.
    Refused {
        refusal: Refusal,
        status: u16,
        request_id: Option<String>,
    },
    /// It was not asked, or did not answer.
    Unanswered(String),
    /// An error with a name of its own, such as `States.Timeout`.
    Named(NamedError),
}

/// What a call comes to, in a while.
pub type ServiceAnswer<'s> =
    Pin<Box<dyn Future<Output = Result<ServiceResult, ServiceError>> + Send + 's>>;

/// Makes the calls.
pub trait Services: fmt::Debug + Send + Sync {
    /// Calls a service, and gives its answer.
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_>;

    /// Lets time pass, within a step.
    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
