//! Everything that needs the operating system's own interface: process groups, signals, resource limits, and a child's
//! steps between `fork` and `exec`.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{AccessFlags, Pid, access, getpid};
use tokio::process::Command;

use crate::mounts::Mounts;

/// Whether this user may execute a file.
pub(crate) fn is_executable(path: &Path) -> bool {
    access(path, AccessFlags::X_OK).is_ok()
}

/// Whether an error means that a limited resource of the system is used up for now: processes, memory, file handles,
/// ports, or watches of `epoll`.
pub(crate) fn is_shortage(cause: &io::Error) -> bool {
    matches!(
        cause.raw_os_error().map(Errno::from_raw),
        Some(
            Errno::EAGAIN
                | Errno::ENOMEM
                | Errno::EMFILE
                | Errno::ENFILE
                | Errno::ENOBUFS
                | Errno::EADDRINUSE
                | Errno::EADDRNOTAVAIL
                | Errno::ENOSPC
        )
    )
}

/// Creates a directory, with its parents, that only this user may read, or makes an existing one private.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// A child's process group, whose id is the child's process id.
///
/// Dropping it kills the rest of the group, so that no exit from a task (a panic, a runtime that is shut down) leaves
/// processes behind.
#[derive(Debug)]
pub(crate) struct ProcessGroup {
    id: Pid,
    killed: bool,
}

impl ProcessGroup {
    /// Names the group that a child leads.
    pub(crate) fn led_by(pid: u32) -> ProcessGroup {
        let pid = i32::try_from(pid).expect("process ids fit `pid_t`");
        // Group 0 is the host's own group and 1 would reach all processes: signalling either would be a catastrophe.
        assert!(pid > 1, "a child's process id is above 1");
        ProcessGroup {
            id: Pid::from_raw(pid),
            killed: false,
        }
    }

    /// Asks every process of the group to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Kills every remaining process of the group.
    ///
    /// A leader's id could in theory name another group once the leader is reaped. The caller therefore kills right
    /// after reaping and never later: ids are reused only after tens of thousands of other processes.
    pub(crate) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Kills the rest of the group after its leader was reaped; dropping this then sends no signal.
    pub(crate) fn kill_remaining(&mut self) {
        self.kill();
        self.killed = true;
    }

    fn signal(&self, signal: Signal) {
        match killpg(self.id, signal) {
            // There is no such group: all its processes have ended, as intended.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(cause) => {
                tracing::error!(pid = self.id.as_raw(), %signal, %cause, "cannot signal a process group")
            }
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.killed {
            self.kill();
        }
    }
}

/// Makes a command start in a process group of its own, with limits and mounts, without the host's file handles, and
/// killed when the host ends.
///
/// The thread that spawns the command must live as long as the child: Linux sends the parent-death signal when the parent
/// *thread* ends.
#[expect(
    unsafe_code,
    reason = "limits and the parent-death signal can only be set between fork and exec"
)]
pub(crate) fn isolate(command: &mut Command, open_files_max: u64, mounts: Option<Arc<Mounts>>) {
    command.process_group(0);
    let host = getpid();
    // SAFETY: between fork and exec only async-signal-safe functions may run. The closure makes plain system calls
    // (unshare, mount, mkdir, open, write, symlinkat, setrlimit, getrlimit, close_range, prctl, getppid), does not allocate,
    // takes no lock, and makes its errors of raw error numbers.
    unsafe {
        command.pre_exec(move || {
            // Done first: entering a user namespace clears the parent-death signal.
            if let Some(mounts) = &mounts {
                mounts.enter()?;
            }
            limit_resources(open_files_max)?;
            close_inherited_files();
            die_with(host)
        });
    }
}

/// Turns core dumps off and bounds open files. Memory is not limited here, see `FunctionConfig::memory_mb`.
fn limit_resources(open_files_max: u64) -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let limit = hard.min(open_files_max);
    setrlimit(Resource::RLIMIT_NOFILE, limit, limit)?;
    Ok(())
}

/// Marks every handle above standard error to be closed by `exec`.
///
/// Rust opens all files that way; this is for handles that C libraries in the server opened otherwise. Kernels before
/// 5.11 do not have this call; then it has no effect. Closing at once would also close the pipe that reports `exec`
/// errors.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "neither std nor nix has close_range")]
fn close_inherited_files() {
    use nix::libc;
    // SAFETY: takes three integers, changes only this process's table of files, and touches no memory.
    let _ = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3u32,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
}

#[cfg(not(target_os = "linux"))]
fn close_inherited_files() {}

/// Asks for `SIGKILL` when the host is gone: its `next` would not be answered any more.
#[cfg(target_os = "linux")]
fn die_with(host: Pid) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    // If the host died before this request, the signal would never come.
    if nix::unistd::getppid() != host {
        return Err(Errno::ESRCH.into());
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn die_with(_host: Pid) -> io::Result<()> {
    Ok(())
}
