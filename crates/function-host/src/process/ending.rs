//! Ends one process, with its whole group, and settles its invocations.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::actor::FunctionProcess;
use super::phase::{EndReason, Phase, later};
use super::report;
use super::sweeper::Ended;
use crate::proc_fs::Process;

/// How long the calls that a process made before it ended may take to arrive. They are in the system's buffers already;
/// the whole time passes only if a process outside the group keeps a connection open.
const LAST_CALLS_LIMIT: Duration = Duration::from_millis(100);

/// How long a killed process may take to end. Only a process that hangs within the kernel (a dead network disk) takes
/// longer; it is then given up, so that its function can go on in other processes.
const KILL_LIMIT: Duration = Duration::from_secs(10);

impl FunctionProcess {
    /// Ends the process if it still runs, then its remaining descendants.
    pub(super) async fn end(mut self, reason: EndReason) {
        self.ending = true;
        self.leave_pool();
        // Its descendants can be found by their parents only while it lives.
        let relatives = match reason {
            EndReason::Exited(_) => Vec::new(),
            _ if self.process.is_none() => Vec::new(),
            EndReason::TimedOut
            | EndReason::InitFailed
            | EndReason::ExtensionFailed
            | EndReason::Idle
            | EndReason::NeverPolled
            | EndReason::Shutdown { .. } => self.shared.sweeper.relatives(self.pid).await,
        };
        let status = match reason {
            EndReason::Exited(status) => status,
            EndReason::InitFailed => self.stop_after_init_error().await,
            EndReason::Shutdown { grace } => self.stop(grace).await,
            EndReason::TimedOut
            | EndReason::ExtensionFailed
            | EndReason::Idle
            | EndReason::NeverPolled => self.stop(self.shared.config.termination_grace).await,
        };
        // Descendants may still hold its pipes and connections.
        self.group.kill_remaining();
        if self.extensions.is_empty() {
            self.api.stop();
        }
        self.take_last_calls().await;
        self.drain_output();
        self.resolve_ended(reason);
        if !self.extensions.is_empty() {
            self.end_extensions(reason).await;
            self.api.stop();
        }
        self.end_what_it_left(relatives).await;
        self.slot.release();
        let exit = status.map_or_else(|| "unknown".to_owned(), report::describe);
        tracing::info!(function = %self.key, pid = self.pid, ?reason, exit, "function process ended");
    }

    /// Ends descendants of the process that have left its group.
    async fn end_what_it_left(&mut self, relatives: Vec<Process>) {
        if let Some(process) = self.process {
            let log_stream_name = self.log.stream_name().to_owned();
            let ended = Ended {
                process,
                log_stream_name,
                relatives,
            };
            self.shared.sweeper.end(ended).await;
        }
        if let Some(record) = self.record.take() {
            record.remove();
        }
    }

    /// Runtimes end by themselves after an initialization error, often with a last message on standard error.
    async fn stop_after_init_error(&mut self) -> Option<ExitStatus> {
        let grace = self.shared.config.termination_grace;
        match self.wait_for_exit(grace).await {
            Ok(status) => status,
            Err(StillRunning) => self.stop(grace).await,
        }
    }

    /// Asks the group to end, and kills it if it does not.
    async fn stop(&mut self, grace: Duration) -> Option<ExitStatus> {
        self.group.terminate();
        if let Ok(status) = self.wait_for_exit(grace).await {
            return status;
        }
        tracing::debug!(function = %self.key, pid = self.pid, ?grace, "function process ignores SIGTERM and is killed");
        self.group.kill();
        self.wait_for_exit(KILL_LIMIT).await.unwrap_or_else(|StillRunning| {
            tracing::error!(function = %self.key, pid = self.pid, "function process cannot be killed and is given up");
            None
        })
    }

    /// Waits for the process to end, while its output and its calls are still handled: an answer that comes during the
    /// grace period of a shutdown counts.
    async fn wait_for_exit(&mut self, limit: Duration) -> Result<Option<ExitStatus>, StillRunning> {
        let until = later(Instant::now(), limit).into();
        loop {
            tokio::select! {
                biased;
                Some(call) = self.calls.recv() => {
                    // The process ends already, so the result of the call is ignored.
                    let _ = self.handle_call(call);
                }
                status = self.child.wait() => return Ok(self.exit_status(status)),
                () = tokio::time::sleep_until(until) => return Err(StillRunning),
                () = self.stdout.readable() => self.read_stdout(),
                () = self.stderr.readable() => self.read_stderr(),
            }
        }
    }

    /// Handles calls of the process that have not arrived yet, such as an answer right before it exited. If extensions
    /// keep connections open, this may take the whole limit.
    async fn take_last_calls(&mut self) {
        let calls = async {
            let is_responsible = |it: &Self| {
                !it.in_flight.is_empty() || it.phase == Phase::Starting && !it.assigned.is_empty()
            };
            while is_responsible(self) {
                let Some(call) = self.calls.recv().await else {
                    return;
                };
                // As above: the process has ended already.
                let _ = self.handle_call(call);
            }
        };
        if tokio::time::timeout(LAST_CALLS_LIMIT, calls).await.is_err() {
            tracing::debug!(function = %self.key, pid = self.pid, "a connection of an ended process stays open");
        }
    }
}

/// The process did not end within the limit.
struct StillRunning;
