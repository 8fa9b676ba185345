//! Asks the kernel about one TCP socket, over netlink.
//!
//! Source: sock_diag(7), and `linux/inet_diag.h` for the shapes. Numbers are in the machine's own byte order, ports and
//! addresses in the network's.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::AsRawFd as _;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto,
    socket as open, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike as _};

use crate::proc_fs::Socket;

const HEADER_BYTES: usize = 16;
const REQUEST_BYTES: usize = HEADER_BYTES + 56;

/// Message types. Source: `linux/sock_diag.h`, `linux/netlink.h`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;

const AF_INET: u8 = 2;
const IPPROTO_TCP: u8 = 6;

/// Source: `net/tcp_states.h`. A listening socket is not an end of a connection.
const TCP_LISTEN: u8 = 10;

/// The kernel answers before `sendto` returns; a longer wait means that it does not answer at all.
const ANSWERS_WITHIN_SECONDS: i64 = 1;

/// Returns the end of the connection with these addresses.
///
/// # Errors
/// When the kernel does not answer such requests.
pub(crate) fn socket(local: SocketAddrV4, remote: SocketAddrV4) -> io::Result<Option<Socket>> {
    let kernel = open(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkSockDiag,
    )?;
    let patience = TimeVal::seconds(ANSWERS_WITHIN_SECONDS);
    nix::sys::socket::setsockopt(&kernel, sockopt::ReceiveTimeout, &patience)?;
    let to_kernel = NetlinkAddr::new(0, 0);
    let question = question(local, remote);
    sendto(kernel.as_raw_fd(), &question, &to_kernel, MsgFlags::empty())?;
    let mut answer = [0; 1024];
    let length = recv(kernel.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    read(&answer[..length], local, remote)
}

fn question(local: SocketAddrV4, remote: SocketAddrV4) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(REQUEST_BYTES);
    let length = u32::try_from(REQUEST_BYTES).expect("it is 72");
    bytes.extend(length.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    // Sequence number and sender: not needed for one request and one answer.
    bytes.extend([0; 8]);
    // No extensions, and a byte of padding.
    bytes.extend([AF_INET, IPPROTO_TCP, 0, 0]);
    // Any state.
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(addresses(local, remote));
    // Any interface, no cookie.
    bytes.extend([0; 4]);
    bytes.extend([0xFF; 8]);
    bytes
}

/// Ports and addresses in the format of both messages.
fn addresses(local: SocketAddrV4, remote: SocketAddrV4) -> [u8; 36] {
    let mut bytes = [0; 36];
    bytes[..2].copy_from_slice(&local.port().to_be_bytes());
    bytes[2..4].copy_from_slice(&remote.port().to_be_bytes());
    bytes[4..8].copy_from_slice(&local.ip().octets());
    bytes[20..24].copy_from_slice(&remote.ip().octets());
    bytes
}

fn read(answer: &[u8], local: SocketAddrV4, remote: SocketAddrV4) -> io::Result<Option<Socket>> {
    let short = || io::Error::new(io::ErrorKind::InvalidData, "an answer that is too short");
    let (header, body) = answer.split_at_checked(HEADER_BYTES).ok_or_else(short)?;
    match u16::from_ne_bytes([header[4], header[5]]) {
        NLMSG_ERROR => {
            let code = number(body, 0).ok_or_else(short)?.cast_signed();
            let error = io::Error::from_raw_os_error(code.saturating_neg());
            match error.kind() {
                io::ErrorKind::NotFound => Ok(None),
                _ => Err(error),
            }
        }
        SOCK_DIAG_BY_FAMILY => {
            // Family, state, timer, retransmits; addresses; interface and cookie; then numbers, of which the fourth
            // is the user and the fifth the inode.
            let state = *body.get(1).ok_or_else(short)?;
            let found = body.get(4..40).ok_or_else(short)?;
            let uid = number(body, 64).ok_or_else(short)?;
            let inode = u64::from(number(body, 68).ok_or_else(short)?);
            // The addresses of IPv6 sockets have another format: those are found in the table.
            let is_it = state != TCP_LISTEN && found == addresses(local, remote);
            Ok(is_it.then_some(Socket { inode, uid }))
        }
        other => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("an answer of type {other}"),
        )),
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::linux::fs::MetadataExt as _;

    use super::*;

    fn v4(address: SocketAddr) -> SocketAddrV4 {
        match address {
            SocketAddr::V4(address) => address,
            SocketAddr::V6(_) => unreachable!("it was bound to an IPv4 address"),
        }
    }

    #[test]
    fn a_connections_end_is_found_and_a_closed_one_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let there = v4(listener.local_addr().expect("it is bound"));
        let stream = TcpStream::connect(there).expect("it listens");
        let here = v4(stream.local_addr().expect("it is connected"));
        let path = format!("/proc/self/fd/{}", stream.as_raw_fd());
        let inode = std::fs::metadata(path).expect("it is open").st_ino();
        let uid = nix::unistd::getuid().as_raw();
        let found = socket(here, there).expect("the kernel answers");
        assert_eq!(found, Some(Socket { inode, uid }));
        // The listening socket at an address must not be taken for a connection.
        let nobody = SocketAddrV4::new(*here.ip(), 1);
        assert_eq!(socket(there, nobody).expect("the kernel answers"), None);
    }

    #[test]
    fn answers_that_make_no_sense_are_errors() {
        let address = SocketAddrV4::new([127, 0, 0, 1].into(), 1);
        let mut answer = vec![0; 100];
        for length in [0, HEADER_BYTES - 1, answer.len()] {
            read(&answer[..length], address, address).expect_err("it is no answer");
        }
        answer[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        read(&answer[..HEADER_BYTES + 20], address, address).expect_err("it is cut short");
        let found = read(&answer, address, address).expect("it is whole");
        assert_eq!(found, None, "it is about another socket");
    }
}
