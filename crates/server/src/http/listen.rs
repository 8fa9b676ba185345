//! Serving HTTP/1.1, and HTTP/2 to those who begin with it, until the shutdown, to so many clients at a time and as long as they get on.
//!
//! A client that stops half way holds a file handle and memory, and function processes need those: so
//! headers, bodies and the reading of answers each have to get on within a time, and connections are
//! counted over all ports.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::geteuid;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::patient_io::PatientIo;
use super::tls::Tls;
use super::turns::{Turns, WatchedBody};
use super::{Body, RequestBody, client};

/// A client that sends its headers more slowly than this is disconnected, and one that keeps a
/// connection without a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// What a client that speaks HTTP/2 sends first. Source: RFC 9113, section 3.4.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Requests at a time on one connection of HTTP/2.
const STREAMS_MAX: u32 = 64;

/// Pause after a failed accept, such as when the process is out of file handles.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Connections at the most, where the limit of open files allows it. Each may hold a body in memory.
const CONNECTIONS_MAX: usize = 16_384;

/// Connections by the socket at the most.
const OWN_CONNECTIONS_MAX: usize = 4_096;

/// Connections that wait to be accepted, at the most; the kernel has a limit of its own (`net.core.somaxconn`).
const QUEUED_MAX: u32 = 16_384;

/// Connections that are accepted before everything else gets a turn.
const ACCEPTED_IN_A_ROW_MAX: usize = 1_024;

/// Clients that are told at the same time that there is no room; others are disconnected unheard.
const REFUSALS_MAX: usize = 64;

/// How long one that is refused has to read why.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);

/// What a client beyond the last place is told, in the shape that AWS's clients understand and retry.
const NO_ROOM: &str = "{\"__type\":\"ServiceException\",\"Type\":\"Server\",\
\"message\":\"The service has as many connections as it can. Try again.\",\
\"Message\":\"The service has as many connections as it can. Try again.\"}";

/// The connections of all ports.
///
/// Functions that come by the socket have places of their own: callers who wait for results may fill all others, and get
/// none unless functions can report them.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    tasks: TaskTracker,
    places: Arc<Semaphore>,
    own_places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    by_address: Option<ByAddress>,
}

/// How many connections one address may have, and how many each has. Those of this machine are not counted.
#[derive(Debug, Clone)]
struct ByAddress {
    max: usize,
    /// By [`client`].
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection of an address, until it is dropped.
struct OfAddress {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Connections {
    /// At most half of the files that this process may open, and an eighth by the socket: the rest is for function
    /// processes and the store.
    pub fn within_open_files() -> Self {
        let files = match getrlimit(Resource::RLIMIT_NOFILE) {
            Ok((soft, _)) => usize::try_from(soft).unwrap_or(usize::MAX),
            Err(_) => CONNECTIONS_MAX,
        };
        Self::at_most(
            (files / 2).clamp(1, CONNECTIONS_MAX),
            (files / 8).clamp(1, OWN_CONNECTIONS_MAX),
        )
    }

    fn at_most(places: usize, own_places: usize) -> Self {
        Self {
            tasks: TaskTracker::new(),
            places: Arc::new(Semaphore::new(places)),
            own_places: Arc::new(Semaphore::new(own_places)),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
            by_address: None,
        }
    }

    /// The same, with so many at the most of one address.
    pub fn at_most_of_one_address(self, max: usize) -> Self {
        let open = Arc::default();
        Self {
            by_address: Some(ByAddress { max, open }),
            ..self
        }
    }

    /// Counts a connection of an address; none when it has as many as it may.
    fn enter(&self, address: IpAddr) -> Option<Option<OfAddress>> {
        let Some(ByAddress { max, open }) = &self.by_address else {
            return Some(None);
        };
        if address.to_canonical().is_loopback() {
            return Some(None);
        }
        let address = client(address);
        let mut counts = open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= *max {
            return None;
        }
        *count += 1;
        let open = Arc::clone(open);
        Some(Some(OfAddress { open, address }))
    }

    /// How many requests may wait for what a function returns. The places beyond are for functions in other languages,
    /// which report by the ports.
    pub fn callers_max(&self) -> usize {
        (self.places.available_permits() / 4 * 3).max(1)
    }

    /// Takes no more; what is open goes on.
    pub fn close(&self) {
        self.tasks.close();
    }

    /// Waits until all have ended.
    pub async fn wait(&self) {
        self.tasks.wait().await;
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Connections accepted one after the other. Tokio would let all else go first after a few of them, and when thousands
/// come at once, that is so much that the kernel's queue is full meanwhile.
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

/// Listens, with as long a queue of connections as the kernel gives: those that find it full are heard again after
/// seconds only, when their first packet is repeated.
///
/// # Errors
/// The address is taken, or not of this machine.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A server may start where one has just ended.
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
        // Answers are small and latency counts: never wait for more to send.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        // One address that takes all places is disconnected unheard.
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
                // It has asked for nothing yet.
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

/// As [`serve`], for processes of this user that come by a socket in the file system. They speak HTTP/1.1.
pub(crate) async fn serve_socket<H, F>(
    listener: UnixListener,
    handle: H,
    connections: Connections,
    shutdown: CancellationToken,
) where
    H: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // It has no address; it is on this machine.
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

/// Whether it is this user's process at the other end, or the administrator's, whatever the file's mode is.
fn is_own(stream: &UnixStream) -> bool {
    let peer = stream.peer_cred().map(|peer| peer.uid());
    peer.is_ok_and(|uid| uid == geteuid().as_raw() || uid == 0)
}

/// What a client speaks from its first byte on.
enum Protocol {
    Http1,
    /// With "prior knowledge", as AWS's SDKs for some services do.
    Http2,
}

/// Looks at the first bytes without taking them; none when none come.
async fn begins_with(stream: &TcpStream) -> Option<Protocol> {
    let mut first = [0; HTTP2_PREFACE.len()];
    let looked = tokio::time::timeout(HEADERS_WITHIN, stream.peek(&mut first)).await;
    let length = looked.ok()?.ok()?;
    let is_http2 = first[..length] == *HTTP2_PREFACE;
    Some(if is_http2 {
        Protocol::Http2
    } else {
        Protocol::Http1
    })
}

/// Serves one connection to its end.
async fn converse<S, H, F>(stream: S, peer: SocketAddr, handle: H, shutdown: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<RequestBody>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(
            TokioIo::new(PatientIo::new(stream)),
            service_fn(answering(peer, handle)),
        );
    until_shutdown(connection, peer, shutdown).await;
}

/// As [`converse`], for a client that speaks HTTP/2.
fn converse_http2<S, H, F>(
    stream: S,
    peer: SocketAddr,
    handle: H,
    shutdown: CancellationToken,
) -> Pin<Box<dyn Future<Output = ()> + Send>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<RequestBody>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let turns = Turns::new();
    let watched = watching(turns.clone(), answering(peer, handle));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(HEADERS_WITHIN)
        .max_concurrent_streams(STREAMS_MAX)
        .serve_connection(TokioIo::new(stream), service_fn(watched));
    Box::pin(async move {
        // The connection goes with what is dropped here.
        tokio::select! {
            () = until_shutdown(connection, peer, shutdown) => {}
            () = turns.client_is_gone(HEADERS_WITHIN) => {
                tracing::debug!(%peer, "a client of HTTP/2 is given up: it asks for nothing, or takes no answer");
            }
        }
    })
}

/// Answers that are watched on their way to the client.
fn watching(
    turns: Turns,
    answer: impl Fn(Request<Incoming>) -> Answering<Body>,
) -> impl Fn(Request<Incoming>) -> Answering<WatchedBody> {
    move |request| {
        let (turn, answer) = (turns.begin(), answer(request));
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| WatchedBody::new(body, turn)))
        })
    }
}

/// An answer on its way.
type Answering<B> = Pin<Box<dyn Future<Output = Result<Response<B>, Infallible>> + Send>>;

/// From hyper's requests to those that are answered here.
fn answering<H, F>(peer: SocketAddr, handle: H) -> impl Fn(Request<Incoming>) -> Answering<Body>
where
    H: Fn(Request<RequestBody>, SocketAddr) -> F,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    move |request| {
        let (mut head, body) = request.into_parts();
        let is_http1 = head.version < Version::HTTP_2;
        if !is_http1 {
            name_host(&mut head);
        }
        let (body, unread) = RequestBody::new(body, &head.headers);
        let answer = handle(Request::from_parts(head, body), peer);
        Box::pin(async move {
            let mut answer = answer.await;
            if !unread.drain().await && is_http1 {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(CONNECTION, close);
            }
            Ok(answer)
        })
    }
}

/// Puts the authority of a request by HTTP/2 where one by HTTP/1 has it: in `Host`. Clients send the one or the other.
fn name_host(head: &mut Parts) {
    let authority = head.uri.authority().map(|authority| authority.as_str());
    let host = authority.and_then(|authority| HeaderValue::from_str(authority).ok());
    if let Some(host) = host {
        head.headers.insert(HOST, host);
    }
}

async fn until_shutdown<C>(connection: C, peer: SocketAddr, shutdown: CancellationToken)
where
    C: GracefulConnection,
    C::Error: std::error::Error + 'static,
{
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error = &error as &dyn std::error::Error, "connection ended");
    }
}

/// Tells a client that there is no room, and hears it out for a moment: what it has sent and nobody
/// has read would cut off the answer.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, _permit: OwnedSemaphorePermit) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
         x-amzn-errortype: ServiceException\r\nretry-after: 1\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{NO_ROOM}",
        NO_ROOM.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 4_096];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // Whether it listens is its own affair.
    let _ = tokio::time::timeout(REFUSED_WITHIN, told).await;
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::StatusCode;
    use tokio::io::{DuplexStream, duplex};

    use super::*;
    use crate::http::{BodyError, read_body};

    fn peer() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 1))
    }

    fn connected(room: usize) -> (DuplexStream, tokio::task::JoinHandle<()>) {
        let (client, server) = duplex(room);
        let handle = |request: Request<RequestBody>, _| async move {
            let size = request.uri().path().trim_start_matches('/').parse();
            let answer = Bytes::from(vec![b'x'; size.unwrap_or(0)]);
            let status = match read_body(request.into_body(), 1_000).await {
                Ok(_) => StatusCode::OK,
                Err(BodyError::Slow) => StatusCode::REQUEST_TIMEOUT,
                Err(BodyError::TooLarge | BodyError::Broken) => StatusCode::BAD_REQUEST,
            };
            let mut answer = Response::new(Body::from(answer));
            *answer.status_mut() = status;
            answer
        };
        let talk = converse(server, peer(), handle, CancellationToken::new());
        (client, tokio::spawn(talk))
    }

    /// Time passes at once where nothing but it is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_half_way_is_given_up() {
        let (mut client, talk) = connected(64 * 1024);
        let half = b"POST /2 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf";
        client.write_all(half).await.expect("it listens");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("it ends");
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        talk.await.expect("it does not panic");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_drop_by_drop_is_given_up() {
        let (mut client, talk) = connected(64 * 1024);
        let head = b"POST /2 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n\r\n";
        client.write_all(head).await.expect("it listens");
        let began = tokio::time::Instant::now();
        let (mut from, mut to) = tokio::io::split(client);
        let drops = tokio::spawn(async move {
            // Until it hangs up.
            while to.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
        });
        let mut answer = vec![0; 13];
        from.read_exact(&mut answer).await.expect("it answers");
        assert_eq!(answer, b"HTTP/1.1 408 ");
        assert!(
            began.elapsed() < Duration::from_secs(40),
            "{:?}",
            began.elapsed()
        );
        talk.await.expect("it does not panic");
        drops.abort();
    }

    fn connected_http2() -> (DuplexStream, tokio::task::JoinHandle<()>) {
        let (client, server) = duplex(1024 * 1024);
        let handle = |request: Request<RequestBody>, _| async move {
            let size = request.uri().path().trim_start_matches('/').parse();
            Response::new(Body::from(Bytes::from(vec![b'x'; size.unwrap_or(0)])))
        };
        let talk = converse_http2(server, peer(), handle, CancellationToken::new());
        (client, tokio::spawn(talk))
    }

    /// A frame. Source: RFC 9113, section 4.1.
    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len())
            .expect("it is short")
            .to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    /// Says that it is there every ten seconds, until it is disconnected; returns how long it was not.
    async fn ping_until_disconnected(mut client: DuplexStream) -> Duration {
        let began = tokio::time::Instant::now();
        let (mut from, mut to) = tokio::io::split(&mut client);
        let hear = async {
            let mut heard = [0; 4_096];
            let mut acknowledged = 0;
            loop {
                // An end or an error: it is over.
                match from.read(&mut heard).await {
                    Ok(1..) => acknowledged += 1,
                    Ok(0) | Err(_) => return acknowledged,
                }
            }
        };
        let say = async {
            loop {
                tokio::time::sleep(Duration::from_secs(10)).await;
                // An answer to the server's own ping would do as well.
                if to.write_all(&frame(6, 0, 0, b"whatever")).await.is_err() {
                    return;
                }
            }
        };
        let ((), _) = tokio::join!(say, hear);
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn http2_without_a_request_is_given_up() {
        let (mut client, talk) = connected_http2();
        client.write_all(HTTP2_PREFACE).await.expect("it listens");
        let settings = frame(4, 0, 0, &[]);
        client.write_all(&settings).await.expect("it listens");
        let lasted = ping_until_disconnected(client).await;
        assert!(lasted <= Duration::from_secs(60), "{lasted:?}");
        talk.await.expect("it does not panic");
    }

    #[tokio::test(start_paused = true)]
    async fn http2_that_takes_no_answer_is_given_up() {
        let (mut client, talk) = connected_http2();
        client.write_all(HTTP2_PREFACE).await.expect("it listens");
        // SETTINGS_INITIAL_WINDOW_SIZE is nothing.
        let settings = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
        client.write_all(&settings).await.expect("it listens");
        // `GET`, `http`, and the path `/100000`, by the static table. Source: RFC 7541, appendix A.
        let mut head = vec![0x82, 0x86, 0x04, 7];
        head.extend(b"/100000");
        let headers = frame(1, 0x5, 1, &head);
        client.write_all(&headers).await.expect("it listens");
        let lasted = ping_until_disconnected(client).await;
        assert!(lasted <= Duration::from_secs(60), "{lasted:?}");
        talk.await.expect("it does not panic");
    }

    #[tokio::test(start_paused = true)]
    async fn http2_is_not_given_up_while_the_server_works() {
        let (client, server) = duplex(1024 * 1024);
        let handle = |_: Request<RequestBody>, _| async {
            tokio::time::sleep(Duration::from_secs(600)).await;
            Response::new(Body::from(Bytes::from(vec![b'x'; 100_000])))
        };
        let talk = converse_http2(server, peer(), handle, CancellationToken::new());
        let talk = tokio::spawn(talk);
        let shaken = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .handshake(TokioIo::new(client));
        let (mut sender, connection) = shaken.await.expect("it speaks HTTP/2");
        tokio::spawn(connection);
        let request = Request::get("http://localhost/").body(http_body_util::Empty::<Bytes>::new());
        let answer = sender.send_request(request.expect("it is one")).await;
        let body = http_body_util::BodyExt::collect(answer.expect("it answers")).await;
        assert_eq!(body.expect("it is whole").to_bytes().len(), 100_000);
        drop(sender);
        talk.await.expect("it does not panic");
    }

    #[test]
    fn the_addresses_of_a_network_share_their_connections() {
        let connections = Connections::at_most(10, 1).at_most_of_one_address(2);
        let enter = |text: &str| connections.enter(text.parse().expect("it is one"));
        let first = enter("2001:db8::1").expect("there is room");
        let _second = enter("2001:db8::2").expect("there is room");
        assert!(enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::3").is_some(), "another network");
        drop(first);
        assert!(enter("2001:db8::3").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn headers_that_stop_half_way_are_given_up() {
        let (mut client, talk) = connected(64 * 1024);
        client.write_all(b"GET /2 HT").await.expect("it listens");
        talk.await.expect("it does not panic");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let (mut client, talk) = connected(1_024);
        let request = b"GET /100000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
        client.write_all(request).await.expect("it listens");
        talk.await.expect("it does not panic");
        drop(client);
    }

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
        // The place is free once the server has seen the first one go.
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
        // Has the one place as long as it says nothing.
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
