//! Finds the sender of a request: by its signature, by the cookie of the console, or, for metrics alone, by a password.

use access::signature::{Claim, Head, PayloadHasher};
use access::{AccessKeyId, Refusal, SecretKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, ORIGIN};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use model::Timestamp;
use wire::ApiError;

use lambda_api::ErrorCode;

use super::gate::Access;
use super::principal::Principal;
use super::sign_in::COOKIE;
use crate::http::{self, RequestBody};
use crate::permission::Service;

/// The target of a request, which says for which service it must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// A service at the main port. Users of the console reach it, too.
    Service(Service),
    /// A function URL. Here and at APIs only signatures count: browsers send the console's cookie to every port.
    FunctionUrl,
    /// An HTTP or REST API.
    Api,
}

impl Meant {
    fn is_named(self, name: &str) -> bool {
        match self {
            Self::Service(service) => service.is_named(name),
            Self::FunctionUrl => Service::Lambda.is_named(name),
            Self::Api => name == self.name(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Service(service) => service.name(),
            Self::FunctionUrl => Service::Lambda.name(),
            Self::Api => "execute-api",
        }
    }
}

/// What a request needs to be identified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub meant: Meant,
    pub bytes_max: usize,
    /// By the machine's clock: other machines make signatures.
    pub now: Timestamp,
}

/// The sender, and the body that was read for the signature.
pub(crate) struct Identified {
    pub principal: Principal,
    pub body: Bytes,
    /// The service in the signature; empty for an unsigned request.
    pub signed_for: String,
}

/// Finds the sender of a request.
///
/// # Errors
/// When the sender is unknown, or the body is not the signed one.
pub(super) async fn identify(
    access: &Access,
    parts: &Parts,
    body: RequestBody,
    asked: Asked,
) -> Result<Identified, ApiError> {
    let head = Head {
        method: parts.method.as_str(),
        uri: &parts.uri,
        headers: &parts.headers,
    };
    let Some(claim) = Claim::of(&head).map_err(refused)? else {
        let principal = match asked.meant {
            Meant::Service(_) => without_signature(access, parts, asked.now).await?,
            Meant::FunctionUrl | Meant::Api => return Err(refused(Refusal::unsigned())),
        };
        let (body, _) = read(body, asked.bytes_max).await?;
        return Ok(Identified {
            principal,
            body,
            signed_for: String::new(),
        });
    };
    claim.check_time(asked.now.as_millis()).map_err(refused)?;
    if !asked.meant.is_named(&claim.scope.service) {
        let message = format!(
            "Credential should be scoped to correct service: '{}'.",
            asked.meant.name()
        );
        return Err(ApiError::new(ErrorCode::InvalidSignature, message));
    }
    let (principal, secret) = claimed(access, &claim, asked.now).await?;
    if !claim.needs_body() {
        // A caller that does not know the secret is refused before the body is read.
        claim.verify(&head, &secret, None).map_err(refused)?;
    }
    let (body, hash) = read(body, asked.bytes_max).await?;
    if claim.needs_body() {
        claim.verify(&head, &secret, Some(&hash)).map_err(refused)?;
    }
    claim.check_payload(&hash).map_err(refused)?;
    Ok(Identified {
        principal,
        body,
        signed_for: claim.scope.service,
    })
}

/// The principal whose credentials a claim names, and their secret.
async fn claimed(
    access: &Access,
    claim: &Claim,
    now: Timestamp,
) -> Result<(Principal, SecretKey), ApiError> {
    let id = &claim.access_key_id;
    if id.is_of_session() {
        let token = claim.session_token.as_deref().unwrap_or_default();
        let looked_up = access.sessions.look_up(id, token, now.as_millis());
        let (subject, secret) = looked_up.map_err(refused)?;
        let (function, version) = subject.split_once(':').unwrap_or((&subject, ""));
        let principal = Principal::Process {
            function: function.to_owned(),
            version: version.to_owned(),
        };
        return Ok((principal, secret));
    }
    let key = access.find_key(id, now).await?;
    // A lasting key has no token. AWS, too, refuses a request that sends one with it.
    let key = key.filter(|_| claim.session_token.is_none());
    let key = key.ok_or_else(|| refused(Refusal::unknown_key()))?;
    let secret = key.secret.clone();
    Ok((Principal::Key(key), secret))
}

/// The sender of an unsigned request.
async fn without_signature(
    access: &Access,
    parts: &Parts,
    now: Timestamp,
) -> Result<Principal, ApiError> {
    let unsigned = || refused(Refusal::unsigned());
    if let Some(value) = cookie(&parts.headers) {
        let principal = access.of_cookie(value, now).await?;
        let principal = principal.ok_or_else(unsigned)?;
        let changes = !matches!(parts.method, Method::GET | Method::HEAD);
        // Browsers send `Origin` with every request that changes something. It was compared already.
        if changes && !parts.headers.contains_key(ORIGIN) {
            return Err(unsigned());
        }
        return Ok(principal);
    }
    if parts.method == Method::GET
        && parts.uri.path() == "/metrics"
        && let Some((id, secret)) = password(&parts.headers)
    {
        let key = access.find_key(&id, now).await?;
        let key = key.filter(|key| key.secret.is(&secret));
        return key
            .map(Principal::Key)
            .ok_or_else(|| refused(Refusal::unknown_key()));
    }
    Err(unsigned())
}

/// The console's cookie.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    http::cookie(headers, COOKIE)
}

/// User name and password: metrics collectors cannot sign requests.
fn password(headers: &HeaderMap) -> Option<(AccessKeyId, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((AccessKeyId::parse(id)?, secret.to_owned()))
}

/// Reads a body whole, and hashes it on the way.
async fn read(
    body: RequestBody,
    bytes_max: usize,
) -> Result<(Bytes, access::signature::PayloadHash), ApiError> {
    let mut hasher = PayloadHasher::default();
    let bytes = http::read_pieces(body, bytes_max, |piece| hasher.update(piece)).await?;
    Ok((bytes, hasher.finish()))
}

/// A refusal as the Lambda API sends it.
pub(super) fn refused(refusal: Refusal) -> ApiError {
    use access::RefusalKind;
    let code = match refusal.kind {
        RefusalKind::MissingAuthenticationToken => ErrorCode::MissingAuthenticationToken,
        RefusalKind::IncompleteSignature => ErrorCode::IncompleteSignature,
        RefusalKind::InvalidSignature => ErrorCode::InvalidSignature,
        RefusalKind::UnrecognizedClient => ErrorCode::UnrecognizedClient,
        RefusalKind::ExpiredToken => ErrorCode::ExpiredToken,
        RefusalKind::AccessDenied => ErrorCode::AccessDenied,
    };
    ApiError::new(code, refusal.message)
}
