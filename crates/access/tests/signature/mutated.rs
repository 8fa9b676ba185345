//! Signed requests with one change: none may be accepted.

use aws_sigv4::http_request::SignatureLocation;
use http::{HeaderValue, Request};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::peer::{requests, signed_by_aws};
use crate::signed::{THEN, verify};

/// Number of changed requests: enough to change every part of a request often, in a few seconds.
const CHANGED: usize = 100_000;

/// The change of one request.
#[derive(Debug, Clone)]
enum Change {
    /// A character of the target.
    Target(prop::sample::Index, u8),
    /// A character of a signed header, or of the signature.
    Header(prop::sample::Index, prop::sample::Index, u8),
    /// A byte of the body.
    Body(prop::sample::Index, u8),
    BodyGrows(u8),
    Method,
    /// An added header of AWS's.
    OwnHeader,
    /// An added parameter.
    Parameter,
}

fn changes() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    let printed = b'!'..=b'~';
    prop_oneof![
        3 => (index(), printed.clone()).prop_map(|(at, to)| Change::Target(at, to)),
        6 => (index(), index(), printed).prop_map(|(which, at, to)| Change::Header(which, at, to)),
        1 => (index(), any::<u8>()).prop_map(|(at, to)| Change::Body(at, to)),
        1 => any::<u8>().prop_map(Change::BodyGrows),
        1 => Just(Change::Method),
        1 => Just(Change::OwnHeader),
        1 => Just(Change::Parameter),
    ]
}

/// The changed request; `None` if the change has no effect.
fn changed(request: &Request<Vec<u8>>, change: &Change) -> Option<Request<Vec<u8>>> {
    let mut request = request.clone();
    match change {
        Change::Target(at, to) => {
            let target = request.uri().path_and_query()?.as_str().to_owned();
            let mut bytes = target.clone().into_bytes();
            let at = at.index(bytes.len());
            if bytes[at] == *to || at == 0 {
                return None;
            }
            bytes[at] = *to;
            let uri: http::Uri = String::from_utf8(bytes).ok()?.parse().ok()?;
            if means(&uri) == means(request.uri()) {
                return None;
            }
            *request.uri_mut() = uri;
        }
        Change::Header(which, at, to) => {
            let names: Vec<_> = request.headers().keys().cloned().collect();
            let name = &names[which.index(names.len())];
            let mut bytes = request.headers()[name].as_bytes().to_vec();
            let at = at.index(bytes.len());
            if bytes[at] == *to {
                return None;
            }
            bytes[at] = *to;
            let value = HeaderValue::from_bytes(&bytes).ok()?;
            request.headers_mut().insert(name, value);
        }
        Change::Body(at, to) => {
            let body = request.body_mut();
            if body.is_empty() {
                return None;
            }
            let at = at.index(body.len());
            if body[at] == *to {
                return None;
            }
            body[at] = *to;
        }
        Change::BodyGrows(by) => request.body_mut().push(*by),
        Change::Method => {
            *request.method_mut() = match request.method().as_str() {
                "GET" => http::Method::POST,
                _ => http::Method::GET,
            };
        }
        Change::OwnHeader => {
            let value = HeaderValue::from_static("added");
            request.headers_mut().append("x-amz-added", value);
        }
        Change::Parameter => {
            let target = request.uri().path_and_query()?.as_str();
            let mark = if target.contains('?') { '&' } else { '?' };
            let uri = format!("{target}{mark}added=1").parse().ok()?;
            *request.uri_mut() = uri;
        }
    }
    Some(request)
}

/// Name and value, decoded.
type Parameter = (Vec<u8>, Vec<u8>);

/// The meaning of a target: the signature does not cover its spelling, nor different paths that normalise to the same
/// one.
fn means(uri: &http::Uri) -> (String, Vec<Parameter>) {
    let mut kept = Vec::new();
    for segment in uri.path().split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let ends = ["/", "/.", "/.."]
        .iter()
        .any(|end| uri.path().ends_with(end));
    let path = format!("/{}{}", kept.join("/"), if ends { "/" } else { "" });
    let pairs = uri.query().unwrap_or_default().split('&');
    let mut pairs: Vec<_> = pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| {
                let text = text.replace('+', "%20");
                percent_encoding::percent_decode_str(&text).collect::<Vec<u8>>()
            };
            (decoded(name), decoded(value))
        })
        .collect();
    pairs.sort();
    (path, pairs)
}

#[test]
fn no_changed_request_is_accepted() {
    let mut runner = TestRunner::deterministic();
    let mut tried = 0;
    while tried < CHANGED {
        let request = requests()
            .new_tree(&mut runner)
            .expect("there is one")
            .current();
        let by_query = tried % 3 == 0;
        let location = match by_query {
            true => SignatureLocation::QueryParams,
            false => SignatureLocation::Headers,
        };
        let hash_is_sent = tried % 2 == 0;
        let signed = signed_by_aws(request, location, Some("token".to_owned()), hash_is_sent);
        verify(&signed, THEN).expect("as it was signed it is accepted");
        for _ in 0..40 {
            let change = changes()
                .new_tree(&mut runner)
                .expect("there is one")
                .current();
            let Some(changed) = changed(&signed, &change) else {
                continue;
            };
            tried += 1;
            let accepted = verify(&changed, THEN);
            assert!(
                accepted.is_err(),
                "{change:?}\nwas {signed:?}\nnow {changed:?}"
            );
        }
    }
}
