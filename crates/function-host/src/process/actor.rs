//! The task that owns one process: what it waits for, and what each event does to the process's phase.

use std::mem;
use std::ops::ControlFlow;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant, SystemTime};

use tokio::process::Child;
use tokio::sync::{Notify, mpsc, watch};

use super::extension::{Extensions, Introduction};
use super::extension_calls::ExtensionEnd;
use super::launcher::Launched;
use super::log::ProcessLog;
use super::phase::{DURATION_MAX, EndReason, Phase, later};
use super::report::{PlatformEvent, Status};
use crate::capture::{OutputPipe, ReadBuffer};
use crate::function::{FunctionConfig, FunctionKey};
use crate::host::{Shared, Slot};
use crate::invocation::InvokeError;
use crate::launch::LaunchError;
use crate::left_behind::ProcessRecord;
use crate::log::LogStream;
use crate::pool::ProcessId;
use crate::proc_fs::Process;
use crate::request::Work;
use crate::runtime_api::{
    Answer, ConnectionId, Guard, NextEvent, Refusal, RuntimeApi, RuntimeCall,
};
use crate::unix::ProcessGroup;

/// One process and everything that belongs to it.
pub(super) struct FunctionProcess {
    /// Before the child: a task that is dropped signals the group while its leader is not yet reaped.
    pub(super) group: ProcessGroup,
    pub(super) child: Child,
    pub(super) pid: u32,
    pub(super) id: ProcessId,
    pub(super) shared: Arc<Shared>,
    pub(super) function: Arc<FunctionConfig>,
    pub(super) key: FunctionKey,
    pub(super) api: RuntimeApi,
    pub(super) calls: mpsc::Receiver<RuntimeCall>,
    pub(super) work_sender: mpsc::Sender<Work>,
    pub(super) work: mpsc::Receiver<Work>,
    /// See [`IdleProcess::retire`](crate::pool::IdleProcess::retire).
    pub(super) retire: Arc<Notify>,
    shutdown: watch::Receiver<Option<Duration>>,
    pub(super) stdout: OutputPipe,
    pub(super) stderr: OutputPipe,
    pub(super) extensions: Extensions,
    /// What they write, both ways.
    pub(super) extension_output: OutputPipe,
    /// Set when one of them has failed.
    pub(super) extension_end: Option<ExtensionEnd>,
    buffer: ReadBuffer,
    pub(super) log: ProcessLog,
    pub(super) process: Option<Process>,
    pub(super) record: Option<ProcessRecord>,
    pub(super) phase: Phase,
    /// The call of `next` that waits for an invocation.
    pub(super) poller: Option<Poller>,
    /// Until when the process must call `next` after an answer.
    pub(super) poll_by: Option<Instant>,
    pub(super) started: Instant,
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

/// What a process's task waits for, apart from output.
enum Event {
    Call(RuntimeCall),
    Work(Work),
    Exited(Option<ExitStatus>),
    ExtensionEnded(Introduction, Option<ExitStatus>),
    Shutdown(Duration),
    /// The pool has removed this free process.
    Retired,
    DeadlineReached,
}

/// Starts a process for an invocation, and looks after it until it has ended.
pub(crate) async fn run(
    shared: Arc<Shared>,
    function: Arc<FunctionConfig>,
    slot: Slot,
    work: Work,
) {
    let key = function.key();
    if work.is_abandoned() {
        tracing::debug!(invocation = %work.request_id, "an invocation was given up before a process was started for it");
        return slot.release();
    }
    if let Err(cause) = shared.make_way_for_debugger(&function) {
        return slot.release_for_want_of_room(work, cause);
    }
    let Some(launched) = shared.launcher.launch(&function, slot.others()).await else {
        work.reply(Err(InvokeError::ShuttingDown { function: key }));
        return slot.release();
    };
    match launched.and_then(|launched| FunctionProcess::adopt(launched, &shared, &function)) {
        Ok(process) => {
            tracing::info!(function = %key, invocation = %work.request_id, pid = process.pid, "function process started");
            shared.process_started(&key);
            shared.tell_of_debugger(&function, process.pid);
            process.run(work).await;
        }
        Err(cause) if cause.is_shortage() => return slot.release_for_want_of_room(work, cause),
        Err(cause) => {
            tracing::warn!(function = %key, invocation = %work.request_id, %cause, "cannot start a function process");
            let cause = Box::new(cause);
            work.reply(Err(InvokeError::Launch {
                function: key,
                cause,
            }));
        }
    }
    slot.release();
}

impl FunctionProcess {
    /// Takes a started process into this task.
    fn adopt(
        mut launched: Launched,
        shared: &Arc<Shared>,
        function: &Arc<FunctionConfig>,
    ) -> Result<FunctionProcess, LaunchError> {
        let system = |cause| LaunchError::System {
            attempt: "watch a process",
            path: function.code_dir.clone(),
            cause,
        };
        let guard = Guard {
            pid: launched.pid,
            extensions: launched.extensions.iter().map(|it| it.pid).collect(),
            log_stream_name: Arc::clone(&launched.log_stream_name),
            refused: AtomicU64::new(0),
            refused_by_host: Arc::clone(&shared.refused_connections),
        };
        let record = launched.record.take();
        let watched = RuntimeApi::serve(launched.listener, guard, &shared.tasks)
            .and_then(|api| Ok((api, OutputPipe::new(launched.stdout)?)))
            .and_then(|watched| Ok((watched, OutputPipe::new(launched.stderr)?)))
            .and_then(|watched| {
                let pipe = launched.extension_output.map(OutputPipe::new).transpose()?;
                Ok((watched, pipe.unwrap_or_default()))
            });
        let ((((api, calls), stdout), stderr), extension_output) = match watched {
            Ok(watched) => watched,
            Err(cause) => {
                // It is killed when this returns, before it was given anything to do.
                if let Some(record) = record {
                    record.remove();
                }
                return Err(system(cause));
            }
        };
        let (work_sender, work) = mpsc::channel(1);
        Ok(FunctionProcess {
            group: launched.group,
            child: launched.child,
            pid: launched.pid,
            id: shared.next_process_id(),
            shared: Arc::clone(shared),
            function: Arc::clone(function),
            key: function.key(),
            api,
            calls,
            work_sender,
            work,
            retire: Arc::default(),
            shutdown: shared.shutdown.subscribe(),
            stdout,
            stderr,
            extensions: Extensions::new(launched.extensions),
            extension_output,
            extension_end: None,
            buffer: ReadBuffer::new(),
            log: ProcessLog::new(
                Arc::clone(&shared.sink),
                Arc::clone(function),
                launched.log_stream_name,
            ),
            process: launched.process,
            record,
            phase: Phase::Detached,
            poller: None,
            poll_by: None,
            started: launched.started,
            started_at: launched.started_at,
            init_duration: None,
            ending: false,
        })
    }

    async fn run(mut self, work: Work) {
        self.log.attribute(&work.request_id);
        self.log.event(&PlatformEvent::InitStart {
            function: &self.function.name,
            version: &self.function.version,
        });
        self.phase = Phase::Starting { work };
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
            // In this order: an answer that came before the deadline or before the exit counts, and output, of which there
            // can be any amount, comes last.
            tokio::select! {
                biased;
                Some(call) = self.calls.recv() => return Event::Call(call),
                Some(work) = self.work.recv() => return Event::Work(work),
                status = self.child.wait() => return Event::Exited(self.exit_status(status)),
                grace = shutdown_begun(&mut self.shutdown) => return Event::Shutdown(grace),
                () = self.retire.notified() => return Event::Retired,
                (extension, status) = self.extensions.ended() => {
                    return Event::ExtensionEnded(extension, self.exit_status(status));
                }
                () = tokio::time::sleep_until(deadline.into()) => return Event::DeadlineReached,
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
        match &self.phase {
            Phase::Starting { .. } => later(self.started, self.init_limit()),
            Phase::Free { since } => {
                let idle_until = later(*since, self.idle_time());
                self.poll_by
                    .map_or(idle_until, |poll_by| poll_by.min(idle_until))
            }
            Phase::Assigned { deliver_by, .. } => *deliver_by,
            Phase::Detached => self
                .poll_by
                .expect("a detached process owes a call of `next`"),
            Phase::Busy(in_flight) => in_flight.deadline,
        }
    }

    /// How long it may take to its first `next`.
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
            Event::Work(work) => {
                self.assign(work);
                ControlFlow::Continue(())
            }
            Event::Exited(status) => ControlFlow::Break(EndReason::Exited(status)),
            Event::ExtensionEnded(extension, status) => self.extension_ended(&extension, status),
            Event::Shutdown(grace) => ControlFlow::Break(EndReason::Shutdown { grace }),
            Event::Retired => {
                self.phase = Phase::Detached;
                ControlFlow::Break(EndReason::Idle)
            }
            Event::DeadlineReached => self.deadline_reached(),
        }
    }

    pub(super) fn handle_call(&mut self, call: RuntimeCall) -> ControlFlow<EndReason> {
        match call {
            RuntimeCall::Next { connection, answer } => {
                self.next_called(Poller { connection, answer })
            }
            RuntimeCall::ResponseBegins { request_id, answer } => {
                let sink = match &mut self.phase {
                    Phase::Busy(in_flight) if in_flight.work.request_id == request_id => {
                        in_flight.work.response_sink.take()
                    }
                    Phase::Busy(_)
                    | Phase::Starting { .. }
                    | Phase::Free { .. }
                    | Phase::Assigned { .. }
                    | Phase::Detached => None,
                };
                // Whoever hung up does not need to know.
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
            } => self.answered(&request_id, posted, answer),
            RuntimeCall::InitError { posted, answer } => return self.init_failed(posted, answer),
            RuntimeCall::Extension(call) => return self.extension_called(call),
            RuntimeCall::Disconnected { connection, broken } => {
                self.disconnected(connection, broken)
            }
        }
        ControlFlow::Continue(())
    }

    fn next_called(&mut self, poller: Poller) {
        if let Phase::Busy(in_flight) = &self.phase
            && in_flight.connection == poller.connection
        {
            // It has read the invocation on this connection and owes an answer.
            refuse(poller.answer, Refusal::InvalidStateTransition);
            return;
        }
        // A process that connects anew may do so before its old connection is known to be gone: the newest call counts.
        if let Some(earlier) = self.poller.replace(poller) {
            refuse(earlier.answer, Refusal::InvalidStateTransition);
        }
        if !self.ending {
            self.go_on();
        }
    }

    /// The runtime or an extension asks for more.
    pub(super) fn go_on(&mut self) {
        if matches!(self.phase, Phase::Busy(_)) {
            if self.poller.is_some() {
                self.poll_by = None;
                self.deliver_again_if_lost();
            }
            return;
        }
        if self.owes_next() {
            return;
        }
        self.poll_by = None;
        match mem::replace(&mut self.phase, Phase::Detached) {
            Phase::Starting { work } => {
                self.initialized(work);
            }
            Phase::Assigned { work, .. } => self.assign(work),
            Phase::Detached => self.become_free(),
            phase @ (Phase::Free { .. } | Phase::Busy(_)) => self.phase = phase,
        }
    }

    fn initialized(&mut self, work: Work) {
        let duration = self.started.elapsed();
        self.drain_output();
        self.log.event(&PlatformEvent::InitReport {
            duration,
            status: Status::Success,
        });
        self.init_duration = Some(duration);
        self.assign(work);
    }

    fn deadline_reached(&mut self) -> ControlFlow<EndReason> {
        match mem::replace(&mut self.phase, Phase::Detached) {
            Phase::Starting { work } => self.init_timed_out(work),
            Phase::Assigned { work, .. } if work.cold => self.init_timed_out(work),
            Phase::Assigned { work, .. } => {
                tracing::debug!(function = %self.key, invocation = %work.request_id, pid = self.pid, "process does not ask for the invocation, another gets it");
                self.poll_by
                    .get_or_insert_with(|| later(Instant::now(), self.function.timeout));
                self.shared.place_again(&self.function, work);
                ControlFlow::Continue(())
            }
            Phase::Free { since } => {
                let owes_next = self
                    .poll_by
                    .is_some_and(|poll_by| poll_by <= Instant::now());
                self.phase = Phase::Free { since };
                if !self.shared.leave(&self.key, self.id) {
                    // The pool gave it an invocation this very moment, which is on its way.
                    if let Ok(work) = self.work.try_recv() {
                        self.assign(work);
                    }
                    return ControlFlow::Continue(());
                }
                self.phase = Phase::Detached;
                ControlFlow::Break(if owes_next {
                    EndReason::NeverPolled
                } else {
                    EndReason::Idle
                })
            }
            Phase::Detached => ControlFlow::Break(EndReason::NeverPolled),
            Phase::Busy(in_flight) => self.timed_out(in_flight),
        }
    }

    /// Whether the process, or one of its extensions, has no call of `next` open.
    pub(super) fn owes_next(&self) -> bool {
        self.poller.is_none() || !self.extensions.all_wait()
    }

    /// Takes back the invocation that the process got from the pool and was never given, and leaves the pool.
    pub(super) fn leave_pool(&mut self) {
        match mem::replace(&mut self.phase, Phase::Detached) {
            Phase::Free { .. } => {
                if !self.shared.leave(&self.key, self.id)
                    && let Ok(work) = self.work.try_recv()
                {
                    self.shared.place_again(&self.function, work);
                }
            }
            Phase::Assigned { work, .. } if !work.cold => {
                self.shared.place_again(&self.function, work)
            }
            phase => self.phase = phase,
        }
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

/// Waits for the host's shutdown, and returns its grace period. Cancellation safe.
async fn shutdown_begun(shutdown: &mut watch::Receiver<Option<Duration>>) -> Duration {
    match shutdown.wait_for(Option::is_some).await.map(|grace| *grace) {
        Ok(Some(grace)) => grace,
        // Every process's task holds the sender, so that it cannot be gone before them.
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

pub(super) fn refuse<T>(answer: Answer<T>, refusal: Refusal) {
    // Whoever hung up does not need to know.
    let _ = answer.send(Err(refusal));
}
