//! One connection that stays open, as an AWS SDK keeps it.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An HTTP/1.1 connection for one request at a time.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connect to {address}"))?;
        stream
            .set_nodelay(true)
            .context("send small requests at once")?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .with_context(|| format!("speak HTTP with {address}"))?;
        // The task ends with the sender; a request returns the connection's errors.
        tokio::spawn(connection);
        Ok(Self { address, sender })
    }

    /// Sends a request and reads the whole answer.
    pub async fn post(
        &mut self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer> {
        let mut request =
            Request::post(path).header(http::header::CONTENT_TYPE, "application/json");
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        self.send(request, body.into())
            .await
            .with_context(|| format!("POST {path} to {}", self.address))
    }

    /// As [`Connection::post`], without a body.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(Request::get(path), Bytes::new())
            .await
            .with_context(|| format!("GET {path} from {}", self.address))
    }

    async fn send(&mut self, request: request::Builder, body: Bytes) -> Result<Answer> {
        let request = request
            .header(http::header::HOST, self.address.to_string())
            .body(Full::new(body))
            .context("make a request")?;
        let response = self.sender.send_request(request).await.context("send it")?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.context("read the answer")?.to_bytes();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }
}
