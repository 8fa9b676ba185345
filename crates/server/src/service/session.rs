//! `/lambdura/v1/session`: signing in to the console, and out again.
//!
//! Anybody may ask: `GET` says whether one has to sign in, and who one is.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE};
use hyper::{HeaderMap, Method, Response, StatusCode};
use lambda_api::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::ApiError;

use crate::api::small_json;
use crate::app::App;
use crate::http::{Body, RequestBody, json};

pub(crate) const ROUTE: &str = "/lambdura/v1/session";

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Whether one has to sign in at all.
    pub required: bool,
    /// The name of the access key that was shown; absent when nobody is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An access key, to sign in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
}

/// Answers with who is signed in; `POST` signs in with an access key, `DELETE` signs out.
#[utoipa::path(
    method(get, post, delete),
    path = "/lambdura/v1/session",
    request_body(content = Option<Credentials>, description = "of `POST`"),
    responses((status = 200, body = Session)),
)]
pub(crate) async fn handle(
    app: &Arc<App>,
    method: &Method,
    headers: &HeaderMap,
    address: IpAddr,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let now = app.machine_now();
    let access = &app.access;
    let (session, cookie) = match *method {
        Method::GET => {
            let name = match access.is_enforced() {
                true => access.signed_in(headers, now).await?,
                false => None,
            };
            let required = access.is_enforced();
            (Session { required, name }, None)
        }
        Method::POST if access.is_enforced() => {
            let Credentials {
                access_key_id,
                secret_access_key,
            } = small_json(body).await?;
            let signing_in = access.sign_in(&access_key_id, &secret_access_key, address, now);
            let (cookie, name) = signing_in.await?;
            let required = true;
            let name = Some(name);
            (Session { required, name }, Some(cookie))
        }
        Method::DELETE => {
            let required = access.is_enforced();
            let name = None;
            (Session { required, name }, Some(access.sign_out(headers)))
        }
        _ => {
            let message = "Nobody has to sign in here.";
            return Err(ApiError::new(ErrorCode::UnknownOperation, message));
        }
    };
    let mut answer = json(StatusCode::OK, &session);
    let answered = answer.headers_mut();
    answered.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        let cookie = HeaderValue::from_str(&cookie);
        answered.insert(SET_COOKIE, cookie.expect("a cookie is made of letters"));
    }
    Ok(answer)
}
