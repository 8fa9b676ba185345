//! One started process and the processes that it starts.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use super::registry::{GRACE, GROUPS, signal, wait_until_gone};

/// A process in a group of its own. Dropping it ends the group.
#[derive(Debug)]
pub struct ProcessGroup {
    child: Child,
}

impl ProcessGroup {
    /// Starts `command`, without standard input: it cannot ask questions.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).process_group(0);
        let mut groups = GROUPS
            .lock()
            .expect("no thread panics while it holds the list");
        let program = command.get_program().to_owned();
        let child = command
            .spawn()
            .with_context(|| format!("start `{}`", program.display()))?;
        let group = Self { child };
        groups.insert(group.leader());
        Ok(group)
    }

    /// Waits until the process ends.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().context("wait for a process")
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the process ended, if it has.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("look at a process")
    }

    fn leader(&self) -> i32 {
        i32::try_from(self.child.id()).expect("process ids are positive and below 2^22")
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let leader = self.leader();
        signal(leader, Signal::SIGTERM);
        if !wait_until_gone(leader, GRACE) {
            signal(leader, Signal::SIGKILL);
        }
        // Its status was taken above; where it was not, it is taken here, so that no zombie stays.
        let _already_taken = self.child.wait();
        GROUPS
            .lock()
            .expect("no thread panics while it holds the list")
            .remove(&leader);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::time::{Duration, Instant};

    use super::*;

    /// A shell that ignores `SIGINT` and has a child that outlives it, unless the group is ended.
    const FAMILY: &str = "sleep 300 & echo $!; wait";

    #[test]
    fn ending_a_process_ends_what_it_started() {
        let mut command = Command::new("sh");
        command.args(["-c", FAMILY]).stdout(Stdio::piped());
        let mut group = ProcessGroup::spawn(&mut command).unwrap();
        let leader = group.leader();
        let mut grandchild = String::new();
        let output = group.child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut grandchild).unwrap();
        assert!(group.exit_status().unwrap().is_none());

        let started = Instant::now();
        drop(group);

        assert!(started.elapsed() < GRACE, "SIGTERM was enough");
        let grandchild: i32 = grandchild.trim().parse().unwrap();
        assert!(wait_until_gone(leader, Duration::ZERO));
        let stat = std::fs::read_to_string(format!("/proc/{grandchild}/stat"));
        // An orphan is reaped by init, which may take its time.
        assert!(stat.is_err() || stat.unwrap().contains(") Z "));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = ProcessGroup::spawn(&mut Command::new("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "start `no-such-program`");
    }
}
