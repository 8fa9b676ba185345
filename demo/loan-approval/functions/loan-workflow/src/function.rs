//! The workflow as Lambda runs it: one durable function, invocation by invocation.
//!
//! An application is validated, three credit bureaus are asked at once, the risk is weighed, large loans wait for a
//! manager, all applications wait for an external fraud check, and then the offer is made and the money goes out. While
//! it waits, nothing runs: the next invocation replays `workflow.rs` from the top, on recorded results.
//!
//! Traces are left out on purpose: a replay would draw its segments again.

use std::error::Error;
use std::process;
use std::sync::OnceLock;

use crate::fraud_service::LambdaFraudService;
use crate::outcome::Outcome;
use crate::progress_table::ProgressTable;
use crate::workflow::{Workflow, WorkflowError};
use lambdura::{BoxError, DurableContext, ReplayFilter, durable_execution};
use loan::{LoanApplication, Pace, aws_configuration, required_variable};
use powertools::{Invocation, Powertools};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::layer::{Layer, SubscriberExt};

/// The state that all invocations of the process share.
struct Function {
    tools: Powertools,
    workflow: Workflow<ProgressTable, LambdaFraudService>,
}

static FUNCTION: OnceLock<Function> = OnceLock::new();

/// Serves invocations until Lambda ends the process.
///
/// # Errors
/// The environment lacks a variable, or the Runtime API cannot be reached.
pub async fn serve() -> Result<(), BoxError> {
    let tools = Powertools::from_env();
    // Drops lines of replayed code, which were written before.
    let filter = tools.logger.filter().and(ReplayFilter::new());
    tracing::subscriber::set_global_default(
        Registry::default().with(tools.logger.layer().with_filter(filter)),
    )?;

    let config = Box::pin(aws_configuration()).await;
    let workflow = Workflow {
        table: ProgressTable {
            client: aws_sdk_dynamodb::Client::new(&config),
            table: required_variable("PROGRESS_TABLE")?,
        },
        fraud_service: LambdaFraudService {
            client: aws_sdk_lambda::Client::new(&config),
            function: required_variable("FRAUD_CHECK_FUNCTION")?,
        },
        pace: Pace::from_env()?,
    };
    FUNCTION.get_or_init(|| Function { tools, workflow });
    lambdura::run(approve_loan).await?;
    Ok(())
}

/// One invocation of an execution, from the top.
///
/// A permanent failure fails the execution, after it is written to the application. If only the progress table cannot
/// be reached, the process ends without an answer: Lambda invokes again, and the workflow goes on where its history
/// ends. An error as the answer would instead fail a healthy execution for good.
#[durable_execution]
async fn approve_loan(
    application: LoanApplication,
    ctx: DurableContext,
) -> Result<Outcome, BoxError> {
    let Function { tools, workflow } = FUNCTION
        .get()
        .expect("`serve` fills it before it serves invocations");
    let invocation =
        Invocation::new(ctx.request_id()).correlation_id(application.application_id.clone());
    let work = async {
        powertools::append_key("application_id", application.application_id.as_str());
        powertools::append_key("execution_arn", ctx.execution_arn());
        // On the heap: with the AWS SDK's calls inside, it would not fit a stack without optimisation.
        match Box::pin(workflow.run(application, &ctx)).await {
            Ok(outcome) => Ok(outcome),
            Err(WorkflowError::Operation(error)) => Err(error),
            Err(WorkflowError::Progress(error)) => {
                tracing::error!(
                    error = &error as &(dyn Error + 'static),
                    "ending the process, to be invoked again"
                );
                process::exit(1);
            }
        }
    };
    tools.logger.run(invocation, work).await
}
