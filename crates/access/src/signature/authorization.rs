//! The content of the header `Authorization`, or of a presigned URL's query.

use crate::refusal::Refusal;

use super::scope::{ALGORITHM, Scope, TERMINATOR};
use crate::key::AccessKeyId;

/// The parts of the header `Authorization`, or of a query.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub credential: Option<&'a str>,
    pub signed_headers: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// Reads the header. `None` if its scheme is not AWS's.
pub(super) fn parse_header(value: &str) -> Result<Option<Parts<'_>>, Refusal> {
    let Some((algorithm, rest)) = value.trim().split_once(' ') else {
        return match value.starts_with("AWS4-") {
            true => Err(Refusal::incomplete(missing(&Parts::default()))),
            false => Ok(None),
        };
    };
    if !algorithm.starts_with("AWS4-") {
        return Ok(None);
    }
    if algorithm != ALGORITHM {
        return Err(Refusal::incomplete(format!(
            "Unsupported AWS 'algorithm': sign with {ALGORITHM}."
        )));
    }
    let mut parts = Parts::default();
    for part in rest.split(',') {
        let place = match part.trim().split_once('=') {
            Some(("Credential", value)) => (&mut parts.credential, value),
            Some(("SignedHeaders", value)) => (&mut parts.signed_headers, value),
            Some(("Signature", value)) => (&mut parts.signature, value),
            Some(_) | None => {
                return Err(Refusal::incomplete(
                    "Authorization header holds something besides 'Credential', 'SignedHeaders' and 'Signature'.",
                ));
            }
        };
        // If a part occurs twice, its meaning would be ambiguous.
        if place.0.replace(place.1).is_some() {
            return Err(Refusal::incomplete(
                "Authorization header says something twice.",
            ));
        }
    }
    Ok(Some(parts))
}

/// The missing parts, in AWS's words.
pub(super) fn missing(parts: &Parts<'_>) -> String {
    let absent = [
        ("Credential", parts.credential),
        ("Signature", parts.signature),
        ("SignedHeaders", parts.signed_headers),
    ];
    let absent = absent.iter().filter(|(_, value)| value.is_none());
    let said: Vec<String> = absent
        .map(|(name, _)| format!("Authorization header requires '{name}' parameter."))
        .collect();
    said.join(" ")
}

/// Reads `KEY/DATE/REGION/SERVICE/aws4_request`.
pub(super) fn credential(text: &str) -> Result<(AccessKeyId, Scope), Refusal> {
    let malformed = || {
        Refusal::incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term.",
        )
    };
    let parts: Vec<&str> = text.split('/').collect();
    let [id, date, region, service, terminator] = parts.as_slice() else {
        return Err(malformed());
    };
    let is_word = |word: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !word.is_empty() && word.len() <= 64 && word.bytes().all(fits)
    };
    if !is_word(date) || !is_word(region) || !is_word(service) {
        return Err(malformed());
    }
    if *terminator != TERMINATOR {
        let shown: String = terminator.chars().take(32).collect();
        return Err(Refusal::mismatch_because(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{shown}'."
        )));
    }
    // An invalid id belongs to no key.
    let id = AccessKeyId::parse(id).ok_or_else(Refusal::unknown_key)?;
    let scope = Scope {
        date: (*date).to_owned(),
        region: (*region).to_owned(),
        service: (*service).to_owned(),
    };
    Ok((id, scope))
}
