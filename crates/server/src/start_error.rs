//! Why a server could not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use function_host::StartHostError;
use store::StoreFault;
use store_sqlite::OpenStoreError;
use thiserror::Error;

/// Why a server could not start.
#[derive(Debug, Error)]
pub enum StartServerError {
    /// Other machines reach the address, and requests could be read and changed on the way.
    #[error("{0} is reachable from other machines, and what is sent there would not be encrypted")]
    ExposedWithoutTls(SocketAddr),
    /// Other machines reach the address, but there is no access key.
    #[error(
        "{0} is reachable from other machines, but there is no access key to sign requests with"
    )]
    ExposedWithoutKeys(SocketAddr),
    /// Policies are to be enforced, but there is no access key.
    #[error("policies must be enforced, but there is no access key to sign requests with")]
    NoAccessKeys,
    /// A read-only console has no access keys, so it must stay on loopback.
    #[error("{0} is reachable from other machines, and this console is for this machine alone")]
    NotLoopback(SocketAddr),
    /// Functions would sign with the keys of an account, and also need credentials of their own for this server.
    #[error(
        "policies are enforced, for which functions sign with credentials of their own: they cannot have those of an \
         account (`--aws-credentials`) as well"
    )]
    AccountCredentials,
    /// Access keys cannot be read.
    #[error("read the access keys")]
    AccessKeys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Certificate or key for TLS cannot be used.
    #[error("use the certificate for TLS")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address is in use.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// The data folder cannot be created.
    #[error("create the data folder `{}`", .path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// The file with the moved clock's time cannot be read.
    #[error(
        "read `{}`, where time was left. What is stored carries times of that clock; a new data folder goes without it",
        .path.display()
    )]
    WoundClock {
        /// The file.
        path: PathBuf,
        /// The error.
        #[source]
        cause: io::Error,
    },
    /// The rules for answers are not valid.
    #[error("the rules for answers: {0}")]
    Answers(String),
    /// The store cannot be opened.
    #[error("open the store")]
    OpenStore(#[from] OpenStoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// A stored function cannot be read.
    #[error("read the stored configuration of `{function}`")]
    StoredFunction {
        /// The function.
        function: String,
        /// The error.
        #[source]
        cause: serde_json::Error,
    },
    /// The tables cannot be opened or served.
    #[error("open the DynamoDB tables: {cause}")]
    Tables {
        /// The reason.
        cause: String,
    },
    /// The function host cannot start.
    #[error("start the function host")]
    Host(#[from] StartHostError),
    /// The operating system gives no randomness for credentials.
    #[error(transparent)]
    Credentials(#[from] access::NoRandomness),
    /// The operating system gives no randomness.
    #[error("draw random numbers")]
    Randomness(#[from] getrandom::Error),
}
