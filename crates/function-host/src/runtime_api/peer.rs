//! Checks which process is at the other end of a connection to a Runtime API.
//!
//! Any client of a function process's Runtime API could take its next event and forge its answer, and every user of the
//! machine can connect to loopback. A secret in `AWS_LAMBDA_RUNTIME_API` (`host:port/secret`) would help, but the
//! official clients do not accept one: Rust's `lambda_runtime` refuses it as an address, Python's `awslambdaric` when
//! it reports an initialization error, and Node.js's `aws-lambda-ric` cuts the secret off. So the host identifies the
//! caller, once for each connection: the kernel's table of TCP connections tells which socket is the other end, and
//! `/proc` tells which process holds that socket. It must be the function process or one of its children (see
//! [`family`](crate::family)); another function of the same user is rejected like another user.
//!
//! The limits: a user can inspect their own processes, so every process of the server's user can read and write the
//! memory of functions anyway. A function process that the kernel hides from its own user (`prctl(PR_SET_DUMPABLE)`, a
//! `bootstrap` that may be executed but not read) is identified only by the user who opened the socket. A connection
//! whose process has ended before the check is rejected. Systems without `/proc` have no such protection.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::unistd::geteuid;

use crate::family::{self, ProcessTree};
use crate::proc_fs;

/// How often a connection is searched: the kernel's table can miss one that moves while the table is read.
const LOOKS_MAX: usize = 3;

/// The process that may call a Runtime API.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) pid: u32,
    /// Its extensions.
    pub(crate) extensions: Vec<u32>,
    pub(crate) log_stream_name: Arc<str>,
    /// How many connections of strangers this Runtime API has refused.
    pub(crate) refused: AtomicU64,
    /// How many connections all Runtime APIs of the host have refused.
    pub(crate) refused_by_host: Arc<AtomicU64>,
}

/// The identity of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The function process, or a process that belongs to it.
    Own,
    /// Any other process; with its user, if a process still holds the connection.
    Stranger { uid: Option<u32> },
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("the function's own"),
            Self::Stranger { uid: Some(uid) } => write!(f, "{uid}"),
            Self::Stranger { uid: None } => f.write_str("unknown"),
        }
    }
}

impl Guard {
    /// Identifies the process at the other end of a connection. Blocks for a moment.
    ///
    /// # Errors
    /// When the system cannot answer, for instance because file handles are used up.
    pub(crate) fn look(&self, peer: SocketAddr, host: SocketAddr) -> io::Result<Peer> {
        let (Some(peer), Some(host)) = (v4(peer), v4(host)) else {
            return Ok(Peer::Stranger { uid: None });
        };
        for _ in 0..LOOKS_MAX {
            if let Some(socket) = proc_fs::socket(peer, host)? {
                let uid = (socket.inode != 0).then_some(socket.uid);
                return Ok(match uid {
                    Some(_) if self.is_own(socket)? => Peer::Own,
                    uid => Peer::Stranger { uid },
                });
            }
        }
        Ok(Peer::Stranger { uid: None })
    }

    /// The function process itself is the usual caller and is checked first; the rest requires reading all processes.
    fn is_own(&self, socket: proc_fs::Socket) -> io::Result<bool> {
        match proc_fs::holds_socket(self.pid, socket.inode) {
            Ok(true) => return Ok(true),
            Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => {
                return Ok(socket.uid == geteuid().as_raw());
            }
            Err(cause) if crate::unix::is_shortage(&cause) => return Err(cause),
            // It does not hold the socket; another process of its group may be the caller.
            Ok(false) | Err(_) => {}
        }
        for extension in &self.extensions {
            if holds(*extension, socket.inode)? {
                return Ok(true);
            }
        }
        let relatives = ProcessTree::read()?.relatives(self.pid);
        for relative in relatives {
            if holds(relative.pid, socket.inode)? {
                return Ok(true);
            }
        }
        for pid in proc_fs::pids()? {
            if family::has_inherited(pid, &self.log_stream_name) && holds(pid, socket.inode)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts a refused connection; the first one of a function process is logged.
    pub(crate) fn count_refusal(&self, peer: Peer) {
        self.refused_by_host.fetch_add(1, Ordering::Relaxed);
        if self.refused.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                pid = self.pid,
                user = %peer,
                "refused a call of a function process's Runtime API by another process; further ones are only counted"
            );
        }
    }
}

/// Whether a process holds a socket; `false` if it has ended or may not be inspected.
fn holds(pid: u32, inode: u64) -> io::Result<bool> {
    match proc_fs::holds_socket(pid, inode) {
        Err(cause) if !crate::unix::is_shortage(&cause) => Ok(false),
        held => held,
    }
}

fn v4(address: SocketAddr) -> Option<SocketAddrV4> {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => Some(SocketAddrV4::new(ip, address.port())),
        IpAddr::V6(_) => None,
    }
}
