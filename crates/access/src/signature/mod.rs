//! AWS Signature Version 4.
//!
//! Source: IAM user guide, "AWS Signature Version 4 for API requests", read 2026-11.
//!
//! [`Claim::of`] reads what a request says of its sender. Whose secret belongs to the access key, and what the body's
//! hash is, the caller finds out; [`Claim::verify`] says whether the signature is right. [`sign`] makes one.

mod authorization;
mod canonical;
mod claim;
mod moment;
mod payload;
mod sign;

pub use claim::{Claim, DeclaredPayload, Head, SignedBy};
pub use payload::{PayloadHash, PayloadHasher};
pub use sign::{Signer, sign};

use aws_lc_rs::hmac;

/// The only algorithm that is understood.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What ends every scope.
const TERMINATOR: &str = "aws4_request";

/// For what a signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `YYYYMMDD`.
    pub date: String,
    pub region: String,
    /// The service's signing name.
    pub service: String,
}

impl Scope {
    fn text(&self) -> String {
        let Self {
            date,
            region,
            service,
        } = self;
        format!("{date}/{region}/{service}/{TERMINATOR}")
    }
}

/// The code over a canonical request.
fn signature(secret: &str, scope: &Scope, timestamp: &str, canonical: &str) -> hmac::Tag {
    let hashed = payload::PayloadHash::of(canonical.as_bytes());
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
