//! The ways in which an invocation ends, each with its log lines and its answer to the caller.

use std::mem;
use std::ops::ControlFlow;
use std::process::ExitStatus;
use std::time::SystemTime;

use bytes::Bytes;

use super::actor::{FunctionProcess, refuse};
use super::phase::{EndReason, InFlight, Phase};
use super::report::{self, PlatformEvent, Report, Status};
use crate::invocation::{
    FunctionError, FunctionErrorKind, InvocationOutcome, InvocationResult, InvokeError,
};
use crate::proc_fs;
use crate::request::Work;
use crate::runtime_api::{Answer, ConnectionId, Posted, RESPONSE_BYTES_MAX, Refusal};

impl FunctionProcess {
    /// The runtime posted a response or an error for an invocation.
    pub(super) fn answered(&mut self, request_id: &str, posted: Posted, answer: Answer<()>) {
        let in_flight = match mem::replace(&mut self.phase, Phase::Detached) {
            Phase::Busy(in_flight) if in_flight.work.request_id == request_id => in_flight,
            phase => {
                self.phase = phase;
                let refusal = if self.log.request_id() == Some(request_id) {
                    Refusal::InvalidStateTransition
                } else {
                    Refusal::InvalidRequestId
                };
                tracing::debug!(function = %self.key, pid = self.pid, ?refusal, "answer refused");
                return refuse(answer, refusal);
            }
        };
        // The process goes on when its call is answered; all that it wrote before is in the pipes now.
        self.drain_output();
        let (result, verdict) = match posted {
            Posted::Success(bytes) => (InvocationResult::Success(bytes), Ok(())),
            Posted::Streamed => (InvocationResult::Success(Bytes::new()), Ok(())),
            Posted::Error(error) => {
                let error_type = error.error_type.as_deref();
                let error =
                    FunctionError::posted(FunctionErrorKind::Posted, error_type, error.body);
                (InvocationResult::FunctionError(error), Ok(()))
            }
            Posted::TooLarge => (
                InvocationResult::FunctionError(FunctionError::new(
                    FunctionErrorKind::ResponseTooLarge,
                    "Function.ResponseSizeTooLarge",
                    &format!(
                        "Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
                    ),
                )),
                Err(Refusal::TooLarge),
            ),
        };
        let asks_again_by = in_flight.deadline;
        let (work, outcome) = self.conclude(in_flight, result);
        // Whoever hung up meanwhile has answered all the same.
        let _ = answer.send(verdict);
        if !self.ending {
            self.poll_by = self.owes_next().then_some(asks_again_by);
            // Before the caller hears of it: a caller who invokes again at once finds this process free.
            self.become_free();
        }
        work.reply(Ok(outcome));
    }

    /// The runtime reported that it cannot initialize.
    pub(super) fn init_failed(
        &mut self,
        posted: Posted,
        answer: Answer<()>,
    ) -> ControlFlow<EndReason> {
        let work = match mem::replace(&mut self.phase, Phase::Detached) {
            Phase::Starting { work } => work,
            phase => {
                self.phase = phase;
                refuse(answer, Refusal::InvalidStateTransition);
                return ControlFlow::Continue(());
            }
        };
        let kind = FunctionErrorKind::InitError;
        let (error, verdict) = match posted {
            Posted::Error(error) => (
                FunctionError::posted(kind, error.error_type.as_deref(), error.body),
                Ok(()),
            ),
            Posted::Success(body) => (FunctionError::posted(kind, None, body), Ok(())),
            Posted::Streamed => (FunctionError::posted(kind, None, Bytes::new()), Ok(())),
            Posted::TooLarge => (
                FunctionError::new(
                    kind,
                    "Runtime.Unknown",
                    "the initialization error is too large to be reported",
                ),
                Err(Refusal::TooLarge),
            ),
        };
        self.fail_start(work, error, None);
        // Whoever hung up meanwhile has reported all the same.
        let _ = answer.send(verdict);
        ControlFlow::Break(EndReason::InitFailed)
    }

    /// The process took too long to call `next` for the first time.
    pub(super) fn init_timed_out(&mut self, work: Work) -> ControlFlow<EndReason> {
        let message = report::timeout_message(&work.request_id, self.init_limit());
        let error =
            FunctionError::new(FunctionErrorKind::InitTimeout, "Sandbox.Timedout", &message);
        tracing::warn!(function = %self.key, invocation = %work.request_id, pid = self.pid, "function process did not initialize in time");
        self.name_late_extensions();
        self.fail_start(work, error, Some(message));
        ControlFlow::Break(EndReason::TimedOut)
    }

    /// The function's timeout passed.
    pub(super) fn timed_out(&mut self, in_flight: InFlight) -> ControlFlow<EndReason> {
        let message = report::timeout_message(&in_flight.work.request_id, self.function.timeout);
        let error = FunctionError::new(FunctionErrorKind::Timeout, "Sandbox.Timedout", &message);
        tracing::warn!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "invocation timed out");
        self.drain_output();
        self.log.platform(message);
        let (work, outcome) = self.conclude(in_flight, InvocationResult::FunctionError(error));
        work.reply(Ok(outcome));
        ControlFlow::Break(EndReason::TimedOut)
    }

    /// The process ended; whatever it was responsible for fails.
    pub(super) fn resolve_ended(&mut self, reason: EndReason) {
        let phase = mem::replace(&mut self.phase, Phase::Detached);
        match (reason, phase) {
            (_, Phase::Free { .. } | Phase::Detached) => {}
            (
                EndReason::Exited(status),
                Phase::Starting { work } | Phase::Assigned { work, .. },
            ) => {
                let message = exit_message(&work, status);
                let error =
                    FunctionError::new(FunctionErrorKind::InitError, "Runtime.ExitError", &message);
                self.fail_start(work, error, Some(message));
            }
            (EndReason::Exited(status), Phase::Busy(in_flight)) => {
                let message = exit_message(&in_flight.work, status);
                let error =
                    FunctionError::new(FunctionErrorKind::Exit, "Runtime.ExitError", &message);
                tracing::warn!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "function process exited during an invocation");
                self.log.platform(message);
                let (work, outcome) =
                    self.conclude(in_flight, InvocationResult::FunctionError(error));
                work.reply(Ok(outcome));
            }
            (
                EndReason::ExtensionFailed,
                Phase::Starting { work } | Phase::Assigned { work, .. },
            ) => {
                let (error_type, message) = self.extension_failure(&work.request_id);
                let kind = FunctionErrorKind::InitError;
                let error = FunctionError::new(kind, error_type, &message);
                self.fail_start(work, error, Some(message));
            }
            (EndReason::ExtensionFailed, Phase::Busy(in_flight)) => {
                let (error_type, message) = self.extension_failure(&in_flight.work.request_id);
                let error = FunctionError::new(FunctionErrorKind::Exit, error_type, &message);
                self.log.platform(message);
                let (work, outcome) =
                    self.conclude(in_flight, InvocationResult::FunctionError(error));
                work.reply(Ok(outcome));
            }
            (
                EndReason::Shutdown { .. }
                | EndReason::TimedOut
                | EndReason::InitFailed
                | EndReason::Idle
                | EndReason::NeverPolled,
                Phase::Starting { work }
                | Phase::Assigned { work, .. }
                | Phase::Busy(InFlight { work, .. }),
            ) => work.reply(Err(InvokeError::ShuttingDown {
                function: self.key.clone(),
            })),
        }
    }

    fn extension_failure(&mut self, request_id: &str) -> (&'static str, String) {
        let end = self.extension_end.take();
        let end = end.expect("an extension that fails says why");
        (
            end.error_type,
            format!("RequestId: {request_id} {}", end.message),
        )
    }

    /// Fails the invocation that the process was started for.
    fn fail_start(&mut self, work: Work, error: FunctionError, message: Option<String>) {
        self.drain_output();
        let status = match error.kind {
            FunctionErrorKind::InitTimeout => Status::Timeout,
            _ => Status::Error {
                error_type: &error.error_type,
            },
        };
        self.log.event(&PlatformEvent::InitReport {
            duration: self.started.elapsed(),
            status,
        });
        // Another one than it was started for, when that one was given up.
        self.log.attribute(&work.request_id);
        self.log.event(&PlatformEvent::Start {
            request_id: &work.request_id,
            version: &self.function.version,
        });
        if let Some(message) = message {
            self.log.platform(message);
        }
        let never_delivered = InFlight {
            connection: ConnectionId(0),
            lost: false,
            started: self.started,
            started_at: self.started_at,
            deadline: self.started,
            deadline_ms: 0,
            init_duration: None,
            work,
        };
        let (work, outcome) =
            self.conclude(never_delivered, InvocationResult::FunctionError(error));
        work.reply(Ok(outcome));
    }

    /// Writes the last lines of an invocation's log, and makes its outcome.
    fn conclude(
        &mut self,
        in_flight: InFlight,
        result: InvocationResult,
    ) -> (Work, InvocationOutcome) {
        let duration = in_flight.started.elapsed();
        let max_rss_bytes = proc_fs::max_rss_bytes(self.pid);
        let status = match &result {
            InvocationResult::Success(_) => Status::Success,
            InvocationResult::FunctionError(error) => match error.kind {
                FunctionErrorKind::Timeout | FunctionErrorKind::InitTimeout => Status::Timeout,
                FunctionErrorKind::Posted
                | FunctionErrorKind::Exit
                | FunctionErrorKind::InitError
                | FunctionErrorKind::ResponseTooLarge => Status::Error {
                    error_type: &error.error_type,
                },
            },
        };
        let request_id = &in_flight.work.request_id;
        self.log.event(&PlatformEvent::RuntimeDone {
            request_id,
            duration,
            status,
        });
        self.log.event(&PlatformEvent::Report(Report {
            request_id,
            duration,
            memory_mb: self.function.memory_mb,
            max_rss_bytes,
            init_duration: in_flight.init_duration,
            status,
        }));
        let outcome = InvocationOutcome {
            request_id: request_id.clone(),
            result,
            started_at: in_flight.started_at,
            finished_at: SystemTime::now(),
            duration,
            init_duration: in_flight.init_duration,
            max_rss_bytes,
            log_tail: self.log.tail(),
        };
        (in_flight.work, outcome)
    }
}

fn exit_message(work: &Work, status: Option<ExitStatus>) -> String {
    match status {
        Some(status) => report::exit_message(&work.request_id, status),
        None => format!(
            "RequestId: {} Error: Runtime exited without providing a reason",
            work.request_id
        ),
    }
}
