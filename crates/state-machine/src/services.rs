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
    /// The service.
    pub service: &'static Service,
    /// Its operation.
    pub operation: &'static Operation,
    /// The parameters of the call.
    pub parameters: Value,
    /// The same token if the call is repeated because its outcome is unknown.
    pub token: String,
    /// The form of the result.
    pub style: Style,
    /// The time limit for the answer; after it the error is `States.Timeout`.
    pub within: Option<Duration>,
}

/// The answer of a service.
#[derive(Clone, Debug, Default)]
pub struct ServiceResult {
    /// The result.
    pub result: Value,
    /// The HTTP status, such as 200.
    pub status: u16,
    /// Names in lower case, and values.
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
    /// The service was not called, or did not answer.
    Unanswered(String),
    /// An error with its own name, such as `States.Timeout`.
    Named(NamedError),
}

/// The outcome of a call.
pub type ServiceAnswer<'s> =
    Pin<Box<dyn Future<Output = Result<ServiceResult, ServiceError>> + Send + 's>>;

/// Makes the calls.
pub trait Services: fmt::Debug + Send + Sync {
    /// Calls a service, and returns its answer.
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_>;

    /// Waits, within a step.
    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
