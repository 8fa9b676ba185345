//! `/lambdura/v1/session`: signing in to the console, and out again.
//!
//! All clients may ask: `GET` says whether a sign-in is required, and who is signed in. Below it, `oidc` sends a
//! browser to the OpenID provider, and the provider sends it back to `oidc/callback`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::{CACHE_CONTROL, HOST, HeaderValue, LOCATION, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use lambda_api::ErrorCode;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use stdx::error_chain;
use utoipa::ToSchema;
use wire::ApiError;

use crate::api::small_json;
use crate::app::App;
use crate::http::{Body, Query, RequestBody, json};
use crate::oidc::{self, Oidc, OidcError, Reached};

const ROUTE: &str = "/lambdura/v1/session";

/// Whether a path is about sessions.
pub(crate) fn is_for(path: &str) -> bool {
    [ROUTE, oidc::ROUTE, oidc::CALLBACK].contains(&path)
}

/// Whether the page of a provider sends browsers to this path.
pub(crate) fn is_return(path: &str) -> bool {
    path == oidc::CALLBACK
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Whether one has to sign in at all.
    pub required: bool,
    /// Whether an OpenID provider signs people in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provider: bool,
    /// The name of the access key that was shown, or of the person; absent when nobody is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What one may do of what the console offers: whether an action may be allowed, to something. Absent when nobody is
    /// signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may: Option<BTreeMap<String, bool>>,
}

/// An access key, to sign in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
}

/// Returns who is signed in; `POST` signs in with an access key, `DELETE` signs out.
#[utoipa::path(
    method(get, post, delete),
    path = "/lambdura/v1/session",
    request_body(content = Option<Credentials>, description = "of `POST`"),
    responses((status = 200, body = Session)),
)]
pub(crate) async fn handle(
    app: &Arc<App>,
    request: &Parts,
    address: IpAddr,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let path = request.uri.path();
    if path != ROUTE {
        let oidc = app.oidc.as_ref().filter(|_| app.access.is_enforced());
        let (Some(oidc), &Method::GET) = (oidc, &request.method) else {
            let message = "No OpenID provider signs anybody in here.";
            return Err(ApiError::new(ErrorCode::UnknownOperation, message));
        };
        let now = app.machine_now();
        app.access.count_sign_in(address, now)?;
        return by_provider(app, oidc, request, address, now).await;
    }
    let After { name, may, cookie } = by_key(app, request, address, body).await?;
    let session = Session {
        required: app.access.is_enforced(),
        provider: app.oidc.is_some(),
        name,
        may,
    };
    let mut answer = json(StatusCode::OK, &session);
    let answered = answer.headers_mut();
    answered.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        answered.insert(SET_COOKIE, header(&cookie)?);
    }
    Ok(answer)
}

/// The sign-in after a request.
#[derive(Default)]
struct After {
    name: Option<String>,
    may: Option<BTreeMap<String, bool>>,
    /// The cookie that the answer sets.
    cookie: Option<String>,
}

/// Handles a sign-in by access key, and returns the new state.
async fn by_key(
    app: &App,
    request: &Parts,
    address: IpAddr,
    body: RequestBody,
) -> Result<After, ApiError> {
    let (now, headers) = (app.machine_now(), &request.headers);
    let access = &app.access;
    match request.method {
        Method::GET if access.is_enforced() => Ok(After {
            name: access.signed_in(headers, now).await?,
            may: access.offered(headers, now).await?,
            cookie: None,
        }),
        Method::GET => Ok(After::default()),
        Method::POST if access.is_enforced() => {
            let Credentials {
                access_key_id,
                secret_access_key,
            } = small_json(body).await?;
            let signing_in = access.sign_in(&access_key_id, &secret_access_key, address, now);
            let (cookie, name, may) = signing_in.await?;
            Ok(After {
                name: Some(name),
                may,
                cookie: Some(cookie),
            })
        }
        Method::DELETE => Ok(After {
            cookie: Some(access.sign_out(headers).await?),
            ..After::default()
        }),
        _ => {
            let message = "Nobody has to sign in here.";
            Err(ApiError::new(ErrorCode::UnknownOperation, message))
        }
    }
}

async fn by_provider(
    app: &App,
    oidc: &Oidc,
    request: &Parts,
    address: IpAddr,
    now: Timestamp,
) -> Result<Response<Body>, ApiError> {
    let host = request.headers.get(HOST);
    let reached = Reached {
        host: host.and_then(|host| host.to_str().ok()).unwrap_or_default(),
        is_tls: app.access.is_tls(),
    };
    if request.uri.path() == oidc::ROUTE {
        return match oidc.begin(reached, now).await {
            Ok(departure) => redirect(&departure.location, &[departure.cookie]),
            Err(error) => refused(app, &error, reached, address, now),
        };
    }
    let query = Query::parse(request.uri.query())?;
    let completed = oidc.complete(reached, &request.headers, &query, now).await;
    match completed {
        Ok(who) => {
            let cookie = app.access.sign_in_person(&who, address, now).await?;
            redirect("/", &[cookie, oidc::forget(reached.is_tls)])
        }
        Err(error) => refused(app, &error, reached, address, now),
    }
}

/// Sends a browser back to the sign-in page, with the reason in short; the log has more.
fn refused(
    app: &App,
    error: &OidcError,
    reached: Reached<'_>,
    address: IpAddr,
    now: Timestamp,
) -> Result<Response<Body>, ApiError> {
    let why = match error {
        OidcError::NotBegun => "late",
        OidcError::Refused(_) => "refused",
        OidcError::NoPolicy(_) => "no-policy",
        OidcError::Provider(_)
        | OidcError::Token(_)
        | OidcError::NotForThis(_)
        | OidcError::Randomness(_) => "failed",
    };
    let error = error_chain(error);
    tracing::warn!(%address, error, "nobody is signed in by the OpenID provider");
    app.access.note_not_signed_in(address, now);
    redirect(&format!("/?sign-in={why}"), &[oidc::forget(reached.is_tls)])
}

fn redirect(location: &str, cookies: &[String]) -> Result<Response<Body>, ApiError> {
    let mut answer = Response::new(Body::default());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let headers = answer.headers_mut();
    headers.insert(LOCATION, header(location)?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        headers.append(SET_COOKIE, header(cookie)?);
    }
    Ok(answer)
}

fn header(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|_| {
        let message = "The OpenID provider says something that is not a URL.";
        ApiError::new(ErrorCode::Service, message)
    })
}
