//! What a process is doing, and until when it may.

use std::time::{Duration, Instant, SystemTime};

use crate::request::Work;
use crate::runtime_api::ConnectionId;

/// What a process is doing. The invocation that it is responsible for, if any, is part of the phase.
#[derive(Debug)]
pub(super) enum Phase {
    /// Started and initializing, for this invocation.
    Starting { work: Work },
    /// In the pool since this instant: the pool may give it an invocation. It may still be about to call `next`.
    Free { since: Instant },
    /// Has an invocation that it did not yet ask for.
    Assigned { work: Work, deliver_by: Instant },
    /// Not in the pool and without an invocation: it answered, then did not call `next` when there was more to do. It comes
    /// back with its next `next`.
    Detached,
    /// Runs an invocation.
    Busy(InFlight),
}

/// An invocation that was delivered and not answered.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) work: Work,
    /// The connection that it was delivered on.
    pub(super) connection: ConnectionId,
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
    /// Its invocation, or its initialization, took too long.
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

/// Longer than anything here is waited for in earnest; settings beyond it (`Duration::MAX` for "never") mean the same and
/// would overflow the clock.
pub(super) const DURATION_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Adds a duration to an instant, up to [`DURATION_MAX`].
pub(super) fn later(at: Instant, by: Duration) -> Instant {
    at + by.min(DURATION_MAX)
}
