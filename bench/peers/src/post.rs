//! Requests over connections that are kept.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client with a pool of connections.
#[derive(Clone, Debug)]
pub struct Poster(Client<HttpConnector, Full<Bytes>>);

impl Default for Poster {
    fn default() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }
}

impl Poster {
    /// Posts JSON and returns the answer of a request that succeeded.
    pub async fn post(&self, url: &str, body: String) -> Result<Bytes> {
        let request = Request::post(url)
            .header("content-type", "application/json")
            .body(Full::from(body))
            .context("make a request")?;
        let response = self.0.request(request).await.context("post")?;
        let status = response.status();
        let failed = response.headers().contains_key("x-amz-function-error");
        let body = response.into_body().collect().await.context("read an answer")?;
        let body = body.to_bytes();
        ensure!(status.is_success() && !failed, "POST {url}: {status} {body:?}");
        Ok(body)
    }
}

/// Answers a callback, as an outside client would: repeats until it is accepted, because its execution may not wait for
/// it yet.
pub async fn answer(poster: Poster, url: String, answer: crate::work::Parcel) {
    const TRIES: u32 = 200;
    let body = serde_json::to_string(&answer).expect("plain data is JSON");
    for _ in 0..TRIES {
        match poster.post(&url, body.clone()).await {
            Ok(_) => return,
            Err(error) => eprintln!("{error:#}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
