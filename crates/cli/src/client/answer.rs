//! What the service answers.

use bytes::Bytes;
use http::HeaderMap;

/// An HTTP answer with any status.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}
