//! Signed requests, and their verification.

use access::signature::{Claim, Head, PayloadHash};
use access::{Refusal, SecretKey};
use http::Request;

pub const ACCESS_KEY: &str = "AKIDEXAMPLE";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// 2015-08-30T12:36:00Z, in milliseconds.
pub const THEN: i64 = 1_440_938_160_000;

/// Verifies a request like a service that knows the secret.
pub fn verify(request: &Request<Vec<u8>>, now: i64) -> Result<Claim, Refusal> {
    let head = Head {
        method: request.method().as_str(),
        uri: request.uri(),
        headers: request.headers(),
    };
    let claim = Claim::of(&head)?.ok_or_else(Refusal::unsigned)?;
    if claim.access_key_id.as_str() != ACCESS_KEY {
        return Err(Refusal::unknown_key());
    }
    claim.check_time(now)?;
    let read = PayloadHash::of(request.body());
    claim.verify(&head, &SecretKey::new(SECRET), Some(&read))?;
    claim.check_payload(&read)?;
    Ok(claim)
}
