//! Why a stack could not be deployed.

use std::io;
use std::net::SocketAddr;

use model::InvalidId;
use store::StoreFault;
use thiserror::Error;

use crate::functions::FreezeCodeError;

/// Why a stack could not be deployed. Parts that were deployed before the failure stay; deploying
/// again continues from there.
#[derive(Debug, Error)]
pub enum DeployError {
    /// A function has a name that AWS would refuse.
    #[error("deploy a function")]
    FunctionName {
        /// The reason.
        #[source]
        cause: InvalidId,
    },
    /// No built code was given for a function.
    #[error("function `{function}` has no code; build it first")]
    NoArtifact {
        /// Its logical id.
        function: String,
    },
    /// A function's code could not be frozen.
    #[error("freeze the code of function `{function}`")]
    Code {
        /// Its name.
        function: String,
        /// The reason.
        #[source]
        cause: FreezeCodeError,
    },
    /// A durable function is behind an API or URL and has no alias.
    #[error(
        "function `{function}` is durable and behind an API or URL, but has no `AutoPublishAlias`; \
         durable functions are invoked by version or alias only"
    )]
    UnqualifiedDurableRoute {
        /// Its logical id.
        function: String,
    },
    /// A durable function has a schedule but no alias.
    #[error(
        "function `{function}` is durable and has a schedule, but no `AutoPublishAlias`; durable \
         functions are invoked by version or alias only"
    )]
    UnqualifiedDurableSchedule {
        /// Its logical id.
        function: String,
    },
    /// The emulator of AWS's other services does not answer.
    #[error(
        "{url} (`--aws-endpoint`) does not answer, and the template's queues, topics and buckets are to be created there: \
         {problem}"
    )]
    Companion {
        /// Its URL.
        url: String,
        /// The reason.
        problem: String,
    },
    /// A table could not be created.
    #[error("create table `{name}`: {cause}")]
    Table {
        /// Its name.
        name: String,
        /// The message from DynamoDB.
        cause: String,
    },
    /// The address of an API or function URL is in use.
    #[error("listen on {address} for API `{logical_id}`")]
    Listen {
        /// The API.
        logical_id: String,
        /// The address.
        address: SocketAddr,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
}
