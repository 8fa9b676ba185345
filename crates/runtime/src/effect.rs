//! The effects of a commit. Each effect is safe to repeat: a crash between commit and effect costs a repetition, never
//! a loss.

use std::time::Duration;

use engine::{ChainedOutcome, Effect, Execution, Input};
use model::{
    ChainedTarget, ErrorObject, ExecutionId, ExecutionName, FunctionArn, OperationDetails,
    OperationId, Outcome, ParentLink, Payload, Trigger, Version,
};
use stdx::error_chain;
use store::ExecutionRecord;

use crate::{Driver, PlainOutcome, ProcessError, StartError, StartRequest, Started};

/// Bounds of the pause between tries to record something that the store failed to take.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

impl Driver {
    /// Starts an effect of the execution as committed. Never waits.
    pub(crate) fn run_effect(&self, execution: &Execution, effect: &Effect) {
        match effect {
            Effect::Invoke if execution.state.invocation_owner() == Some(self.inner.owner) => {
                self.invoke_in_turn(execution);
            }
            // Scheduled for the server that drove it before the commit; the present driver takes it up.
            Effect::Invoke => {
                let id = &execution.spec.arn.id;
                self.settle_later(self.inner.residents.lease(id), id.clone());
            }
            Effect::StartChainedInvoke(operation_id) => self.chain(execution, operation_id),
            Effect::Closed => self.announce_end(execution),
        }
    }

    fn chain(&self, execution: &Execution, operation_id: &OperationId) {
        let Some(operation) = execution.operation(operation_id) else {
            return;
        };
        let OperationDetails::ChainedInvoke {
            target,
            input,
            tenant_id,
            trace_header,
            ..
        } = &operation.details
        else {
            return;
        };
        match target {
            ChainedTarget::Durable {
                function,
                version,
                execution_id,
            } => {
                let chained = Chained {
                    parent: ParentLink {
                        execution_id: execution.spec.arn.id.clone(),
                        operation_id: operation_id.clone(),
                    },
                    input: input.clone(),
                    tenant_id: tenant_id.clone(),
                    trace_header: trace_header
                        .clone()
                        .or_else(|| execution.spec.trace_header.clone()),
                };
                let function = FunctionArn {
                    name: function.clone(),
                    ..execution.spec.arn.function.clone()
                };
                let (driver, version) = (self.clone(), version.clone());
                let execution_id = execution_id.clone();
                self.spawn(async move {
                    driver
                        .start_chained(chained, function, version, execution_id)
                        .await;
                });
            }
            ChainedTarget::Plain { function, version } => {
                self.chain_in_turn(execution, operation_id, function, version);
            }
            ChainedTarget::Unresolvable => {}
        }
    }

    async fn start_chained(
        &self,
        chained: Chained,
        function: FunctionArn,
        version: Version,
        id: ExecutionId,
    ) {
        let runner = &self.inner.runner;
        let mut settings = runner.durable_settings(&function.name, &version);
        if settings.is_none() {
            runner.look_for(&function.name, &version).await;
            settings = runner.durable_settings(&function.name, &version);
        }
        let Some(settings) = settings else {
            if self.inner.runner.waits_for(&function.name, &version) {
                // It stays open in the records, and the next run takes it up.
                return;
            }
            let arn = function.qualified(&version.to_string());
            let message = format!("Function not found: {arn}");
            let error = ErrorObject::new("ResourceNotFoundException", message);
            return self
                .report_to_parent(&chained.parent, ChainedOutcome::Failed(error))
                .await;
        };
        let request = StartRequest {
            function,
            version,
            name: ExecutionName::parse(id.as_str()).ok(),
            id: Some(id),
            input: chained.input,
            execution_timeout_seconds: settings.execution_timeout_seconds,
            retention_days: settings.retention_days,
            result_bytes_max: self.inner.limits.async_result_bytes_max,
            trace_header: chained.trace_header,
            tenant_id: chained.tenant_id,
            trigger: Trigger::ChainedInvoke(chained.parent.clone()),
        };
        self.start_child(chained.parent, request).await;
    }

    /// Starts the execution of a chained invoke, unless it exists. One that has ended already (the
    /// report of its end was lost in a crash) is reported again.
    async fn start_child(&self, parent: ParentLink, request: StartRequest) {
        let mut pause = RETRY_PAUSE;
        loop {
            match self.start(request.clone()).await {
                Ok(Started::New(_)) | Err(StartError::ShuttingDown) => return,
                Ok(Started::Existing(record)) => {
                    if let Some(outcome) = child_outcome(&record) {
                        self.report_to_parent(&parent, outcome).await;
                    }
                    return;
                }
                Err(StartError::AlreadyStarted(arn)) => {
                    let message = format!("Execution already started: {arn}");
                    let error =
                        ErrorObject::new("DurableExecutionAlreadyStartedException", message);
                    self.report_to_parent(&parent, ChainedOutcome::Failed(error))
                        .await;
                    return;
                }
                Err(StartError::Fault(fault)) => {
                    let error = &fault as &dyn std::error::Error;
                    tracing::error!(error, "failed to start a chained execution; trying again");
                }
            }
            self.inner.clock.sleep(pause).await;
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
        }
    }

    /// Tells the callers that wait for the end. Telling them again is harmless.
    pub(crate) fn announce_end(&self, execution: &Execution) {
        let record = || ExecutionRecord {
            spec: execution.spec.clone(),
            state: execution.state.clone(),
        };
        self.inner.waiters.ended(&execution.spec.arn.id, record);
        let Some(parent) = execution.spec.trigger.parent().cloned() else {
            return;
        };
        let Some(outcome) = child_outcome(&record()) else {
            return;
        };
        let driver = self.clone();
        self.spawn(async move { driver.report_to_parent(&parent, outcome).await });
    }

    /// After a commit for an execution that another server drives: tells that server, and the callers that wait here.
    pub(crate) fn leave_to_its_owner(&self, execution: &Execution) {
        let id = &execution.spec.arn.id;
        if execution.state.outcome.is_some() {
            self.inner.waiters.ended(id, || ExecutionRecord {
                spec: execution.spec.clone(),
                state: execution.state.clone(),
            });
        }
        self.inner.territory.outbox().add([id.clone()]);
    }

    async fn report_to_parent(&self, parent: &ParentLink, outcome: ChainedOutcome) {
        let operation_id = parent.operation_id.clone();
        self.record(
            &parent.execution_id,
            Input::ChainedInvokeEnded {
                operation_id,
                outcome,
            },
        )
        .await;
    }

    /// Records something that has happened. While the store fails it tries again, because the
    /// execution would wait for it forever; a refusal is final and normal (a late answer).
    pub(crate) async fn record(&self, id: &ExecutionId, input: Input) {
        let mut pause = RETRY_PAUSE;
        loop {
            match self.process_here(id, input.clone()).await {
                Ok(_) => return,
                Err(
                    refused @ (ProcessError::Rejected(_)
                    | ProcessError::UnknownExecution(_)
                    | ProcessError::SetAside { .. }
                    | ProcessError::ShuttingDown),
                ) => {
                    let reason = &refused as &dyn std::error::Error;
                    tracing::debug!(execution = %id, reason, "no longer of interest");
                    return;
                }
                Err(ProcessError::Fault(fault)) if self.is_broken(&fault) => {
                    self.set_aside(id, "record what happened", &error_chain(&fault));
                    return;
                }
                Err(failed @ (ProcessError::Fault(_) | ProcessError::Contended(_))) => {
                    let error = &failed as &dyn std::error::Error;
                    tracing::error!(execution = %id, error, "failed to record; trying again");
                }
            }
            self.inner.clock.sleep(pause).await;
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
        }
    }

    /// Runs a task until it ends or the driver shuts down. The next server takes up the tasks that are given up.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.inner.shutdown.clone();
        let at_work = self.inner.clock.work();
        self.inner.tasks.spawn(async move {
            let _at_work = at_work;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                () = task => {}
            }
        });
    }

    pub(crate) fn new_request_id(&self) -> model::RequestId {
        self.inner.seeds.chance().request_id()
    }
}

/// The data that a chained invoke takes from the execution that makes it.
struct Chained {
    parent: ParentLink,
    input: Option<Payload>,
    tenant_id: Option<String>,
    trace_header: Option<String>,
}

/// The outcome of an ended execution for the execution that invoked it; `None` while it runs.
fn child_outcome(record: &ExecutionRecord) -> Option<ChainedOutcome> {
    let seconds = record.spec.execution_timeout_seconds;
    Some(match record.state.outcome.clone()? {
        Outcome::Succeeded(result) => ChainedOutcome::Succeeded(result),
        Outcome::Failed(error) => ChainedOutcome::Failed(error),
        Outcome::TimedOut(_) => ChainedOutcome::TimedOut(ErrorObject::new(
            "ChainedInvoke.Timeout",
            format!("CHAINED_INVOKE timed out after {seconds} seconds."),
        )),
        Outcome::Stopped(error) => ChainedOutcome::Stopped(error),
    })
}

pub(crate) fn chained_outcome(outcome: PlainOutcome) -> ChainedOutcome {
    match outcome {
        PlainOutcome::Succeeded(bytes) => match String::from_utf8(bytes) {
            Ok(text) => ChainedOutcome::Succeeded(Some(Payload::from(text))),
            Err(_) => ChainedOutcome::Failed(ErrorObject {
                message: Some("CHAINED_INVOKE response could not be decoded as UTF-8.".to_owned()),
                ..ErrorObject::default()
            }),
        },
        PlainOutcome::FunctionError { error, .. }
        | PlainOutcome::Throttled(error)
        | PlainOutcome::Unavailable(error) => ChainedOutcome::Failed(error),
    }
}
