//! The little HTTP that every face shares: bodies, paths, queries, answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::body::{Frame, SizeHint};
use hyper::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::error::ApiError;
use crate::request_body::RequestBody;

/// The body of every answer.
pub(crate) enum Body {
    /// All of it, known before the answer begins.
    Whole(Full<Bytes>),
    /// Pieces as they come, until their sender is gone.
    Stream(mpsc::Receiver<Bytes>),
}

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
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(whole) => Pin::new(whole).poll_frame(context),
            Self::Stream(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Stream(_) => SizeHint::default(),
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

/// Reads a body of at most `bytes_max`.
pub(crate) async fn read_body(mut body: RequestBody, bytes_max: usize) -> Result<Bytes, BodyError> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut read = 0;
    while let Some(piece) = body.piece().await {
        let data = piece?;
        read += data.len();
        if read > bytes_max {
            return Err(BodyError::TooLarge);
        }
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

/// The text that a percent-encoded path segment or query value stands for; none unless it is UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// The parameters of a query string.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// When something in it is not text: a filter that nobody understands must not count as absent,
    /// or the answer would be about everything.
    pub fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let decoded = |text: &str| {
            decode(&text.replace('+', "%20")).ok_or_else(|| {
                let shown: String = text.chars().take(64).collect();
                ApiError::invalid_parameter(format!(
                    "The query is not UTF-8 text, percent-encoded, at '{shown}'"
                ))
            })
        };
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// The first value of a parameter; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a repeated parameter.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let pairs = self
            .0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty());
        pairs.map(|(_, value)| value.as_str())
    }
}

/// An answer with a JSON body.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response<Body> {
    let bytes = serde_json::to_vec(body).expect("wire types are always JSON");
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(Bytes::from(bytes)))
        .expect("the parts are all valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_empty_values_count_as_absent() {
        let query = Query::parse(Some(
            "Marker=a%2Fb&Statuses=RUNNING&Statuses=FAILED&Qualifier=&x",
        ));
        let query = query.expect("it is text");
        assert_eq!(query.get("Marker"), Some("a/b"));
        assert_eq!(
            query.all("Statuses").collect::<Vec<_>>(),
            ["RUNNING", "FAILED"]
        );
        assert_eq!(query.get("Qualifier"), None);
        assert_eq!(query.get("x"), None);
    }

    #[test]
    fn a_query_that_is_not_text_is_refused() {
        for query in ["Marker=%FF", "%C3=x", "Marker=ok&Statuses=%ED%A0%80"] {
            let refused = Query::parse(Some(query)).expect_err(query);
            assert_eq!(refused.code.status(), 400, "{query}");
        }
    }
}
