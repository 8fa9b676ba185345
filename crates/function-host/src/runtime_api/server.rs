//! Accepts and serves the connections of one function process.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::call::{ConnectionId, RuntimeCall};
use super::peer::{Guard, Peer};
use super::route::Router;
use super::watched_stream::WatchedStream;
use crate::unix;

/// Most connections of one process at one time; further ones wait to be accepted. Runtimes use one or two; some open a
/// new one per call, and these overlap for a moment.
const CONNECTIONS_MAX: usize = 32;

/// Further connections for each further simultaneous invocation of a process: one that waits, and one that answers.
const CONNECTIONS_PER_INVOCATION: usize = 2;

/// Calls on their way to the process's task. A correct process has one `next` and one post at a time; more calls wait
/// in their connections.
const CALLS_MAX: usize = 16;

/// Most bytes of a request's head: `Lambda-Runtime-Function-XRay-Error-Cause` alone may have 1 MB.
const HEAD_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long a stranger may take to send a request and to read the refusal.
const REFUSAL_LIMIT: Duration = Duration::from_secs(1);

/// The pause after the system failed to accept a connection, usually because file handles are used up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running listener. Dropping it ends its connections.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    stop: CancellationToken,
    task: AbortHandle,
}

impl RuntimeApi {
    /// Serves a listener. The calls end after [`RuntimeApi::stop`] once every connection has ended.
    pub(crate) fn serve(
        listener: std::net::TcpListener,
        guard: Guard,
        per_process: usize,
        tasks: &TaskTracker,
    ) -> io::Result<(RuntimeApi, mpsc::Receiver<RuntimeCall>)> {
        let listener = TcpListener::from_std(listener)?;
        let authority = listener.local_addr()?;
        let (sender, calls) = mpsc::channel(CALLS_MAX);
        let connections_max = CONNECTIONS_MAX + CONNECTIONS_PER_INVOCATION * (per_process - 1);
        let stop = CancellationToken::new();
        let task = tasks
            .spawn(accept(
                listener,
                authority,
                Arc::new(guard),
                connections_max,
                sender,
                stop.clone(),
            ))
            .abort_handle();
        Ok((RuntimeApi { stop, task }, calls))
    }

    /// Accepts no more connections; those that are open may finish.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    authority: SocketAddr,
    guard: Arc<Guard>,
    connections_max: usize,
    calls: mpsc::Sender<RuntimeCall>,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    let mut accepted = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            stream = listener.accept(), if connections.len() < connections_max => match stream {
                Ok((stream, peer)) => {
                    accepted += 1;
                    let (guard, calls) = (Arc::clone(&guard), calls.clone());
                    let connection = ConnectionId(accepted);
                    connections.spawn(async move {
                        let peer = look(guard, peer, authority).await;
                        let served = serve(Router {
                            connection,
                            stream: Arc::new(stream),
                            calls,
                            authority: authority.to_string(),
                            peer,
                        });
                        match peer {
                            Peer::Own => served.await,
                            // A slower stranger gets no answer.
                            Peer::Stranger { .. } => {
                                drop(tokio::time::timeout(REFUSAL_LIMIT, served).await);
                            }
                        }
                    });
                }
                Err(cause) => {
                    tracing::warn!(%cause, "cannot accept a connection of a function process, trying again");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop((listener, calls));
    while connections.join_next().await.is_some() {}
}

/// Identifies the caller; tries again as long as the system cannot answer because of a shortage.
async fn look(guard: Arc<Guard>, peer: SocketAddr, host: SocketAddr) -> Peer {
    loop {
        let looking = Arc::clone(&guard);
        let looked = tokio::task::spawn_blocking(move || {
            let looked = looking.look(peer, host);
            if let Ok(peer @ Peer::Stranger { .. }) = looked {
                looking.count_refusal(peer);
            }
            looked
        });
        match looked.await {
            Ok(Ok(peer)) => return peer,
            Ok(Err(cause)) if unix::is_shortage(&cause) => {
                tracing::debug!(%cause, "cannot look who calls a Runtime API, trying again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            // There is no `/proc`, so callers cannot be distinguished.
            Ok(Err(cause)) if cause.kind() == io::ErrorKind::NotFound => {
                tracing::debug!(%cause, "this system does not tell who calls a Runtime API");
                return Peer::Own;
            }
            Ok(Err(cause)) => {
                tracing::error!(%cause, "cannot look who calls a Runtime API, the call is refused");
                return Peer::Stranger { uid: None };
            }
            // The runtime is being shut down, and this task with it.
            Err(_) => return Peer::Stranger { uid: None },
        }
    }
}

async fn serve(router: Router) {
    if let Err(cause) = router.stream.set_nodelay(true) {
        tracing::debug!(%cause, "a connection of a function process ended at once");
    }
    let stream = TokioIo::new(WatchedStream::new(Arc::clone(&router.stream)));
    let router = Arc::new(router);
    let service = service_fn(|request| {
        let router = Arc::clone(&router);
        async move { router.answer(request).await }
    });
    // Half-close is allowed, because hyper would otherwise drop a complete post if its process then exits. Hyper's own
    // shutdown at the end is left out, because it would discard the socket's last error.
    let served = http1::Builder::new()
        .half_close(true)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(stream, service)
        .without_shutdown()
        .await;
    let connection = router.connection;
    let broken = served.map_or(true, |parts| parts.io.inner().is_broken());
    // If the process's task has ended, this message is not needed.
    let _ = router
        .calls
        .send(RuntimeCall::Disconnected { connection, broken })
        .await;
}
