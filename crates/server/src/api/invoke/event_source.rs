//! Invoking a function for an event source that does not call the Lambda API: an API in front of it, or
//! a schedule.

use std::sync::Arc;

use lambda_api::FunctionErrorBody;
use model::{
    ErrorObject, EventSource, ExecutionName, FunctionName, Outcome, Payload, RequestId, Trigger,
};
use runtime::{
    DurableSettings, EnqueueError, PlainInvocation, PlainOutcome, StartError, StartRequest,
};
use store::{AsyncInvocation, ScheduleMark, StoreFault};
use thiserror::Error;
use wire::{ApiError, trace};

use super::call::SYNC_EXECUTION_SECONDS_MAX;
use super::streamed::{Streamed, invoke_streamed};
use crate::app::App;
use crate::functions::{Reference, Resolved, unqualified};

/// Why an event was not accepted.
#[derive(Debug, Error)]
pub(crate) enum SendEventError {
    /// The function, its version or its alias is gone.
    #[error("{0}")]
    NoFunction(String),
    /// The queue refused it.
    #[error(transparent)]
    Enqueue(#[from] EnqueueError),
    /// The execution could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// Details of an occurrence of a schedule.
pub(crate) struct Scheduled {
    /// The name of a durable function's execution.
    pub execution_name: ExecutionName,
    /// The request id of a plain function's invocation.
    pub request_id: RequestId,
    /// The schedule's progress, including this occurrence.
    pub mark: ScheduleMark,
}

/// The function version that gets an event.
pub(crate) struct Target {
    resolved: Resolved,
    source: EventSource,
}

impl Target {
    /// Finds the function, by its alias if one is given, for an event source.
    ///
    /// # Errors
    /// When there is no such function or alias.
    pub fn find(
        app: &App,
        name: &FunctionName,
        qualifier: Option<&str>,
        source: EventSource,
    ) -> Result<Self, SendEventError> {
        let reference = Reference {
            name: name.clone(),
            qualifier: qualifier.map(str::to_owned),
            region: None,
            account_id: None,
        };
        let no_function = |error: ApiError| SendEventError::NoFunction(error.message);
        let resolved = app.registry.route(&reference).map_err(no_function)?;
        Ok(Self { resolved, source })
    }

    /// The trace that the event belongs to: the caller's, or a new one.
    pub fn trace_header(&self, app: &App, given: Option<&str>) -> String {
        trace::header(given, self.resolved.version.traced, app.driver.now())
    }

    /// Invokes the function, and returns when its answer begins; a durable function answers at its end, in one piece.
    pub async fn invoke_streamed(
        &self,
        app: &Arc<App>,
        payload: Vec<u8>,
        trace_header: String,
    ) -> Streamed {
        if self.resolved.version.durable.is_some() {
            let outcome = self.invoke(app, payload, trace_header).await;
            return Streamed::Whole(Box::new((outcome, None)));
        }
        let invocation = self.plain_invocation(app, payload, trace_header);
        invoke_streamed(app, invocation).await
    }

    /// Whether a caller can wait for the end of an invocation: a durable function must be named by version or alias,
    /// and its executions may not take longer than a synchronous caller waits.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_waited_for(&self) -> Result<(), String> {
        check_waited_for(&self.resolved).map_err(|error| error.message)
    }

    /// Whether the function is durable.
    pub fn is_durable(&self) -> bool {
        self.resolved.version.durable.is_some()
    }

    fn plain_invocation(
        &self,
        app: &App,
        payload: Vec<u8>,
        trace_header: String,
    ) -> PlainInvocation {
        PlainInvocation {
            request_id: app.new_request_id(),
            function: self.resolved.arn.name.clone(),
            version: self.resolved.version.version.clone(),
            invoked_arn: self.resolved.invoked_arn(),
            payload,
            client_context: None,
            trace_header: Some(trace_header),
            tenant_id: None,
            tenure: None,
        }
    }

    /// Invokes the function and waits for its answer; a durable function answers when its execution ends.
    pub async fn invoke(
        &self,
        app: &Arc<App>,
        payload: Vec<u8>,
        trace_header: String,
    ) -> PlainOutcome {
        let _place = match app.callers.enter() {
            Ok(place) => place,
            Err(error) => return PlainOutcome::Throttled(error.into()),
        };
        let Some(settings) = self.resolved.version.durable else {
            let invocation = self.plain_invocation(app, payload, trace_header);
            return app.runner.plain(invocation).await.0;
        };
        if settings.execution_timeout_seconds > SYNC_EXECUTION_SECONDS_MAX {
            let error = ErrorObject::new(
                "InvalidParameterValueException",
                "a durable function with an execution timeout of more than 15 minutes cannot be \
                 waited for",
            );
            return PlainOutcome::Unavailable(error);
        }
        let bytes_max = app.driver.limits().sync_result_bytes_max;
        let start = self.start_request(settings, &payload, trace_header, bytes_max);
        let started = match app.driver.start(start).await {
            Ok(started) => started,
            Err(error) => return unavailable(&error),
        };
        let ended: Result<_, StoreFault> = tokio::select! {
            ended = app.driver.wait_ended(&started.arn().id) => ended,
            () = app.shutdown.cancelled() => {
                let message = "the service is shutting down; the execution continues";
                return PlainOutcome::Unavailable(ErrorObject::new("ServiceException", message));
            }
        };
        let outcome = match ended {
            Ok(record) => record.and_then(|record| record.state.outcome.clone()),
            Err(fault) => return unavailable(&fault),
        };
        match outcome {
            Some(Outcome::Succeeded(result)) => {
                let text = result.as_ref().map_or("null", Payload::as_str);
                PlainOutcome::Succeeded(text.into())
            }
            Some(Outcome::Failed(error) | Outcome::TimedOut(error) | Outcome::Stopped(error)) => {
                let body = FunctionErrorBody {
                    error_message: error.message.clone(),
                    error_type: error.error_type.clone(),
                    stack_trace: error.stack_trace.clone(),
                    request_id: None,
                };
                let payload = serde_json::to_vec(&body).expect("a wire type is always JSON");
                PlainOutcome::FunctionError { error, payload }
            }
            None => {
                let error = ErrorObject::new("ServiceException", "the execution is gone");
                PlainOutcome::Unavailable(error)
            }
        }
    }

    /// Accepts an asynchronous invocation; when this returns `Ok`, it is durable.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn send(
        &self,
        app: &Arc<App>,
        payload: Vec<u8>,
        trace_header: String,
    ) -> Result<(), SendEventError> {
        if let Some(settings) = self.resolved.version.durable {
            let bytes_max = app.driver.limits().async_result_bytes_max;
            let start = self.start_request(settings, &payload, trace_header, bytes_max);
            app.driver.start(start).await?;
            return Ok(());
        }
        let request_id = app.new_request_id();
        let invocation = self.queued(app, request_id, payload, trace_header);
        app.driver.enqueue(invocation).await?;
        Ok(())
    }

    /// Accepts the asynchronous invocation of an occurrence; when this returns `Ok`, the invocation and the schedule's
    /// mark are durable. Called again for an occurrence whose execution exists, it starts none.
    ///
    /// # Errors
    /// When it was not accepted, or the mark was not stored.
    pub async fn send_scheduled(
        &self,
        app: &Arc<App>,
        payload: Vec<u8>,
        scheduled: Scheduled,
    ) -> Result<(), SendEventError> {
        let Scheduled {
            execution_name,
            request_id,
            mark,
        } = scheduled;
        let trace_header = self.trace_header(app, None);
        if let Some(settings) = self.resolved.version.durable {
            let bytes_max = app.driver.limits().async_result_bytes_max;
            let start = StartRequest {
                name: Some(execution_name),
                ..self.start_request(settings, &payload, trace_header, bytes_max)
            };
            app.driver.start(start).await?;
            app.driver.store().put_schedule_mark(mark).await?;
            return Ok(());
        }
        let invocation = self.queued(app, request_id, payload, trace_header);
        app.driver.enqueue_scheduled(invocation, mark).await?;
        Ok(())
    }

    /// An invocation for the queue.
    fn queued(
        &self,
        app: &App,
        request_id: RequestId,
        payload: Vec<u8>,
        trace_header: String,
    ) -> AsyncInvocation {
        let now = app.driver.now();
        AsyncInvocation {
            request_id,
            function: self.resolved.arn.name.clone(),
            version: self.resolved.version.version.clone(),
            invoked_arn: self.resolved.invoked_arn(),
            payload,
            client_context: None,
            trace_header: Some(trace_header),
            tenant_id: None,
            accepted_at: now,
            attempts: 0,
            not_before: now,
        }
    }

    fn start_request(
        &self,
        settings: DurableSettings,
        payload: &[u8],
        trace_header: String,
        result_bytes_max: usize,
    ) -> StartRequest {
        let input = std::str::from_utf8(payload).ok();
        StartRequest {
            function: self.resolved.arn.clone(),
            version: self.resolved.version.version.clone(),
            name: None,
            id: None,
            input: input.map(Payload::from),
            execution_timeout_seconds: settings.execution_timeout_seconds,
            retention_days: settings.retention_days,
            result_bytes_max,
            trace_header: Some(trace_header),
            tenant_id: None,
            trigger: Trigger::EventSource(self.source.clone()),
        }
    }
}

/// See [`Target::check_waited_for`].
pub(in crate::api) fn check_waited_for(resolved: &Resolved) -> Result<(), ApiError> {
    let Some(settings) = resolved.version.durable else {
        return Ok(());
    };
    if resolved.qualifier.is_none() {
        return Err(unqualified());
    }
    if settings.execution_timeout_seconds > SYNC_EXECUTION_SECONDS_MAX {
        return Err(ApiError::invalid_parameter(
            "You cannot synchronously invoke a durable function with an executionTimeout greater \
             than 15 minutes.",
        ));
    }
    Ok(())
}

fn unavailable(error: &dyn std::error::Error) -> PlainOutcome {
    let error = ErrorObject::new("ServiceException", stdx::error_chain(error));
    PlainOutcome::Unavailable(error)
}
