//! The balancer in front of the servers: a connection goes to a server that is ready, each at its turn.
//!
//! It knows nothing of HTTP but `/readyz`, which it asks each server four times a second. A connection stays where it
//! went; when that server dies it breaks, as with any balancer, and the client's next one goes elsewhere.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::http_probe;

/// How often each server is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// Bound on connecting to a server on the same machine.
const CONNECTS_WITHIN: Duration = Duration::from_millis(500);

/// The answer to a client while no server takes connections.
const NOBODY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    no server takes connections: they are being started again\n";

/// Which of the servers are ready, asked for as long as this program runs.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<[AtomicBool]>);

impl Readiness {
    /// Asks the servers at these addresses.
    pub fn watch(endpoints: &[SocketAddr]) -> Self {
        let ready: Arc<[AtomicBool]> = endpoints.iter().map(|_| AtomicBool::new(false)).collect();
        for (number, &endpoint) in endpoints.iter().enumerate() {
            let ready = Arc::clone(&ready);
            thread::spawn(move || {
                loop {
                    let answer = http_probe::status_line(endpoint, "/readyz");
                    let is_ready = answer.is_ok_and(|line| line.contains(" 200 "));
                    ready[number].store(is_ready, Ordering::Relaxed);
                    thread::sleep(ASK_EVERY);
                }
            });
        }
        Self(ready)
    }

    /// The servers in the order in which they are tried: from `first` on, ready servers before the others.
    fn order(&self, first: usize) -> Vec<usize> {
        let count = self.0.len();
        let mut order: Vec<usize> = (0..count).map(|it| (first + it) % count).collect();
        order.sort_by_key(|server| !self.0[*server].load(Ordering::Relaxed));
        order
    }
}

/// Takes connections on `listen` for as long as this program runs, and hands each to one of `servers`.
///
/// # Errors
///
/// When the address `listen` is not available.
pub fn serve(
    listen: SocketAddr,
    servers: Vec<SocketAddr>,
    readiness: Readiness,
) -> Result<SocketAddr> {
    let listener =
        TcpListener::bind(listen).with_context(|| format!("listen at {listen} for the servers"))?;
    let address = listener.local_addr().context("say where it listens")?;
    let turn = AtomicUsize::new(0);
    thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else {
                // Usually the process is out of file handles: they come back as connections end.
                thread::sleep(ASK_EVERY);
                continue;
            };
            let order = readiness.order(turn.fetch_add(1, Ordering::Relaxed) % servers.len());
            let candidates: Vec<SocketAddr> = order.into_iter().map(|it| servers[it]).collect();
            thread::spawn(move || hand_over(client, &candidates));
        }
    });
    Ok(address)
}

/// Connects the client with the first server that accepts.
fn hand_over(mut client: TcpStream, candidates: &[SocketAddr]) {
    let mut reached = candidates
        .iter()
        .filter_map(|server| TcpStream::connect_timeout(server, CONNECTS_WITHIN).ok());
    let Some(server) = reached.next() else {
        // The client gets the answer if it is still there.
        let _ = client.write_all(NOBODY);
        return;
    };
    let copies = client
        .try_clone()
        .and_then(|client| Ok((client, server.try_clone()?)));
    let Ok((client_too, server_too)) = copies else {
        return;
    };
    // Without `nodelay`, a stream holds back small answers and is only slower.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    thread::spawn(move || pass_on(client_too, server_too));
    pass_on(server, client);
}

/// Passes bytes on until one side has no more; a side that breaks takes the other with it.
fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let ended = io::copy(&mut from, &mut to);
    let how = if ended.is_ok() {
        Shutdown::Write
    } else {
        Shutdown::Both
    };
    // Either may be closed already.
    let _ = to.shutdown(how);
    if ended.is_err() {
        let _ = from.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::port;

    /// A server that answers each connection with its name, and is ready.
    fn server(name: &'static str) -> SocketAddr {
        let listener = TcpListener::bind(port::loopback(0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut heard = [0; 4];
                stream.read_exact(&mut heard).unwrap();
                let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{name}");
                stream.write_all(answer.as_bytes()).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                // Until the client has read it all.
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
        address
    }

    fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn readiness(of: &[bool]) -> Readiness {
        Readiness(of.iter().map(|ready| AtomicBool::new(*ready)).collect())
    }

    #[test]
    fn those_that_are_ready_are_tried_first_each_at_its_turn() {
        let readiness = readiness(&[true, false, true]);
        assert_eq!(readiness.order(0), [0, 2, 1]);
        assert_eq!(readiness.order(1), [2, 0, 1]);
        assert_eq!(readiness.order(2), [2, 0, 1]);
    }

    #[test]
    fn a_dead_server_is_passed_over_and_when_all_are_dead_the_client_is_told() {
        let dead = port::loopback(port::free().unwrap());
        let alive = server("alive");
        let all = vec![dead, alive];
        // The server was ready when it was asked last.
        let balancer = serve(port::loopback(0), all, readiness(&[true, true])).unwrap();
        for _ in 0..2 {
            assert!(ask(balancer).ends_with("alive"));
        }
        let balancer = serve(port::loopback(0), vec![dead], readiness(&[true])).unwrap();
        let mut stream = TcpStream::connect(balancer).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}
