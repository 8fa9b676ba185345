//! Facts about processes from `/proc`. On systems without it every answer is `None`.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddrV4;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::str::SplitWhitespace;

#[cfg(target_os = "linux")]
use crate::sock_diag;

/// Returns the highest resident memory that a living process ever had, in bytes.
pub(crate) fn max_rss_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Identifies a process uniquely, unlike its id alone, which another process may have later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// When it was started, in clock ticks since boot.
    pub(crate) start_ticks: u64,
}

/// The place of a process in the process tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lineage {
    pub(crate) process: Process,
    pub(crate) parent: u32,
    pub(crate) group: u32,
}

impl Process {
    /// Returns the process that has an id, which may be a zombie.
    pub(crate) fn of(pid: u32) -> Option<Process> {
        lineage(pid).map(|lineage| lineage.process)
    }
}

/// Returns the place of a process in the process tree.
pub(crate) fn lineage(pid: u32) -> Option<Lineage> {
    // The parent is the 4th field, the group the 5th, and the start time the 22nd.
    stat_fields(pid, |fields| {
        let parent = fields.nth(4 - 3)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let start_ticks = fields.nth(22 - 6)?.parse().ok()?;
        Some(Lineage {
            process: Process { pid, start_ticks },
            parent,
            group,
        })
    })
}

/// Returns the user of a process, or root if this user may not inspect the process.
pub(crate) fn owner(pid: u32) -> Option<u32> {
    let metadata = fs::metadata(format!("/proc/{pid}")).ok()?;
    Some(metadata.uid())
}

/// Whether a process holds a socket, which the kernel knows by this number.
///
/// # Errors
/// `PermissionDenied` when this user may not inspect the process.
pub(crate) fn holds_socket(pid: u32, inode: u64) -> io::Result<bool> {
    let socket = format!("socket:[{inode}]");
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // A handle that was closed meanwhile does not count.
        if let Ok(target) = fs::read_link(entry?.path())
            && target.as_os_str() == &*socket
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One end of a TCP connection on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    /// The number by which the kernel knows it; 0 once no process holds it.
    pub(crate) inode: u64,
    /// The user who opened it.
    pub(crate) uid: u32,
}

/// Returns the end of the connection with these addresses.
///
/// # Errors
/// When the kernel's table cannot be read.
pub(crate) fn socket(local: SocketAddrV4, remote: SocketAddrV4) -> io::Result<Option<Socket>> {
    // Asked for one socket, the kernel finds it at once; its table has a row for each connection of the machine.
    #[cfg(target_os = "linux")]
    match sock_diag::socket(local, remote) {
        Ok(Some(socket)) => return Ok(Some(socket)),
        Ok(None) => {}
        Err(cause) => tracing::debug!(%cause, "the kernel does not tell of single sockets"),
    }
    socket_of_table(local, remote)
}

fn socket_of_table(local: SocketAddrV4, remote: SocketAddrV4) -> io::Result<Option<Socket>> {
    // An IPv6 socket can have an IPv4 connection too.
    for (table, prefix) in [
        ("/proc/self/net/tcp", ""),
        ("/proc/self/net/tcp6", IPV4_MAPPED),
    ] {
        let file = match File::open(table) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && !prefix.is_empty() => continue,
            Err(cause) => return Err(cause),
        };
        let wanted = format!(
            " {prefix}{} {prefix}{} ",
            table_address(local),
            table_address(remote)
        );
        let mut table = BufReader::with_capacity(64 * 1024, file);
        let mut row = String::new();
        while table.read_line(&mut row)? > 0 {
            if row.contains(&wanted) {
                return Ok(socket_of_row(&row));
            }
            row.clear();
        }
    }
    Ok(None)
}

/// `::ffff:0:0/96` in the format of the kernel's table.
const IPV4_MAPPED: &str = if cfg!(target_endian = "little") {
    "0000000000000000FFFF0000"
} else {
    "00000000000000000000FFFF"
};

/// The table has addresses as numbers of the machine's own byte order, and ports as plain numbers.
fn table_address(address: SocketAddrV4) -> String {
    let ip = u32::from_ne_bytes(address.ip().octets());
    format!("{ip:08X}:{:04X}", address.port())
}

fn socket_of_row(row: &str) -> Option<Socket> {
    let mut fields = row.split_whitespace().skip(7);
    let uid = fields.next()?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some(Socket { inode, uid })
}

/// Returns an id that distinguishes this boot of the machine from any other.
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

/// Returns the value of a variable of an environment in the format of [`environment`].
pub(crate) fn variable(environment: &[u8], name: &str) -> Option<String> {
    environment.split(|byte| *byte == 0).find_map(|variable| {
        let value = variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(value).into_owned())
    })
}

/// Whether a process is inside `execve`, where its environment cannot be read yet, in contrast to a process with an
/// empty environment, a zombie or a kernel thread.
pub(crate) fn is_in_execve(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let is_zombie = status
        .lines()
        .any(|line| line.starts_with("State:") && line.contains('Z'));
    // Only processes with memory of their own have this line.
    let has_memory = status.lines().any(|line| line.starts_with("VmSize:"));
    // The 51st field, where its environment ends in memory, is set last.
    let environment_end = stat_fields(pid, |fields| fields.nth(51 - 3)?.parse::<u64>().ok());
    !is_zombie && has_memory && environment_end == Some(0)
}

/// Reads fields of a process's `stat`, beginning with the third.
fn stat_fields<T>(pid: u32, read: impl FnOnce(&mut SplitWhitespace<'_>) -> Option<T>) -> Option<T> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold any bytes.
    let fields = stat.rsplit(|byte| *byte == b')').next()?;
    read(&mut std::str::from_utf8(fields).ok()?.split_whitespace())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn own_process_is_described() {
        let own = std::process::id();
        assert!(max_rss_bytes(own).expect("we use memory") > 100 * 1024);
        let lineage = lineage(own).expect("we were started");
        assert!(lineage.process.start_ticks > 0);
        assert_eq!(lineage.parent, std::os::unix::process::parent_id());
        let group = nix::unistd::getpgrp().as_raw();
        assert_eq!(i32::try_from(lineage.group), Ok(group));
        assert_eq!(owner(own), Some(nix::unistd::geteuid().as_raw()));
        assert!(boot_id().expect("the machine was booted").len() >= 32);
        assert!(pids().expect("/proc is readable").contains(&own));
        let path = std::env::var("PATH").expect("tests run with a PATH");
        let environment = environment(own).expect("it is our own");
        assert_eq!(variable(&environment, "PATH"), Some(path));
        assert_eq!(variable(&environment, "PAT"), None);
        assert!(!is_in_execve(own));
    }

    #[test]
    fn a_process_without_an_environment_is_not_waited_for() {
        let mut sleep = std::process::Command::new("/bin/sleep");
        let child = sleep.arg("1000").env_clear().spawn();
        let mut child = child.expect("every system sleeps");
        let started = std::time::Instant::now();
        // `spawn` may return before the child's `execve` has ended.
        while is_in_execve(child.id()) {
            assert!(started.elapsed().as_secs() < 20, "it is still in `execve`");
            std::thread::yield_now();
        }
        assert_eq!(environment(child.id()), Some(Vec::new()));
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
    }

    #[test]
    fn ends_of_a_connection_are_found_and_who_holds_them() {
        use std::net::{SocketAddr, TcpListener, TcpStream};
        let v4 = |address: SocketAddr| match address.ip().to_canonical() {
            std::net::IpAddr::V4(ip) => SocketAddrV4::new(ip, address.port()),
            std::net::IpAddr::V6(_) => panic!("{address} is not an IPv4 address"),
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        for address in ["127.0.0.1", "::ffff:127.0.0.1"] {
            let stream = TcpStream::connect((address, port)).expect("it is ours");
            let local = v4(stream.local_addr().expect("it is connected"));
            let remote = v4(stream.peer_addr().expect("it is connected"));
            let found = socket(local, remote).expect("the table is readable");
            let found = found.unwrap_or_else(|| panic!("{address} is not found"));
            assert_eq!(found.uid, nix::unistd::geteuid().as_raw());
            assert!(holds_socket(std::process::id(), found.inode).expect("we may see ourselves"));
            // The other end has another number.
            let other = socket(remote, local).expect("the table is readable");
            assert_ne!(other, Some(found));
        }
        let nobody = SocketAddrV4::new([127, 0, 0, 1].into(), port);
        assert_eq!(socket(nobody, nobody).expect("the table is readable"), None);
    }
}
