//! What a process is doing, until when it may, and why it ends.

use std::time::{Duration, Instant, SystemTime};

use crate::request::Work;
use crate::runtime_api::ConnectionId;

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Started and initializing; the invocations that it was started for wait.
    Starting,
    /// Takes invocations: as many at one time as it may have, which is one wherever its function is not on managed instances.
    Serving,
    /// One of its invocations has timed out, or it is old enough: it gets no more, and ends with the last of those that it has.
    Draining,
}

/// An invocation that the process has and did not yet ask for.
#[derive(Debug)]
pub(super) struct Assigned {
    pub(super) work: Work,
    /// Until when it waits for the process; it then goes to another one, or fails if this process was started for it.
    pub(super) deliver_by: Instant,
}

/// An invocation that was delivered and not answered.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) work: Work,
    /// The connection that it was delivered on; none once another call has come on it, which says that it was read.
    pub(super) connection: Option<ConnectionId>,
    /// Whether that connection broke, so that the process may never have read it.
    pub(super) lost: bool,
    pub(super) started: Instant,
    pub(super) started_at: SystemTime,
    pub(super) deadline: Instant,
    /// The deadline as the process was told, in milliseconds since the Unix epoch.
    pub(super) deadline_ms: u64,
    pub(super) init_duration: Option<Duration>,
}

/// Why a process ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum EndReason {
    /// It ended by itself; `None` when the system did not tell how.
    Exited(Option<std::process::ExitStatus>),
    /// One of its invocations, or its initialization, took too long.
    TimedOut,
    /// It posted an initialization error, after which runtimes end by themselves.
    InitFailed,
    /// One of its extensions ended or reported an error.
    ExtensionFailed,
    /// It was idle for long enough.
    Idle,
    /// It answered an invocation and did not call `next` until that invocation's deadline.
    NeverPolled,
    /// The host shuts down.
    Shutdown { grace: Duration },
}

/// What an extension did to its process.
#[derive(Debug)]
pub(super) struct ExtensionEnd {
    pub(super) error_type: &'static str,
    /// Behind the request's id.
    pub(super) message: String,
}

/// Longer than anything here is waited for in earnest; settings beyond it (`Duration::MAX` for "never") mean the same and
/// would overflow the clock.
pub(super) const DURATION_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Adds a duration to an instant, up to [`DURATION_MAX`].
pub(super) fn later(at: Instant, by: Duration) -> Instant {
    at + by.min(DURATION_MAX)
}
