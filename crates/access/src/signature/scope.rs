//! The code of a signature, and its scope.

use aws_lc_rs::hmac;

use super::payload::PayloadHash;

/// The only supported algorithm.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The end of every scope.
pub(super) const TERMINATOR: &str = "aws4_request";

/// The scope of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `YYYYMMDD`.
    pub date: String,
    pub region: String,
    /// The service's signing name.
    pub service: String,
}

impl Scope {
    pub(super) fn text(&self) -> String {
        let Self {
            date,
            region,
            service,
        } = self;
        format!("{date}/{region}/{service}/{TERMINATOR}")
    }
}

/// The code over a canonical request.
pub(super) fn signature(
    secret: &str,
    scope: &Scope,
    timestamp: &str,
    canonical: &str,
) -> hmac::Tag {
    let hashed = PayloadHash::of(canonical.as_bytes());
    let to_sign = format!("{ALGORITHM}\n{timestamp}\n{}\n{hashed}", scope.text());
    let code = |key: &[u8], data: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data.as_bytes())
    };
    let mut key = code(format!("AWS4{secret}").as_bytes(), &scope.date);
    for part in [&scope.region, &scope.service, TERMINATOR] {
        key = code(key.as_ref(), part);
    }
    code(key.as_ref(), &to_sign)
}
