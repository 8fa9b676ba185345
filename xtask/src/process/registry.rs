//! The living process groups, and the handler that ends them with this program.

use std::collections::BTreeSet;
use std::process;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// How long a group has to end after `SIGTERM`. The service ends its functions in half a second and its connections in
/// one; a build stops at once.
pub const GRACE: Duration = Duration::from_secs(10);

/// How often a group is looked at while it ends.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Exit code after Ctrl-C or a request to end, as shells have it.
const INTERRUPTED: i32 = 130;

/// Leaders of the living groups. Held while one is started, so that none is missed.
pub static GROUPS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// On Ctrl-C, `SIGTERM` or `SIGHUP`: ends all groups, then this program.
pub fn end_all_on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        // The lock is held until the end: no process starts, and no group is taken off the list meanwhile.
        let groups = GROUPS
            .lock()
            .expect("no thread panics while it holds the list");
        if !groups.is_empty() {
            anstream::eprintln!("\nEnding what was started...");
        }
        for &leader in groups.iter() {
            signal(leader, Signal::SIGTERM);
        }
        let deadline = Instant::now() + GRACE;
        while groups.iter().any(|&leader| is_alive(leader)) && Instant::now() < deadline {
            thread::sleep(LOOK_EVERY);
        }
        for &leader in groups.iter() {
            signal(leader, Signal::SIGKILL);
        }
        process::exit(INTERRUPTED);
    })
    .context("listen for Ctrl-C")
}

/// Sends `signal` to the whole group; a group that is gone needs none.
pub fn signal(leader: i32, signal: Signal) {
    match killpg(Pid::from_raw(leader), signal) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => {
            anstream::eprintln!("cannot send {signal} to process group {leader}: {error}")
        }
    }
}

/// Waits until no process of the group is left; false when some outlive `patience`.
pub fn wait_until_gone(leader: i32, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while is_alive(leader) {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(LOOK_EVERY);
    }
    true
}

/// Whether a process of the group still runs. Takes the leader's exit status, without which it would stay in the group
/// as a zombie.
fn is_alive(leader: i32) -> bool {
    let leader = Pid::from_raw(leader);
    if let Ok(WaitStatus::StillAlive) = waitpid(leader, Some(WaitPidFlag::WNOHANG)) {
        return true;
    }
    killpg(leader, None) != Err(Errno::ESRCH)
}
