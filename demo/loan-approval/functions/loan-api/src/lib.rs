//! The loan API: a plain Lambda function behind an HTTP API of API Gateway.
//!
//! `POST /apply` takes an application and starts the workflow, `GET /status/{applicationId}` returns its state, and
//! `POST /approve/{applicationId}` hands the manager's decision to the workflow. `api.rs` is the handler; the services
//! that it needs are behind the two traits of `ports.rs`.

mod answer;
mod api;
mod application_id;
mod forms;
mod gateway;
mod ports;
mod route;
mod table;
mod workflow;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use loan::{aws_configuration, required_variable};
use powertools::{Invocation, Powertools};
use serde_json::Value;

use api::Api;
use gateway::Request;
use table::ProgressTable;
use workflow::AwsWorkflow;

/// Serves invocations until Lambda ends the process.
///
/// # Errors
/// The environment lacks a variable, or the Runtime API cannot be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let tools = Powertools::from_env();
    tools.logger.install()?;
    let config = Box::pin(aws_configuration()).await;
    let api = Api {
        applications: ProgressTable {
            client: aws_sdk_dynamodb::Client::new(&config),
            table: required_variable("PROGRESS_TABLE")?,
        },
        workflow: AwsWorkflow {
            lambda: aws_sdk_lambda::Client::new(&config),
            function: required_variable("LOAN_FUNCTION_NAME")?,
            states: aws_sdk_sfn::Client::new(&config),
            state_machine: required_variable("LOAN_STATE_MACHINE_ARN")?,
        },
        metrics: tools.metrics.clone(),
        tracer: tools.tracer.clone(),
    };
    let (tools, api) = (&tools, &api);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let request = Request::from_event(&event.payload);
        let mut invocation = Invocation::from(&event.context);
        if let Ok(request) = &request {
            invocation = invocation.correlation_id(request.request_id.clone());
        }
        // On the heap: with the AWS SDK's calls inside, it would not fit a stack without optimisation.
        let work = Box::pin(async {
            tools.logger.log_event(&event.payload);
            if let Err(error) = tools.metrics.capture_cold_start(&invocation) {
                tracing::warn!(%error, "the cold start is not counted");
            }
            Ok::<_, gateway::ReadRequestError>(Box::pin(api.handle(&request?)).await)
        });
        let handled = tools.run(invocation.clone(), work).await;
        handled.map_err(|error| Diagnostic {
            error_type: "EventError".to_owned(),
            error_message: error.to_string(),
        })
    }))
    .await
}
