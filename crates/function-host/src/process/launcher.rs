//! Starts processes, on a thread of its own.
//!
//! The thread exists for two reasons. If children are to end with their parent, Linux ends them when the *thread* that
//! started them ends, and threads of an async runtime come and go. And a start takes milliseconds, in which an async
//! thread could serve other tasks.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::extension::LaunchedExtension;
use crate::config::HostConfig;
use crate::environment::{self, ProcessIdentity};
use crate::function::FunctionConfig;
use crate::launch::{self, LaunchCommand, LaunchError};
use crate::layers;
use crate::left_behind::ProcessRecord;
use crate::mounts::{LayersAt, MountPolicy};
use crate::open_files::{OpenFiles, OpenFilesLimit, Others};
use crate::proc_fs::Process;
use crate::unix::{self, ProcessGroup};

/// Orders that wait for the thread; more wait in their tasks.
const ORDERS_MAX: usize = 64;

/// How often, and after which pause, a start is tried again while the executable is still open for writing (`ETXTBSY`).
/// This can happen right after the server has unpacked the code: a child forked at that moment inherits the file, open
/// for writing, until its own `exec`.
const BUSY_TRIES: u32 = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// A process that was just started and has no task yet. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Launched {
    /// Declared before the child, so that the group is signalled while its leader is not reaped.
    pub(crate) group: ProcessGroup,
    pub(crate) child: Child,
    pub(crate) pid: u32,
    /// `None` if the system does not report it.
    pub(crate) process: Option<Process>,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    pub(crate) extensions: Vec<LaunchedExtension>,
    /// The output of extensions; `None` if there are none.
    pub(crate) extension_output: Option<OwnedFd>,
    pub(crate) listener: TcpListener,
    pub(crate) log_stream_name: Arc<str>,
    pub(crate) record: Option<ProcessRecord>,
    pub(crate) started: Instant,
    pub(crate) started_at: SystemTime,
}

/// Hands orders to the thread, which lives as long as this.
#[derive(Debug)]
pub(crate) struct Launcher {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
struct Order {
    function: Arc<FunctionConfig>,
    others: Others,
    launched: oneshot::Sender<Result<Launched, LaunchError>>,
}

impl Launcher {
    /// Starts the thread. Processes are watched on `runtime`, and recorded in `records`.
    pub(crate) fn start(
        config: HostConfig,
        records: Option<PathBuf>,
        open_files: OpenFilesLimit,
        runtime: Handle,
    ) -> io::Result<Launcher> {
        let (orders, mut received) = mpsc::channel::<Order>(ORDERS_MAX);
        let take_orders = move || {
            // Children are registered with the runtime that is current when they are spawned.
            let _current = runtime.enter();
            let mut open_files = OpenFiles::new(open_files);
            let mounts = MountPolicy::new(config.layers_at_opt);
            while let Some(order) = received.blocking_recv() {
                if order.launched.is_closed() {
                    continue;
                }
                let per_process = order.function.invocations_per_process();
                let launched = open_files
                    .check(order.others, per_process)
                    .and_then(|()| launch(&config, &mounts, records.as_deref(), &order.function));
                if launched.is_ok() {
                    open_files.started(per_process);
                }
                // If the caller no longer waits, the process is dropped and so ended.
                let _ = order.launched.send(launched);
            }
        };
        thread::Builder::new()
            .name("function-launcher".to_owned())
            .spawn(take_orders)?;
        Ok(Launcher { orders })
    }

    /// Starts a process of a function that has this many others. `None` if the thread has ended.
    pub(crate) async fn launch(
        &self,
        function: &Arc<FunctionConfig>,
        others: Others,
    ) -> Option<Result<Launched, LaunchError>> {
        let (launched, result) = oneshot::channel();
        let function = Arc::clone(function);
        let order = Order {
            function,
            others,
            launched,
        };
        self.orders.send(order).await.ok()?;
        result.await.ok()
    }
}

fn launch(
    config: &HostConfig,
    mounts: &MountPolicy,
    records: Option<&Path>,
    function: &FunctionConfig,
) -> Result<Launched, LaunchError> {
    let launch_command = LaunchCommand::of(function, config.runtimes.as_deref())?;
    launch_command.check(&function.runtime)?;
    let program = launch_command.program();
    let system = |attempt| {
        move |cause| LaunchError::System {
            attempt,
            path: program.to_owned(),
            cause,
        }
    };
    let layers_at = mounts.layers_at(function, &launch_command.needed(function));
    let listener = listen().map_err(system("open a Runtime API listener"))?;
    let runtime_api = listener
        .local_addr()
        .map_err(system("ask for the Runtime API's address"))?
        .to_string();
    let log_stream_name: Arc<str> = log_stream_name(&function.version).into();
    let identity = ProcessIdentity {
        runtime_api: &runtime_api,
        log_stream_name: &log_stream_name,
        layers_at: &layers_at,
    };
    let (stdout, stdout_writer) = io::pipe().map_err(system("open a pipe"))?;
    let (stderr, stderr_writer) = io::pipe().map_err(system("open a pipe"))?;
    let mut environment = environment::build(config, function, &identity);
    let (extensions, extension_output) =
        start_extensions(config, function, &environment, &layers_at)?;
    launch_command.complete(&mut environment);
    let mut command = Command::new(program);
    command
        .args(launch_command.arguments(&function.handler))
        .current_dir(&function.code_dir)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(stdout_writer)
        .stderr(stderr_writer)
        .kill_on_drop(true);
    // Two connections per further invocation, besides those of every process.
    let per_process = function.invocations_per_process() as u64;
    let open_files_max = config.open_files_max + 2 * (per_process - 1);
    unix::isolate(&mut command, open_files_max, layers_at.mounts());
    let started_at = SystemTime::now();
    let started = Instant::now();
    let child = spawn(&mut command).map_err(system("start a process"))?;
    let pid = child
        .id()
        .expect("a child that nobody waited for has a process id");
    let group = ProcessGroup::led_by(pid);
    let process = Process::of(pid);
    let record = records
        .zip(process)
        .and_then(|(directory, process)| record(directory, process, &log_stream_name));
    Ok(Launched {
        group,
        child,
        pid,
        process,
        stdout: stdout.into(),
        stderr: stderr.into(),
        extensions,
        extension_output,
        listener,
        log_stream_name,
        record,
        started,
        started_at,
    })
}

/// Starts the programs in the layers' folder `extensions`, which live beside the runtime.
fn start_extensions(
    config: &HostConfig,
    function: &FunctionConfig,
    environment: &BTreeMap<String, String>,
    layers_at: &LayersAt,
) -> Result<(Vec<LaunchedExtension>, Option<OwnedFd>), LaunchError> {
    let programs = layers::extensions(&function.code_dir, layers_at);
    if programs.is_empty() {
        return Ok((Vec::new(), None));
    }
    let environment = environment::of_extensions(environment);
    let mut extensions = Vec::new();
    let system = |path: &Path, cause| LaunchError::System {
        attempt: "start an extension",
        path: path.to_owned(),
        cause,
    };
    let (output, writer) = io::pipe().map_err(|cause| system(&function.code_dir, cause))?;
    for program in programs {
        launch::check_extension(&program)?;
        let failed = |cause| system(&program.file, cause);
        let mut command = Command::new(&program.path);
        command
            .current_dir("/")
            .env_clear()
            .envs(&environment)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().map_err(failed)?)
            .stderr(writer.try_clone().map_err(failed)?)
            .kill_on_drop(true);
        unix::isolate(&mut command, config.open_files_max, layers_at.mounts());
        let child = spawn(&mut command).map_err(failed)?;
        let pid = child
            .id()
            .expect("a child that nobody waited for has a process id");
        extensions.push(LaunchedExtension {
            group: ProcessGroup::led_by(pid),
            child,
            pid,
            name: program.name,
        });
    }
    Ok((extensions, Some(output.into())))
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut tries = 1;
    loop {
        match command.spawn() {
            Err(cause)
                if cause.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES =>
            {
                tries += 1;
                thread::sleep(BUSY_PAUSE);
            }
            spawned => return spawned,
        }
    }
}

fn record(directory: &Path, process: Process, log_stream_name: &str) -> Option<ProcessRecord> {
    ProcessRecord::write(directory, process, log_stream_name).unwrap_or_else(|cause| {
        // The function can run without a record.
        tracing::warn!(pid = process.pid, directory = %directory.display(), %cause, "cannot record a function process: if this server is killed, what the process started may outlive it");
        None
    })
}

/// Names a log stream as Lambda does: the date, the version, and a unique number.
fn log_stream_name(version: &str) -> String {
    let today = Timestamp::now().to_zoned(TimeZone::UTC);
    format!(
        "{}[{version}]{:032x}",
        today.strftime("%Y/%m/%d/"),
        fastrand::u128(..)
    )
}
