//! Runs the program's own functions: the runtime's interface for running functions.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{InvocationOutcome, Output};
use futures_util::FutureExt as _;
use lambda_api::{InitialExecutionState, InvocationInput, InvocationOutput, InvocationStatus};
use model::{ErrorObject, ExecutionId, FunctionName, Payload, Version};
use runtime::{
    Clock, DurableInvocation, DurableSettings, FunctionRunnerFuture, InvocationReport, NoRoom,
    PlainInvocation, PlainOutcome,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::{error_object, wire_operation_millis};

use super::client::OwnService;
use super::handlers::{Handler, Handlers, failed};
use crate::error::Failure;
use crate::invocation::{InvocationContext, Invoker};
use crate::run_error::Error;

/// Pause before a store that failed is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The functions of the program, and their running invocations.
pub(super) struct OwnFunctions {
    pub handlers: Arc<Handlers>,
    pub invoker: Invoker,
    /// The service that the invoker calls.
    pub service: OwnService,
    /// How long a handler may run after its execution has ended.
    pub grace: Duration,
    pub concurrency: usize,
    pub clock: Arc<dyn Clock>,
    /// No invocation begins any more.
    pub draining: CancellationToken,
    /// Running invocations.
    pub at_work: TaskTracker,
    /// Functions found missing: each is logged once.
    pub missed: Mutex<BTreeSet<FunctionName>>,
}

/// The runtime's view of them.
#[derive(Clone)]
pub(super) struct OwnRunner(pub Arc<OwnFunctions>);

impl runtime::FunctionRunner for OwnRunner {
    fn durable_settings(&self, function: &FunctionName, _: &Version) -> Option<DurableSettings> {
        match self.0.handlers.get(function)? {
            Handler::Durable(_, settings) => Some(*settings),
            Handler::Plain(_) => None,
        }
    }

    /// Called for functions that are not registered: chained invokes of them wait, like executions of such a handler.
    fn waits_for(&self, function: &FunctionName, _: &Version) -> bool {
        self.0.say_missed(function);
        true
    }

    fn invoke_durable(
        &self,
        invocation: DurableInvocation,
    ) -> FunctionRunnerFuture<Result<InvocationReport, NoRoom>> {
        let functions = Arc::clone(&self.0);
        Box::pin(async move { Ok(functions.durable(invocation).await) })
    }

    fn concurrency(&self, _: &FunctionName, _: &Version) -> usize {
        self.0.concurrency
    }

    fn invoke_plain(&self, invocation: PlainInvocation) -> FunctionRunnerFuture<PlainOutcome> {
        let functions = Arc::clone(&self.0);
        Box::pin(async move { functions.plain(invocation).await })
    }
}

impl OwnFunctions {
    async fn durable(&self, invocation: DurableInvocation) -> InvocationReport {
        let started_at = self.clock.now();
        let report = |outcome| InvocationReport {
            started_at,
            outcome,
        };
        let arn = &invocation.spec.arn;
        let run = match self.handlers.get(&arn.function.name) {
            Some(Handler::Durable(run, _)) if !self.draining.is_cancelled() => run,
            found => {
                if found.is_none() {
                    self.say_missed(&arn.function.name);
                }
                // This does not fail the execution: it waits for a program that has its handler, or for the program's
                // next run.
                invocation.called_off.cancelled().await;
                return report(InvocationOutcome::NotStarted);
            }
        };
        let _at_work = self.at_work.token();
        let operations = invocation.operations.iter();
        let input = InvocationInput {
            durable_execution_arn: arn.to_string(),
            checkpoint_token: invocation.checkpoint_token.to_string(),
            initial_execution_state: InitialExecutionState {
                operations: operations.map(|it| wire_operation_millis(it, 0)).collect(),
                next_marker: None,
            },
            updated_operation_ids: Some(
                invocation
                    .updated_operation_ids
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
        };
        let context = InvocationContext {
            request_id: invocation.request_id.to_string(),
            remaining_time: None,
        };
        let (id, called_off) = (arn.id.clone(), invocation.called_off.clone());
        drop(invocation);
        tokio::select! {
            biased;
            ran = run(self.invoker.clone(), input, context) => report(match ran {
                Ok(output) => InvocationOutcome::Returned(returned(output)),
                Err(error) => {
                    tracing::debug!(%error, "an invocation is to be repeated");
                    InvocationOutcome::FunctionError(not_answered(&error))
                }
            }),
            () = self.outlived(&id, &called_off) => {
                tracing::info!(execution = %id, "a handler is cut off: its execution has ended");
                report(InvocationOutcome::FunctionError(cut_off()))
            }
        }
    }

    /// Returns once a handler still runs after its execution has ended and the grace has passed. Its answer is of no
    /// use any more, and it would keep its place for as long as it waits.
    async fn outlived(&self, id: &ExecutionId, called_off: &CancellationToken) {
        // A pause calls the invocation off as well; the handler may take its time then, and the execution may end later
        // or never.
        called_off.cancelled().await;
        while let Err(error) = self.service.driver().wait_ended(id).await {
            tracing::warn!(execution = %id, %error, "whether an execution has ended is not known; asking again");
            tokio::time::sleep(ASK_AGAIN).await;
        }
        tokio::time::sleep(self.grace).await;
    }

    async fn plain(&self, invocation: PlainInvocation) -> PlainOutcome {
        if self.draining.is_cancelled() {
            return std::future::pending().await;
        }
        let Some(Handler::Plain(run)) = self.handlers.get(&invocation.function) else {
            self.say_missed(&invocation.function);
            return std::future::pending().await;
        };
        let _at_work = self.at_work.token();
        let ran = AssertUnwindSafe(run(invocation)).catch_unwind().await;
        ran.unwrap_or_else(|panic| failed(&Failure::panicked(panic.as_ref())))
    }

    fn say_missed(&self, function: &FunctionName) {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        if missed.insert(function.clone()) {
            tracing::warn!(
                %function,
                "executions wait for a function that is not registered: they continue in a program that has it"
            );
        }
    }
}

/// The recorded error of a handler that did not come to an end.
fn cut_off() -> ErrorObject {
    ErrorObject::new(
        "InvocationCutOff",
        "The execution had ended, and the handler did not.",
    )
}

/// The handler's outcome, in the engine's form.
fn returned(output: InvocationOutput) -> Output {
    match output.status {
        InvocationStatus::Succeeded => Output::Succeeded(output.result.map(Payload::from)),
        InvocationStatus::Failed => Output::Failed(error_object(output.error.unwrap_or_default())),
        InvocationStatus::Pending => Output::Pending,
        InvocationStatus::Unknown(status) => {
            Output::Invalid(format!("Invalid Status in invocation output: {status}"))
        }
    }
}

fn not_answered(error: &Error) -> ErrorObject {
    let error_type = match error {
        Error::Service { .. } => "CheckpointError",
        Error::NotDurable { .. } => "NotDurableError",
        Error::NotInLambda { .. } | Error::Configuration { .. } | Error::Runtime(_) => {
            "RuntimeError"
        }
    };
    ErrorObject::new(error_type, error.to_string())
}
