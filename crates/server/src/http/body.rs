//! Bodies: of answers, and of requests that are read whole.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::body::{Frame, SizeHint};
use lambda_api::ErrorCode;
use tokio::sync::mpsc;
use wire::ApiError;

use super::RequestBody;

/// The body of every answer.
pub(crate) enum Body {
    /// The whole body, known before the answer begins.
    Whole(Full<Bytes>),
    /// Pieces as they come, until their sender is dropped.
    Stream(mpsc::Receiver<Bytes>),
    /// The same, but it may end before it is whole.
    Interruptible(mpsc::Receiver<Result<Bytes, BrokenOff>>),
}

/// A body ended before it was whole; its connection ends too, so that the client notices.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the function failed before its answer was whole")]
pub(crate) struct BrokenOff;

impl Default for Body {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match &mut *self {
            Self::Whole(whole) => Pin::new(whole)
                .poll_frame(context)
                .map_err(|never: Infallible| match never {}),
            Self::Stream(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|piece| Ok(Frame::data(piece)))),
            Self::Interruptible(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Stream(_) | Self::Interruptible(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Stream(_) | Self::Interruptible(_) => SizeHint::default(),
        }
    }
}

/// Why a request's body could not be read.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is larger than allowed.
    TooLarge,
    /// The connection broke.
    Broken,
    /// Its sender stopped half way.
    Slow,
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(
                ErrorCode::RequestTooLarge,
                "The request payload exceeded the limit.",
            ),
            BodyError::Broken => Self::new(
                ErrorCode::InvalidRequestContent,
                "The connection broke before the request was whole.",
            ),
            BodyError::Slow => Self::slow(),
        }
    }
}

/// Reads a body of at most `bytes_max`.
pub(crate) async fn read_body(body: RequestBody, bytes_max: usize) -> Result<Bytes, BodyError> {
    read_pieces(body, bytes_max, |_| {}).await
}

/// The same, and calls `show` with each piece as it comes.
pub(crate) async fn read_pieces(
    mut body: RequestBody,
    bytes_max: usize,
    mut show: impl FnMut(&[u8]),
) -> Result<Bytes, BodyError> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut read = 0;
    while let Some(piece) = body.piece().await {
        let data = piece?;
        read += data.len();
        if read > bytes_max {
            return Err(BodyError::TooLarge);
        }
        show(&data);
        // Nearly every body arrives in one piece, which needs no copy.
        match first.take() {
            None if rest.is_empty() => first = Some(data),
            None => rest.extend_from_slice(&data),
            Some(start) => {
                rest.extend_from_slice(&start);
                rest.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| rest.freeze()))
}
