//! Sends notices to other servers over HTTP.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use runtime::{Clock, MessageFuture, Messenger, Notice};
use stdx::error_chain;
use store::ServerRecord;

use super::notices::{NoticeBody, ROUTE};
use super::proof;

/// How long a server may take to accept a notice. After that it finds the news in the store.
const WITHIN: Duration = Duration::from_secs(1);

/// Sends notices to the addresses that servers have stored.
pub(crate) struct HttpMessenger {
    client: Client<HttpConnector, Full<Bytes>>,
    clock: Arc<dyn Clock>,
}

impl HttpMessenger {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(WITHIN));
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            clock,
        }
    }

    async fn send(&self, to: &ServerRecord, notice: Notice) -> Result<(), String> {
        let body = serde_json::to_vec(&NoticeBody::from(notice)).expect("ids are always JSON");
        let token = proof::token(&to.secret, to.id, &body, self.clock.now())?;
        let request = Request::post(format!("http://{}{ROUTE}", to.address))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| format!("`{}` is not an address: {error}", to.address))?;
        let answer = self.client.request(request).await;
        match answer.map_err(|error| error_chain(&error))?.status() {
            StatusCode::NO_CONTENT => Ok(()),
            other => Err(format!("it answers {other}")),
        }
    }
}

impl Messenger for HttpMessenger {
    fn tell<'a>(&'a self, to: &'a ServerRecord, notice: Notice) -> MessageFuture<'a> {
        Box::pin(async move {
            match tokio::time::timeout(WITHIN, self.send(to, notice)).await {
                Ok(told) => told,
                Err(_) => Err(format!("no answer within {} s", WITHIN.as_secs())),
            }
        })
    }
}
