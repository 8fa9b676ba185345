//! The ways in which an invocation ends, each with its log lines and its answer to the caller.

use std::mem;
use std::ops::ControlFlow;
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::actor::{FunctionProcess, refuse};
use super::phase::{Assigned, EndReason, InFlight, Phase};
use super::report::{self, PlatformEvent, Report, Status};
use crate::invocation::{
    FunctionError, FunctionErrorKind, InvocationOutcome, InvocationResult, InvokeError,
};
use crate::proc_fs;
use crate::request::Work;
use crate::runtime_api::{Answer, Posted, RESPONSE_BYTES_MAX, Refusal};

impl FunctionProcess {
    /// The runtime posted a response or an error for an invocation.
    pub(super) fn answered(
        &mut self,
        request_id: &str,
        posted: Posted,
        answer: Answer<()>,
    ) -> ControlFlow<EndReason> {
        let Some(at) = self.running(request_id) else {
            let refusal = if self.log.has_begun(request_id) {
                Refusal::InvalidStateTransition
            } else {
                Refusal::InvalidRequestId
            };
            tracing::debug!(function = %self.key, pid = self.pid, ?refusal, "answer refused");
            refuse(answer, refusal);
            return ControlFlow::Continue(());
        };
        let in_flight = self.in_flight.swap_remove(at);
        // The process goes on when its call is answered; all its output so far is in the pipes now.
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
        // If the runtime has hung up since then, its answer still counts.
        let _ = answer.send(verdict);
        let mut flow = ControlFlow::Continue(());
        if self.phase == Phase::Draining {
            flow = self.drain();
            if self.is_outlived && flow.is_break() {
                flow = ControlFlow::Break(EndReason::Idle);
            }
        } else if !self.ending {
            let owes_next = self.in_flight.is_empty() && self.owes_next();
            self.poll_by = owes_next.then_some(asks_again_by);
            // Before the reply to the caller: a caller that invokes again at once finds this process free.
            self.become_free();
        }
        work.reply(Ok(outcome));
        flow
    }

    /// The runtime reported that it cannot initialize.
    pub(super) fn init_failed(
        &mut self,
        posted: Posted,
        answer: Answer<()>,
    ) -> ControlFlow<EndReason> {
        if self.phase != Phase::Starting || self.assigned.is_empty() {
            refuse(answer, Refusal::InvalidStateTransition);
            return ControlFlow::Continue(());
        }
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
        self.fail_starts(|_| (error.clone(), None));
        // If the runtime has hung up since then, its report still counts.
        let _ = answer.send(verdict);
        ControlFlow::Break(EndReason::InitFailed)
    }

    /// The process took too long to call `next` for the first time.
    pub(super) fn init_timed_out(&mut self) -> ControlFlow<EndReason> {
        let limit = self.init_limit();
        tracing::warn!(function = %self.key, pid = self.pid, "function process did not initialize in time");
        self.name_late_extensions();
        self.fail_starts(|work| init_timeout(work, limit));
        ControlFlow::Break(EndReason::TimedOut)
    }

    /// The process has not asked for the invocation that it was started for.
    pub(super) fn never_asked_for(&mut self, work: Work) {
        let (error, message) = init_timeout(&work, self.shared.config.init_limit);
        tracing::warn!(function = %self.key, invocation = %work.request_id, pid = self.pid, "function process did not initialize in time");
        self.name_late_extensions();
        self.fail_start(work, error, message);
    }

    /// The function's timeout passed for these invocations; others of the process go on.
    pub(super) fn timed_out(&mut self, timed_out: Vec<InFlight>) -> ControlFlow<EndReason> {
        self.drain_output();
        let mut replies = Vec::new();
        for in_flight in timed_out {
            let message =
                report::timeout_message(&in_flight.work.request_id, self.function.timeout);
            let error =
                FunctionError::new(FunctionErrorKind::Timeout, "Sandbox.Timedout", &message);
            tracing::warn!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "invocation timed out");
            self.log.platform(message);
            replies.push(self.conclude(in_flight, InvocationResult::FunctionError(error)));
        }
        // Before the replies to the callers: a caller that invokes again at once does not get this process.
        let flow = self.drain();
        for (work, outcome) in replies {
            work.reply(Ok(outcome));
        }
        flow
    }

    /// The process ended; its invocations fail.
    pub(super) fn resolve_ended(&mut self, reason: EndReason) {
        match reason {
            EndReason::Exited(status) => {
                self.fail_starts(|work| {
                    let message = exit_message(work, status);
                    let kind = FunctionErrorKind::InitError;
                    let error = FunctionError::new(kind, "Runtime.ExitError", &message);
                    (error, Some(message))
                });
                for in_flight in mem::take(&mut self.in_flight) {
                    let message = exit_message(&in_flight.work, status);
                    tracing::warn!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "function process exited during an invocation");
                    self.fail_running(in_flight, "Runtime.ExitError", message);
                }
            }
            EndReason::ExtensionFailed => {
                let end = self.extension_end.take();
                let end = end.expect("an extension that fails says why");
                let message =
                    |work: &Work| format!("RequestId: {} {}", work.request_id, end.message);
                self.fail_starts(|work| {
                    let message = message(work);
                    let kind = FunctionErrorKind::InitError;
                    let error = FunctionError::new(kind, end.error_type, &message);
                    (error, Some(message))
                });
                for in_flight in mem::take(&mut self.in_flight) {
                    let message = message(&in_flight.work);
                    self.fail_running(in_flight, end.error_type, message);
                }
            }
            EndReason::Shutdown { .. }
            | EndReason::TimedOut
            | EndReason::InitFailed
            | EndReason::Idle
            | EndReason::NeverPolled => {
                let running = mem::take(&mut self.in_flight).into_iter();
                let assigned = mem::take(&mut self.assigned).into_iter();
                let works = running.map(|it| it.work).chain(assigned.map(|it| it.work));
                for work in works {
                    work.reply(Err(InvokeError::ShuttingDown {
                        function: self.key.clone(),
                    }));
                }
            }
        }
    }

    /// Fails an invocation whose process has ended.
    fn fail_running(&mut self, in_flight: InFlight, error_type: &str, message: String) {
        let error = FunctionError::new(FunctionErrorKind::Exit, error_type, &message);
        self.log.platform(message);
        let (work, outcome) = self.conclude(in_flight, InvocationResult::FunctionError(error));
        work.reply(Ok(outcome));
    }

    /// Fails the invocations that wait for a process whose start failed.
    fn fail_starts(&mut self, why: impl Fn(&Work) -> (FunctionError, Option<String>)) {
        // Invocations that are still on their way were assigned to it because it was starting.
        for work in self.slot.withdraw() {
            self.wait_for_next(work);
        }
        for Assigned { work, .. } in mem::take(&mut self.assigned) {
            let (error, message) = why(&work);
            self.fail_start(work, error, message);
        }
    }

    /// Fails an invocation that the process was started for, or that was assigned to it meanwhile.
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
            initialization_type: self.function.initialization_type(),
        });
        // This may be another invocation than the one that it was started for, if that one was given up.
        self.log.attribute(&work.request_id);
        self.log.event(&PlatformEvent::Start {
            request_id: &work.request_id,
            version: &self.function.version,
        });
        if let Some(message) = message {
            self.log.platform(message);
        }
        let never_delivered = InFlight {
            connection: None,
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

    /// Writes the last lines of an invocation's log, and returns its outcome.
    pub(super) fn conclude(
        &mut self,
        in_flight: InFlight,
        result: InvocationResult,
    ) -> (Work, InvocationOutcome) {
        let duration = in_flight.started.elapsed();
        // If a process has many invocations, its memory does not belong to one of them, and reading it takes time.
        let is_alone = self.function.per_process.is_none();
        let max_rss_bytes = is_alone.then(|| proc_fs::max_rss_bytes(self.pid)).flatten();
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
            is_alone,
        }));
        let outcome = InvocationOutcome {
            request_id: request_id.clone(),
            result,
            started_at: in_flight.started_at,
            finished_at: SystemTime::now(),
            duration,
            init_duration: in_flight.init_duration,
            max_rss_bytes,
            log_tail: self.log.end(request_id),
        };
        (in_flight.work, outcome)
    }
}

fn init_timeout(work: &Work, limit: Duration) -> (FunctionError, Option<String>) {
    let message = report::timeout_message(&work.request_id, limit);
    let error = FunctionError::new(FunctionErrorKind::InitTimeout, "Sandbox.Timedout", &message);
    (error, Some(message))
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
