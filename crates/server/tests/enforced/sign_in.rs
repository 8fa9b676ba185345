//! The console: signing in with an access key, and out again.

use hyper::Method;
use serde_json::json;
use server::AccessLimits;

use crate::TEMPLATE;
use crate::signed::send;
use crate::support::{Answer, TestServer};

const SESSION: &str = "/lambdura/v1/session";
const EXECUTIONS: &str = "/lambdura/v1/executions";

async fn with_cookie(
    server: &TestServer,
    method: Method,
    path: &str,
    cookie: &str,
    origin: Option<&str>,
) -> Answer {
    let mut headers = vec![("cookie", cookie)];
    headers.extend(origin.map(|origin| ("origin", origin)));
    let url = server.endpoint() + path;
    server.send(method, &url, &headers, "{}").await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_a_key_is_signed_in_until_they_sign_out() {
    let started =
        TestServer::start_enforced(TEMPLATE, vec![json!("observe")], AccessLimits::default());
    let (server, admin, observer) = started.await;
    let asked = server.get(SESSION).await;
    assert_eq!(asked.json(), json!({"required": true}));
    let shown = |id: &str, secret: &str| {
        json!({"access_key_id": id, "secret_access_key": secret}).to_string()
    };
    let wrong = server
        .post(SESSION, shown(&observer.key.access_key_id, "guess"))
        .await;
    assert_eq!(
        wrong.header("x-amzn-errortype"),
        "UnrecognizedClientException"
    );
    assert_eq!(wrong.header("set-cookie"), "");
    let right = shown(&observer.key.access_key_id, &observer.secret_access_key);
    let signed_in = server.post(SESSION, right).await;
    let session = signed_in.json();
    assert_eq!(
        (&session["required"], &session["name"]),
        (&json!(true), &json!("other"))
    );
    // A read-only key is offered no action that changes anything.
    let may = session["may"].as_object().expect("it is told");
    assert!(may.contains_key("lambda:StopDurableExecution"), "{may:?}");
    assert!(may.values().all(|may| *may == json!(false)), "{may:?}");
    let set = signed_in.header("set-cookie");
    for part in [
        "lambdura_session=",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/",
        "Max-Age=28800",
    ] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "it does not come by TLS: {set}");
    let cookie = set
        .split(';')
        .next()
        .expect("it begins with the cookie")
        .to_owned();

    let seen = with_cookie(&server, Method::GET, EXECUTIONS, &cookie, None).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    let who = with_cookie(&server, Method::GET, SESSION, &cookie, None).await;
    assert_eq!(who.json()["name"], "other");
    // A user may not do what the user's key may not do.
    let stop = "/2025-12-01/durable-executions/none/stop";
    let origin = server.endpoint();
    let denied = with_cookie(&server, Method::POST, stop, &cookie, Some(&origin)).await;
    assert_eq!(denied.header("x-amzn-errortype"), "AccessDeniedException");
    // Other sites cannot make the browser use the cookie, and programs cannot use it for changes.
    let foreign = with_cookie(
        &server,
        Method::POST,
        stop,
        &cookie,
        Some("http://evil.example"),
    )
    .await;
    assert!(foreign.error().contains("another origin"), "{foreign:?}");
    let without = with_cookie(&server, Method::POST, stop, &cookie, None).await;
    assert_eq!(
        without.header("x-amzn-errortype"),
        "MissingAuthenticationTokenException"
    );
    let forged = with_cookie(
        &server,
        Method::GET,
        EXECUTIONS,
        "lambdura_session=AAAA",
        None,
    )
    .await;
    assert_eq!(forged.status, 403);

    let out = with_cookie(&server, Method::DELETE, SESSION, &cookie, Some(&origin)).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    let over = with_cookie(&server, Method::GET, EXECUTIONS, &cookie, None).await;
    assert_eq!(over.status, 403);

    // Disabling a key signs out all its users.
    let right = shown(&observer.key.access_key_id, &observer.secret_access_key);
    let again = server.post(SESSION, right).await;
    let cookie = again
        .header("set-cookie")
        .split(';')
        .next()
        .expect("it is set")
        .to_owned();
    assert_eq!(
        with_cookie(&server, Method::GET, EXECUTIONS, &cookie, None)
            .await
            .status,
        200
    );
    let disable = "/lambdura/v1/access-keys/other/disable";
    crate::signed::send(&server, &admin, Method::POST, disable, "").await;
    assert_eq!(
        with_cookie(&server, Method::GET, EXECUTIONS, &cookie, None)
            .await
            .status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_ends_the_sessions_of_the_one_before() {
    let started =
        TestServer::start_enforced(TEMPLATE, vec![json!("observe")], AccessLimits::default());
    let (server, admin, observer) = started.await;
    let right = json!({
        "access_key_id": observer.key.access_key_id,
        "secret_access_key": observer.secret_access_key,
    });
    let signed_in = server.post(SESSION, right.to_string()).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    let set = signed_in.header("set-cookie").to_owned();
    let cookie = set.split(';').next().expect("it begins with the cookie");
    let seen = async || {
        let seen = with_cookie(&server, Method::GET, EXECUTIONS, cookie, None).await;
        seen.status
    };
    assert_eq!(seen().await, 200);
    let rotate = "/lambdura/v1/access-keys/other/rotate";
    let rotated = send(&server, &admin, Method::POST, rotate, "").await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_eq!(seen().await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_slowed_down() {
    let started =
        TestServer::start_enforced(TEMPLATE, vec![json!("observe")], AccessLimits::default());
    let (server, _admin, observer) = started.await;
    let guess = json!({"access_key_id": observer.key.access_key_id, "secret_access_key": "guess"});
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(server.post(SESSION, guess.to_string()).await.status);
    }
    assert_eq!(statuses[0], 403);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_who_has_a_password() {
    use base64::Engine as _;
    let started =
        TestServer::start_enforced(TEMPLATE, vec![json!("observe")], AccessLimits::default());
    let (server, _admin, observer) = started.await;
    let text = format!(
        "{}:{}",
        observer.key.access_key_id, observer.secret_access_key
    );
    let value = base64::engine::general_purpose::STANDARD.encode(text);
    let value = format!("Basic {value}");
    let headers = [("authorization", value.as_str())];
    let of = async |path: &str| {
        let url = server.endpoint() + path;
        server.send(Method::GET, &url, &headers, "").await.status
    };
    assert_eq!(of("/metrics").await, 200);
    assert_eq!(of(EXECUTIONS).await, 403, "for nothing else");
}
