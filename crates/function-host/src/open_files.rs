//! The file handles of this process: their limit, and the check that enough are left to start another function process.
//!
//! Each function process costs the host handles (a listener, two pipes, connections), and a host without a handle can
//! neither accept a request nor read a file, so it could not answer even the calls that would free handles. The host
//! therefore raises its limit as far as possible, keeps a reserve, and starts no process that would need the reserve.

use std::collections::VecDeque;
use std::fs;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::launch::LaunchError;

/// The file handles of one function process: its listener, two pipes, a handle on the process, two connections to its
/// Runtime API, and two to the server's APIs.
const FILES_PER_PROCESS: u64 = 8;

/// Those of them that are not open yet when a process has just been started.
const FILES_OPENED_LATER: u64 = 4;

/// The handles for each further simultaneous invocation of a process: a connection to its Runtime API and one to the
/// server's APIs. Neither is open when the process has just been started.
const FILES_PER_INVOCATION: u64 = 2;

/// How long a process may take until it has opened them: as long as its initialization usually may.
const OPENED_WITHIN: Duration = Duration::from_secs(10);

/// How long a count of open files is reused. Processes started meanwhile are added to it.
const COUNT_HOLDS: Duration = Duration::from_millis(100);

/// The highest limit that is set, even if the system allows more: programs that close every possible handle at their
/// start would take seconds for it. It is Linux's own highest limit, unless that was changed.
const LIMIT_MAX: u64 = 1024 * 1024;

/// macOS refuses more than its `OPEN_MAX`.
#[cfg(target_os = "macos")]
const LIMIT_MAX_OF_SYSTEM: u64 = 10_240;
#[cfg(not(target_os = "macos"))]
const LIMIT_MAX_OF_SYSTEM: u64 = LIMIT_MAX;

/// How many files this process may have open, and how many of them are reserved for the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenFilesLimit {
    pub(crate) limit: u64,
    pub(crate) reserve: u64,
}

impl OpenFilesLimit {
    /// Raises this process's soft limit to its hard one, and returns the new limit. If the system refuses, the limit
    /// stays as it is.
    pub(crate) fn raise() -> OpenFilesLimit {
        let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
            Ok(limits) => limits,
            Err(cause) => {
                tracing::warn!(%cause, "cannot learn how many files this server may open");
                return OpenFilesLimit::of(u64::MAX);
            }
        };
        let wanted = hard.min(LIMIT_MAX).min(LIMIT_MAX_OF_SYSTEM);
        if wanted <= soft {
            return OpenFilesLimit::of(soft);
        }
        match setrlimit(Resource::RLIMIT_NOFILE, wanted, hard) {
            Ok(()) => {
                tracing::debug!(from = soft, to = wanted, "raised the limit of open files");
                OpenFilesLimit::of(wanted)
            }
            Err(cause) => {
                tracing::warn!(soft, wanted, %cause, "cannot raise the limit of open files");
                OpenFilesLimit::of(soft)
            }
        }
    }

    /// A quarter is reserved, within bounds: fewer than 32 would not suffice for the temporary files of a start and a
    /// few connections, and more than 512 are never needed.
    fn of(limit: u64) -> OpenFilesLimit {
        OpenFilesLimit {
            limit,
            reserve: (limit / 4).clamp(32, 512),
        }
    }

    /// Returns the most processes that are possible with this many invocations per process.
    pub(crate) fn processes_max(self, per_process: usize) -> usize {
        let of_process = FILES_PER_PROCESS + further(per_process);
        let processes = self.limit.saturating_sub(self.reserve) / of_process;
        usize::try_from(processes).unwrap_or(usize::MAX).max(1)
    }
}

/// The handles for the invocations of a process besides its first one.
fn further(per_process: usize) -> u64 {
    (per_process as u64).saturating_sub(1) * FILES_PER_INVOCATION
}

/// The numbers of other processes, besides the one to be started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Others {
    pub(crate) of_function: usize,
    pub(crate) of_host: usize,
}

/// Decides whether another process can be started. Belongs to the one thread that starts them.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    limit: OpenFilesLimit,
    counted: Option<(Instant, u64)>,
    /// Processes that may not have opened all their connections: their start times, and the numbers of those files.
    young: VecDeque<(Instant, u64)>,
    since_count: u64,
}

impl OpenFiles {
    pub(crate) fn new(limit: OpenFilesLimit) -> OpenFiles {
        OpenFiles {
            limit,
            counted: None,
            young: VecDeque::new(),
            since_count: 0,
        }
    }

    /// Rejects a start that would need the reserve.
    ///
    /// A function without any process may use half of the reserve, because those that run may wait for its answer. The
    /// only process of a host is never refused: if the limit is too low for more, one process after another is still
    /// better than none.
    pub(crate) fn check(&mut self, others: Others, per_process: usize) -> Result<(), LaunchError> {
        if others.of_host == 0 {
            return Ok(());
        }
        let OpenFilesLimit { limit, reserve } = self.limit;
        let kept = if others.of_function == 0 {
            reserve / 2
        } else {
            reserve
        };
        let open = self.expected(Instant::now());
        let needed = FILES_PER_PROCESS + further(per_process);
        if open.saturating_add(needed + kept) <= limit {
            return Ok(());
        }
        Err(LaunchError::NoFileHandles {
            open,
            limit,
            reserve: kept,
        })
    }

    /// Notes that a process was started.
    pub(crate) fn started(&mut self, per_process: usize) {
        self.since_count += 1;
        let later = FILES_OPENED_LATER + further(per_process);
        self.young.push_back((Instant::now(), later));
    }

    /// Returns how many files will be open once every process has opened its own.
    fn expected(&mut self, now: Instant) -> u64 {
        while let Some((started, _)) = self.young.front()
            && now.duration_since(*started) > OPENED_WITHIN
        {
            self.young.pop_front();
        }
        let open = match self.counted {
            Some((at, open)) if now.duration_since(at) < COUNT_HOLDS => open,
            Some(_) | None => {
                let open = count();
                self.counted = Some((now, open));
                self.since_count = 0;
                open
            }
        };
        let opened_at_start = FILES_PER_PROCESS - FILES_OPENED_LATER;
        open.saturating_add(self.since_count * opened_at_start)
            .saturating_add(self.young.iter().map(|(_, later)| later).sum())
    }
}

/// Counts this process's open files. If even counting fails for lack of a handle, all count as used; if the system does
/// not report open files, the count is zero and only the system's own errors apply.
fn count() -> u64 {
    let directory = if cfg!(target_os = "linux") {
        "/proc/self/fd"
    } else {
        "/dev/fd"
    };
    match fs::read_dir(directory) {
        Ok(entries) => entries.count() as u64,
        Err(cause) if crate::unix::is_shortage(&cause) => u64::MAX,
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(limit: u64, open: u64) -> OpenFiles {
        let mut files = OpenFiles::new(OpenFilesLimit::of(limit));
        files.counted = Some((Instant::now() + Duration::from_secs(3600), open));
        files
    }

    const MANY: Others = Others {
        of_function: 3,
        of_host: 9,
    };
    const FIRST: Others = Others {
        of_function: 0,
        of_host: 9,
    };
    const ONLY: Others = Others {
        of_function: 0,
        of_host: 0,
    };

    #[test]
    fn the_reserve_is_kept_and_first_processes_may_use_half_of_it() {
        // 64 of 256 are reserved.
        assert!(files(256, 184).check(MANY, 1).is_ok());
        let error = files(256, 185).check(MANY, 1).expect_err("it is too many");
        assert!(error.is_shortage());
        assert_eq!(
            error.to_string(),
            "the server has about 185 of its 256 file handles in use and keeps 64 for its own work: raise its limit (`ulimit -n`)"
        );
        assert!(files(256, 216).check(FIRST, 1).is_ok());
        assert!(files(256, 217).check(FIRST, 1).is_err());
        assert!(files(256, 256).check(ONLY, 1).is_ok());
    }

    #[test]
    fn what_was_just_started_counts_in_full() {
        let mut files = files(256, 168);
        assert!(files.check(MANY, 1).is_ok());
        files.started(1);
        assert!(files.check(MANY, 1).is_ok());
        files.started(1);
        files.started(1);
        assert!(files.check(MANY, 1).is_err());
    }

    #[test]
    fn a_process_costs_more_that_has_many_invocations() {
        // 8 and 63 times 2 are needed besides the 64 that are reserved.
        assert!(files(256, 58).check(MANY, 64).is_ok());
        assert!(files(256, 59).check(MANY, 64).is_err());
        let mut files = files(512, 100);
        files.started(64);
        assert_eq!(files.expected(Instant::now()), 100 + 4 + 4 + 126);
    }

    #[test]
    fn own_files_are_counted() {
        let before = count();
        let held: Vec<_> = (0..50)
            .map(|_| fs::File::open("/dev/null").expect("it exists"))
            .collect();
        assert!(count() >= before.min(1) + 50, "{before}");
        drop(held);
    }

    #[test]
    fn a_limit_that_nobody_set_has_room_for_all() {
        assert!(OpenFilesLimit::of(u64::MAX).processes_max(1) > 1_000_000);
        assert_eq!(OpenFilesLimit::of(16).processes_max(1), 1);
        assert_eq!(OpenFilesLimit::of(256).processes_max(1), 24);
        assert_eq!(OpenFilesLimit::of(1024).processes_max(64), 5);
    }
}
