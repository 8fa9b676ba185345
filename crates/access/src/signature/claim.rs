//! A request's claim about its sender, and its verification.

use http::{HeaderMap, Uri};

use super::payload::{PayloadHash, hex};
use super::scope::{ALGORITHM, Scope, signature};
use super::{authorization, canonical, moment};
use crate::key::{AccessKeyId, SecretKey};
use crate::refusal::{Refusal, RefusalKind};

/// Largest deviation of a signature's time, in milliseconds. Source: IAM user guide, "Troubleshoot Signature Version
/// 4": requests expire five minutes after their time.
const SKEW_MILLIS: i64 = 5 * 60 * 1_000;

/// Longest validity of a presigned URL, in seconds. Source: the same guide: seven days.
const EXPIRES_SECONDS_MAX: i64 = 7 * 24 * 3_600;

/// Most signed headers. More than clients send, and few enough to process.
const SIGNED_HEADERS_MAX: usize = 64;

/// Longest session token, in bytes.
const TOKEN_BYTES_MAX: usize = 8_192;

const DATE: &str = "x-amz-date";
const TOKEN: &str = "x-amz-security-token";
const CONTENT_HASH: &str = "x-amz-content-sha256";

/// The signed parts of a request, besides its body.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub method: &'a str,
    pub uri: &'a Uri,
    /// Includes `Host`, even if the request came by HTTP/2.
    pub headers: &'a HeaderMap,
}

/// The place of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedBy {
    /// In the header `Authorization`.
    Header,
    /// In the query: a presigned URL, valid for this many seconds.
    Query { expires_seconds: i64 },
}

/// A request's declaration about its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredPayload {
    /// None: the signature covers the hash of the body that was sent.
    Undeclared,
    /// It has this hash.
    Hash(PayloadHash),
    /// The body is not signed: an intermediary may change it. TLS prevents that.
    Unsigned,
}

/// A request's claim about its sender. It is unproven until [`Claim::verify`] succeeds.
#[derive(Debug, Clone)]
pub struct Claim {
    pub access_key_id: AccessKeyId,
    pub scope: Scope,
    pub session_token: Option<String>,
    pub signed_by: SignedBy,
    pub payload: DeclaredPayload,
    signed_at: i64,
    timestamp: String,
    signed_headers: String,
    signature: [u8; 32],
}

impl Claim {
    /// Reads the claim of a request; `None` if it makes none.
    ///
    /// # Errors
    /// `IncompleteSignatureException` when something is missing or malformed, `InvalidSignatureException` when a
    /// required header is not signed, `UnrecognizedClientException` when the access key id is invalid.
    pub fn of(head: &Head<'_>) -> Result<Option<Self>, Refusal> {
        let parameters = Parameters::of(head.uri.query());
        let header = one(head.headers, http::header::AUTHORIZATION.as_str())?;
        match (header, &parameters) {
            (Some(_), Some(_)) => Err(Refusal::incomplete(
                "The request is signed twice: by its header and by its query.",
            )),
            (Some(header), None) => match authorization::parse_header(header)? {
                Some(parts) => Self::by_header(head, &parts).map(Some),
                None => Ok(None),
            },
            (None, Some(parameters)) => Self::by_query(head, parameters).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn by_header(head: &Head<'_>, parts: &authorization::Parts<'_>) -> Result<Self, Refusal> {
        let (Some(credential), Some(signed_headers), Some(signature)) =
            (parts.credential, parts.signed_headers, parts.signature)
        else {
            return Err(Refusal::incomplete(authorization::missing(parts)));
        };
        let timestamp = match one(head.headers, DATE)? {
            Some(timestamp) => timestamp,
            None => one(head.headers, http::header::DATE.as_str())?.ok_or_else(|| {
                Refusal::incomplete(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
                )
            })?,
        };
        let token = one(head.headers, TOKEN)?;
        Self::new(
            head,
            credential,
            signed_headers,
            signature,
            timestamp,
            token,
            SignedBy::Header,
        )
    }

    fn by_query(head: &Head<'_>, parameters: &Parameters) -> Result<Self, Refusal> {
        if parameters.algorithm.as_deref() != Some(ALGORITHM) {
            return Err(Refusal::incomplete(format!(
                "'X-Amz-Algorithm' must be {ALGORITHM}."
            )));
        }
        let needed = |name: &str, value: &Option<String>| {
            let value = value.clone();
            value.ok_or_else(|| {
                Refusal::incomplete(format!(
                    "AWS query-string parameters must include '{name}'."
                ))
            })
        };
        let expires = needed("X-Amz-Expires", &parameters.expires)?;
        let expires = expires.parse::<u32>().map(i64::from);
        let expires_seconds = expires
            .ok()
            .filter(|seconds| *seconds <= EXPIRES_SECONDS_MAX);
        let expires_seconds = expires_seconds.ok_or_else(|| {
            Refusal::incomplete(format!(
                "'X-Amz-Expires' must be a number of seconds, {EXPIRES_SECONDS_MAX} at the most."
            ))
        })?;
        Self::new(
            head,
            &needed("X-Amz-Credential", &parameters.credential)?,
            &needed("X-Amz-SignedHeaders", &parameters.signed_headers)?,
            &needed("X-Amz-Signature", &parameters.signature)?,
            &needed("X-Amz-Date", &parameters.date)?,
            parameters.token.as_deref(),
            SignedBy::Query { expires_seconds },
        )
    }

    fn new(
        head: &Head<'_>,
        credential: &str,
        signed_headers: &str,
        signature: &str,
        timestamp: &str,
        session_token: Option<&str>,
        signed_by: SignedBy,
    ) -> Result<Self, Refusal> {
        let (access_key_id, scope) = authorization::credential(credential)?;
        let signed_at = moment::parse(timestamp).ok_or_else(|| {
            Refusal::incomplete(
                "Date must be in ISO-8601 'basic format', such as 20150830T123600Z.",
            )
        })?;
        if !timestamp.starts_with(&scope.date) {
            return Err(Refusal::mismatch_because(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
            ));
        }
        if session_token.is_some_and(|token| token.len() > TOKEN_BYTES_MAX) {
            return Err(Refusal::unknown_key());
        }
        check_signed(head, signed_headers)?;
        let payload = match one(head.headers, CONTENT_HASH)? {
            None => DeclaredPayload::Undeclared,
            Some("UNSIGNED-PAYLOAD") => DeclaredPayload::Unsigned,
            Some(text) => DeclaredPayload::Hash(PayloadHash::parse(text).ok_or_else(|| {
                Refusal::incomplete(
                    "'X-Amz-Content-Sha256' must be the SHA-256 of the body or UNSIGNED-PAYLOAD.",
                )
            })?),
        };
        Ok(Self {
            access_key_id,
            scope,
            session_token: session_token.map(str::to_owned),
            signed_by,
            payload,
            signed_at,
            timestamp: timestamp.to_owned(),
            signed_headers: signed_headers.to_owned(),
            // A malformed code matches no signature.
            signature: hex(signature).ok_or_else(Refusal::mismatch)?,
        })
    }

    /// Whether the signature's time is current at `now`, in milliseconds since the epoch.
    ///
    /// # Errors
    /// `InvalidSignatureException` when it is too old or too new.
    pub fn check_time(&self, now: i64) -> Result<(), Refusal> {
        let lasts = match self.signed_by {
            SignedBy::Header => SKEW_MILLIS,
            SignedBy::Query { expires_seconds } => expires_seconds * 1_000,
        };
        let signed = &self.timestamp;
        let at = moment::text(now);
        let refuse = |message| Err(Refusal::mismatch_because(message));
        if self.signed_at > now + SKEW_MILLIS {
            let until = moment::text(now + SKEW_MILLIS);
            return refuse(format!(
                "Signature not yet current: {signed} is still later than {until} ({at} + 5 min.)"
            ));
        }
        if self.signed_at + lasts < now {
            return match self.signed_by {
                SignedBy::Header => {
                    let since = moment::text(now - SKEW_MILLIS);
                    refuse(format!(
                        "Signature expired: {signed} is now earlier than {since} ({at} - 5 min.)"
                    ))
                }
                SignedBy::Query { expires_seconds } => refuse(format!(
                    "Signature expired: {signed} + {expires_seconds} s is now earlier than {at}"
                )),
            };
        }
        Ok(())
    }

    /// The signed hash, if it is known before the body has been read.
    fn signed_payload(&self, read: Option<&PayloadHash>) -> Option<String> {
        match (self.payload, read) {
            (DeclaredPayload::Unsigned, _) => Some("UNSIGNED-PAYLOAD".to_owned()),
            (DeclaredPayload::Hash(hash), _) => Some(hash.to_string()),
            (DeclaredPayload::Undeclared, read) => read.map(PayloadHash::to_string),
        }
    }

    /// Whether the signature can be verified before the body has been read.
    pub fn needs_body(&self) -> bool {
        self.payload == DeclaredPayload::Undeclared
    }

    /// Whether a secret makes this signature for the request. `read` is the hash of its body. Before that is known,
    /// only a signature that does not need it can be verified (see [`Claim::needs_body`]); the hash must then be
    /// checked with [`Claim::check_payload`] later.
    ///
    /// # Errors
    /// `InvalidSignatureException` when it does not match.
    pub fn verify(
        &self,
        head: &Head<'_>,
        secret: &SecretKey,
        read: Option<&PayloadHash>,
    ) -> Result<(), Refusal> {
        let payload = self.signed_payload(read).ok_or_else(Refusal::mismatch)?;
        let canonical = canonical_request(head, &self.signed_headers, &payload)
            .ok_or_else(Refusal::mismatch)?;
        let made = signature(secret.reveal(), &self.scope, &self.timestamp, &canonical);
        aws_lc_rs::constant_time::verify_slices_are_equal(made.as_ref(), &self.signature)
            .map_err(|_| Refusal::mismatch())
    }

    /// Compares the hash of the body with the declared one.
    ///
    /// # Errors
    /// `InvalidSignatureException` when they differ.
    pub fn check_payload(&self, read: &PayloadHash) -> Result<(), Refusal> {
        match self.payload {
            DeclaredPayload::Hash(declared) if declared != *read => Err(Refusal::mismatch_because(
                "The value passed in as x-amz-content-sha256 does not match the computed payload hash.",
            )),
            DeclaredPayload::Hash(_) | DeclaredPayload::Undeclared | DeclaredPayload::Unsigned => {
                Ok(())
            }
        }
    }
}

/// The text that is signed.
pub(super) fn canonical_request(
    head: &Head<'_>,
    signed_headers: &str,
    payload: &str,
) -> Option<String> {
    let path = canonical::path(head.uri.path());
    canonical_request_of(head, &path, signed_headers, payload)
}

/// The same, with a path encoded by its service's own rule.
pub(super) fn canonical_request_of(
    head: &Head<'_>,
    path: &str,
    signed_headers: &str,
    payload: &str,
) -> Option<String> {
    let names: Vec<&str> = signed_headers.split(';').collect();
    Some(format!(
        "{}\n{path}\n{}\n{}\n{signed_headers}\n{payload}",
        head.method,
        canonical::query(head.uri.query()),
        canonical::headers(head.headers, &names)?,
    ))
}

/// Whether all required headers are signed: `Host`, and AWS's own headers.
fn check_signed(head: &Head<'_>, signed_headers: &str) -> Result<(), Refusal> {
    let names: Vec<&str> = signed_headers.split(';').collect();
    let is_name = |name: &&str| {
        let fits = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
        !name.is_empty() && name.bytes().all(fits)
    };
    // Sorted and without duplicates: every signer does so, and one spelling is enough.
    let is_sorted = names.is_sorted_by(|one, other| one < other);
    if names.len() > SIGNED_HEADERS_MAX || !names.iter().all(is_name) || !is_sorted {
        return Err(Refusal::incomplete(
            "'SignedHeaders' must name headers in small letters, in order, each once.",
        ));
    }
    if !names.contains(&"host") || one(head.headers, "host")?.is_none() {
        return Err(Refusal::mismatch_because(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ));
    }
    for name in head.headers.keys() {
        let name = name.as_str();
        if name.starts_with("x-amz-") && !names.contains(&name) {
            let shown: String = name.chars().take(64).collect();
            return Err(Refusal::mismatch_because(format!(
                "There were headers present in the request which were not signed: '{shown}'"
            )));
        }
    }
    Ok(())
}

/// The value of a header that must not occur twice.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    match text {
        Some(text) => Ok(Some(text)),
        None => Err(Refusal::incomplete(format!(
            "The header '{name}' must be there once, and be text."
        ))),
    }
}

/// The parameters of a presigned URL.
#[derive(Debug, Default)]
struct Parameters {
    algorithm: Option<String>,
    credential: Option<String>,
    signed_headers: Option<String>,
    signature: Option<String>,
    date: Option<String>,
    expires: Option<String>,
    token: Option<String>,
}

impl Parameters {
    /// `None` unless the query contains a signature or an algorithm.
    fn of(query: Option<&str>) -> Option<Self> {
        let query = query?;
        let mut found = Self::default();
        for (name, value) in canonical::parameters(query) {
            let place = match name.as_slice() {
                b"X-Amz-Algorithm" => &mut found.algorithm,
                b"X-Amz-Credential" => &mut found.credential,
                b"X-Amz-SignedHeaders" => &mut found.signed_headers,
                b"X-Amz-Signature" => &mut found.signature,
                b"X-Amz-Date" => &mut found.date,
                b"X-Amz-Expires" => &mut found.expires,
                b"X-Amz-Security-Token" => &mut found.token,
                _ => continue,
            };
            // A duplicate parameter, or one that is not text, is not used.
            *place = match place {
                None => String::from_utf8(value).ok(),
                Some(_) => Some(String::new()),
            };
        }
        let is_signed = found.signature.is_some() || found.algorithm.is_some();
        is_signed.then_some(found)
    }
}

impl Refusal {
    /// The refusal of a wrong signature, with the reason.
    pub(super) fn mismatch_because(message: impl Into<String>) -> Self {
        Self::new(RefusalKind::InvalidSignature, message)
    }
}
