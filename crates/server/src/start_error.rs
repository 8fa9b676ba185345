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
    /// The address is not of this machine alone.
    #[error(
        "{0} is reachable from other machines, and requests are not authenticated; listen on a \
         loopback address such as 127.0.0.1"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken.
    #[error("listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// The data folder cannot be made.
    #[error("create the data folder `{}`", .path.display())]
    DataDir {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// How far time was wound cannot be read.
    #[error(
        "read `{}`, where time was left. What is stored carries times of that clock; a new data folder goes without it",
        .path.display()
    )]
    WoundClock {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: io::Error,
    },
    /// The rules for answers are none.
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
        /// Which.
        function: String,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
    /// The tables cannot be opened or served.
    #[error("open the DynamoDB tables: {cause}")]
    Tables {
        /// What stood in the way.
        cause: String,
    },
    /// The function host cannot start.
    #[error("start the function host")]
    Host(#[from] StartHostError),
    /// The operating system gives no randomness.
    #[error("draw random numbers")]
    Randomness(#[from] getrandom::Error),
}
