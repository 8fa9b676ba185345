//! The parts of a process that has just been started, for its task: the ends of its pipes, and its Runtime API.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Instant, SystemTime};

use tokio::process::Child;
use tokio::sync::mpsc;

use super::extension::Extensions;
use super::launcher::Launched;
use crate::capture::OutputPipe;
use crate::function::FunctionConfig;
use crate::launch::LaunchError;
use crate::left_behind::ProcessRecord;
use crate::proc_fs::Process;
use crate::runtime_api::{Guard, RuntimeApi, RuntimeCall};
use crate::shared::Shared;
use crate::unix::ProcessGroup;

/// A process that was started and is watched by the async runtime. Dropping it ends it.
pub(super) struct Parts {
    /// Declared before the child, as in [`Launched`].
    pub(super) group: ProcessGroup,
    pub(super) child: Child,
    pub(super) pid: u32,
    pub(super) process: Option<Process>,
    pub(super) api: RuntimeApi,
    pub(super) calls: mpsc::Receiver<RuntimeCall>,
    pub(super) stdout: OutputPipe,
    pub(super) stderr: OutputPipe,
    pub(super) extensions: Extensions,
    pub(super) extension_output: OutputPipe,
    pub(super) log_stream_name: Arc<str>,
    pub(super) record: Option<ProcessRecord>,
    pub(super) started: Instant,
    pub(super) started_at: SystemTime,
}

impl Parts {
    /// Watches a started process.
    ///
    /// # Errors
    /// When the system refuses; the process is ended then.
    pub(super) fn watch(
        mut launched: Launched,
        shared: &Arc<Shared>,
        function: &FunctionConfig,
    ) -> Result<Parts, LaunchError> {
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
        let per_process = function.invocations_per_process();
        let watched = RuntimeApi::serve(launched.listener, guard, per_process, &shared.tasks)
            .and_then(|api| Ok((api, OutputPipe::new(launched.stdout)?)))
            .and_then(|watched| Ok((watched, OutputPipe::new(launched.stderr)?)))
            .and_then(|watched| {
                let pipe = launched.extension_output.map(OutputPipe::new).transpose()?;
                Ok((watched, pipe.unwrap_or_default()))
            });
        let ((((api, calls), stdout), stderr), extension_output) = match watched {
            Ok(watched) => watched,
            Err(cause) => {
                // The process is killed when this returns, before it got an invocation.
                if let Some(record) = record {
                    record.remove();
                }
                return Err(system(cause));
            }
        };
        Ok(Parts {
            group: launched.group,
            child: launched.child,
            pid: launched.pid,
            process: launched.process,
            api,
            calls,
            stdout,
            stderr,
            extensions: Extensions::new(launched.extensions),
            extension_output,
            log_stream_name: launched.log_stream_name,
            record,
            started: launched.started,
            started_at: launched.started_at,
        })
    }
}
