//! Accepts connections, on ports and on the functions' socket, until the shutdown.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::{Request, Response};
use nix::unistd::geteuid;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::connections::{Connections, refuse};
use super::conversation::{HEADERS_WITHIN, HTTP2_PREFACE, converse, converse_http2};
use super::tls::Tls;
use super::{Body, RequestBody};

/// Pause after a failed accept, such as when the process is out of file handles.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The most connections that wait to be accepted; the kernel has a limit of its own (`net.core.somaxconn`).
const QUEUED_MAX: u32 = 16_384;

/// Connections that are accepted before other tasks get a turn.
const ACCEPTED_IN_A_ROW_MAX: usize = 1_024;

/// How often a client's first bytes are looked at again when they may still become HTTP/2.
const PREFACE_AGAIN: Duration = Duration::from_millis(5);

/// Counts connections accepted one after the other. Tokio would run all other tasks after a few of them; when thousands
/// of connections come at once, that takes so long that the kernel's queue is full meanwhile.
#[derive(Debug, Default)]
struct Row(usize);

impl Row {
    async fn goes_on(&mut self) {
        self.0 += 1;
        if self.0 == ACCEPTED_IN_A_ROW_MAX {
            self.0 = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// Listens, with as long a queue of connections as the kernel allows: a client that finds the queue full is accepted
/// only seconds later, when it repeats its first packet.
///
/// # Errors
/// The address is in use, or not of this machine.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A server may start on the port of one that has just ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUED_MAX)
}

/// Accepts connections until the shutdown; then lets open ones finish their request.
pub(crate) async fn serve<H, F>(
    listener: TcpListener,
    tls: Option<Tls>,
    handle: H,
    connections: Connections,
    shutdown: CancellationToken,
) where
    H: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let mut row = Row::default();
    loop {
        let accepted = tokio::select! {
            accepted = tokio::task::unconstrained(listener.accept()) => accepted,
            () = shutdown.cancelled() => return,
        };
        row.goes_on().await;
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                continue;
            }
        };
        // Answers are small and latency counts: send at once, without waiting for more data.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        // An address with too many connections is disconnected without an answer.
        let Some(of_address) = connections.enter(peer.ip()) else {
            continue;
        };
        let Ok(place) = Arc::clone(&connections.places).try_acquire_owned() else {
            if let Ok(permit) = Arc::clone(&connections.refusals).try_acquire_owned() {
                connections.tasks.spawn(refuse(stream, permit));
            }
            continue;
        };
        let (handle, shutdown) = (handle.clone(), shutdown.clone());
        if let Some(tls) = tls.clone() {
            connections.tasks.spawn(async move {
                let shaken = tokio::select! {
                    shaken = tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream)) => shaken,
                    () = shutdown.cancelled() => return,
                };
                match shaken {
                    Ok(Ok((stream, true))) => converse_http2(stream, peer, handle, shutdown).await,
                    Ok(Ok((stream, false))) => converse(stream, peer, handle, shutdown).await,
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "no handshake"),
                    Err(_) => tracing::debug!(%peer, "no handshake in time"),
                }
                drop((place, of_address));
            });
            continue;
        }
        connections.tasks.spawn(async move {
            let spoken = tokio::select! {
                spoken = begins_with(&stream) => spoken,
                // The client has sent no request yet.
                () = shutdown.cancelled() => None,
            };
            match spoken {
                Some(Protocol::Http1) => converse(stream, peer, handle, shutdown).await,
                Some(Protocol::Http2) => converse_http2(stream, peer, handle, shutdown).await,
                None => {}
            }
            drop((place, of_address));
        });
    }
}

/// As [`serve`], for processes of this user on a socket in the file system. They speak HTTP/1.1.
pub(crate) async fn serve_socket<H, F>(
    listener: UnixListener,
    handle: H,
    connections: Connections,
    shutdown: CancellationToken,
) where
    H: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // The client has no address; it is on this machine.
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut row = Row::default();
    loop {
        let accepted = tokio::select! {
            accepted = tokio::task::unconstrained(listener.accept()) => accepted,
            () = shutdown.cancelled() => return,
        };
        row.goes_on().await;
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection by the socket");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                continue;
            }
        };
        if !is_own(&stream) {
            continue;
        }
        let Ok(place) = Arc::clone(&connections.own_places).try_acquire_owned() else {
            if let Ok(permit) = Arc::clone(&connections.refusals).try_acquire_owned() {
                connections.tasks.spawn(refuse(stream, permit));
            }
            continue;
        };
        let (handle, shutdown) = (handle.clone(), shutdown.clone());
        connections.tasks.spawn(async move {
            converse(stream, peer, handle, shutdown).await;
            drop(place);
        });
    }
}

/// Whether the process at the other end is of this user or the administrator, independent of the file's mode.
fn is_own(stream: &UnixStream) -> bool {
    let peer = stream.peer_cred().map(|peer| peer.uid());
    peer.is_ok_and(|uid| uid == geteuid().as_raw() || uid == 0)
}

/// The protocol of a client, by its first bytes.
enum Protocol {
    Http1,
    /// With "prior knowledge", as AWS's SDKs for some services do.
    Http2,
}

/// Reads the first bytes without consuming them, until they tell; `None` when too few come.
async fn begins_with(stream: &TcpStream) -> Option<Protocol> {
    let looked = tokio::time::timeout(HEADERS_WITHIN, async {
        let mut first = [0; HTTP2_PREFACE.len()];
        loop {
            let length = stream.peek(&mut first).await.ok()?;
            match &first[..length] {
                // The client has said all that it will say.
                [] => return None,
                HTTP2_PREFACE => return Some(Protocol::Http2),
                part if !HTTP2_PREFACE.starts_with(part) => return Some(Protocol::Http1),
                _ => {}
            }
            // What was seen stays readable, so the system does not tell when there is more.
            tokio::time::sleep(PREFACE_AGAIN).await;
        }
    });
    looked.await.ok()?
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn clients_beyond_the_last_place_are_told_and_places_are_given_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let handle = |_request, _peer| async { Response::new(Body::from(Bytes::new())) };
        let (connections, shutdown) = (Connections::at_most(1, 1), CancellationToken::new());
        tokio::spawn(serve(listener, None, handle, connections, shutdown.clone()));
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let ask = async |stream: &mut TcpStream| {
            let mut answer = String::new();
            stream.write_all(request).await.expect("it listens");
            stream.read_to_string(&mut answer).await.expect("it ends");
            answer
        };
        let mut first = TcpStream::connect(address).await.expect("it accepts");
        let mut second = TcpStream::connect(address).await.expect("it accepts");
        let refused = ask(&mut second).await;
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        assert!(refused.contains("ServiceException"), "{refused}");
        let served = ask(&mut first).await;
        assert!(served.starts_with("HTTP/1.1 200 "), "{served}");
        // The place is free once the server has noticed the end of the first connection.
        let mut last = String::new();
        for _ in 0..10_000 {
            let mut third = TcpStream::connect(address).await.expect("it accepts");
            last = ask(&mut third).await;
            if last.starts_with("HTTP/1.1 200 ") {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert!(last.starts_with("HTTP/1.1 200 "), "{last}");
        shutdown.cancel();
    }

    #[tokio::test]
    async fn first_bytes_that_come_in_pieces_are_read_as_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let (upgrade, rest) = HTTP2_PREFACE.split_at(3);
        for (pieces, is_http2) in [
            ([upgrade, rest], true),
            ([b"P".as_slice(), b"OST / HTTP/1.1\r\n".as_slice()], false),
        ] {
            let mut client = TcpStream::connect(address).await.expect("it accepts");
            let (stream, _) = listener.accept().await.expect("a client");
            let mut spoken = std::pin::pin!(begins_with(&stream));
            let [first, second] = pieces;
            client.write_all(first).await.expect("it is read");
            stream.readable().await.expect("it is open");
            // The first piece alone does not tell.
            let early = futures_util::poll!(spoken.as_mut());
            assert!(early.is_pending());
            client.write_all(second).await.expect("it is read");
            let found = spoken.await.expect("it has said enough");
            assert_eq!(matches!(found, Protocol::Http2), is_http2);
        }
        let client = TcpStream::connect(address).await.expect("it accepts");
        let (stream, _) = listener.accept().await.expect("a client");
        drop(client);
        assert!(begins_with(&stream).await.is_none());
    }

    #[tokio::test]
    async fn functions_have_places_that_callers_cannot_take() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let socket = UnixListener::bind(&path).expect("a socket");
        let handle = |_request, _peer| async { Response::new(Body::from(Bytes::new())) };
        let (connections, shutdown) = (Connections::at_most(1, 1), CancellationToken::new());
        tokio::spawn(serve(
            listener,
            None,
            handle,
            connections.clone(),
            shutdown.clone(),
        ));
        tokio::spawn(serve_socket(socket, handle, connections, shutdown.clone()));
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        // It holds the only place while it sends nothing.
        let _caller = TcpStream::connect(address).await.expect("it accepts");
        let mut refused = String::new();
        let mut second = TcpStream::connect(address).await.expect("it accepts");
        second.write_all(request).await.expect("it listens");
        let read = second.read_to_string(&mut refused);
        read.await.expect("it ends");
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        let mut served = String::new();
        let mut function = UnixStream::connect(&path).await.expect("it accepts");
        function.write_all(request).await.expect("it listens");
        let read = function.read_to_string(&mut served);
        read.await.expect("it ends");
        assert!(served.starts_with("HTTP/1.1 200 "), "{served}");
        shutdown.cancel();
    }
}
