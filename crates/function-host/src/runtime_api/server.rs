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
use super::route::Router;
use super::watched_stream::WatchedStream;

/// Most connections of one process at one time; further ones wait to be accepted. Runtimes use one or two, and some open a
/// new one per call, which overlap for a moment.
const CONNECTIONS_MAX: usize = 32;

/// Calls on their way to the process's task. There is one `next` and one post at a time in a sane process; more wait in
/// their connections.
const CALLS_MAX: usize = 16;

/// Bound of a request's head: `Lambda-Runtime-Function-XRay-Error-Cause` alone may have 1 MB.
const HEAD_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long accepting rests after the system refused a connection, usually for want of file handles.
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
        tasks: &TaskTracker,
    ) -> io::Result<(RuntimeApi, mpsc::Receiver<RuntimeCall>)> {
        let listener = TcpListener::from_std(listener)?;
        let authority = listener.local_addr()?;
        let (sender, calls) = mpsc::channel(CALLS_MAX);
        let stop = CancellationToken::new();
        let task = tasks
            .spawn(accept(listener, authority, sender, stop.clone()))
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
    calls: mpsc::Sender<RuntimeCall>,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    let mut accepted = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            stream = listener.accept(), if connections.len() < CONNECTIONS_MAX => match stream {
                Ok((stream, _)) => {
                    accepted += 1;
                    connections.spawn(serve(Router {
                        connection: ConnectionId(accepted),
                        stream: Arc::new(stream),
                        calls: calls.clone(),
                        authority: authority.to_string(),
                    }));
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
    // Half-closed, because hyper would otherwise drop a post that has arrived in full when its process then exits. Without
    // hyper's own shutdown at the end, because that would throw the socket's last error away.
    let served = http1::Builder::new()
        .half_close(true)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(stream, service)
        .without_shutdown()
        .await;
    let connection = router.connection;
    let broken = served.map_or(true, |parts| parts.io.inner().is_broken());
    // If the process's task is gone, nobody needs to know.
    let _ = router
        .calls
        .send(RuntimeCall::Disconnected { connection, broken })
        .await;
}
