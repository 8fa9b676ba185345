//! A client that never stops calling: it repeats a call until another try would not change the answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;

/// Between the tries of one call: short, because faults are expected while the server starts.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// After this time without an answer, the call is tried again.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Messages that are kept of each kind of trouble.
const SAMPLES_MAX: usize = 3;

/// All calls go through one client, which counts failed tries.
#[derive(Debug)]
pub struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    addresses: Vec<SocketAddr>,
    troubles: Mutex<BTreeMap<String, Trouble>>,
}

/// Why calls were tried again.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Trouble {
    pub times: u64,
    pub samples: Vec<String>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

/// An answer that trying again would not change.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether an earlier try may have had an effect too.
    pub repeated: bool,
}

impl Call {
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub fn post(path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            body: body.into(),
            ..Self::get(path)
        }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Reply {
    /// The answer as text, for messages.
    pub fn text(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let body: String = body.chars().take(300).collect();
        format!("{} {body}", self.status)
    }
}

impl Client {
    /// Calls one of these servers, any of them at each try.
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        assert!(!addresses.is_empty(), "there is somebody to call");
        Self {
            http: HttpClient::builder(TokioExecutor::new()).build_http(),
            addresses,
            troubles: Mutex::default(),
        }
    }

    /// Calls until there is an answer that another try would not change.
    pub async fn call(&self, call: &Call) -> Reply {
        let mut pause = PAUSE_MIN;
        let mut repeated = false;
        loop {
            match tokio::time::timeout(ANSWER_WITHIN, self.once(call)).await {
                Ok(Ok(reply)) if !is_passing(reply.status) => {
                    return Reply { repeated, ..reply };
                }
                Ok(Ok(reply)) => self.note(&format!("answered {}", reply.status), &reply.text()),
                Ok(Err(error)) => self.note("no answer", &format!("{error:#}")),
                Err(_elapsed) => self.note("answer takes too long", &call.path),
            }
            repeated = true;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Calls once.
    pub async fn once(&self, call: &Call) -> Result<Reply> {
        let address = self.addresses[fastrand::usize(..self.addresses.len())];
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("http://{address}{}", call.path))
            .header(http::header::CONTENT_TYPE, "application/json");
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(call.body.clone()))
            .context("make a request")?;
        let response = self.http.request(request).await.context("send a request")?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.context("read an answer")?.to_bytes();
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body,
            repeated: false,
        })
    }

    /// Why calls were tried again so far.
    pub fn troubles(&self) -> BTreeMap<String, Trouble> {
        self.troubles.lock().expect(UNBROKEN).clone()
    }

    fn note(&self, what: &str, sample: &str) {
        let mut troubles = self.troubles.lock().expect(UNBROKEN);
        let trouble = troubles.entry(what.to_owned()).or_default();
        trouble.times += 1;
        if trouble.samples.len() < SAMPLES_MAX && trouble.samples.iter().all(|it| it != sample) {
            trouble.samples.push(sample.to_owned());
        }
    }
}

const UNBROKEN: &str = "no thread panics while it holds the troubles";

/// Whether an SDK would try again.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// An ARN or a callback id in a path.
pub fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
