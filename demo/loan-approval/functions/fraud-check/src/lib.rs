//! An external fraud check, simulated: a plain Lambda function that works a while and then completes a callback, or
//! the task of a state machine.
//!
//! The workflow invokes it asynchronously and suspends; the answer resumes it. Asynchronous invocation delivers at
//! least once, so a second delivery finds the callback completed, which counts as success.

mod check;

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use loan::{Pace, aws_configuration};
use powertools::{Invocation, Powertools};
use serde_json::Value;

use check::{AwsCallbacks, FraudCheck};

/// Serves invocations until Lambda ends the process.
///
/// # Errors
/// The environment lacks a variable, or the Runtime API cannot be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let tools = Powertools::from_env();
    tools.logger.install()?;
    let config = Box::pin(aws_configuration()).await;
    let fraud_check = FraudCheck {
        callbacks: AwsCallbacks {
            lambda: aws_sdk_lambda::Client::new(&config),
            states: aws_sdk_sfn::Client::new(&config),
        },
        pace: Pace::from_env()?,
        tracer: tools.tracer.clone(),
    };
    let shared = Arc::new((tools, fraud_check));
    // Several at once if the template allows it, and otherwise one after another.
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Value>| {
        let shared = Arc::clone(&shared);
        async move {
            let (tools, fraud_check) = &*shared;
            let invocation = Invocation::from(&event.context);
            // On the heap: with the AWS SDK's calls inside, it would not fit a stack without optimisation.
            let work = Box::pin(async {
                tools.logger.log_event(&event.payload);
                Box::pin(fraud_check.handle(event.payload)).await
            });
            let handled = tools.run(invocation, work).await;
            handled.map_err(|error| Diagnostic {
                error_type: error.kind().to_owned(),
                error_message: error.chain(),
            })
        }
    }))
    .await
}
