//! Enforced policies: which requests are let in, and what is recorded of them.

#[path = "../support/mod.rs"]
mod support;

mod denials;
mod processes;
mod sign_in;
mod signed;

use hyper::Method;
use serde_json::json;
use server::AccessLimits;

use signed::{send, send_to, signer};
use support::TestServer;

const TEMPLATE: &str = "enforced.yaml";
const PLAIN: &str = "/2015-03-31/functions/Plain/invocations";

#[tokio::test(flavor = "multi_thread")]
async fn only_who_signs_is_let_in_and_only_to_what_policies_allow() {
    let policies = vec![json!("invoke")];
    let started = TestServer::start_enforced(TEMPLATE, policies, AccessLimits::default());
    let (server, admin, caller) = started.await;
    assert_eq!(
        server.post(PLAIN, "{}").await.error(),
        "403 MissingAuthenticationTokenException Missing Authentication Token"
    );
    for path in [
        "/lambdura/v1/executions",
        "/lambdura/v1/logs",
        "/metrics",
        "/2015-03-31/functions",
        "/anything",
    ] {
        let refused = server.get(path).await;
        assert_eq!(refused.status, 403, "{path}");
        let kind = refused.header("x-amzn-errortype");
        assert_eq!(kind, "MissingAuthenticationTokenException", "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let told = answer.json();
        let told = told
            .as_object()
            .map(|told| told.keys().cloned().collect::<Vec<_>>());
        assert_eq!(told, Some(vec!["status".to_owned()]), "{path}");
    }
    // Public paths must not let other requests in.
    let table = [("x-amz-target", "DynamoDB_20120810.ListTables")];
    for path in ["/", "/healthz", "/executions"] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let url = server.endpoint() + path;
            let refused = server.send(method, &url, &table, "{}").await;
            assert_eq!(refused.status, 403, "{path}");
        }
    }
    for key in [&admin, &caller] {
        let answer = send(&server, key, Method::POST, PLAIN, "{}").await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let read = send(
        &server,
        &admin,
        Method::GET,
        "/2015-03-31/functions/Plain?Qualifier=%24LATEST",
        "",
    )
    .await;
    assert_eq!(read.status, 200, "{read:?}");
    let path = "/2015-03-31/functions/Plain?Qualifier=%24LATEST";
    let refused = send(&server, &caller, Method::GET, path, "").await;
    assert_eq!(
        refused.error(),
        "403 AccessDeniedException User: arn:aws:iam::000000000000:user/other is not authorized to perform: \
         lambda:GetFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:Plain:$LATEST because no \
         identity-based policy allows the lambda:GetFunction action"
    );

    let mut wrong = caller.clone();
    wrong.secret_access_key.pop();
    let refused = send(&server, &wrong, Method::POST, PLAIN, "{}").await;
    assert_eq!(
        refused.header("x-amzn-errortype"),
        "InvalidSignatureException"
    );
    wrong.key.access_key_id = "AKIANOBODY".to_owned();
    let refused = send(&server, &wrong, Method::POST, PLAIN, "{}").await;
    assert_eq!(
        refused.header("x-amzn-errortype"),
        "UnrecognizedClientException"
    );
    let mut elsewhere = signer(&admin);
    elsewhere.service = "dynamodb".to_owned();
    let url = server.endpoint() + PLAIN;
    let refused = send_to(&server, &elsewhere, Method::POST, &url, &[], "{}").await;
    assert!(
        refused.error().contains("correct service: 'lambda'"),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_managed_and_changes_are_recorded() {
    let policies = vec![json!("observe")];
    let started = TestServer::start_enforced(TEMPLATE, policies, AccessLimits::default());
    let (server, admin, observer) = started.await;
    let keys = "/lambdura/v1/access-keys";
    let new = json!({"name": "ci", "policies": ["invoke"]}).to_string();
    let refused = send(&server, &observer, Method::POST, keys, &new).await;
    assert_eq!(refused.header("x-amzn-errortype"), "AccessDeniedException");
    let created = send(&server, &admin, Method::POST, keys, &new).await;
    assert_eq!(created.status, 201, "{created:?}");
    let ci: server::KeyWithSecret = serde_json::from_value(created.json()).expect("it is a key");
    let taken = send(&server, &admin, Method::POST, keys, &new).await;
    assert_eq!(taken.status, 409, "{taken:?}");
    let odd = json!({"name": "x", "policies": [{"Statement": [{"Effect": "Allow"}]}]}).to_string();
    let odd = send(&server, &admin, Method::POST, keys, &odd).await;
    assert_eq!(odd.status, 400, "{odd:?}");
    assert!(
        odd.error()
            .contains("statement 1: a statement needs either `Action`"),
        "{odd:?}"
    );
    let twice = r#"{"name": "x", "policies": [{"Statement": [{"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}]}]}"#;
    let twice = send(&server, &admin, Method::POST, keys, twice).await;
    assert_eq!(twice.status, 400, "{twice:?}");
    assert!(
        twice.error().contains("`Effect` is there twice"),
        "{twice:?}"
    );
    let listed = send(&server, &admin, Method::GET, keys, "").await;
    let names: Vec<_> = listed.json()["access_keys"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|key| key["name"].clone())
        .collect();
    assert_eq!(names, ["admin", "ci", "other"]);
    let shown = String::from_utf8_lossy(&listed.body).into_owned();
    assert!(!shown.contains(&ci.secret_access_key));

    assert_eq!(
        send(&server, &ci, Method::POST, PLAIN, "{}").await.status,
        200
    );
    let rotated = send(
        &server,
        &admin,
        Method::POST,
        &format!("{keys}/ci/rotate"),
        "",
    )
    .await;
    let rotated: server::KeyWithSecret = serde_json::from_value(rotated.json()).expect("a key");
    let old = send(&server, &ci, Method::POST, PLAIN, "{}").await;
    assert_eq!(old.header("x-amzn-errortype"), "InvalidSignatureException");
    assert_eq!(
        send(&server, &rotated, Method::POST, PLAIN, "{}")
            .await
            .status,
        200
    );
    send(
        &server,
        &admin,
        Method::POST,
        &format!("{keys}/ci/disable"),
        "",
    )
    .await;
    let disabled = send(&server, &rotated, Method::POST, PLAIN, "{}").await;
    assert_eq!(
        disabled.header("x-amzn-errortype"),
        "UnrecognizedClientException"
    );
    let gone = send(
        &server,
        &admin,
        Method::DELETE,
        &format!("{keys}/nobody"),
        "",
    )
    .await;
    assert_eq!(gone.status, 404, "{gone:?}");

    let audit = send(
        &server,
        &admin,
        Method::GET,
        "/lambdura/v1/audit?limit=50",
        "",
    )
    .await;
    let lines: Vec<String> = audit.json()["lines"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|line| {
            let of = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
            format!(
                "{}: {} {} {}",
                of("who"),
                of("action"),
                of("outcome"),
                line["status"]
            )
        })
        .collect();
    let expected = [
        "user test: lambdura:CreateAccessKey done null",
        "user test: lambdura:CreateAccessKey done null",
        "key other: lambdura:CreateAccessKey refused 403",
        "key admin: lambdura:CreateAccessKey done 201",
        "key admin: lambdura:CreateAccessKey refused 409",
        "key admin: lambdura:CreateAccessKey refused 400",
        "key admin: lambdura:CreateAccessKey refused 400",
        "key ci: lambda:InvokeFunction done 200",
        "key admin: lambdura:RotateAccessKey done 200",
        "key ci: lambda:InvokeFunction done 200",
        "key admin: lambdura:DisableAccessKey done 200",
        "key admin: lambdura:DeleteAccessKey refused 404",
    ];
    assert_eq!(lines, expected);
    let refused = send(&server, &observer, Method::GET, "/lambdura/v1/audit", "").await;
    assert_eq!(refused.status, 403, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_to_wait() {
    let limits = AccessLimits {
        per_key: 3,
        ..AccessLimits::default()
    };
    let started = TestServer::start_enforced(TEMPLATE, vec![json!("observe")], limits);
    let (server, admin, other) = started.await;
    let list = "/2015-03-31/functions";
    let mut refused = None;
    for _ in 0..50 {
        let answer = send(&server, &other, Method::GET, list, "").await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("fifty requests are more than three a second");
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.header("x-amzn-errortype"),
        "TooManyRequestsException"
    );
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.json()["Reason"], "CallerRateLimitExceeded");
    let another = send(&server, &admin, Method::GET, list, "").await;
    assert_eq!(another.status, 200, "each key has its own rate");
}

#[tokio::test(flavor = "multi_thread")]
async fn function_urls_for_iam_are_signed_and_others_are_open() {
    let started =
        TestServer::start_enforced(TEMPLATE, vec![json!("invoke")], AccessLimits::default());
    let (server, _admin, caller) = started.await;
    let open = format!("{}/hello", server.deployment.function_urls["PlainUrl"]);
    let answer = server.send(Method::GET, &open, &[], "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let signed = format!(
        "{}/hello?b=2&a=1",
        server.deployment.function_urls["AnsweringUrl"]
    );
    let refused = server.send(Method::GET, &signed, &[], "").await;
    assert_eq!(
        refused.header("x-amzn-errortype"),
        "MissingAuthenticationTokenException"
    );
    let answer = send_to(&server, &signer(&caller), Method::POST, &signed, &[], "{}").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_of_apis_for_iam_are_signed_and_allowed_and_others_are_open() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "execute-api:Invoke",
        "Resource": "arn:aws:execute-api:us-east-1:000000000000:*/*/GET/items/*",
    }]});
    let started = TestServer::start_enforced(TEMPLATE, vec![policy], AccessLimits::default());
    let (server, admin, caller) = started.await;
    let rest = server.deployment.rest_apis["ServerlessRestApi"].clone();
    let http = server.deployment.http_apis["ServerlessHttpApi"].clone();
    let open = server
        .send(Method::GET, &format!("{rest}/open"), &[], "")
        .await;
    assert_eq!(open.status, 200, "{open:?}");

    let signed_for = |key, service: &str| access::signature::Signer {
        service: service.to_owned(),
        ..signer(key)
    };
    let session = "/lambdura/v1/session";
    let credentials = json!({
        "access_key_id": admin.key.access_key_id,
        "secret_access_key": admin.secret_access_key,
    });
    let signed_in = server.post(session, credentials.to_string()).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    let cookie = signed_in.header("set-cookie");
    let cookie = cookie.split(';').next().expect("it has a value");
    for api in [&http, &rest] {
        let (item, other) = (format!("{api}/items/1?b=2&a=1"), format!("{api}/others/1"));
        let get = async |url: &str, headers: &[(&str, &str)]| {
            server.send(Method::GET, url, headers, "").await
        };
        let get_signed = async |url: &str, key, service| {
            let signer = signed_for(key, service);
            send_to(&server, &signer, Method::GET, url, &[], "").await
        };
        assert_eq!(get(&item, &[]).await.status, 403, "{api}");
        // Browsers send the console's cookie to every port of its host.
        let by_cookie = get(&item, &[("cookie", cookie)]).await;
        assert_eq!(by_cookie.status, 403, "{by_cookie:?}");
        let answer = get_signed(&item, &caller, "execute-api").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let for_lambda = get_signed(&item, &caller, "lambda").await;
        assert_eq!(for_lambda.status, 403, "{for_lambda:?}");
        let denied = get_signed(&other, &caller, "execute-api").await;
        assert_eq!(denied.status, 403, "{denied:?}");
        let answer = get_signed(&other, &admin, "execute-api").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if api == &http {
            assert_eq!(denied.json(), json!({"message": "Forbidden"}));
        } else {
            let told = denied.error();
            assert!(
                told.contains("is not authorized to perform: execute-api:Invoke"),
                "{told}"
            );
            assert!(told.contains("/Prod/GET/others/1 because"), "{told}");
        }
    }
}
