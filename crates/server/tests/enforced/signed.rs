//! Requests signed by an access key.

use access::SecretKey;
use access::signature::{Signer, sign};
use hyper::{Method, Request};
use serde_json::Value;
use server::KeyWithSecret;

use crate::support::{Answer, TestServer};

/// The machine's time, in milliseconds.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("it is after 1970").as_millis()).expect("it is before 292 million")
}

pub fn signer(key: &KeyWithSecret) -> Signer {
    Signer {
        access_key_id: key.key.access_key_id.clone(),
        secret: SecretKey::new(key.secret_access_key.as_str()),
        session_token: None,
        region: "eu-central-1".to_owned(),
        service: "lambda".to_owned(),
    }
}

/// Sends a request to a URL, signed.
pub async fn send_to(
    server: &TestServer,
    signer: &Signer,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(()).expect("it is a request");
    let host = request.uri().authority().map(ToString::to_string);
    let host = host.expect("it is a whole URL").parse();
    request
        .headers_mut()
        .insert("host", host.expect("a header value"));
    sign(&mut request, body.as_bytes(), signer, now()).expect("it can be signed");
    let (parts, ()) = request.into_parts();
    let mut builder = Request::builder().method(parts.method).uri(parts.uri);
    for (name, value) in &parts.headers {
        builder = builder.header(name, value);
    }
    server.send_request(builder, body.to_owned()).await
}

/// Sends a request to the main port, signed by a key.
pub async fn send(
    server: &TestServer,
    key: &KeyWithSecret,
    method: Method,
    path: &str,
    body: &str,
) -> Answer {
    let url = server.endpoint() + path;
    send_to(server, &signer(key), method, &url, &[], body).await
}

/// Makes a function send requests, and returns the answers.
pub async fn by_function(
    server: &TestServer,
    admin: &KeyWithSecret,
    function: &str,
    calls: Value,
) -> Vec<String> {
    let path = format!("/2015-03-31/functions/{function}/invocations");
    let event = serde_json::json!({ "calls": calls }).to_string();
    let answer = send(server, admin, Method::POST, &path, &event).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answers = answer.json();
    let answers = answers.as_array().unwrap_or_else(|| panic!("{answer:?}"));
    let answers = answers.iter().map(|one| {
        let error = one["error"].as_str().unwrap_or("done");
        format!("{} {error}", one["status"])
    });
    answers.collect()
}
