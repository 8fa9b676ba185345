//! The handle through which everyone else uses this crate.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::HostConfig;
use crate::debugger;
use crate::function::{DebuggedProcess, FunctionConfig, FunctionKey};
use crate::invocation::{InvocationOutcome, InvocationRequest, InvokeError, Permit};
use crate::launch::LaunchError;
use crate::left_behind;
use crate::log::LogSink;
use crate::open_files::OpenFilesLimit;
use crate::pool::{FunctionStats, Next, Placement, Pools, ProcessHandle, ProcessId};
use crate::process::{self, Launcher, Sweeper};
use crate::request::{Reply, Ticket, Work};
use crate::slot::Slot;

/// How long a start rests that failed for want of something, at first and at most; it doubles each time, and half of it is
/// left to chance. Room that another process of this host leaves ends the rest at once.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Runs functions in processes of their own. Cheap to clone; all clones are the same host.
///
/// When the last clone is dropped, every process is ended as by [`FunctionHost::shutdown`], without anyone waiting for it.
#[derive(Clone)]
pub struct FunctionHost {
    shared: Arc<Shared>,
    _owner: Arc<Owner>,
}

/// Says why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartHostError {
    /// There is no Tokio runtime to run on.
    #[error("start the function host: it must be started within a Tokio runtime")]
    NoRuntime(#[source] tokio::runtime::TryCurrentError),
    /// The state directory cannot be used.
    #[error("end the processes that an earlier server recorded in `{}`: check that the directory is writable", .state_dir.display())]
    StateDir {
        /// The directory.
        state_dir: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// The system has no thread for us.
    #[error("start the threads that start and end function processes")]
    Thread(#[source] io::Error),
}

impl FunctionHost {
    /// Starts a host on the current Tokio runtime, which must have its I/O and time drivers enabled, and ends the processes
    /// that a killed host left behind in the state directory.
    ///
    /// Raises the soft limit of open files of the whole process to the hard one; function processes get a limit of their own,
    /// [`HostConfig::open_files_max`].
    ///
    /// # Errors
    /// See [`StartHostError`].
    pub fn new(config: HostConfig, sink: Arc<dyn LogSink>) -> Result<FunctionHost, StartHostError> {
        let runtime = Handle::try_current().map_err(StartHostError::NoRuntime)?;
        let records = match &config.state_dir {
            Some(state_dir) => {
                Some(
                    take_over(state_dir).map_err(|cause| StartHostError::StateDir {
                        state_dir: state_dir.clone(),
                        cause,
                    })?,
                )
            }
            None => None,
        };
        let open_files = OpenFilesLimit::raise();
        let launcher = Launcher::start(config.clone(), records, open_files, runtime.clone())
            .map_err(StartHostError::Thread)?;
        let sweeper = Sweeper::start().map_err(StartHostError::Thread)?;
        let (shutdown, _) = watch::channel(None);
        let shared = Arc::new(Shared {
            config,
            sink,
            launcher,
            tasks: TaskTracker::new(),
            shutdown,
            pools: Mutex::default(),
            runtime,
            process_ids: AtomicU64::new(0),
            tickets: AtomicU64::new(0),
            open_files,
            sweeper,
            refused_connections: Arc::default(),
            room: Notify::new(),
        });
        let owner = Owner(Arc::clone(&shared));
        Ok(FunctionHost {
            shared,
            _owner: Arc::new(owner),
        })
    }

    /// Runs one invocation and waits for its outcome. A function that fails is an outcome; see [`InvokeError`] for what
    /// keeps it from running.
    ///
    /// An invocation gets a warm process, or a new one, or waits for one; its `timeout` begins with its delivery. When a
    /// process cannot be started because the machine or this process is short of something, it waits until there is room.
    ///
    /// Dropping this future gives the invocation up: one that has not been delivered to a process never will be, and leaves
    /// the queue at once. One that was delivered runs to its end or to its timeout, as on Lambda; only its outcome is lost.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn invoke(
        &self,
        function: &Arc<FunctionConfig>,
        request: InvocationRequest,
    ) -> Result<InvocationOutcome, InvokeError> {
        self.place_and_wait(function, request, false).await
    }

    /// Sees that a process of a function can be started: resolves with an empty success once one asks for an invocation, or
    /// with the error of its start. It is kept warm, as after an invocation. `request_id` is what its output is attributed
    /// to.
    ///
    /// # Errors
    /// As [`FunctionHost::invoke`].
    pub async fn start(
        &self,
        function: &Arc<FunctionConfig>,
        request_id: String,
    ) -> Result<InvocationOutcome, InvokeError> {
        let request = InvocationRequest {
            request_id,
            payload: Bytes::new(),
            invoked_function_arn: String::new(),
            client_context: None,
            trace_id: None,
            tenant_id: None,
            response_sink: None,
            called_off: CancellationToken::new(),
            permit: Permit::default(),
        };
        self.place_and_wait(function, request, true).await
    }

    async fn place_and_wait(
        &self,
        function: &Arc<FunctionConfig>,
        request: InvocationRequest,
        only_starts: bool,
    ) -> Result<InvocationOutcome, InvokeError> {
        let (reply, outcome) = oneshot::channel();
        let ticket = Ticket(self.shared.tickets.fetch_add(1, Ordering::Relaxed));
        let called_off = request.called_off.clone();
        let mut work = Work::new(request, ticket, self.shared.config.queue_time_max, reply)?;
        work.only_starts = only_starts;
        let (wait_until, delivery) = (work.wait_until, work.delivery());
        let mut caller = Caller {
            shared: &self.shared,
            function,
            ticket,
            outcome: Some(outcome),
        };
        self.shared.place(function, work);
        tokio::select! {
            biased;
            reply = caller.wait(wait_until) => return reply,
            () = called_off.cancelled() => {}
        }
        if delivery.call_off() {
            let function = function.key();
            return Err(InvokeError::CalledOff { function });
        }
        caller.wait(wait_until).await
    }

    /// Returns how many invocations of a function version can run at one time: as many as the most processes that it may
    /// have can take, or fewer where the limit of open files has no room for so many.
    pub fn concurrency(&self, function: &FunctionConfig) -> usize {
        let per_process = function.invocations_per_process();
        function
            .concurrency_max
            .min(self.shared.open_files.processes_max(per_process))
            .saturating_mul(per_process)
    }

    /// Counts processes and waiting invocations of every function that has any, sorted by function.
    pub fn stats(&self) -> Vec<FunctionStats> {
        self.shared.pools().stats()
    }

    /// Counts the connections to Runtime APIs that were refused because they were not their function process's own.
    pub fn refused_connections(&self) -> u64 {
        self.shared.refused_connections.load(Ordering::Relaxed)
    }

    /// Ends every process: `SIGTERM` to its group, `SIGKILL` after `grace`. Invocations that wait fail at once, those that
    /// run fail unless they are answered within `grace`, and new ones are refused.
    ///
    /// Returns when all processes are gone. May be called again, and waits then as well; the first `grace` counts. Cancellation
    /// safe: the shutdown goes on without whoever waits for it.
    pub async fn shutdown(&self, grace: Duration) {
        self.shared.begin_shutdown(grace);
        self.shared.tasks.wait().await;
    }
}

/// Someone who waits for an invocation's outcome. Dropping this gives the invocation up.
struct Caller<'a> {
    shared: &'a Shared,
    function: &'a FunctionConfig,
    ticket: Ticket,
    /// `None` once it has come.
    outcome: Option<oneshot::Receiver<Reply>>,
}

impl Caller<'_> {
    async fn wait(&mut self, wait_until: Instant) -> Reply {
        let Some(outcome) = &mut self.outcome else {
            unreachable!("a caller waits once");
        };
        let reply = match tokio::time::timeout_at(wait_until.into(), &mut *outcome).await {
            Ok(reply) => reply,
            Err(_) => {
                let key = self.function.key();
                let withdrawn = self.shared.pools().withdraw(&key, self.ticket);
                match withdrawn {
                    Some(mut work) => Ok(Err(work.waited_too_long(key))),
                    // A process is being started for it, or runs it.
                    None => outcome.await,
                }
            }
        };
        self.outcome = None;
        reply.unwrap_or_else(|_| {
            Err(InvokeError::ShuttingDown {
                function: self.function.key(),
            })
        })
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        if let Some(mut outcome) = self.outcome.take() {
            // First, so that a process which takes it from the queue this very moment does not run it.
            outcome.close();
            let key = self.function.key();
            let withdrawn = self.shared.pools().withdraw(&key, self.ticket);
            if let Some(work) = withdrawn {
                tracing::debug!(invocation = %work.request_id, "a waiting invocation was given up");
            }
        }
    }
}

/// What the handle and the tasks of all processes share.
pub(crate) struct Shared {
    pub(crate) config: HostConfig,
    pub(crate) sink: Arc<dyn LogSink>,
    pub(crate) launcher: Launcher,
    pub(crate) tasks: TaskTracker,
    /// Holds the grace period once the host shuts down.
    pub(crate) shutdown: watch::Sender<Option<Duration>>,
    pools: Mutex<Pools>,
    runtime: Handle,
    process_ids: AtomicU64,
    tickets: AtomicU64,
    pub(crate) open_files: OpenFilesLimit,
    pub(crate) sweeper: Sweeper,
    pub(crate) refused_connections: Arc<AtomicU64>,
    /// Notified when a process has ended, so that others may find room.
    pub(crate) room: Notify,
}

impl Shared {
    /// Finds a place for a new invocation.
    fn place(self: &Arc<Self>, function: &Arc<FunctionConfig>, work: Work) {
        let placement = self.pools().place(function, self.config.queue_max, work);
        self.carry_out(function, placement);
    }

    /// Finds a place for an invocation that was given to a process and not delivered.
    pub(crate) fn place_again(self: &Arc<Self>, function: &Arc<FunctionConfig>, work: Work) {
        let placement = self.pools().place_again(function, work);
        self.carry_out(function, placement);
    }

    fn carry_out(self: &Arc<Self>, function: &Arc<FunctionConfig>, placement: Placement) {
        match placement {
            Placement::Placed => {}
            Placement::Watch => self.watch(function.key()),
            Placement::Start(work) => self.start_process(Arc::clone(function), work),
            Placement::Refused(work, error) => {
                tracing::debug!(invocation = %work.request_id, %error, "invocation refused");
                work.reply(Err(error));
            }
        }
    }

    /// Notes that a process could be started, and starts another one if invocations wait for want of processes.
    pub(crate) fn process_started(self: &Arc<Self>, key: &FunctionKey) {
        let next = self.pools().process_started(key);
        self.go_on(key, next);
    }

    /// Does what is to be done for invocations that wait.
    pub(crate) fn go_on(self: &Arc<Self>, key: &FunctionKey, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Start(function, work) => self.start_process(function, *work),
            Next::Watch => self.watch(key.clone()),
        }
    }

    fn watch(self: &Arc<Self>, key: FunctionKey) {
        let watch = Arc::clone(self).start_as_of_use(key);
        self.tasks.spawn_on(watch, &self.runtime);
    }

    /// Lets invocations wait whose process could not be started for want of something, and sees that another start is tried.
    pub(crate) fn wait_for_room(
        self: &Arc<Self>,
        key: &FunctionKey,
        works: Vec<Work>,
        obstacle: LaunchError,
    ) {
        let described = obstacle.to_string();
        // Idle processes of other functions are in nobody's way then.
        let is_debugger = obstacle.is_debugger();
        let (put_back, retired) = {
            let mut pools = self.pools();
            let put_back = pools.put_back(key, works, obstacle);
            let retired = put_back.try_again.filter(|_| !is_debugger);
            let retired = retired.and_then(|_| pools.retire_longest_idle());
            (put_back, retired)
        };
        if let Some(process) = retired {
            process.retire.notify_one();
        }
        for (work, error) in put_back.refused {
            work.reply(Err(error));
        }
        if let Some(failed) = put_back.try_again {
            if failed == 0 {
                tracing::warn!(function = %key, cause = described, "no room for another function process: invocations wait");
            }
            let again = Arc::clone(self).try_again_later(key.clone(), failed);
            self.tasks.spawn_on(again, &self.runtime);
        }
    }

    async fn try_again_later(self: Arc<Self>, key: FunctionKey, failed: u32) {
        let pause = PAUSE_MIN.saturating_mul(1 << failed.min(10)).min(PAUSE_MAX);
        let mut shutdown = self.shutdown.subscribe();
        tokio::select! {
            () = tokio::time::sleep(pause.mul_f64(0.5 + 0.5 * fastrand::f64())) => {}
            () = self.room.notified() => {}
            _ = shutdown.wait_for(Option::is_some) => {}
        }
        let next = self.pools().try_again(&key);
        self.go_on(&key, next);
    }

    /// Sees that a process with a debugger is the only one of its function: its other processes end unless they are at work.
    ///
    /// # Errors
    /// One is at work, or is still ending, or its port is taken.
    pub(crate) fn make_way_for_debugger(
        &self,
        function: &FunctionConfig,
    ) -> Result<(), LaunchError> {
        let Some(debugger) = &function.debugger else {
            return Ok(());
        };
        let (retired, others) = self.pools().retire_other_versions(&function.key());
        for process in &retired {
            process.retire.notify_one();
        }
        if others > 0 {
            return Err(LaunchError::OtherIsDebugged {
                function: function.name.clone(),
            });
        }
        debugger::check_port(function, debugger)
    }

    pub(crate) fn tell_of_debugger(&self, function: &FunctionConfig, pid: u32) {
        if let (Some(debugger), Some(listener)) = (&function.debugger, &self.config.debugged) {
            let started = DebuggedProcess {
                function: function.name.clone(),
                version: function.version.clone(),
                pid,
                port: debugger::has_port(&function.runtime).then_some(debugger.port),
            };
            // A reader that is this slow is notified of the next one.
            let _ = listener.try_send(started);
        }
    }

    pub(crate) fn start_process(self: &Arc<Self>, function: Arc<FunctionConfig>, work: Work) {
        let (sender, inbox) = mpsc::channel(function.invocations_per_process());
        let handle = ProcessHandle {
            id: ProcessId(self.process_ids.fetch_add(1, Ordering::Relaxed)),
            work: sender,
            retire: Arc::default(),
        };
        let key = function.key();
        let withheld = self.pools().announce(&key, handle.clone());
        let slot = Slot::new(Arc::clone(self), key, handle, inbox, withheld);
        let process = process::run(Arc::clone(self), function, slot, work);
        self.tasks.spawn_on(process, &self.runtime);
    }

    fn begin_shutdown(&self, grace: Duration) {
        let waiting = self.pools().close();
        for (function, work) in waiting {
            work.reply(Err(InvokeError::ShuttingDown { function }));
        }
        self.shutdown.send_if_modified(|current| {
            let first = current.is_none();
            current.get_or_insert(grace);
            first
        });
        self.tasks.close();
    }

    pub(crate) fn pools(&self) -> MutexGuard<'_, Pools> {
        self.pools
            .lock()
            .expect("nothing panics while it holds the pools")
    }
}

/// Ends all processes when the last handle is dropped. The tasks of the processes hold `Shared`, so that cannot tell.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.begin_shutdown(self.0.config.termination_grace);
    }
}

fn take_over(state_dir: &std::path::Path) -> io::Result<PathBuf> {
    let directory = left_behind::directory(state_dir)?;
    let ended = left_behind::end_all(&directory)?;
    if ended > 0 {
        tracing::warn!(
            ended,
            "ended function processes that an earlier server left behind"
        );
    }
    Ok(directory)
}
