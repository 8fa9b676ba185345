//! Calls of AWS's services that a Task makes directly, through the caller that runs the machine.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use lambdura::NamedError;
use serde_json::Value;

/// A service that can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// Step Functions, to start an execution.
    StepFunctions,
}

/// A request to a service.
#[derive(Clone, Debug)]
pub struct ServiceRequest {
    /// Which service.
    pub service: Service,
    /// Its operation, such as `PutItem`.
    pub operation: String,
    /// What the service is sent.
    pub body: Value,
    /// How long the answer may take; then the error is `States.Timeout`.
    pub within: Option<Duration>,
}

/// What a call comes to, in a while.
pub type ServiceAnswer<'s> = Pin<Box<dyn Future<Output = Result<Value, NamedError>> + Send + 's>>;

/// Makes the calls.
pub trait Services: fmt::Debug + Send + Sync {
    /// Calls a service, and gives its answer. A refusal is an error with the service's name for it, such as
    /// `ConditionalCheckFailedException`.
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_>;
}
