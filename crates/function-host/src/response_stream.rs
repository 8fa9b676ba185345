//! A response on its way to a caller while the function still writes it.

use bytes::Bytes;
use tokio::sync::mpsc;

/// Pieces between the function and the caller: few, so that a slow caller slows the function down.
const PIECES_MAX: usize = 4;

/// The destination of the pieces of a streamed response. Clones have the same destination.
#[derive(Clone, Debug)]
pub struct ResponseSink(mpsc::Sender<ResponsePiece>);

/// A piece of a streamed response, in this order. The pieces end with the invocation, whose outcome says whether they
/// are the whole response: an invocation that fails may have written only a part of it.
///
/// A function that answers in one piece sends none of these; its answer is in the outcome alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponsePiece {
    /// The response begins.
    Begin {
        /// The content type that the runtime named.
        content_type: Option<String>,
    },
    /// Some of the response's bytes.
    Chunk(Bytes),
}

/// Creates a channel for a streamed response, for
/// [`InvocationRequest::response_sink`](crate::InvocationRequest::response_sink).
pub fn response_stream() -> (ResponseSink, mpsc::Receiver<ResponsePiece>) {
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    (ResponseSink(sender), receiver)
}

impl ResponseSink {
    /// Sends a piece, once there is room for it. If the receiver is gone, the piece is dropped: the function goes on,
    /// as on Lambda when a client hangs up.
    pub(crate) async fn send(&self, piece: ResponsePiece) {
        let _ = self.0.send(piece).await;
    }
}
