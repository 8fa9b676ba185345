//! Settings of the host as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::function::{DebuggedProcess, FunctionConfig};
use crate::runtimes::Runtimes;

/// Settings that hold for every function of a host.
#[derive(Clone)]
pub struct HostConfig {
    /// Becomes `AWS_REGION` and `AWS_DEFAULT_REGION`.
    pub region: String,
    /// Where running processes are recorded so that a restarted host can end those that a killed one left behind.
    /// `None` records nothing. No two living hosts may share a directory.
    pub state_dir: Option<PathBuf>,
    /// Variables for every function, such as `AWS_ENDPOINT_URL`. A function's own variables win over these; the names that
    /// Lambda reserves win over both.
    pub extra_environment: BTreeMap<String, String>,
    /// Gives each function the credentials with which it calls AWS APIs.
    pub credentials: CredentialsSource,
    /// How long an idle process is kept. The default of 30 seconds outlives the pauses of a busy workflow (steps, short
    /// waits, a person clicking through a form) and is short enough that a suspended one soon holds no process.
    pub idle_time: Duration,
    /// How long a process gets invocations. Then it ends after its last one, and another process replaces it, because
    /// its credentials expire. Default: for ever.
    pub process_lifetime: Duration,
    /// How long a process may take from its start to its first `next`. Default 10 seconds, as on Lambda (Lambda developer
    /// guide, "Lambda execution environment lifecycle", read 2026-11).
    pub init_limit: Duration,
    /// How long an ended process group has between `SIGTERM` and `SIGKILL`. Default 500 ms, as long as Lambda gives
    /// extensions at shutdown.
    pub termination_grace: Duration,
    /// The most invocations of one function version that wait for a process, besides those for which processes that may
    /// still be started have room; further ones are refused with [`InvokeError::NoRoom`](crate::InvokeError::NoRoom).
    /// The default of 1000 is Lambda's default concurrency of an account: more never wait on AWS either.
    pub queue_max: usize,
    /// How long an invocation waits for a process before it is refused in the same way. The default of 5 minutes is
    /// longer than most callers wait, so that callers that still wait are usually served.
    pub queue_time_max: Duration,
    /// Whether functions with layers get them at `/opt`, where the system allows it. Default `true`.
    pub layers_at_opt: bool,
    /// Runs `python3.*` and `nodejs*` functions; with `None` only `provided.*` functions run.
    pub runtimes: Option<Arc<Runtimes>>,
    /// `RLIMIT_NOFILE` of function processes, independent of the host's own limit. Default 1024, Lambda's quota, and
    /// the most that programs which call `select` can use.
    pub open_files_max: u64,
    /// Receives each process that starts with a debugger, unless the channel is full.
    pub debugged: Option<mpsc::Sender<DebuggedProcess>>,
}

/// Returns the credentials of a function, or `None` if it finds its own; called once for every process that starts.
pub type CredentialsSource = Arc<dyn Fn(&FunctionConfig) -> Option<Credentials> + Send + Sync>;

/// AWS credentials of a function process.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
}

impl Default for HostConfig {
    /// Region `us-east-1`, nothing recorded on disk, and placeholder credentials that an endpoint without signature checks
    /// takes.
    fn default() -> Self {
        HostConfig {
            region: "us-east-1".to_owned(),
            state_dir: None,
            extra_environment: BTreeMap::new(),
            credentials: Arc::new(|_| {
                Some(Credentials {
                    access_key_id: "local".to_owned(),
                    secret_access_key: "local".to_owned(),
                    session_token: None,
                })
            }),
            idle_time: Duration::from_secs(30),
            process_lifetime: Duration::MAX,
            init_limit: Duration::from_secs(10),
            termination_grace: Duration::from_millis(500),
            queue_max: 1000,
            queue_time_max: Duration::from_secs(5 * 60),
            layers_at_opt: true,
            runtimes: None,
            open_files_max: 1024,
            debugged: None,
        }
    }
}

impl fmt::Debug for Credentials {
    /// Leaves out the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}
