//! The external fraud check, as the workflow sees it.

use std::future::Future;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use lambdura::BoxError;
use loan::AnswerTo;
use serde::{Deserialize, Serialize};

/// The request to the fraud check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FraudCheckRequest {
    /// The callback or task that it completes.
    #[serde(flatten)]
    pub answer_to: AnswerTo,
    pub application_id: String,
    pub applicant_name: String,
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FraudReport {
    /// `passed`, or else there is no loan.
    pub fraud_check: String,
    #[serde(default)]
    pub risk_indicators: u32,
    #[serde(default = "external_service")]
    pub checked_by: String,
}

fn external_service() -> String {
    "external service".to_owned()
}

/// A service that checks for fraud.
pub trait FraudService: Send + Sync {
    /// Asks for a check. Asking twice does no harm: a callback and a task take one answer.
    fn request(
        &self,
        request: FraudCheckRequest,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// The demo's own function.
pub struct LambdaFraudService {
    /// Made once per process.
    pub client: Client,
    /// Name or ARN.
    pub function: String,
}

impl FraudService for LambdaFraudService {
    async fn request(&self, request: FraudCheckRequest) -> Result<(), BoxError> {
        let payload = serde_json::to_vec(&request)?;
        let invoke = self
            .client
            .invoke()
            .function_name(&self.function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload));
        invoke.send().await.map_err(aws_sdk_lambda::Error::from)?;
        Ok(())
    }
}
