//! One connection from its first request to its end: by HTTP/1.1, or by HTTP/2.
//!
//! A client that stops half way holds a file handle and memory, which function processes need: so headers, bodies and
//! the reading of answers each have a time limit.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::patient_io::PatientIo;
use super::turns::{Turns, WatchedBody};
use super::{Body, RequestBody};

/// A client that takes longer for its headers is disconnected, and so is one that keeps a
/// connection without a request.
pub(super) const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// The first bytes of a client that speaks HTTP/2. Source: RFC 9113, section 3.4.
pub(super) const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Concurrent requests on one connection of HTTP/2.
const STREAMS_MAX: u32 = 64;

/// Serves one connection to its end.
pub(super) async fn converse<S, H, F>(
    stream: S,
    peer: SocketAddr,
    handle: H,
    shutdown: CancellationToken,
) where
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
pub(super) fn converse_http2<S, H, F>(
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
        // The connection ends when its future is dropped here.
        tokio::select! {
            () = until_shutdown(connection, peer, shutdown) => {}
            () = turns.client_is_gone(HEADERS_WITHIN) => {
                tracing::debug!(%peer, "a client of HTTP/2 is given up: it asks for nothing, or takes no answer");
            }
        }
    })
}

/// Answers that report to `turns` on their way to the client.
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

/// Converts hyper's requests, and answers them with `handle`.
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

/// Puts the authority of a request by HTTP/2 into `Host`, where HTTP/1 has it. Clients send only one of them.
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::StatusCode;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

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

    /// Paused time advances at once while all tasks wait for it.
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
            // Until the server hangs up.
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

    /// Sends a ping every ten seconds, until it is disconnected; returns how long it was connected.
    async fn ping_until_disconnected(mut client: DuplexStream) -> Duration {
        let began = tokio::time::Instant::now();
        let (mut from, mut to) = tokio::io::split(&mut client);
        let hear = async {
            let mut heard = [0; 4_096];
            let mut acknowledged = 0;
            loop {
                // An end or an error: the connection is over.
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
        // SETTINGS_INITIAL_WINDOW_SIZE is zero.
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
}
