//! Tables at an endpoint: AWS's DynamoDB, an emulator, or `lambdura tables`.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{Method, Response, StatusCode, Uri};
use stack::TableResource;

use super::refused;
use crate::deploy_error::DeployError;
use crate::elsewhere::{AwsClient, Call, CallError, Elsewhere};
use crate::http::Body;

/// Tables that are not here.
#[derive(Clone)]
pub(crate) struct There {
    endpoint: Uri,
    region: Arc<str>,
    client: Arc<AwsClient>,
}

impl There {
    /// Signs requests to an `http://` endpoint with placeholders, as functions do; AWS's own is called in the account.
    pub fn new(endpoint: &Uri, elsewhere: &Elsewhere, region: &str) -> Self {
        let client = match endpoint.scheme_str() {
            Some("https") => AwsClient::new(elsewhere),
            _ => AwsClient::new(&Elsewhere::Emulator(endpoint.clone())),
        };
        Self {
            endpoint: endpoint.clone(),
            region: region.into(),
            client: Arc::new(client),
        }
    }

    /// The endpoint in the form that functions get.
    pub fn endpoint(&self) -> String {
        self.endpoint.to_string().trim_end_matches('/').to_owned()
    }

    /// Refuses a request: clients must call the endpoint themselves.
    pub fn refuse(&self) -> Response<Body> {
        let message = format!("The tables are at {}, not here.", self.endpoint());
        refused(StatusCode::BAD_REQUEST, "ValidationException", &message)
    }

    /// Creates a table unless it exists: another server may be doing the same.
    pub async fn deploy(&self, table: &TableResource) -> Result<(), DeployError> {
        let body = table.create_table.to_string();
        let call = Call {
            service: "dynamodb",
            region: &self.region,
            method: Method::POST,
            path: "/",
            content_type: "application/x-amz-json-1.0",
            target: Some("DynamoDB_20120810.CreateTable".to_owned()),
            body: Bytes::from(body),
        };
        match self.client.call(call).await {
            Ok(_) => Ok(()),
            Err(CallError::Refused { code, .. }) if code == "ResourceInUseException" => Ok(()),
            Err(error) => Err(DeployError::Table {
                name: table.name.clone(),
                cause: format!("{error} (at {})", self.endpoint()),
            }),
        }
    }
}
