//! The handle through which other crates use this one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::HostConfig;
use crate::function::FunctionConfig;
use crate::invocation::{InvocationOutcome, InvocationRequest, InvokeError, Permit};
use crate::left_behind;
use crate::log::LogSink;
use crate::open_files::OpenFilesLimit;
use crate::pool::FunctionStats;
use crate::process::{Launcher, Sweeper};
use crate::request::{Reply, Ticket, Work};
use crate::shared::Shared;

/// Runs functions in processes of their own. Cheap to clone; all clones are the same host.
///
/// When the last clone is dropped, every process is ended as by [`FunctionHost::shutdown`], but in the background.
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
    /// The system cannot start a thread.
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
        let records = config.state_dir.as_deref().map(take_over).transpose()?;
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

    /// Runs one invocation and waits for its outcome. A function that fails is an outcome; see [`InvokeError`] for the
    /// reasons why it cannot run.
    ///
    /// An invocation gets a warm process, or a new one, or waits for one; its `timeout` begins with its delivery. If a
    /// process cannot be started because the machine or this process is short of a resource, the invocation waits until
    /// there is room.
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

    /// Starts a process of a function: resolves with an empty success once a process asks for an invocation, or with
    /// the error of its start. The process is kept warm, as after an invocation. Its output is attributed to
    /// `request_id`.
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

    /// Returns how many invocations of a function version can run at one time: the capacity of all processes that it
    /// may have, or less if the limit of open files does not allow so many.
    pub fn concurrency(&self, function: &FunctionConfig) -> usize {
        let per_process = function.invocations_per_process();
        function
            .concurrency_max
            .min(self.shared.open_files.processes_max(per_process))
            .saturating_mul(per_process)
    }

    /// Counts processes and waiting invocations of every function that has some, sorted by function.
    pub fn stats(&self) -> Vec<FunctionStats> {
        self.shared.pools().stats()
    }

    /// Counts the connections to Runtime APIs that were refused because they did not come from the function process.
    pub fn refused_connections(&self) -> u64 {
        self.shared.refused_connections.load(Ordering::Relaxed)
    }

    /// Ends every process: `SIGTERM` to its group, `SIGKILL` after `grace`. Invocations that wait fail at once, those that
    /// run fail unless they are answered within `grace`, and new ones are refused.
    ///
    /// Returns when all processes are gone. May be called again, and waits then as well; the first `grace` counts.
    /// Cancellation safe: the shutdown goes on if the caller stops waiting.
    pub async fn shutdown(&self, grace: Duration) {
        self.shared.begin_shutdown(grace);
        self.shared.tasks.wait().await;
    }
}

/// A caller that waits for an invocation's outcome. Dropping it gives the invocation up.
struct Caller<'a> {
    shared: &'a Shared,
    function: &'a FunctionConfig,
    ticket: Ticket,
    /// `None` once the outcome has arrived.
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
            // Closed first, so that a process that takes the invocation from the queue at this moment does not run it.
            outcome.close();
            let key = self.function.key();
            let withdrawn = self.shared.pools().withdraw(&key, self.ticket);
            if let Some(work) = withdrawn {
                tracing::debug!(invocation = %work.request_id, "a waiting invocation was given up");
            }
        }
    }
}

impl Shared {
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
}

/// Ends all processes when the last handle is dropped. `Shared` itself cannot do this, because the tasks of the
/// processes hold it too.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.begin_shutdown(self.0.config.termination_grace);
    }
}

/// Ends the processes that a killed host left behind in a state directory. [`FunctionHost::new`] does this, too; a
/// separate call lets a caller do other work meanwhile.
///
/// # Errors
/// [`StartHostError::StateDir`].
pub fn end_left_behind(state_dir: &Path) -> Result<(), StartHostError> {
    take_over(state_dir).map(drop)
}

fn take_over(state_dir: &Path) -> Result<PathBuf, StartHostError> {
    let end_all = || {
        let directory = left_behind::directory(state_dir)?;
        let ended = left_behind::end_all(&directory)?;
        if ended > 0 {
            tracing::warn!(
                ended,
                "ended function processes that an earlier server left behind"
            );
        }
        Ok(directory)
    };
    end_all().map_err(|cause| StartHostError::StateDir {
        state_dir: state_dir.to_owned(),
        cause,
    })
}
