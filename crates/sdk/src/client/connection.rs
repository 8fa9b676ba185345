//! One HTTP/1.1 connection that lives in the task that uses it.
//!
//! hyper splits a connection into a sender and a future that does the I/O, usually spawned. Polling both here instead
//! saves a wake-up across threads in each direction, and leaves nothing running when a function process is frozen.

use std::fmt;
use std::future::{Future, poll_fn};
#[cfg(unix)]
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
#[cfg(unix)]
use hyper_util::rt::TokioIo;
#[cfg(unix)]
use tokio::net::UnixStream;
use tower_service::Service;

use crate::client::endpoint::Endpoint;
use crate::error::BoxError;
use crate::run_error::Error;

/// Longest time to connect, TLS included. Source: official durable execution SDKs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time that a connection is kept unused. A function process may have been frozen meanwhile, and a proxy or
/// router that forgot the connection does not report it; servers keep idle connections for a minute or so.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// Longest answer that is read, in bytes. A page of state is a few MB, but the service chooses its size: this is more
/// than the whole state of an execution at AWS's quota of 100 MB with every byte escaped to six (`\u0000`).
const REPLY_BYTES_MAX: usize = 768 * 1024 * 1024;

/// Opens connections to one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Http(Endpoint, HttpConnector),
    Https(Endpoint, HttpsConnector<HttpConnector>),
    #[cfg(unix)]
    Socket(PathBuf),
}

impl Connector {
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.enforce_http(false);
        let kind = if endpoint.is_https() {
            // Named outright: with several crypto providers in the program rustls has no default.
            let provider = rustls::crypto::aws_lc_rs::default_provider();
            let tls = HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(provider)
                .map_err(|error| Error::Configuration {
                    reason: format!("no trusted root certificates: {error}"),
                })?;
            let https = tls.https_or_http().enable_http1().wrap_connector(http);
            Kind::Https(endpoint.clone(), https)
        } else {
            Kind::Http(endpoint.clone(), http)
        };
        Ok(Self { kind })
    }

    #[cfg(unix)]
    pub(crate) fn to_socket(path: PathBuf) -> Self {
        Self {
            kind: Kind::Socket(path),
        }
    }

    pub(crate) async fn connect(&self) -> Result<Connection, BoxError> {
        let connect = async {
            match self.kind.clone() {
                Kind::Http(endpoint, mut http) => {
                    poll_fn(|task| http.poll_ready(task)).await?;
                    Connection::open(http.call(endpoint.origin()).await?).await
                }
                Kind::Https(endpoint, mut https) => {
                    poll_fn(|task| https.poll_ready(task)).await?;
                    Connection::open(https.call(endpoint.origin()).await?).await
                }
                #[cfg(unix)]
                Kind::Socket(path) => {
                    let stream = UnixStream::connect(path).await?;
                    Connection::open(TokioIo::new(stream)).await
                }
            }
        };
        let place = &self.kind;
        match tokio::time::timeout(CONNECT_TIMEOUT, connect).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(format!("connect to {place}: {}", chain(&*error)).into()),
            Err(_) => Err(format!("connect to {place}: not within {CONNECT_TIMEOUT:?}").into()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(endpoint, _) | Self::Https(endpoint, _) => {
                formatter.write_str(endpoint.authority())
            }
            #[cfg(unix)]
            Self::Socket(path) => path.display().fmt(formatter),
        }
    }
}

/// An error with all its causes: the last one is usually the most specific.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An open connection.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Does the I/O; `None` once the connection is closed.
    io: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    /// By the wall clock, which goes on while a process is frozen.
    used_at: SystemTime,
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("is_open", &self.io.is_some())
            .finish()
    }
}

impl Connection {
    async fn open<S>(stream: S) -> Result<Self, BoxError>
    where
        S: Read + Write + Unpin + Send + 'static,
    {
        let (sender, io) = http1::handshake(stream).await?;
        Ok(Self {
            sender,
            io: Some(Box::pin(io)),
            used_at: SystemTime::now(),
        })
    }

    /// Whether the connection can still take a request after having lain idle.
    pub(crate) async fn is_alive(&mut self) -> bool {
        if self.is_stale() {
            return false;
        }
        let Self { sender, io, .. } = self;
        with_io(io, sender.ready()).await.is_ok() && self.is_reusable()
    }

    /// Whether the connection has lain idle for too long.
    pub(crate) fn is_stale(&self) -> bool {
        self.used_at.elapsed().is_ok_and(|idle| idle > IDLE_MAX)
    }

    pub(crate) fn is_reusable(&self) -> bool {
        self.io.is_some() && !self.sender.is_closed()
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Reply, BoxError> {
        let Self { sender, io, .. } = self;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, REPLY_BYTES_MAX).collect().await?;
            Ok(Reply {
                status: parts.status,
                headers: parts.headers,
                body: body.to_bytes(),
            })
        };
        let reply = with_io(io, exchange).await;
        self.used_at = SystemTime::now();
        reply
    }
}

/// Awaits `work` while doing the connection's I/O.
async fn with_io<T>(
    io: &mut Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    poll_fn(|task| {
        // The I/O comes first to notice what happened meanwhile, and again to act on what the work asked for.
        for _ in 0..2 {
            if let Some(connection) = io
                && connection.as_mut().poll(task).is_ready()
            {
                *io = None;
            }
            if let Poll::Ready(done) = work.as_mut().poll(task) {
                return Poll::Ready(done);
            }
        }
        Poll::Pending
    })
    .await
}
