//! Finds out which process listens on an address.
//!
//! Linux tells it in `/proc`: the sockets with their inodes, and each process's files. The files of other users'
//! processes are hidden, and other systems have no `/proc`; then no process is named.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::preview::preview;

/// The process that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Its command line, harmless and cut.
    pub command: String,
}

/// The process that listens on the address, if it can be found.
pub fn holder(address: SocketAddr) -> Option<Holder> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let inodes: Vec<String> = tables
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, address))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pid = pids.into_iter().find(|&pid| has_open(pid, &inodes))?;
    Some(Holder {
        pid,
        command: command(pid),
    })
}

/// Inodes of the sockets of a table that listen on the address, or on all addresses.
fn listening(table: &str, address: SocketAddr) -> Vec<String> {
    const LISTEN: &str = "0A";
    let inode = |line: &str| -> Option<String> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (ip, port) = fields.get(1)?.split_once(':')?;
        let same_port = u16::from_str_radix(port, 16).ok()? == address.port();
        let listens = *fields.get(3)? == LISTEN && same_port && covers(ip, address.ip());
        listens.then(|| fields.get(9).map(|&inode| inode.to_owned()))?
    };
    table.lines().skip(1).filter_map(inode).collect()
}

/// Whether a socket bound to `bound` blocks `wanted`. IPv4 addresses are written as one word in the machine's byte
/// order; for IPv6 sockets only the port is compared, since most are bound to all addresses.
fn covers(bound: &str, wanted: IpAddr) -> bool {
    if bound.len() != 8 {
        return true;
    }
    let Ok(word) = u32::from_str_radix(bound, 16) else {
        return false;
    };
    let bound = Ipv4Addr::from(word.to_ne_bytes());
    bound.is_unspecified() || wanted.is_unspecified() || IpAddr::V4(bound) == wanted
}

fn has_open(pid: u32, files: &[String]) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    open.flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|target| files.iter().any(|file| target.as_os_str() == file.as_str()))
}

fn command(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<String> = line
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    match words.is_empty() {
        true => "unknown".to_owned(),
        false => preview(&words.join(" "), 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn listeners_are_read_from_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1
   1: 0100007F:0BB9 0100007F:C000 01 00000000:00000000 00:00000000 00000000  1000        0 12 1
   2: 0200007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 13 1
   3: 00000000:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 14 1
   4: garbage
";
        let address = "127.0.0.1:3001".parse().unwrap();
        assert_eq!(listening(table, address), ["11", "14"]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = holder(listener.local_addr().unwrap()).expect("it is this process");
        assert_eq!(holder.pid, std::process::id());
        assert!(holder.command.contains("lambdura"), "{holder:?}");
    }
}
