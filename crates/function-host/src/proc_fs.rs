//! Facts about processes that only `/proc` tells. On systems without it every answer is `None`.

use std::fs;
use std::io;
use std::path::PathBuf;

/// Returns the highest resident memory that a living process ever had, in bytes.
pub(crate) fn max_rss_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Returns when a process was started, in clock ticks since boot: together with its id it names a process for good.
pub(crate) fn start_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything; the start time is the 22nd.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(22 - 3)?.parse().ok()
}

/// Returns what distinguishes this boot of the machine from any other.
pub(crate) fn boot_id() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

/// Lists the ids of all processes.
pub(crate) fn pids() -> io::Result<Vec<u32>> {
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc")? {
        if let Some(pid) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        {
            pids.push(pid);
        }
    }
    Ok(pids)
}

/// Returns the environment with which a process was started, if this user may see it: `NAME=value`, each ended by NUL.
/// Empty for a moment while the process is inside `execve`.
pub(crate) fn environment(pid: u32) -> Option<Vec<u8>> {
    fs::read(PathBuf::from(format!("/proc/{pid}/environ"))).ok()
}

/// Returns the value of a variable of an environment as [`environment`] gives it.
pub(crate) fn variable(environment: &[u8], name: &str) -> Option<String> {
    environment.split(|byte| *byte == 0).find_map(|variable| {
        let value = variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(value).into_owned())
    })
}

/// Tells a living process that has a program from a zombie and from a thread of the kernel, which have no environment.
pub(crate) fn runs_a_program(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let is_zombie = status
        .lines()
        .any(|line| line.starts_with("State:") && line.contains('Z'));
    // Only what has memory of its own has this line.
    !is_zombie && status.lines().any(|line| line.starts_with("VmSize:"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn own_process_is_described() {
        let own = std::process::id();
        assert!(max_rss_bytes(own).expect("we use memory") > 100 * 1024);
        assert!(start_ticks(own).expect("we were started") > 0);
        assert!(boot_id().expect("the machine was booted").len() >= 32);
        assert!(pids().expect("/proc is readable").contains(&own));
        let path = std::env::var("PATH").expect("tests run with a PATH");
        let environment = environment(own).expect("it is our own");
        assert_eq!(variable(&environment, "PATH"), Some(path));
        assert_eq!(variable(&environment, "PAT"), None);
        assert!(runs_a_program(own));
    }
}
