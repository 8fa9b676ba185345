//! Signs requests by the header `Authorization`: for the command line, which calls a service like AWS's clients do.

use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::claim::{Head, canonical_request_of};
use super::payload::PayloadHash;
use super::scope::{ALGORITHM, Scope, signature};
use super::{canonical, moment};
use crate::key::SecretKey;

/// The credentials and the scope of signatures.
#[derive(Debug, Clone)]
pub struct Signer {
    pub access_key_id: String,
    pub secret: SecretKey,
    pub session_token: Option<String>,
    pub region: String,
    pub service: String,
}

/// Signs a request that is to be sent at `now`, in milliseconds since the epoch. It must already have its `Host`; of
/// its other headers only AWS's own are signed.
///
/// # Errors
/// When the credentials cannot be put into a header, or the request has no `Host`.
pub fn sign<B>(
    request: &mut http::Request<B>,
    body: &[u8],
    signer: &Signer,
    now: i64,
) -> Result<(), http::Error> {
    let timestamp = moment::text(now);
    let scope = Scope {
        date: timestamp[..8].to_owned(),
        region: signer.region.clone(),
        service: signer.service.clone(),
    };
    let headers = request.headers_mut();
    headers.insert("x-amz-date", HeaderValue::from_str(&timestamp)?);
    if let Some(token) = &signer.session_token {
        headers.insert("x-amz-security-token", HeaderValue::from_str(token)?);
    }
    let payload = PayloadHash::of(body).to_string();
    // S3 requires the hash as a header too, and paths as they are sent.
    let is_s3 = signer.service == "s3";
    if is_s3 {
        headers.insert("x-amz-content-sha256", HeaderValue::from_str(&payload)?);
    }
    let mut names: Vec<&str> = vec!["host"];
    let own = request.headers().keys().map(http::HeaderName::as_str);
    names.extend(own.filter(|name| name.starts_with("x-amz-")));
    names.sort_unstable();
    let names = names.join(";");
    let head = Head {
        method: request.method().as_str(),
        uri: request.uri(),
        headers: request.headers(),
    };
    let path = match is_s3 {
        true => head.uri.path().to_owned(),
        false => canonical::path(head.uri.path()),
    };
    let canonical = canonical_request_of(&head, &path, &names, &payload);
    // The only possible failure is a `Host` that is missing or not text.
    let canonical = canonical.ok_or_else(|| HeaderValue::from_str("\n").expect_err("no value"))?;
    let code = signature(signer.secret.reveal(), &scope, &timestamp, &canonical);
    let mut value = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={names}, Signature=",
        signer.access_key_id,
        scope.text()
    );
    for byte in code.as_ref() {
        value.push_str(&format!("{byte:02x}"));
    }
    let value = HeaderValue::from_str(&value)?;
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(())
}
