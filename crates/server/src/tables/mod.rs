//! DynamoDB tables: in this server, or at an endpoint that several servers share.

mod alone;
mod dynamodb;
mod there;

use std::path::Path;

use hyper::{HeaderMap, Request, Response, Uri};
use stack::TableResource;
use store::Durability;
use tokio_util::sync::CancellationToken;

use crate::deploy_error::DeployError;
use crate::elsewhere::Elsewhere;
use crate::http::{Body, RequestBody};
use crate::start_error::StartServerError;

pub use alone::{ServeTablesError, ServedTables};
pub(crate) use dynamodb::{Embedded, refused};
use there::There;

/// The tables of the functions here.
#[derive(Clone)]
pub(crate) enum Tables {
    /// Stored by this server.
    Embedded(Embedded),
    /// Stored elsewhere; functions call that endpoint themselves.
    There(There),
}

impl Tables {
    /// Uses the tables at the endpoint, or else those in the file.
    ///
    /// # Errors
    /// When the file cannot be opened or served.
    pub async fn start(
        endpoint: Option<&Uri>,
        elsewhere: &Elsewhere,
        region: &str,
        path: &Path,
        durability: Durability,
        shutdown: CancellationToken,
    ) -> Result<Self, StartServerError> {
        match endpoint {
            Some(endpoint) => Ok(Self::There(There::new(endpoint, elsewhere, region))),
            None => {
                let embedded = Embedded::start(path, durability, shutdown).await?;
                Ok(Self::Embedded(embedded))
            }
        }
    }

    /// The endpoint for functions, when this server's is `here`.
    pub fn endpoint(&self, here: &str) -> String {
        match self {
            Self::Embedded(_) => here.to_owned(),
            Self::There(there) => there.endpoint(),
        }
    }

    /// Whether a request is for tables.
    pub fn serve(headers: &HeaderMap) -> bool {
        Embedded::serve(headers)
    }

    /// Why changes of tables are refused until a restart, if they are.
    pub fn trouble(&self) -> Option<&str> {
        match self {
            Self::Embedded(embedded) => embedded.trouble(),
            Self::There(_) => None,
        }
    }

    /// Answers a request for tables.
    pub async fn handle(&self, request: Request<RequestBody>) -> Response<Body> {
        match self {
            Self::Embedded(embedded) => embedded.handle(request).await,
            Self::There(there) => there.refuse(),
        }
    }

    /// Creates a table unless it exists.
    ///
    /// # Errors
    /// The error of the tables.
    pub async fn deploy(&self, table: &TableResource) -> Result<(), DeployError> {
        match self {
            Self::Embedded(embedded) => embedded.deploy(table).await,
            Self::There(there) => there.deploy(table).await,
        }
    }
}
