//! Receives notices of other servers: on a port of its own, which serves nothing else.

use std::sync::Arc;

use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, Response};
use lambda_api::ErrorCode;
use model::ExecutionId;
use runtime::{Cluster, Notice};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wire::ApiError;

use super::proof;
use crate::app::App;
use crate::http::connections::Connections;
use crate::http::listen;
use crate::http::{Body, RequestBody, no_content, read_body, refusal};

/// The path of notices.
pub(super) const ROUTE: &str = "/lambdura/v1/servers/notice";

/// Largest notice: a thousand ids.
const BYTES_MAX: usize = 256 * 1024;

/// A notice on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NoticeBody {
    executions: Vec<ExecutionId>,
    shards_moved: bool,
    /// Missing from servers before 0.2.
    #[serde(default)]
    places_moved: bool,
}

impl From<Notice> for NoticeBody {
    fn from(notice: Notice) -> Self {
        let Notice {
            executions,
            shards_moved,
            places_moved,
        } = notice;
        Self {
            executions,
            shards_moved,
            places_moved,
        }
    }
}

/// Receives notices of other servers until the shutdown.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    cluster: Arc<Cluster>,
    secret: Arc<str>,
    connections: Connections,
    shutdown: CancellationToken,
) {
    let handle = move |request, _peer| {
        let (app, cluster) = (Arc::clone(&app), Arc::clone(&cluster));
        let secret = Arc::clone(&secret);
        async move { handle(&app, &cluster, &secret, request).await }
    };
    listen::serve(listener, None, handle, connections, shutdown).await;
}

async fn handle(
    app: &App,
    cluster: &Cluster,
    secret: &str,
    request: Request<RequestBody>,
) -> Response<Body> {
    let is_notice = *request.method() == Method::POST && request.uri().path() == ROUTE;
    let token = request.headers().get(AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let (true, Some(token)) = (is_notice, token.map(ToOwned::to_owned)) else {
        return refused();
    };
    let Ok(body) = read_body(request.into_body(), BYTES_MAX).await else {
        return refused();
    };
    if !proof::is_proven(&token, secret, cluster.id(), &body, app.driver.now()) {
        return refused();
    }
    match serde_json::from_slice::<NoticeBody>(&body) {
        Ok(notice) => {
            cluster.hear(Notice {
                executions: notice.executions,
                shards_moved: notice.shards_moved,
                places_moved: notice.places_moved,
            });
            no_content()
        }
        Err(error) => refusal(ApiError::new(
            ErrorCode::InvalidRequestContent,
            format!("a notice of another version of Lambdura? {error}"),
        )),
    }
}

/// Reveals nothing about this server.
fn refused() -> Response<Body> {
    let message = "Only servers of the same store are heard here.";
    refusal(ApiError::new(ErrorCode::AccessDenied, message))
}
