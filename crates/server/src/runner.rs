//! Runs functions in the host's processes: converts our data to the wire's form, and the outcome to the engine's form.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use engine::{InvocationOutcome, Output};
use function_host::{
    FunctionErrorKind, FunctionHost, InvocationOutcome as HostOutcome, InvocationRequest,
    InvocationResult, InvokeError, Permit, ResponseSink,
};
use lambda_api::{
    FunctionErrorBody, InitialExecutionState, InvocationInput, InvocationOperation,
    InvocationOutput, InvocationStatus,
};
use model::{
    ErrorObject, ExecutionName, FunctionName, Limits, Payload, Timestamp, Trigger, Version,
};
use runtime::{
    Clock, Destination, DurableInvocation, DurableSettings, EndedInvocation, FunctionRunner,
    FunctionRunnerFuture, InvocationReport, NoRoom, PlainInvocation, PlainOutcome, RetryPolicy,
    StartRequest, Tenure,
};
use stdx::error_chain;
use store::AsyncInvocation;
use tokio_util::sync::CancellationToken;
use wire::{FIRST_PAGE, PAGE_BYTES_MAX, error_object, json_bytes, trace, wire_operation_millis};

use crate::functions::{
    Damage, Depth, FunctionVersion, Reference, Registry, Resolved, invocation_record,
};
use crate::telemetry::{Diagnostics, LogRecorder, OwnSources, Went, advice, execution_span};
use wind::{Answers, StubOutcome};

/// Runs functions as processes of the host.
#[derive(Clone)]
pub(crate) struct HostRunner {
    pub host: FunctionHost,
    pub registry: Arc<Registry>,
    pub logs: Arc<LogRecorder>,
    pub diagnostics: Arc<Diagnostics>,
    pub own_sources: Arc<OwnSources>,
    pub clock: Arc<dyn Clock>,
    /// Rules that stand in for missing functions.
    pub answers: Arc<Answers>,
    /// The quotas of one execution.
    pub limits: Limits,
}

impl FunctionRunner for HostRunner {
    fn durable_settings(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> Option<DurableSettings> {
        self.registry.version(function, version)?.durable
    }

    fn look_for(&self, function: &FunctionName, version: &Version) -> FunctionRunnerFuture<()> {
        let (registry, function) = (Arc::clone(&self.registry), function.clone());
        let version = version.clone();
        Box::pin(async move { drop(registry.find_version(&function, &version).await) })
    }

    fn invoke_durable(
        &self,
        invocation: DurableInvocation,
    ) -> FunctionRunnerFuture<Result<InvocationReport, NoRoom>> {
        let runner = self.clone();
        Box::pin(async move { runner.durable(invocation).await })
    }

    fn concurrency(&self, function: &FunctionName, version: &Version) -> usize {
        let version = self.registry.version(function, version);
        // A missing version fails at once, and needs no turn.
        let of_host = version.map_or(usize::MAX, |it| self.host.concurrency(&it.config));
        // Processes for the reserved invocations may have room for more than the reservation allows.
        of_host.min(self.registry.admitted(function))
    }

    fn retry_policy(&self, invocation: &AsyncInvocation) -> RetryPolicy {
        let qualifier = invocation.invoked_arn.split(':').nth(7);
        self.registry
            .settings(&invocation.function)
            .retry_policy(qualifier.unwrap_or("$LATEST"))
    }

    fn destination(&self, ended: EndedInvocation<'_>) -> Option<Destination> {
        let invocation = ended.invocation;
        let qualifier = invocation.invoked_arn.split(':').nth(7);
        let arn = self
            .registry
            .settings(&invocation.function)
            .destination(qualifier.unwrap_or("$LATEST"), ended.condition == "Success")?;
        let resolved = Reference::parse(&arn, None).and_then(|it| self.registry.route(&it));
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(error) => {
                let function = &invocation.function;
                tracing::error!(%function, destination = arn, error = error.message, "no record was sent to the destination of an asynchronous invocation: only functions are served as destinations");
                return None;
            }
        };
        Some(self.record_to(resolved, &ended))
    }

    fn wait_for_room(&self, function: &FunctionName) -> FunctionRunnerFuture<()> {
        let (registry, function) = (Arc::clone(&self.registry), function.clone());
        Box::pin(async move { registry.wait_for_room(&function).await })
    }

    fn invoke_plain(&self, invocation: PlainInvocation) -> FunctionRunnerFuture<PlainOutcome> {
        let runner = self.clone();
        Box::pin(async move {
            let (function, version) = (&invocation.function, &invocation.version);
            if runner.registry.version(function, version).is_none()
                && let Some((after, outcome)) = runner.answers.stub(function.as_str())
            {
                let clock = &runner.clock;
                clock.until_due(clock.now() + after.0).await;
                return stub_outcome(outcome);
            }
            runner.plain(invocation).await.0
        })
    }
}

impl HostRunner {
    async fn durable(&self, mut invocation: DurableInvocation) -> Result<InvocationReport, NoRoom> {
        let now = self.clock.now();
        let arn = &invocation.spec.arn;
        let registry = &self.registry;
        let found = registry.find_version(&arn.function.name, &arn.version);
        let Some(version) = found.await else {
            return Ok(InvocationReport {
                started_at: now,
                outcome: gone(&invocation),
            });
        };
        if let Err(damage) = self.registry.check_before_use(&version).await {
            return Ok(InvocationReport {
                started_at: now,
                outcome: InvocationOutcome::FunctionError(damage_error(&version, &damage)),
            });
        }
        let Some(entered) = registry.enter(&arn.function.name, &*self.clock).await else {
            let reason = "its reserved concurrency is used up".to_owned();
            return Err(NoRoom { reason });
        };
        let invoked_function_arn = arn.function.qualified(&arn.version.to_string());
        // A function's trace belongs below the span of its execution, which is the same in every invocation, and that
        // span belongs below the caller's.
        let trace_header = invocation.spec.trace_header.as_deref();
        let trace_id = trace_header.map(|header| trace::below(header, execution_span(&arn.id)));
        let request = InvocationRequest {
            request_id: invocation.request_id.to_string(),
            payload: event(&invocation, self.clock.ahead_millis()),
            invoked_function_arn,
            client_context: None,
            trace_id,
            tenant_id: invocation.spec.tenant_id.clone(),
            response_sink: None,
            called_off: invocation.called_off.clone(),
            permit: {
                let (tenure, place) = (invocation.tenure.clone(), entered.lease());
                let (registry, clock) = (Arc::clone(&self.registry), Arc::clone(&self.clock));
                let name = arn.function.name.clone();
                Permit::new(move || {
                    tenure.holds() && registry.may_begin(&name, &place, clock.now())
                })
            },
        };
        // The event holds a copy for the process; an invocation may take long, and memory is limited.
        invocation.operations = Vec::new();
        self.logs.belongs_to(&invocation.request_id, &arn.id);
        let invoked = self.run(&version, request).await;
        self.note(&arn.function.name, &invoked);
        let error = match invoked {
            Ok(outcome) => {
                let started_at = self.started_at(now, &outcome);
                let shown = |error| self.own_sources.show_in_error(&version.config, error);
                let outcome = durable_outcome(outcome.result, shown);
                if let InvocationOutcome::Returned(Output::Succeeded(_) | Output::Failed(_)) =
                    outcome
                {
                    self.logs.traced(&invocation.spec, self.clock.now());
                }
                self.say_failure(&invocation, &outcome);
                return Ok(InvocationReport {
                    started_at,
                    outcome,
                });
            }
            Err(error) => error,
        };
        let outcome = match &error {
            InvokeError::NoRoom { .. } | InvokeError::Throttled { .. } => {
                let reason = error_chain(&error);
                return Err(NoRoom { reason });
            }
            InvokeError::CalledOff { .. } => InvocationOutcome::NotStarted,
            // The driver ends its invocations at a shutdown; here the host was faster.
            InvokeError::ShuttingDown { .. } => InvocationOutcome::Lost,
            InvokeError::Launch { .. } | InvokeError::InvalidRequest { .. } => {
                InvocationOutcome::FunctionError(host_error(&error))
            }
        };
        self.say_failure(&invocation, &outcome);
        Ok(InvocationReport {
            started_at: now,
            outcome,
        })
    }

    /// Logs a function's failure once, and again when the error changes.
    fn say_failure(&self, invocation: &DurableInvocation, outcome: &InvocationOutcome) {
        let error = match outcome {
            InvocationOutcome::FunctionError(error) | InvocationOutcome::Interrupted(error) => {
                error.clone()
            }
            InvocationOutcome::Returned(Output::Invalid(message)) => {
                ErrorObject::new("InvalidParameterValueException", message.clone())
            }
            _ => return,
        };
        let arn = &invocation.spec.arn;
        let function = format!("{}:{}", arn.function.name, arn.version);
        let error_type = error.error_type.as_deref().unwrap_or("Error");
        let message = error.message.as_deref().unwrap_or_default();
        let text = format!("{error_type}: {message}");
        if !self.diagnostics.is_news(&function, &text) {
            tracing::debug!(function, execution = %arn.id, "an invocation failed: {text}");
            return;
        }
        let advice = advice(&error).map_or_else(String::new, |advice| format!("; {advice}"));
        let name = &arn.name;
        tracing::warn!("an invocation of {function} failed: {text}{advice} (lambdura show {name})");
    }

    /// Runs a plain function; also returns the host's report, for a caller that asked for logs.
    pub async fn plain(&self, invocation: PlainInvocation) -> (PlainOutcome, Option<HostOutcome>) {
        self.plain_into(invocation, None).await
    }

    /// As above; the function's stream goes into the sink.
    pub async fn plain_streamed(
        &self,
        invocation: PlainInvocation,
        sink: ResponseSink,
    ) -> (PlainOutcome, Option<HostOutcome>) {
        self.plain_into(invocation, Some(sink)).await
    }

    async fn plain_into(
        &self,
        invocation: PlainInvocation,
        response_sink: Option<ResponseSink>,
    ) -> (PlainOutcome, Option<HostOutcome>) {
        let found = self
            .registry
            .find_version(&invocation.function, &invocation.version);
        let Some(version) = found.await else {
            let message = format!("Function not found: {}", invocation.invoked_arn);
            let error = ErrorObject::new("ResourceNotFoundException", message);
            return (PlainOutcome::Unavailable(error), None);
        };
        if let Err(damage) = self.registry.check_before_use(&version).await {
            let error = damage_error(&version, &damage);
            return (PlainOutcome::Unavailable(error), None);
        }
        let entered = self.registry.enter(&invocation.function, &*self.clock);
        let Some(entered) = entered.await else {
            let went = (Went::Throttled, Duration::ZERO);
            self.record(&invocation.function, went);
            let error = ErrorObject::new("TooManyRequestsException", "Rate Exceeded.");
            return (PlainOutcome::Throttled(error), None);
        };
        let request = InvocationRequest {
            request_id: invocation.request_id.to_string(),
            payload: Bytes::from(invocation.payload),
            invoked_function_arn: invocation.invoked_arn,
            client_context: invocation.client_context,
            trace_id: invocation.trace_header,
            tenant_id: invocation.tenant_id,
            response_sink,
            called_off: CancellationToken::new(),
            permit: {
                let (registry, clock) = (Arc::clone(&self.registry), Arc::clone(&self.clock));
                let (name, place) = (invocation.function.clone(), entered.lease());
                let tenure = invocation.tenure;
                Permit::new(move || {
                    let holds = tenure.as_ref().is_none_or(Tenure::holds);
                    holds && registry.may_begin(&name, &place, clock.now())
                })
            },
        };
        let invoked = self.run(&version, request).await;
        self.note(&invocation.function, &invoked);
        match invoked {
            Ok(outcome) => {
                let plain = match &outcome.result {
                    InvocationResult::Success(bytes) => PlainOutcome::Succeeded(bytes.to_vec()),
                    InvocationResult::FunctionError(error) => PlainOutcome::FunctionError {
                        error: self
                            .own_sources
                            .show_in_error(&version.config, posted_error(error)),
                        payload: self
                            .own_sources
                            .show_in_json(&version.config, &error.payload),
                    },
                };
                (plain, Some(outcome))
            }
            // Only an invocation that has lost its place is called off.
            Err(
                error @ (InvokeError::NoRoom { .. }
                | InvokeError::Throttled { .. }
                | InvokeError::CalledOff { .. }),
            ) => (PlainOutcome::Throttled(host_error(&error)), None),
            Err(error) => (PlainOutcome::Unavailable(host_error(&error)), None),
        }
    }
}

impl HostRunner {
    /// Runs an invocation. If no process starts, checks the function's code: if damaged files could be mended, tries to
    /// start the process once more.
    async fn run(
        &self,
        version: &Arc<FunctionVersion>,
        request: InvocationRequest,
    ) -> Result<HostOutcome, InvokeError> {
        // Until its process has answered, not only until its last checkpoint.
        let _at_work = self.clock.work();
        let invoked = self.host.invoke(&version.config, request.clone()).await;
        let (is_launch, is_suspect) = match &invoked {
            Err(InvokeError::Launch { .. }) => (true, true),
            Err(_) => (false, false),
            Ok(outcome) => match &outcome.result {
                InvocationResult::Success(_) => (false, false),
                InvocationResult::FunctionError(error) => {
                    (false, error.kind == FunctionErrorKind::InitError)
                }
            },
        };
        if is_suspect && self.registry.check_code(version, Depth::Sizes).await && is_launch {
            return self.host.invoke(&version.config, request).await;
        }
        invoked
    }

    /// When a finished invocation began, by the clock of the history. The host uses the wall clock, which may have been
    /// set meanwhile.
    fn started_at(&self, called_at: Timestamp, outcome: &HostOutcome) -> Timestamp {
        let now = self.clock.now();
        let ago = SystemTime::now().duration_since(outcome.started_at);
        let latest = called_at.max(now - outcome.duration);
        (now - ago.unwrap_or_default()).clamp(called_at, latest)
    }

    /// A destination with the record of an ended invocation. A durable function is started only once, by the request's
    /// id.
    fn record_to(&self, resolved: Resolved, ended: &EndedInvocation<'_>) -> Destination {
        let payload = invocation_record(ended);
        let trace_header = ended.invocation.trace_header.clone();
        let Some(settings) = resolved.version.durable else {
            return Destination::Plain(Box::new(AsyncInvocation {
                request_id: ended.invocation.request_id.clone(),
                function: resolved.arn.name.clone(),
                version: resolved.version.version.clone(),
                invoked_arn: resolved.invoked_arn(),
                payload,
                client_context: None,
                trace_header,
                tenant_id: None,
                accepted_at: ended.at,
                attempts: 0,
                not_before: ended.at,
            }));
        };
        let name = ExecutionName::parse(ended.invocation.request_id.as_str()).ok();
        Destination::Durable(Box::new(StartRequest {
            function: resolved.arn,
            version: resolved.version.version.clone(),
            name,
            id: None,
            input: std::str::from_utf8(&payload).ok().map(Payload::from),
            execution_timeout_seconds: settings.execution_timeout_seconds,
            retention_days: settings.retention_days,
            result_bytes_max: self.limits.async_result_bytes_max,
            trace_header,
            tenant_id: None,
            trigger: Trigger::Invoke,
        }))
    }

    /// Adds an ended invocation to the function's statistics.
    fn note(&self, function: &FunctionName, invoked: &Result<HostOutcome, InvokeError>) {
        let (went, took) = match invoked {
            Ok(outcome) => match &outcome.result {
                InvocationResult::Success(_) => (Went::Well, outcome.duration),
                InvocationResult::FunctionError(_) => (Went::Wrong, outcome.duration),
            },
            Err(InvokeError::NoRoom { .. } | InvokeError::Throttled { .. }) => {
                (Went::Throttled, Duration::ZERO)
            }
            // No evidence about the function.
            Err(InvokeError::CalledOff { .. } | InvokeError::ShuttingDown { .. }) => return,
            Err(InvokeError::Launch { .. } | InvokeError::InvalidRequest { .. }) => {
                (Went::Wrong, Duration::ZERO)
            }
        };
        self.record(function, (went, took));
    }

    fn record(&self, function: &FunctionName, (went, took): (Went, Duration)) {
        self.diagnostics
            .statistics
            .record(function, self.clock.now(), went, took);
    }
}

/// The event for a durable function. Operations that do not fit its first page are read with
/// `GetDurableExecutionState`. Its timestamps are by the function's own clock.
fn event(invocation: &DurableInvocation, ahead_millis: i64) -> Bytes {
    let updated = invocation.updated_operation_ids.iter();
    let updated: Vec<_> = updated.map(ToString::to_string).collect();
    let mut bytes = json_bytes(&updated);
    let operations = invocation.operations.iter();
    let operations = operations.map(|operation| wire_operation_millis(operation, ahead_millis));
    let fits = |operation: &InvocationOperation| {
        bytes += json_bytes(operation) + 1;
        bytes <= PAGE_BYTES_MAX
    };
    let page: Vec<_> = operations.take_while(fits).collect();
    let more = page.len() < invocation.operations.len();
    // A first page may be empty (one input near the limit): SDKs then read everything page by page.
    let next_marker = match page.last() {
        Some(last) if more => last.id.clone(),
        None if more => FIRST_PAGE.to_owned(),
        Some(_) | None => String::new(),
    };
    let event = InvocationInput {
        durable_execution_arn: invocation.spec.arn.to_string(),
        checkpoint_token: invocation.checkpoint_token.to_string(),
        initial_execution_state: InitialExecutionState {
            operations: page,
            next_marker: Some(next_marker),
        },
        updated_operation_ids: Some(updated),
    };
    serde_json::to_vec(&event)
        .expect("a wire type is always JSON")
        .into()
}

/// The outcome in the engine's form, with errors as `shown` returns them.
fn durable_outcome(
    result: InvocationResult,
    shown: impl Fn(ErrorObject) -> ErrorObject,
) -> InvocationOutcome {
    match result {
        InvocationResult::Success(bytes) => InvocationOutcome::Returned(match output(&bytes) {
            Output::Failed(error) => Output::Failed(shown(error)),
            other => other,
        }),
        InvocationResult::FunctionError(error) => {
            let posted = shown(posted_error(&error));
            match error.kind {
                FunctionErrorKind::Timeout | FunctionErrorKind::Exit => {
                    InvocationOutcome::Interrupted(posted)
                }
                FunctionErrorKind::Posted
                | FunctionErrorKind::InitError
                | FunctionErrorKind::InitTimeout
                | FunctionErrorKind::ResponseTooLarge => InvocationOutcome::FunctionError(posted),
            }
        }
    }
}

/// A durable function's answer, checked against the protocol (reference, section 7.2).
fn output(bytes: &[u8]) -> Output {
    let Ok(output) = serde_json::from_slice::<InvocationOutput>(bytes) else {
        return Output::Invalid("Invalid Status in invocation output.".to_owned());
    };
    match (output.status, output.result, output.error) {
        (InvocationStatus::Succeeded, _, Some(_)) => {
            Output::Invalid("Cannot provide an Error for SUCCEEDED status.".to_owned())
        }
        (InvocationStatus::Succeeded, result, None) => Output::Succeeded(result.map(Payload::from)),
        (InvocationStatus::Failed, Some(_), _) => {
            Output::Invalid("Cannot provide a Result for FAILED status.".to_owned())
        }
        (InvocationStatus::Failed, None, error) => {
            Output::Failed(error_object(error.unwrap_or_default()))
        }
        (InvocationStatus::Pending, _, _) => Output::Pending,
        (InvocationStatus::Unknown(_), _, _) => {
            Output::Invalid("Invalid Status in invocation output.".to_owned())
        }
    }
}

fn stub_outcome(outcome: StubOutcome) -> PlainOutcome {
    match outcome {
        StubOutcome::Succeeds(result) => PlainOutcome::Succeeded(result.to_string().into_bytes()),
        StubOutcome::Fails(error) => PlainOutcome::FunctionError {
            payload: Vec::new(),
            error,
        },
    }
}

fn posted_error(error: &function_host::FunctionError) -> ErrorObject {
    let body: FunctionErrorBody = serde_json::from_slice(&error.payload).unwrap_or_default();
    ErrorObject {
        message: body.error_message,
        error_type: Some(error.error_type.clone()),
        data: None,
        stack_trace: body.stack_trace.filter(|frames| !frames.is_empty()),
    }
}

fn host_error(error: &InvokeError) -> ErrorObject {
    let error_type = match error {
        InvokeError::Launch { .. } => "Runtime.InvalidEntrypoint",
        InvokeError::NoRoom { .. }
        | InvokeError::Throttled { .. }
        | InvokeError::CalledOff { .. } => "TooManyRequestsException",
        InvokeError::ShuttingDown { .. } => "ServiceException",
        InvokeError::InvalidRequest { .. } => "InvalidParameterValueException",
    };
    ErrorObject::new(error_type, error_chain(error))
}

fn damage_error(version: &FunctionVersion, damage: &Damage) -> ErrorObject {
    ErrorObject::new("InvalidZipFileException", version.damage_text(damage))
}

fn gone(invocation: &DurableInvocation) -> InvocationOutcome {
    let arn = &invocation.spec.arn;
    let named = arn.function.qualified(&arn.version.to_string());
    let message = format!("Function not found: {named}");
    InvocationOutcome::Unavailable(ErrorObject::new("ResourceNotFoundException", message))
}
