//! How APIs check requests: authorizers, API keys, signed tokens, and required parameters.

#![allow(clippy::unwrap_used, reason = "a test fails where it must not go on")]

#[path = "../support/mod.rs"]
mod support;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use server::{AuthorizerConfig, KeySet, TokenKeys};
use support::{Answer, TestServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const TEMPLATE: &str = "guarded.yaml";

/// A key pair that signs tokens.
struct Signer {
    key: EncodingKey,
    set: Value,
}

impl Signer {
    fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).unwrap();
        let public = pair.public_key().as_ref();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, y) = (text(&public[1..33]), text(&public[33..]));
        let key = json!({"kty": "EC", "crv": "P-256", "kid": id, "alg": "ES256", "use": "sig", "x": x, "y": y});
        Self {
            key: EncodingKey::from_ec_der(document.as_ref()),
            // Keys of an unknown kind are skipped.
            set: json!({"keys": [{"kty": "NEW", "kid": "n"}, key]}),
        }
    }

    fn token(&self, id: &str, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(id.to_owned());
        let token = jsonwebtoken::encode(&header, claims, &self.key).unwrap();
        format!("Bearer {token}")
    }

    fn given(&self) -> AuthorizerConfig {
        let keys = KeySet::parse(self.set.to_string().as_bytes()).unwrap();
        AuthorizerConfig {
            tokens: TokenKeys::Given(keys),
            off: false,
        }
    }
}

/// Far in the future, in seconds.
const LATER: i64 = 7_000_000_000;

async fn get(server: &TestServer, url: &str, headers: &[(&str, &str)]) -> Answer {
    server.send(Method::GET, url, headers, "").await
}

/// Status and body.
async fn said(server: &TestServer, url: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let answer = get(server, url, headers).await;
    (answer.status, answer.json())
}

/// What the function behind a route learns about the caller.
async fn known(server: &TestServer, url: &str, headers: &[(&str, &str)]) -> Value {
    let answer = get(server, url, headers).await;
    assert_eq!(answer.status, 200, "{url}: {answer:?}");
    answer.json()["requestContext"]["authorizer"].clone()
}

fn message(text: &str) -> Value {
    json!({ "message": text })
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_decide_who_calls_a_rest_api() {
    let server = TestServer::start_with_template(TEMPLATE, &[]).await;
    let rest = server.deployment.rest_apis["Rest"].clone();
    let order = format!("{rest}/orders/7");
    let with = |token: &'static str| [("authorization", token)];
    assert_eq!(
        said(&server, &order, &[]).await,
        (401, message("Unauthorized"))
    );
    let unfit = said(&server, &order, &with("NOT FIT")).await;
    assert_eq!(
        unfit,
        (401, message("Unauthorized")),
        "the function is not asked"
    );

    let first = known(&server, &order, &with("ada")).await;
    assert_eq!(first["principalId"], "ada");
    assert_eq!(first["asked"], "1", "numbers are texts");
    assert_eq!(
        (&first["vip"], &first["type"]),
        (&json!("true"), &json!("TOKEN"))
    );
    let arn = first["arn"].as_str().unwrap();
    assert!(
        arn.starts_with("arn:aws:execute-api:us-east-1:000000000000:"),
        "{arn}"
    );
    assert!(arn.ends_with("/v1/GET/orders/7"), "{arn}");
    let again = known(&server, &order, &with("ada")).await;
    assert_eq!(again["asked"], "1", "the decision is remembered");
    let narrow = "User is not authorized to access this resource";
    let other = format!("{rest}/orders/8");
    let denied = said(&server, &other, &with("ada")).await;
    assert_eq!(
        denied,
        (403, json!({ "Message": narrow })),
        "the policy is about one order"
    );
    known(&server, &order, &with("stage")).await;
    known(&server, &other, &with("stage")).await;
    let posted = server
        .send(Method::POST, &order, &with("stage"), "{}")
        .await;
    assert_eq!(posted.status, 403, "the policy is about GET");
    let explicitly = said(&server, &order, &with("deny")).await;
    let explicit = json!({ "Message": format!("{narrow} with an explicit deny") });
    assert_eq!(explicitly, (403, explicit));
    let nothing = said(&server, &order, &with("nothing")).await;
    assert_eq!(nothing, (403, json!({ "Message": narrow })));
    let thrown = said(&server, &order, &with("unauthorized")).await;
    assert_eq!(thrown, (401, message("Unauthorized")));
    for token in ["fail", "odd", "nested", "die", "hang"] {
        let failed = said(&server, &order, &with(token)).await;
        assert_eq!(failed, (500, json!({ "message": null })), "{token}");
    }
    for path in ["stopped", "elsewhere"] {
        let failed = said(&server, &format!("{rest}/{path}"), &with("ada")).await;
        assert_eq!(failed, (500, json!({ "message": null })), "{path}");
    }

    let open = get(&server, &format!("{rest}/open"), &[]).await;
    assert_eq!(open.status, 200);
    assert_eq!(open.json()["requestContext"].get("authorizer"), None);

    let ticket = format!("{rest}/ticket");
    let asked = format!("{ticket}?who=ada");
    let shown = [("x-ticket", "one")];
    assert_eq!(
        get(&server, &ticket, &shown).await.status,
        401,
        "without `who`"
    );
    assert_eq!(
        get(&server, &asked, &[]).await.status,
        401,
        "without a ticket"
    );
    let first = known(&server, &asked, &shown).await;
    let second = known(&server, &asked, &shown).await;
    assert_eq!(first["type"], "REQUEST");
    assert_ne!(first["asked"], second["asked"], "nothing is remembered");

    // SAM's default authorizer also guards the preflight requests of browsers.
    let preflight = async |headers: &[(&str, &str)]| {
        let origin = [("origin", "http://a.example")];
        let headers = [&origin[..], headers].concat();
        server
            .send(Method::OPTIONS, &order, &headers, "")
            .await
            .status
    };
    assert_eq!(preflight(&[]).await, 401);
    assert_eq!(preflight(&with("bob")).await, 200);
}

/// A policy sees the route's own path, however the request writes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_denied_path_is_denied_however_it_is_written() {
    let server = TestServer::start_with_template(TEMPLATE, &[]).await;
    let rest = server.deployment.rest_apis["Rest"].clone();
    let with = [("authorization", "not-seven")];
    for order in ["7", "%37", "7/", "%37/"] {
        let denied = get(&server, &format!("{rest}/orders/{order}"), &with).await;
        assert_eq!(denied.status, 403, "{order}");
    }
    let denied = get(&server, &format!("{rest}/%6frders/7"), &with).await;
    assert_eq!(denied.status, 403);
    known(&server, &format!("{rest}/orders/8"), &with).await;
}

/// With two tokens, the function could see another one than the authorizer.
#[tokio::test(flavor = "multi_thread")]
async fn who_says_twice_who_it_is_is_not_let_in() {
    let signer = Signer::new("k1");
    let server = TestServer::start_with_authorizers(TEMPLATE, &[], signer.given()).await;
    let rest = server.deployment.rest_apis["Rest"].clone();
    let http = server.deployment.http_apis["Http"].clone();
    let claims = json!({"iss": "http://127.0.0.1:1", "aud": "shop", "exp": LATER});
    let token = signer.token("k1", &claims);
    let asked = format!("{rest}/ticket?who=ada");
    let urls = [
        (format!("{rest}/person"), ("authorization", token.as_str())),
        (format!("{http}/jwt"), ("authorization", &token)),
        (format!("{rest}/orders/7"), ("authorization", "ada")),
        (asked.clone(), ("x-ticket", "one")),
        (format!("{http}/simple/1"), ("x-ticket", "simple-yes")),
    ];
    for (url, shown) in urls {
        known(&server, &url, &[shown]).await;
        let twice = said(&server, &url, &[shown, (shown.0, "forged")]).await;
        assert_eq!(twice, (401, message("Unauthorized")), "{url}");
    }
    for again in ["&who=bob", "&%77ho=bob"] {
        let url = format!("{asked}{again}");
        let answer = get(&server, &url, &[("x-ticket", "one")]).await;
        assert_eq!(answer.status, 401, "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_go_with_a_deployment_and_a_lost_function_lets_nobody_in() {
    let mut server = TestServer::start_with_template(TEMPLATE, &[]).await;
    let order = format!("{}/orders/7", server.deployment.rest_apis["Rest"]);
    let with = [("authorization", "ada")];
    assert_eq!(known(&server, &order, &with).await["asked"], "1");
    assert_eq!(known(&server, &order, &with).await["asked"], "1");
    server.deploy_template(TEMPLATE, &[], &[]).await;
    assert_eq!(known(&server, &order, &with).await["asked"], "2");
    let without = [("Guard", "it does not build")];
    server.deploy_template(TEMPLATE, &[], &without).await;
    assert_eq!(
        said(&server, &order, &with).await,
        (500, json!({ "message": null }))
    );
    assert_eq!(
        said(&server, &order, &[]).await,
        (401, message("Unauthorized"))
    );
    server.deploy_template(TEMPLATE, &[], &[]).await;
    assert_eq!(known(&server, &order, &with).await["principalId"], "ada");

    let key = server.deployment.api_keys["RestApiKey"].clone();
    let data_dir = server.stop().await;
    let server = TestServer::start_again_with_template(data_dir, TEMPLATE, &[]).await;
    let order = format!("{}/orders/7", server.deployment.rest_apis["Rest"]);
    assert_eq!(known(&server, &order, &with).await["asked"], "1");
    assert_eq!(server.deployment.api_keys["RestApiKey"], key);
}

#[tokio::test(flavor = "multi_thread")]
async fn api_keys_open_the_apis_of_their_plans() {
    let server = TestServer::start_with_template(TEMPLATE, &[]).await;
    let deployment = &server.deployment;
    let url = format!("{}/key", deployment.rest_apis["Rest"]);
    let key = deployment.api_keys["RestApiKey"].as_str();
    assert_eq!(key.len(), 40);
    assert!(!deployment.api_keys.contains_key("DisabledKey"));
    let forbidden = (403, message("Forbidden"));
    assert_eq!(said(&server, &url, &[]).await, forbidden);
    for wrong in ["", "abcdefghijklmnopqrst", &key[1..]] {
        assert_eq!(
            said(&server, &url, &[("x-api-key", wrong)]).await,
            forbidden,
            "{wrong}"
        );
    }
    let opened = get(&server, &url, &[("x-api-key", key)]).await.json();
    let identity = &opened["requestContext"]["identity"];
    assert_eq!(
        (&identity["apiKey"], &identity["apiKeyId"]),
        (&json!(key), &json!("RestApiKey"))
    );

    let metered = format!("{}/metered", deployment.rest_apis["Metered"]);
    let by = async |token: &str| {
        let headers = [
            ("authorization", token),
            ("x-api-key", "abcdefghijklmnopqrst"),
        ];
        get(&server, &metered, &headers).await.status
    };
    assert_eq!(by("key:abcdefghijklmnopqrst").await, 200);
    assert_eq!(by("key:zyxwvutsrqponmlkjihg").await, 403, "it is disabled");
    assert_eq!(by("ada").await, 403, "the header does not count");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_checked_before_the_function_is_asked() {
    let server = TestServer::start_with_template(TEMPLATE, &[]).await;
    let url = format!("{}/checked/a", server.deployment.rest_apis["Rest"]);
    let post = async |query: &str, headers: &[(&str, &str)], body: &'static str| {
        let answer = server
            .send(Method::POST, &format!("{url}{query}"), headers, body)
            .await;
        (answer.status, answer.json()["message"].clone())
    };
    let good = r#"{"items": [{"sku": "a"}]}"#;
    let trace = [("x-trace", "1")];
    let missing = |names: &str| {
        let text = format!("Missing required request parameters: [{names}]");
        (400, json!(text))
    };
    assert_eq!(post("", &[], good).await, missing("page, X-Trace"));
    assert_eq!(post("?page=", &trace, good).await, missing("page"));
    assert_eq!(post("?page=1", &trace, good).await.0, 200);
    let invalid = (400, json!("Invalid request body"));
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"items": []}"#,
        r#"{"items": [{"sku": 1}]}"#,
    ] {
        assert_eq!(post("?page=1", &trace, body).await, invalid, "{body}");
    }
    let text = [("x-trace", "1"), ("content-type", "text/plain")];
    assert_eq!(
        post("?page=1", &text, "anything").await.0,
        200,
        "no model is for text"
    );
    let json = [
        ("x-trace", "1"),
        ("content-type", "Application/JSON; charset=utf-8"),
    ];
    assert_eq!(post("?page=1", &json, "{}").await, invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_decide_who_calls_an_http_api() {
    let server = TestServer::start_with_template(TEMPLATE, &[]).await;
    let http = server.deployment.http_apis["Http"].clone();
    let with = |ticket: &'static str| [("x-ticket", ticket)];
    let simple = format!("{http}/simple/1");
    assert_eq!(
        said(&server, &simple, &[]).await,
        (401, message("Unauthorized"))
    );
    let first = known(&server, &simple, &with("simple-yes")).await["lambda"].clone();
    assert_eq!(first["list"], json!([1, 2]), "values keep their kinds");
    assert!(
        first["arn"]
            .as_str()
            .unwrap()
            .ends_with("/$default/GET/simple/1")
    );
    let again = known(&server, &format!("{http}/simple/2"), &with("simple-yes")).await;
    assert_eq!(
        again["lambda"], first,
        "the decision is remembered for all routes"
    );
    let forbidden = (403, message("Forbidden"));
    assert_eq!(said(&server, &simple, &with("simple-no")).await, forbidden);
    let failed = (500, message("Internal Server Error"));
    assert_eq!(said(&server, &simple, &with("odd")).await, failed);

    for path in ["policy", "old"] {
        let url = format!("{http}/{path}");
        let asked = known(&server, &url, &with("ada")).await["lambda"]["asked"].clone();
        let next = known(&server, &url, &with("ada")).await["lambda"]["asked"].clone();
        assert_ne!(
            asked, next,
            "{path}: nothing is remembered without being asked to"
        );
        assert_eq!(said(&server, &url, &with("deny")).await, forbidden);
        assert_eq!(said(&server, &url, &with("fail")).await, failed);
        let thrown = said(&server, &url, &with("unauthorized")).await;
        assert_eq!(thrown, (401, message("Unauthorized")));
    }
    let free = get(&server, &format!("{http}/free"), &[]).await;
    assert_eq!(free.status, 200);
    assert_eq!(free.json()["requestContext"].get("authorizer"), None);
    assert_eq!(said(&server, &format!("{http}/none"), &[]).await.0, 404);
}
