//! The error of serving invocations.

use crate::error::BoxError;
use crate::service::ServiceError;

/// Why [`run`](crate::run) could not serve invocations, or why an invocation must be repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process was not started by a Lambda runtime environment.
    #[error(
        "environment variable {variable} is missing: durable functions are started by AWS Lambda or by `lambdura up`"
    )]
    NotInLambda {
        /// The variable.
        variable: &'static str,
    },
    /// The AWS configuration cannot be used.
    #[error("configure the AWS client: {reason}")]
    Configuration {
        /// The problem, and the setting that solves it.
        reason: String,
    },
    /// The event is not an event of a durable function.
    #[error(
        "the event is not a durable execution's ({reason}): does the function have a DurableConfig, and was it invoked through the Lambda service?"
    )]
    NotDurable {
        /// The missing or wrong part.
        reason: String,
    },
    /// The service could not be reached or refused for now; invoking again can help.
    #[error("{attempted}: {cause}")]
    Service {
        /// The attempted call.
        attempted: &'static str,
        /// The failure.
        cause: ServiceError,
    },
    /// The Runtime API failed.
    #[error("serve invocations from the Lambda Runtime API")]
    Runtime(#[source] BoxError),
}
