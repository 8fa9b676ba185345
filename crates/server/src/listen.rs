//! Serving HTTP/1.1 on one listener until the shutdown.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::Body;
use crate::request_body::RequestBody;

/// A client that sends its headers more slowly than this is disconnected.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// Pause after a failed accept, such as when the process is out of file handles.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Accepts connections until the shutdown; then lets open ones finish their request.
pub(crate) async fn serve<H, F>(
    listener: TcpListener,
    handle: H,
    connections: TaskTracker,
    shutdown: CancellationToken,
) where
    H: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => return,
        };
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
        let handle = handle.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (head, body) = request.into_parts();
            let (body, unread) = RequestBody::new(body, &head.headers);
            let answer = handle(Request::from_parts(head, body), peer);
            async move {
                let mut answer = answer.await;
                if !unread.drain().await {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(CONNECTION, close);
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .serve_connection(TokioIo::new(stream), service);
        let shutdown = shutdown.clone();
        connections.spawn(async move {
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
        });
    }
}
