//! AWS's test vectors.

use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use access::RefusalKind;
use access::signature::{DeclaredPayload, PayloadHash, SignedBy};

use crate::signed::{ACCESS_KEY, THEN, verify};
use crate::vectors::{VECTORS, Vector};

const HOST: &str = "example.amazonaws.com";
const SCOPE: &str = "20150830/us-east-1/service/aws4_request";

fn request(vector: &Vector, target: &str, more: &[(&str, String)]) -> Request<Vec<u8>> {
    let mut request = Request::builder()
        .method(vector.method)
        .uri(target)
        .header("host", HOST);
    for (name, value) in vector.headers {
        request = request.header(*name, *value);
    }
    for (name, value) in more {
        request = request.header(*name, value);
    }
    let body = vector.body.as_bytes().to_vec();
    request.body(body).expect("the vector is a request")
}

fn names(vector: &Vector, more: &[&str]) -> String {
    let own = vector.headers.iter().map(|(name, _)| *name);
    let mut names: Vec<&str> = own.chain(["host"]).chain(more.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

fn by_header(vector: &Vector) -> Request<Vec<u8>> {
    let mut more = vec![("x-amz-date", "20150830T123600Z".to_owned())];
    if let Some(token) = vector.token {
        more.push(("x-amz-security-token", token.to_owned()));
    }
    if vector.hash_is_sent {
        let hash = PayloadHash::of(vector.body.as_bytes());
        more.push(("x-amz-content-sha256", hash.to_string()));
    }
    let own: Vec<&str> = more.iter().map(|(name, _)| *name).collect();
    let names = names(vector, &own);
    let signature = vector.by_header;
    let value = format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{SCOPE}, SignedHeaders={names}, Signature={signature}"
    );
    more.push(("authorization", value));
    request(vector, vector.target, &more)
}

fn by_query(vector: &Vector) -> Request<Vec<u8>> {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mark = if vector.target.contains('?') {
        '&'
    } else {
        '?'
    };
    let mut target = format!(
        "{}{mark}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date=20150830T123600Z\
         &X-Amz-SignedHeaders={}&X-Amz-Expires=3600&X-Amz-Signature={}",
        vector.target,
        encode(&format!("{ACCESS_KEY}/{SCOPE}")),
        encode(&names(vector, &[])),
        vector.by_query,
    );
    if let Some(token) = vector.token {
        target.push_str(&format!("&X-Amz-Security-Token={}", encode(token)));
    }
    request(vector, &target, &[])
}

#[test]
fn every_vector_is_accepted_as_it_was_signed() {
    assert!(VECTORS.len() > 20);
    for vector in VECTORS {
        let claim = verify(&by_header(vector), THEN);
        let claim = claim.unwrap_or_else(|refused| panic!("{}: {refused}", vector.name));
        assert_eq!(claim.signed_by, SignedBy::Header);
        assert_eq!(claim.session_token.as_deref(), vector.token);
        let is_declared = matches!(claim.payload, DeclaredPayload::Hash(_));
        assert_eq!(is_declared, vector.hash_is_sent);

        let claim = verify(&by_query(vector), THEN);
        let claim = claim.unwrap_or_else(|refused| panic!("{} by query: {refused}", vector.name));
        let expires_seconds = 3600;
        assert_eq!(claim.signed_by, SignedBy::Query { expires_seconds });
        assert_eq!(claim.session_token.as_deref(), vector.token);
    }
}

#[test]
fn a_path_of_this_api_is_encoded_twice() {
    // Source: the suite's case `double-encode-path`, whose canonical path is `/test/%40connections/…%253D`. The same
    // signature must be rejected for a request with another path.
    let mut vector = VECTORS
        .iter()
        .find(|vector| vector.name == "get-vanilla")
        .map(by_header)
        .expect("it is there");
    *vector.uri_mut() = "/%2F".parse().expect("a path");
    let refused = verify(&vector, THEN).expect_err("it asks for something else");
    assert_eq!(refused.kind, RefusalKind::InvalidSignature);
}

#[test]
fn signatures_are_good_for_their_time() {
    const MINUTE: i64 = 60_000;
    let vector = &VECTORS[0];
    let header = by_header(vector);
    for (now, expected) in [
        (THEN - 5 * MINUTE, None),
        (THEN + 5 * MINUTE, None),
        (THEN - 5 * MINUTE - 1, Some("Signature not yet current")),
        (
            THEN + 5 * MINUTE + 1,
            Some(
                "Signature expired: 20150830T123600Z is now earlier than 20150830T123600Z (20150830T124100Z - 5 min.)",
            ),
        ),
    ] {
        check_time(&header, now, expected);
    }
    let query = by_query(vector);
    for (now, expected) in [
        (THEN - 5 * MINUTE, None),
        (THEN + 60 * MINUTE, None),
        (THEN + 60 * MINUTE + 1, Some("Signature expired")),
        (THEN - 5 * MINUTE - 1, Some("Signature not yet current")),
    ] {
        check_time(&query, now, expected);
    }
}

fn check_time(request: &Request<Vec<u8>>, now: i64, expected: Option<&str>) {
    match (verify(request, now), expected) {
        (Ok(_), None) => {}
        (Err(refused), Some(message)) => {
            assert_eq!(refused.kind, RefusalKind::InvalidSignature);
            assert!(refused.message.starts_with(message), "{refused}");
        }
        (outcome, _) => panic!("at {now}: {outcome:?}"),
    }
}

#[test]
fn a_token_that_is_not_signed_is_refused() {
    // The suite's `post-sts-header-after` adds it after signing, which this service rejects.
    let vector = VECTORS.iter().find(|vector| vector.name == "post-vanilla");
    let mut request = by_header(vector.expect("it is there"));
    let token = "AQoDYXdz".parse().expect("a header value");
    request.headers_mut().insert("x-amz-security-token", token);
    let refused = verify(&request, THEN).expect_err("it is not signed");
    assert!(
        refused
            .message
            .contains("not signed: 'x-amz-security-token'"),
        "{refused}"
    );
}

#[test]
fn what_is_missing_or_malformed_is_said() {
    let authorization = |value: &str| {
        let mut request = by_header(&VECTORS[0]);
        let value = value.parse().expect("a header value");
        request.headers_mut().insert("authorization", value);
        verify(&request, THEN).expect_err("it is refused")
    };
    let credential = format!("Credential={ACCESS_KEY}/{SCOPE}");
    let rest = format!(
        "SignedHeaders=host;x-amz-date, Signature={}",
        "0".repeat(64)
    );
    use RefusalKind::{
        IncompleteSignature, InvalidSignature, MissingAuthenticationToken, UnrecognizedClient,
    };
    for (value, kind, part) in [
        (
            "Bearer abc".to_owned(),
            MissingAuthenticationToken,
            "Missing Authentication Token",
        ),
        (
            "AWS4-HMAC-SHA256".to_owned(),
            IncompleteSignature,
            "'Credential'",
        ),
        (
            "AWS4-ECDSA-P256-SHA256 Credential=x".to_owned(),
            IncompleteSignature,
            "algorithm",
        ),
        (
            format!("AWS4-HMAC-SHA256 {credential}"),
            IncompleteSignature,
            "requires 'Signature'",
        ),
        (
            format!("AWS4-HMAC-SHA256 {credential}, {credential}, {rest}"),
            IncompleteSignature,
            "twice",
        ),
        (
            format!("AWS4-HMAC-SHA256 {credential}, More=1, {rest}"),
            IncompleteSignature,
            "besides",
        ),
        (
            format!("AWS4-HMAC-SHA256 Credential=a/b/c, {rest}"),
            IncompleteSignature,
            "5 slash",
        ),
        (
            format!("AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws5, {rest}"),
            InvalidSignature,
            "terminator",
        ),
        (
            format!("AWS4-HMAC-SHA256 Credential=a/20150831/r/s/aws4_request, {rest}"),
            InvalidSignature,
            "scope",
        ),
        (
            format!("AWS4-HMAC-SHA256 Credential=:/{SCOPE}, {rest}"),
            UnrecognizedClient,
            "token",
        ),
        (
            format!("AWS4-HMAC-SHA256 Credential=OTHER/{SCOPE}, {rest}"),
            UnrecognizedClient,
            "token",
        ),
        (
            format!("AWS4-HMAC-SHA256 {credential}, {rest}"),
            InvalidSignature,
            "does not match",
        ),
        (
            format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=x-amz-date, Signature=00"),
            InvalidSignature,
            "'Host'",
        ),
        (
            format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=00"),
            InvalidSignature,
            "not signed: 'x-amz-date'",
        ),
        (
            format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=Host;x-amz-date, Signature=00"),
            IncompleteSignature,
            "small letters",
        ),
        (
            format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host;x-amz-date, Signature=xyz"),
            InvalidSignature,
            "does not match",
        ),
    ] {
        let refused = authorization(&value);
        assert_eq!(refused.kind, kind, "{value}: {refused}");
        assert!(refused.message.contains(part), "{value}: {refused}");
    }
    let mut twice = by_query(&VECTORS[0]);
    let value = format!("AWS4-HMAC-SHA256 {credential}, {rest}").parse();
    twice
        .headers_mut()
        .insert("authorization", value.expect("a header value"));
    let refused = verify(&twice, THEN).expect_err("it is signed twice");
    assert!(refused.message.contains("signed twice"), "{refused}");
    let mut dateless = by_header(&VECTORS[0]);
    dateless.headers_mut().remove("x-amz-date");
    let refused = verify(&dateless, THEN).expect_err("it has no date");
    assert!(refused.message.contains("'X-Amz-Date'"), "{refused}");
    for (from, to, part) in [
        (
            "X-Amz-Expires=3600",
            "X-Amz-Expires=604801",
            "604800 at the most",
        ),
        (
            "X-Amz-Expires=3600",
            "X-Amz-Expires=-1",
            "number of seconds",
        ),
        ("X-Amz-Expires=3600&", "", "'X-Amz-Expires'"),
        ("AWS4-HMAC-SHA256", "AWS4", "'X-Amz-Algorithm'"),
    ] {
        let mut query = by_query(&VECTORS[0]);
        let changed = query.uri().to_string().replace(from, to);
        *query.uri_mut() = changed.parse().expect("a URI");
        let refused = verify(&query, THEN).expect_err("it is refused");
        assert_eq!(refused.kind, IncompleteSignature);
        assert!(refused.message.contains(part), "{refused}");
    }
}
