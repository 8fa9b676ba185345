//! A response on its way to a caller while the function still writes it.

use bytes::Bytes;
use tokio::sync::mpsc;

/// Pieces between the function and the caller: few, so that a slow caller slows the function down.
const PIECES_MAX: usize = 4;

/// Where the pieces of a streamed response go. Clones lead to the same place.
#[derive(Clone, Debug)]
pub struct ResponseSink(mpsc::Sender<ResponsePiece>);

/// What becomes of a response that is streamed, in this order. They end with the invocation, whose outcome says whether they
/// are the whole response: an invocation that fails may have written a part of it.
///
/// A function that answers in one piece sends none of these; its answer is in the outcome alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponsePiece {
    /// The response begins.
    Begin {
        /// The content type that the runtime named.
        content_type: Option<String>,
    },
    /// Some of its bytes.
    Chunk(Bytes),
}

/// Makes a way for a streamed response, for [`InvocationRequest::response_sink`](crate::InvocationRequest::response_sink).
pub fn response_stream() -> (ResponseSink, mpsc::Receiver<ResponsePiece>) {
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    (ResponseSink(sender), receiver)
}

impl ResponseSink {
    /// Hands a piece on, once there is room for it. Nothing happens when nobody takes them any more: the function goes on, as
    /// on Lambda when a client hangs up.
    pub(crate) async fn send(&self, piece: ResponsePiece) {
        let _ = self.0.send(piece).await;
    }
}
