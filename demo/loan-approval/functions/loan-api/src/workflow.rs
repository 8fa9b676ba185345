//! The workflow behind AWS: the durable function, or the state machine.

use std::error::Error;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use loan::{AnswerTo, CallbackAnswer, Engine, LoanApplication, succeed_callback, succeed_task};
use serde_json::Value;

use crate::ports::{Fault, Workflow};

/// Both engines and the clients that reach them.
pub struct AwsWorkflow {
    /// Made once per process.
    pub lambda: Client,
    /// Qualified name or ARN: durable functions are invoked by version or alias.
    pub function: String,
    /// Made once per process.
    pub states: aws_sdk_sfn::Client,
    /// ARN.
    pub state_machine: String,
}

impl Workflow for AwsWorkflow {
    async fn start(&self, application: &LoanApplication, engine: Engine) -> Result<(), Fault> {
        let id = &application.application_id;
        let started = async {
            let input = serde_json::to_string(application)?;
            // The name makes a repeated request find the execution that the first one started.
            match engine {
                Engine::Durable => self.invoke(id, input).await,
                Engine::StateMachine => self.start_execution(id, input).await,
            }
        };
        let started: Result<(), Box<dyn Error + Send + Sync>> = started.await;
        started
            .map_err(|cause| Fault::new(format!("start the workflow of application {id}"), cause))
    }

    async fn decide(
        &self,
        answer_to: &AnswerTo,
        decision: &Value,
    ) -> Result<CallbackAnswer, Fault> {
        let attempting = "hand the decision to the workflow";
        match answer_to {
            AnswerTo::CallbackId(id) => {
                let answer = succeed_callback(&self.lambda, id, decision).await;
                answer.map_err(|error| Fault::new(attempting, error))
            }
            AnswerTo::TaskToken(token) => {
                let answer = succeed_task(&self.states, token, decision).await;
                answer.map_err(|error| Fault::new(attempting, error))
            }
        }
    }
}

impl AwsWorkflow {
    async fn invoke(&self, name: &str, input: String) -> Result<(), Box<dyn Error + Send + Sync>> {
        let invoke = self
            .lambda
            .invoke()
            .function_name(&self.function)
            .invocation_type(InvocationType::Event)
            .durable_execution_name(name)
            .payload(Blob::new(input));
        match invoke.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.into_service_error() {
                // No other execution uses this name, so it is the requested one.
                error if error.is_durable_execution_already_started_exception() => Ok(()),
                error => Err(error.into()),
            },
        }
    }

    async fn start_execution(
        &self,
        name: &str,
        input: String,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let start = self
            .states
            .start_execution()
            .state_machine_arn(&self.state_machine)
            .name(name)
            .input(input);
        match start.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.into_service_error() {
                error if error.is_execution_already_exists() => Ok(()),
                error => Err(error.into()),
            },
        }
    }
}
