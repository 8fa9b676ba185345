//! An answer that is passed on while its function writes it.

use std::sync::Arc;

use bytes::Bytes;
use function_host::{InvocationOutcome, ResponsePiece, response_stream};
use runtime::{PlainInvocation, PlainOutcome};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::callers::Place;

/// The outcome of an invocation, with the host's report if there is one.
type Ended = (PlainOutcome, Option<InvocationOutcome>);

/// The answer of a function that can stream it.
pub(crate) enum Streamed {
    /// The function has begun to stream.
    Begun(AnswerStream),
    /// The function answered in one piece, or not at all.
    Whole(Box<Ended>),
}

/// An answer that has begun.
pub(crate) struct AnswerStream {
    /// As the function set it.
    pub content_type: Option<String>,
    pieces: mpsc::Receiver<ResponsePiece>,
    ended: JoinHandle<Ended>,
    _place: Place,
}

/// Runs a plain function, and returns when its answer begins. The function continues when this is dropped.
pub(crate) async fn invoke_streamed(app: &Arc<App>, invocation: PlainInvocation) -> Streamed {
    let place = match app.callers.enter() {
        Ok(place) => place,
        Err(error) => {
            return Streamed::Whole(Box::new((PlainOutcome::Throttled(error.into()), None)));
        }
    };
    let (sink, mut pieces) = response_stream();
    let running = Arc::clone(app);
    let ended = app
        .tasks
        .spawn(async move { running.runner.plain_streamed(invocation, sink).await });
    match pieces.recv().await {
        Some(ResponsePiece::Begin { content_type }) => Streamed::Begun(AnswerStream {
            content_type,
            pieces,
            ended,
            _place: place,
        }),
        Some(ResponsePiece::Chunk(_)) => unreachable!("an answer begins before its first chunk"),
        None => Streamed::Whole(Box::new(join(ended).await)),
    }
}

impl AnswerStream {
    /// Returns the next bytes; `None` once there are no more.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.pieces.recv().await? {
                ResponsePiece::Chunk(bytes) => return Some(bytes),
                ResponsePiece::Begin { .. } => {}
            }
        }
    }

    /// Waits for the end of the invocation, after its last bytes.
    pub async fn ended(self) -> Ended {
        // A caller that wants no more bytes must not delay the function.
        drop(self.pieces);
        join(self.ended).await
    }
}

async fn join(ended: JoinHandle<Ended>) -> Ended {
    match ended.await {
        Ok(ended) => ended,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
