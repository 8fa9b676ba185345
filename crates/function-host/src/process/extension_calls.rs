//! The part of extensions in the life of their process.

use std::ops::ControlFlow;
use std::process::ExitStatus;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use super::actor::FunctionProcess;
use super::delivery::unix_milliseconds;
use super::extension::Introduction;
use super::phase::{EndReason, ExtensionEnd, InFlight, Phase, later};
use super::report::{self, PlatformEvent};
use crate::runtime_api::{ExtensionCall, ExtensionRefusal, Registered};

/// How long extensions have after the shutdown event. Source: Lambda developer guide, "Lambda execution environment
/// lifecycle", "Shutdown phase", read 2026-11.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

/// How long a killed extension may take to end.
const KILL_LIMIT: Duration = Duration::from_secs(10);

impl FunctionProcess {
    pub(super) fn extension_called(&mut self, call: ExtensionCall) -> ControlFlow<EndReason> {
        match call {
            ExtensionCall::Register {
                name,
                events,
                answer,
            } => {
                let registered = if events.invoke && self.function.per_process.is_some() {
                    Err(ExtensionRefusal::NoInvokeEvents)
                } else {
                    let is_initializing = self.phase == Phase::Starting;
                    self.extensions.register(&name, events, is_initializing)
                };
                let account_id = self.function.arn.split(':').nth(4).map(str::to_owned);
                // A caller that hung up does not need to know; the same applies below.
                let _ = answer.send(registered.map(|identifier| Registered {
                    identifier,
                    function_name: self.function.name.clone(),
                    function_version: self.function.version.clone(),
                    handler: self.function.handler.clone(),
                    account_id,
                }));
            }
            ExtensionCall::Next { identifier, answer } => {
                if let Some(ready) = self.extensions.next(&identifier, answer) {
                    self.introduce(&ready, None);
                }
                if !self.ending {
                    self.go_on();
                }
            }
            ExtensionCall::Failed {
                identifier,
                failure,
                answer,
            } => {
                let Some(extension) = self.extensions.introduce(&identifier) else {
                    let _ = answer.send(Err(ExtensionRefusal::UnknownIdentifier));
                    return ControlFlow::Continue(());
                };
                let _ = answer.send(Ok(()));
                if self.ending {
                    return ControlFlow::Continue(());
                }
                self.introduce(&extension, Some(failure.error_type));
                let name = extension.name;
                self.extension_end = Some(ExtensionEnd {
                    error_type: failure.error_type,
                    message: format!("Error: extension {name}: {}", failure.message),
                });
                return ControlFlow::Break(EndReason::ExtensionFailed);
            }
            ExtensionCall::Subscribe {
                identifier,
                subscription,
                answer,
            } => {
                let verdict = match self.extensions.introduce(&identifier) {
                    Some(_) => {
                        self.log.subscribe(subscription, &self.shared.tasks);
                        Ok(())
                    }
                    None => Err(ExtensionRefusal::UnknownIdentifier),
                };
                let _ = answer.send(verdict);
            }
        }
        ControlFlow::Continue(())
    }

    /// An extension's program has ended while its process lives, which fails the process, with any exit status.
    pub(super) fn extension_ended(
        &mut self,
        extension: &Introduction,
        status: Option<ExitStatus>,
    ) -> ControlFlow<EndReason> {
        const CRASH: &str = "Extension.Crash";
        self.drain_output();
        self.introduce(extension, Some(CRASH));
        let how = status.map_or_else(|| "unknown".to_owned(), report::describe);
        tracing::warn!(function = %self.key, pid = self.pid, extension = extension.name, how, "an extension has ended before its process");
        self.extension_end = Some(ExtensionEnd {
            error_type: CRASH,
            message: format!("Error: extension {}: {how}", extension.name),
        });
        ControlFlow::Break(EndReason::ExtensionFailed)
    }

    fn introduce(&mut self, extension: &Introduction, error_type: Option<&str>) {
        self.log.event(&PlatformEvent::Extension {
            name: &extension.name,
            state: extension.state,
            events: &extension.events,
            error_type,
        });
    }

    /// Logs the extensions for which an initialization waited too long.
    pub(super) fn name_late_extensions(&mut self) {
        for extension in self.extensions.late() {
            self.introduce(&extension, Some("Sandbox.Timedout"));
        }
    }

    /// Sends a delivered invocation to the extensions.
    pub(super) fn tell_extensions(&mut self, in_flight: &InFlight) {
        // Extensions of functions on managed instances get no invocations, as on Lambda.
        if self.extensions.is_empty() || self.function.per_process.is_some() {
            return;
        }
        let header = |name: &str| {
            let value = in_flight.work.headers.get(name)?;
            value.to_str().ok()
        };
        let mut document = json!({
            "eventType": "INVOKE",
            "deadlineMs": in_flight.deadline_ms,
            "requestId": in_flight.work.request_id,
            "invokedFunctionArn": header("lambda-runtime-invoked-function-arn"),
        });
        if let Some(trace) = header("lambda-runtime-trace-id") {
            document["tracing"] = json!({ "type": "X-Amzn-Trace-Id", "value": trace });
        }
        self.extensions.invoke(&document);
    }

    /// Lets extensions finish once the runtime has ended, and ends those that do not.
    pub(super) async fn end_extensions(&mut self, reason: EndReason) {
        let limit = match reason {
            EndReason::Shutdown { grace } => grace.min(SHUTDOWN_LIMIT),
            EndReason::Exited(_)
            | EndReason::TimedOut
            | EndReason::InitFailed
            | EndReason::ExtensionFailed
            | EndReason::Idle
            | EndReason::NeverPolled => SHUTDOWN_LIMIT,
        };
        let why = match reason {
            EndReason::Shutdown { .. } | EndReason::Idle => "spindown",
            EndReason::TimedOut | EndReason::NeverPolled => "timeout",
            EndReason::Exited(_) | EndReason::InitFailed | EndReason::ExtensionFailed => "failure",
        };
        let document = json!({
            "eventType": "SHUTDOWN",
            "shutdownReason": why,
            "deadlineMs": unix_milliseconds(SystemTime::now() + limit),
        });
        self.extensions.shut_down(&document);
        // Remaining telemetry is sent while they finish.
        self.log.end_subscriptions();
        self.wait_for_extensions(limit).await;
        self.extensions.kill();
        self.wait_for_extensions(KILL_LIMIT).await;
        self.drain_output();
    }

    async fn wait_for_extensions(&mut self, limit: Duration) {
        let until = later(Instant::now(), limit).into();
        while self.extensions.any_runs() {
            tokio::select! {
                biased;
                Some(call) = self.calls.recv() => {
                    // The process has ended, so the result of the call is ignored.
                    let _ = self.handle_call(call);
                }
                (extension, status) = self.extensions.ended() => {
                    let exit = status.map_or_else(|cause| cause.to_string(), report::describe);
                    tracing::debug!(function = %self.key, pid = self.pid, extension = extension.name, exit, "an extension has ended with its process");
                }
                () = tokio::time::sleep_until(until) => return,
                () = self.extension_output.readable() => self.read_extension_output(),
            }
        }
    }
}
