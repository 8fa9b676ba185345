//! The embedded tables without a server, for several servers that share them.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use hyper::Request;
use store::Durability;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{Embedded, Tables};
use crate::http::connections::Connections;
use crate::http::listen;
use crate::http::{RequestBody, guard, no_content, refusal};
use crate::start_error::StartServerError;
use lambda_api::ErrorCode;
use wire::ApiError;

/// Tables that are served without a Lambda server.
pub struct ServedTables {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

/// Why the tables cannot be served.
#[derive(Debug, Error)]
pub enum ServeTablesError {
    /// Requests are not authenticated.
    #[error("{0} is reachable from other machines, and requests for tables are not authenticated")]
    NotLoopback(SocketAddr),
    /// The address is in use.
    #[error("listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// The file cannot be opened.
    #[error(transparent)]
    Open(#[from] StartServerError),
}

impl ServedTables {
    /// Serves the tables in a file; port 0 picks a free one.
    ///
    /// # Errors
    /// See [`ServeTablesError`].
    pub async fn start(
        listen: SocketAddr,
        path: PathBuf,
        durability: Durability,
    ) -> Result<Self, ServeTablesError> {
        if !listen.ip().is_loopback() {
            return Err(ServeTablesError::NotLoopback(listen));
        }
        let failed = |cause| ServeTablesError::Listen {
            address: listen,
            cause,
        };
        let listener = listen::bind(listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shutdown = CancellationToken::new();
        let tables = Embedded::start(&path, durability, shutdown.clone()).await?;
        let handle = move |request: Request<RequestBody>, _peer| {
            let tables = tables.clone();
            async move {
                let guarded = guard::check(request.method(), request.headers(), |_| false);
                if let Err(refused) = guarded {
                    let error = ApiError::new(ErrorCode::AccessDenied, refused.message());
                    return refusal(error);
                }
                match Tables::serve(request.headers()) {
                    true => tables.handle(request).await,
                    // A check whether the tables are served at all.
                    false => no_content(),
                }
            }
        };
        let connections = Connections::within_open_files();
        let serving = listen::serve(listener, None, handle, connections, shutdown.clone());
        Ok(Self {
            address,
            serving: tokio::spawn(serving),
            shutdown,
        })
    }

    /// The URL of the tables.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops serving the tables.
    pub async fn shut_down(self) {
        self.shutdown.cancel();
        // The panic has already been printed.
        let _ = self.serving.await;
    }
}
