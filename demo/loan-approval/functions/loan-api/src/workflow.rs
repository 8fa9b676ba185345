//! The workflow behind AWS Lambda.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use loan::{CallbackAnswer, LoanApplication, succeed_callback};
use serde_json::Value;

use crate::ports::{Fault, Workflow};

/// The durable function and the client that reaches it.
pub struct LambdaWorkflow {
    /// Made once per process.
    pub client: Client,
    /// Qualified name or ARN: durable functions are invoked by version or alias.
    pub function: String,
}

impl Workflow for LambdaWorkflow {
    async fn start(&self, application: &LoanApplication) -> Result<(), Fault> {
        let attempting = || {
            format!(
                "start the workflow of application {}",
                application.application_id
            )
        };
        let payload =
            serde_json::to_vec(application).map_err(|cause| Fault::new(attempting(), cause))?;
        let invoke = self
            .client
            .invoke()
            .function_name(&self.function)
            .invocation_type(InvocationType::Event)
            // The name makes a repeated request find the execution that the first one started.
            .durable_execution_name(&application.application_id)
            .payload(Blob::new(payload));
        match invoke.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.into_service_error() {
                // Nobody else uses this name, so it is the execution that was asked for.
                error if error.is_durable_execution_already_started_exception() => Ok(()),
                error => Err(Fault::new(attempting(), error)),
            },
        }
    }

    async fn decide(&self, callback_id: &str, decision: &Value) -> Result<CallbackAnswer, Fault> {
        let answer = succeed_callback(&self.client, callback_id, decision).await;
        answer.map_err(|error| Fault::new("hand the decision to the workflow", error))
    }
}
