//! Ports: free ones, and the processes that have the others.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The state `LISTEN` in `/proc/net/tcp`; source: the kernel's `include/net/tcp_states.h`.
const LISTEN: &str = "0A";

/// An address of this machine that other machines cannot reach.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
}

/// A port that is free right now.
pub fn free() -> Result<u16> {
    let listener = TcpListener::bind(loopback(0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

/// Fails when `port` is taken; the error names the process, and the option that chooses another port.
pub fn require_free(port: u16, what: &str, option: &str) -> Result<()> {
    if port == 0 {
        return Ok(());
    }
    let Err(error) = TcpListener::bind(loopback(port)) else {
        return Ok(());
    };
    let owner = owner(port).map_or_else(String::new, |owner| format!(" by {owner}"));
    bail!(
        "port {port} on 127.0.0.1, for {what}, is taken{owner}: {error}\n\
         End that program, or choose another port with `{option} PORT`."
    )
}

/// `node (process 4711)`, as far as this user may know.
fn owner(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let inode = tables
        .iter()
        .find_map(|table| inode(&fs::read_to_string(table).ok()?, port).map(str::to_owned))?;
    let socket = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.into_iter().find_map(|process| {
        // The others are `self` and parts of the kernel.
        let id: u32 = process.file_name().to_str()?.parse().ok()?;
        let holds = |folder: &Path| {
            let descriptors = fs::read_dir(folder.join("fd")).ok()?;
            let mut targets = descriptors
                .flatten()
                .filter_map(|it| fs::read_link(it.path()).ok());
            targets.find(|target| target.as_os_str() == socket.as_str())
        };
        holds(&process.path())?;
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        Some(format!("{} (process {id})", name.trim()))
    })
}

/// The inode of the socket that listens on `port`, in the kernel's table of sockets.
fn inode(table: &str, port: u16) -> Option<&str> {
    let port = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, _remote, state) = (fields.next()?, fields.next()?, fields.next()?);
        // tx_queue:rx_queue, tr:tm->when, retrnsmt, uid, timeout
        let inode = fields.nth(5)?;
        (local.ends_with(&port) && state == LISTEN).then_some(inode)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_owner_and_the_way_out() {
        let listener = TcpListener::bind(loopback(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = require_free(port, "the page", "--page-port")
            .unwrap_err()
            .to_string();
        let this_process = format!("(process {})", std::process::id());
        assert!(error.contains(&this_process), "{error}");
        assert!(error.contains("`--page-port PORT`"), "{error}");
    }

    #[test]
    fn a_port_that_nobody_has_is_free() {
        // Another process may take a port that was just left, and a child of another test may hold it for a moment.
        let is_free = |_| {
            let listener = TcpListener::bind(loopback(0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            require_free(port, "the page", "--page-port").is_ok()
        };
        assert!((0..20).any(is_free));
    }
}
