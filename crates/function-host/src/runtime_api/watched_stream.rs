//! A TCP stream that remembers whether its connection broke.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Passes everything on, and remembers errors: hyper does not report those between two exchanges.
///
/// The stream is shared with the requests on it, so that a request that waits for long can notice that the peer has
/// gone.
#[derive(Debug)]
pub(crate) struct WatchedStream {
    stream: Arc<TcpStream>,
    failed: bool,
}

/// Waits until the peer has closed its side of a stream on which it waits for an answer; for ever if the peer sends
/// data instead. Cancellation safe.
pub(crate) async fn closed(stream: &TcpStream) {
    if let Ok(1) = stream.peek(&mut [0]).await {
        std::future::pending().await
    }
}

impl WatchedStream {
    pub(crate) fn new(stream: Arc<TcpStream>) -> WatchedStream {
        WatchedStream {
            stream,
            failed: false,
        }
    }

    /// Whether the peer may have closed the connection before it had read everything.
    ///
    /// Such a peer resets the connection, and the next read or write fails. If an orderly end came first, reads report
    /// that end, and only the socket itself has the reset.
    pub(crate) fn is_broken(&self) -> bool {
        self.failed || !matches!(self.stream.take_error(), Ok(None))
    }

    /// Tries an operation until it does not report that the stream is not ready.
    fn poll<T>(
        &mut self,
        mut ready: impl FnMut(&TcpStream) -> Poll<io::Result<()>>,
        mut operation: impl FnMut(&TcpStream) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            let result = match ready!(ready(&self.stream)) {
                Ok(()) => operation(&self.stream),
                Err(cause) => Err(cause),
            };
            match result {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    self.failed |= result.is_err();
                    return Poll::Ready(result);
                }
            }
        }
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let unfilled = buffer.initialize_unfilled();
        let count = ready!(self.poll(
            |stream| stream.poll_read_ready(cx),
            |stream| stream.try_read(unfilled)
        ));
        Poll::Ready(count.map(|count| buffer.advance(count)))
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(
            |stream| stream.poll_write_ready(cx),
            |stream| stream.try_write(bytes),
        )
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(
            |stream| stream.poll_write_ready(cx),
            |stream| stream.try_write_vectored(slices),
        )
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // There is no buffer to flush.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Connections are closed by dropping them.
        Poll::Ready(Ok(()))
    }
}
