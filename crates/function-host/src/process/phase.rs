//! The phases of a process, their deadlines, and the reasons why it ends.

use std::time::{Duration, Instant, SystemTime};

use crate::request::Work;
use crate::runtime_api::ConnectionId;

/// The phase of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Started and initializing; the invocations that it was started for wait.
    Starting,
    /// Takes invocations: up to its maximum at one time, which is one unless its function is on managed instances.
    Serving,
    /// One of its invocations has timed out, or it has reached the maximum age: it gets no more, and ends after its
    /// last one.
    Draining,
}

/// An invocation that is assigned to the process, which has not asked for it yet.
#[derive(Debug)]
pub(super) struct Assigned {
    pub(super) work: Work,
    /// Until when it waits for the process; then another process gets it, or it fails if this process was started for
    /// it.
    pub(super) deliver_by: Instant,
}

/// An invocation that was delivered and is not answered yet.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) work: Work,
    /// The connection that it was delivered on; `None` once another call has come on it, which shows that it was read.
    pub(super) connection: Option<ConnectionId>,
    /// Whether that connection broke, so that the process may never have read it.
    pub(super) lost: bool,
    pub(super) started: Instant,
    pub(super) started_at: SystemTime,
    pub(super) deadline: Instant,
    /// The deadline that was sent to the process, in milliseconds since the Unix epoch.
    pub(super) deadline_ms: u64,
    pub(super) init_duration: Option<Duration>,
}

/// Why a process ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum EndReason {
    /// It ended by itself; `None` if the system did not report how.
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

/// The failure of an extension, which ends its process.
#[derive(Debug)]
pub(super) struct ExtensionEnd {
    pub(super) error_type: &'static str,
    /// The text after the request's id.
    pub(super) message: String,
}

/// Longer than any real wait; longer settings (`Duration::MAX` for "never") mean the same and would overflow the clock.
pub(super) const DURATION_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Adds a duration to an instant, up to [`DURATION_MAX`].
pub(super) fn later(at: Instant, by: Duration) -> Instant {
    at + by.min(DURATION_MAX)
}
