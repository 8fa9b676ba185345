//! The task that owns one process: its events, and the effect of each on the process's phase.

use std::ops::ControlFlow;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::process::Child;
use tokio::sync::{mpsc, watch};

use super::delivery::WORKERS_PATIENCE;
use super::extension::{Extensions, Introduction};
use super::log::ProcessLog;
use super::parts::Parts;
use super::phase::{Assigned, DURATION_MAX, EndReason, ExtensionEnd, InFlight, Phase, later};
use super::report::{PlatformEvent, Status};
use crate::capture::{OutputPipe, ReadBuffer};
use crate::function::{FunctionConfig, FunctionKey};
use crate::invocation::InvokeError;
use crate::left_behind::ProcessRecord;
use crate::log::LogStream;
use crate::proc_fs::Process;
use crate::request::Work;
use crate::runtime_api::{Answer, ConnectionId, NextEvent, Refusal, RuntimeApi, RuntimeCall};
use crate::shared::Shared;
use crate::slot::Slot;
use crate::unix::ProcessGroup;

/// One process and everything that belongs to it.
pub(super) struct FunctionProcess {
    /// Declared before the child: a dropped task signals the group while its leader is not yet reaped.
    pub(super) group: ProcessGroup,
    pub(super) child: Child,
    pub(super) pid: u32,
    pub(super) slot: Slot,
    pub(super) shared: Arc<Shared>,
    pub(super) function: Arc<FunctionConfig>,
    pub(super) key: FunctionKey,
    pub(super) api: RuntimeApi,
    pub(super) calls: mpsc::Receiver<RuntimeCall>,
    shutdown: watch::Receiver<Option<Duration>>,
    pub(super) stdout: OutputPipe,
    pub(super) stderr: OutputPipe,
    pub(super) extensions: Extensions,
    /// Standard output and error of the extensions.
    pub(super) extension_output: OutputPipe,
    /// Set when one of them has failed.
    pub(super) extension_end: Option<ExtensionEnd>,
    buffer: ReadBuffer,
    pub(super) log: ProcessLog,
    pub(super) process: Option<Process>,
    pub(super) record: Option<ProcessRecord>,
    pub(super) phase: Phase,
    /// Invocations that the process has not asked for yet.
    pub(super) assigned: Vec<Assigned>,
    /// Invocations that the process runs.
    pub(super) in_flight: Vec<InFlight>,
    /// The calls of `next` that wait for an invocation. The newest one is answered first: the part of the process that
    /// made it is warmest.
    pub(super) pollers: Vec<Poller>,
    /// How many of its permitted simultaneous invocations the process did not ask for when there were some. Further
    /// calls of `next` restore them.
    pub(super) withheld: usize,
    /// Since when it has no invocation.
    pub(super) idle_since: Instant,
    /// Until when the process must call `next` after an answer, if it has no other invocation.
    pub(super) poll_by: Option<Instant>,
    pub(super) started: Instant,
    /// When the process reaches the maximum age.
    outlived_at: Instant,
    /// Whether it reached that age, and gets no more invocations.
    pub(super) is_outlived: bool,
    pub(super) started_at: SystemTime,
    /// Known from the first `next` until the first invocation is delivered.
    pub(super) init_duration: Option<Duration>,
    /// Set once the process is being ended: it gets no more invocations.
    pub(super) ending: bool,
}

pub(super) struct Poller {
    pub(super) connection: ConnectionId,
    pub(super) answer: Answer<NextEvent>,
}

/// The events that a process's task waits for, apart from output.
enum Event {
    Call(RuntimeCall),
    Work(Work),
    Exited(Option<ExitStatus>),
    ExtensionEnded(Introduction, Option<ExitStatus>),
    Shutdown(Duration),
    /// The pool has removed this free process.
    Retired,
    /// The process has reached the maximum age.
    Outlived,
    DeadlineReached,
}

/// How long a process that has reached the maximum age, but is just getting an invocation, goes on before it is checked
/// again.
const OUTLIVED_AGAIN: Duration = Duration::from_millis(100);

/// Starts a process for an invocation, and runs its task until it has ended.
pub(crate) async fn run(
    shared: Arc<Shared>,
    function: Arc<FunctionConfig>,
    slot: Slot,
    work: Work,
) {
    let key = function.key();
    if work.is_abandoned() {
        tracing::debug!(invocation = %work.request_id, "an invocation was given up before a process was started for it");
        let mut slot = slot;
        // Each is put at the front of the queue, so the first one is put back last.
        for other in slot.withdraw().into_iter().rev() {
            shared.place_again(&function, other);
        }
        return slot.release();
    }
    if let Err(cause) = shared.make_way_for_debugger(&function) {
        return slot.release_for_want_of_room(work, cause);
    }
    let Some(launched) = shared.launcher.launch(&function, slot.others()).await else {
        return refuse_all(slot, work, || InvokeError::ShuttingDown {
            function: key.clone(),
        });
    };
    let parts = launched.and_then(|launched| Parts::watch(launched, &shared, &function));
    match parts {
        Ok(parts) => {
            tracing::info!(function = %key, invocation = %work.request_id, pid = parts.pid, "function process started");
            shared.process_started(&key);
            shared.tell_of_debugger(&function, parts.pid);
            FunctionProcess::of(parts, slot, &shared, &function)
                .run(work)
                .await;
        }
        Err(cause) if cause.is_shortage() => slot.release_for_want_of_room(work, cause),
        Err(cause) => {
            tracing::warn!(function = %key, invocation = %work.request_id, %cause, "cannot start a function process");
            let cause = Arc::new(cause);
            refuse_all(slot, work, || InvokeError::Launch {
                function: key.clone(),
                cause: Arc::clone(&cause),
            });
        }
    }
}

/// Rejects the invocations of a process that was not started.
fn refuse_all(mut slot: Slot, work: Work, error: impl Fn() -> InvokeError) {
    let others = slot.withdraw();
    for work in std::iter::once(work).chain(others) {
        work.reply(Err(error()));
    }
    slot.release();
}

impl FunctionProcess {
    /// Takes a started process into this task.
    fn of(
        parts: Parts,
        slot: Slot,
        shared: &Arc<Shared>,
        function: &Arc<FunctionConfig>,
    ) -> FunctionProcess {
        FunctionProcess {
            group: parts.group,
            child: parts.child,
            pid: parts.pid,
            withheld: slot.withheld,
            slot,
            shared: Arc::clone(shared),
            function: Arc::clone(function),
            key: function.key(),
            api: parts.api,
            calls: parts.calls,
            shutdown: shared.shutdown.subscribe(),
            stdout: parts.stdout,
            stderr: parts.stderr,
            extensions: parts.extensions,
            extension_output: parts.extension_output,
            extension_end: None,
            buffer: ReadBuffer::new(),
            log: ProcessLog::new(
                Arc::clone(&shared.sink),
                Arc::clone(function),
                parts.log_stream_name,
            ),
            process: parts.process,
            record: parts.record,
            phase: Phase::Starting,
            assigned: Vec::new(),
            in_flight: Vec::new(),
            pollers: Vec::new(),
            idle_since: parts.started,
            poll_by: None,
            started: parts.started,
            outlived_at: outlived_at(parts.started, shared, function),
            is_outlived: false,
            started_at: parts.started_at,
            init_duration: None,
            ending: false,
        }
    }

    async fn run(mut self, work: Work) {
        self.log.attribute(&work.request_id);
        self.log.event(&PlatformEvent::InitStart {
            function: &self.function.name,
            version: &self.function.version,
            initialization_type: self.function.initialization_type(),
        });
        self.wait_for_next(work);
        let reason = loop {
            let event = self.next_event().await;
            if let ControlFlow::Break(reason) = self.handle(event) {
                break reason;
            }
        };
        self.end(reason).await;
    }

    async fn next_event(&mut self) -> Event {
        let deadline = self.deadline();
        loop {
            // The order matters: an answer that came before the deadline or before the exit counts, and output comes
            // last, because it is unlimited.
            tokio::select! {
                biased;
                Some(call) = self.calls.recv() => return Event::Call(call),
                Some(work) = self.slot.inbox.recv() => return Event::Work(work),
                status = self.child.wait() => return Event::Exited(self.exit_status(status)),
                grace = shutdown_begun(&mut self.shutdown) => return Event::Shutdown(grace),
                () = self.slot.handle.retire.notified() => return Event::Retired,
                (extension, status) = self.extensions.ended() => {
                    return Event::ExtensionEnded(extension, self.exit_status(status));
                }
                () = tokio::time::sleep_until(deadline.into()) => return Event::DeadlineReached,
                () = tokio::time::sleep_until(self.outlived_at.into()), if !self.is_outlived => {
                    return Event::Outlived;
                }
                () = self.stdout.readable() => self.read_stdout(),
                () = self.stderr.readable() => self.read_stderr(),
                () = self.extension_output.readable() => self.read_extension_output(),
            }
        }
    }

    pub(super) fn exit_status(&self, status: std::io::Result<ExitStatus>) -> Option<ExitStatus> {
        status
            .inspect_err(|cause| tracing::error!(pid = self.pid, %cause, "cannot learn how a function process ended"))
            .ok()
    }

    fn deadline(&self) -> Instant {
        if self.phase == Phase::Starting {
            return later(self.started, self.init_limit());
        }
        let running = self.in_flight.iter().map(|it| it.deadline);
        let assigned = self.assigned.iter().map(|it| it.deliver_by);
        running
            .chain(assigned)
            .min()
            .unwrap_or_else(|| self.idle_until())
    }

    /// Until when the process may be idle.
    fn idle_until(&self) -> Instant {
        if self.withheld == self.function.invocations_per_process() {
            return self
                .poll_by
                .expect("a process that is given nothing owes a call of `next`");
        }
        let idle_until = later(self.idle_since, self.idle_time());
        self.poll_by
            .map_or(idle_until, |poll_by| poll_by.min(idle_until))
    }

    /// How long the process may take to its first `next`.
    pub(super) fn init_limit(&self) -> Duration {
        match self.function.debugger {
            // A debugger may have stopped it.
            Some(_) => DURATION_MAX,
            None => self.shared.config.init_limit,
        }
    }

    fn idle_time(&self) -> Duration {
        match self.function.debugger {
            // A debugger may be attached to it.
            Some(_) => DURATION_MAX,
            None => self.shared.config.idle_time,
        }
    }

    fn handle(&mut self, event: Event) -> ControlFlow<EndReason> {
        match event {
            Event::Call(call) => self.handle_call(call),
            Event::Work(mut work) => {
                // It was assigned to a starting process; if the process has started by now, the invocation is like any
                // other.
                work.cold = self.phase == Phase::Starting;
                self.assign(work);
                ControlFlow::Continue(())
            }
            Event::Exited(status) => ControlFlow::Break(EndReason::Exited(status)),
            Event::ExtensionEnded(extension, status) => self.extension_ended(&extension, status),
            Event::Shutdown(grace) => ControlFlow::Break(EndReason::Shutdown { grace }),
            // The process asked for an invocation, and got one, before this event arrived.
            Event::Retired if !self.in_flight.is_empty() => self.drain(),
            Event::Retired => ControlFlow::Break(EndReason::Idle),
            Event::Outlived => self.outlived(),
            Event::DeadlineReached => self.deadline_reached(),
        }
    }

    pub(super) fn handle_call(&mut self, call: RuntimeCall) -> ControlFlow<EndReason> {
        match call {
            RuntimeCall::Next { connection, answer } => {
                self.next_called(Poller { connection, answer })
            }
            RuntimeCall::ResponseBegins { request_id, answer } => {
                let sink = self
                    .running(&request_id)
                    .and_then(|at| self.in_flight[at].work.response_sink.take());
                // A caller that hung up does not need to know.
                let _ = answer.send(sink);
            }
            RuntimeCall::Response {
                request_id,
                posted,
                answer,
            }
            | RuntimeCall::InvocationError {
                request_id,
                posted,
                answer,
            } => return self.answered(&request_id, posted, answer),
            RuntimeCall::InitError { posted, answer } => return self.init_failed(posted, answer),
            RuntimeCall::Extension(call) => return self.extension_called(call),
            RuntimeCall::Disconnected { connection, broken } => {
                self.disconnected(connection, broken)
            }
        }
        ControlFlow::Continue(())
    }

    /// The index of a running invocation among those of this process.
    pub(super) fn running(&self, request_id: &str) -> Option<usize> {
        let is_it = |it: &InFlight| it.work.request_id == request_id;
        self.in_flight.iter().position(is_it)
    }

    fn next_called(&mut self, poller: Poller) {
        let delivered_on = Some(poller.connection);
        let is_same = |it: &&mut InFlight| it.connection == delivered_on;
        if let Some(in_flight) = self.in_flight.iter_mut().find(is_same) {
            if self.function.per_process.is_none() {
                // The process has read the invocation on this connection and owes an answer.
                refuse(poller.answer, Refusal::InvalidStateTransition);
                return;
            }
            // The process has read the invocation, and runs it while it asks for others.
            in_flight.connection = None;
        }
        // A process may reconnect before the host notices the end of its old connection: the newest calls count.
        self.pollers.retain(|earlier| !earlier.answer.is_closed());
        if self.pollers.len() == self.function.invocations_per_process() {
            let earlier = self.pollers.remove(0);
            refuse(earlier.answer, Refusal::InvalidStateTransition);
        }
        self.pollers.push(poller);
        if !self.ending {
            self.go_on();
        }
    }

    /// The runtime or an extension asks for more.
    pub(super) fn go_on(&mut self) {
        if !self.pollers.is_empty() {
            self.deliver_again_if_lost();
        }
        if self.owes_next() {
            if !self.pollers.is_empty() && !self.in_flight.is_empty() {
                self.poll_by = None;
            }
            return;
        }
        self.poll_by = None;
        match self.phase {
            Phase::Starting => self.initialized(),
            Phase::Serving => {
                self.wait_for_workers();
                self.deliver_assigned();
                self.take_more();
            }
            Phase::Draining => {}
        }
    }

    fn initialized(&mut self) {
        let duration = self.started.elapsed();
        self.drain_output();
        self.log.event(&PlatformEvent::InitReport {
            duration,
            status: Status::Success,
            initialization_type: self.function.initialization_type(),
        });
        self.init_duration = Some(duration);
        self.phase = Phase::Serving;
        self.slot.initialized();
        // The invocation that the process was started for can go to no other process; those assigned meanwhile can.
        for assigned in self.assigned.iter_mut().skip(1) {
            assigned.work.cold = false;
            assigned.deliver_by = later(Instant::now(), WORKERS_PATIENCE);
        }
        self.wait_for_workers();
        self.deliver_assigned();
        // Calls of `next` may have accumulated while a slow extension started.
        self.take_more();
    }

    fn deadline_reached(&mut self) -> ControlFlow<EndReason> {
        if self.phase == Phase::Starting {
            return self.init_timed_out();
        }
        let now = Instant::now();
        let timed_out = self.in_flight.extract_if(.., |it| it.deadline <= now);
        let timed_out: Vec<_> = timed_out.collect();
        if !timed_out.is_empty() {
            return self.timed_out(timed_out);
        }
        if !self.assigned.is_empty() {
            return self.give_back_assigned(now);
        }
        if !self.in_flight.is_empty() {
            return ControlFlow::Continue(());
        }
        if self.withheld == self.function.invocations_per_process() {
            return ControlFlow::Break(EndReason::NeverPolled);
        }
        if !self.slot.leave() {
            // The pool has just given it an invocation, which is on its way.
            if let Ok(work) = self.slot.inbox.try_recv() {
                self.assign(work);
            }
            return ControlFlow::Continue(());
        }
        let owes_next = self.poll_by.is_some_and(|poll_by| poll_by <= now);
        ControlFlow::Break(if owes_next {
            EndReason::NeverPolled
        } else {
            EndReason::Idle
        })
    }

    fn outlived(&mut self) -> ControlFlow<EndReason> {
        if !self.in_flight.is_empty() {
            self.is_outlived = true;
            return self.drain();
        }
        if self.phase == Phase::Starting || !self.assigned.is_empty() || !self.slot.leave() {
            // The process still starts, or an invocation is on its way to it.
            self.outlived_at = later(Instant::now(), OUTLIVED_AGAIN);
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(EndReason::Idle)
    }

    /// Whether the process, or one of its extensions, has no call of `next` open.
    pub(super) fn owes_next(&self) -> bool {
        self.pollers.is_empty() || !self.extensions.all_wait()
    }

    pub(super) fn read_stdout(&mut self) {
        self.stdout.read(&mut self.buffer, |text| {
            self.log.output(LogStream::Stdout, text)
        });
    }

    pub(super) fn read_stderr(&mut self) {
        self.stderr.read(&mut self.buffer, |text| {
            self.log.output(LogStream::Stderr, text)
        });
    }

    pub(super) fn read_extension_output(&mut self) {
        self.extension_output
            .read(&mut self.buffer, |text| self.log.extension_output(text));
    }

    /// Takes all output that the process has written up to now.
    pub(super) fn drain_output(&mut self) {
        self.stdout.drain(&mut self.buffer, |text| {
            self.log.output(LogStream::Stdout, text)
        });
        self.stderr.drain(&mut self.buffer, |text| {
            self.log.output(LogStream::Stderr, text)
        });
        self.extension_output
            .drain(&mut self.buffer, |text| self.log.extension_output(text));
    }
}

fn outlived_at(started: Instant, shared: &Shared, function: &FunctionConfig) -> Instant {
    let lifetime = match function.debugger {
        // A debugger may be attached to it.
        Some(_) => DURATION_MAX,
        None => shared.config.process_lifetime,
    };
    later(started, lifetime)
}

/// Waits for the host's shutdown, and returns its grace period. Cancellation safe.
async fn shutdown_begun(shutdown: &mut watch::Receiver<Option<Duration>>) -> Duration {
    match shutdown.wait_for(Option::is_some).await.map(|grace| *grace) {
        Ok(Some(grace)) => grace,
        // Every process's task holds the sender, so it outlives them.
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

pub(super) fn refuse<T>(answer: Answer<T>, refusal: Refusal) {
    // A caller that hung up does not need to know.
    let _ = answer.send(Err(refusal));
}
