//! The console: signing in by an OpenID provider, which is a small one of the test's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use server::{AccessLimits, OidcConfig, OidcPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::TEMPLATE;
use crate::support::{Answer, TestServer};

const SECRET: &str = "s3cret: with/odd&signs";
const BEGIN: &str = "/lambdura/v1/session/oidc";
const CALLBACK: &str = "/lambdura/v1/session/oidc/callback";

/// A provider. What its people claim is set by the test.
#[derive(Clone)]
struct Provider {
    url: String,
    key: Arc<Key>,
    state: Arc<Mutex<State>>,
}

struct Key {
    signing: EncodingKey,
    public: Value,
}

#[derive(Default)]
struct State {
    /// By code: what the browser was sent with.
    codes: HashMap<String, HashMap<String, String>>,
    /// Members that the next ID token has besides the usual ones, or instead of them; null takes one out.
    claims: Value,
    redeemed: Vec<HashMap<String, String>>,
}

fn key(id: &str) -> Key {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
    let document = document.expect("there is randomness");
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).expect("it is a pair");
    let public = pair.public_key().as_ref();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = (text(&public[1..33]), text(&public[33..]));
    Key {
        signing: EncodingKey::from_ec_der(document.as_ref()),
        public: json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": x, "y": y}),
    }
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%');
        let hex = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).expect("it is text")
}

fn parameters(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect()
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let provider = Self {
            url: format!("http://{address}/realm"),
            key: Arc::new(key("one")),
            state: Arc::default(),
        };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let provider = serving.clone();
                tokio::spawn(async move { provider.answer(stream).await });
            }
        });
        provider
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no test panics here")
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let (head, body) = loop {
            let mut piece = [0; 8192];
            let read = stream.read(&mut piece).await.unwrap_or(0);
            request.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                assert!(read > 0, "the request ends early: {text}");
                continue;
            };
            let lower = head.to_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |it| it.trim().parse().expect("a number"));
            if body.len() >= length {
                break (head.to_owned(), body.to_owned());
            }
        };
        let path = head.split(' ').nth(1).expect("a path").to_owned();
        let (status, answer) = match path.as_str() {
            "/realm/.well-known/openid-configuration" => (
                200,
                json!({
                    "issuer": self.url,
                    "authorization_endpoint": format!("{}/authorize?theme=dark", self.url),
                    "token_endpoint": format!("{}/token", self.url),
                    "jwks_uri": format!("{}/keys", self.url),
                }),
            ),
            "/realm/keys" => (200, json!({"keys": [self.key.public]})),
            "/realm/token" => self.redeem(&head, &parameters(&body)),
            other => (404, json!({"error": other})),
        };
        let answer = answer.to_string();
        let answer = format!(
            "HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        // The client may have gone.
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    /// An ID token for a code, once, for whoever has the secret and the verifier.
    fn redeem(&self, head: &str, form: &HashMap<String, String>) -> (u16, Value) {
        let basic = head.lines().find_map(|line| line.split_once("Basic "));
        let pair = basic.and_then(|(_, text)| STANDARD.decode(text.trim()).ok());
        let pair = pair.map(|pair| String::from_utf8_lossy(&pair).into_owned());
        let client = pair.as_deref().and_then(|pair| pair.split_once(':'));
        let client = client.map(|(id, secret)| (decoded(id), decoded(secret)));
        let mut state = self.state();
        state.redeemed.push(form.clone());
        if client != Some(("console".to_owned(), SECRET.to_owned())) {
            return (401, json!({"error": "invalid_client"}));
        }
        let Some(sent) = state.codes.remove(&form["code"]) else {
            return (400, json!({"error": "invalid_grant"}));
        };
        let hash = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
        if URL_SAFE_NO_PAD.encode(hash) != sent["code_challenge"]
            || form["redirect_uri"] != sent["redirect_uri"]
        {
            return (400, json!({"error": "invalid_grant"}));
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.expect("it is later").as_secs();
        let mut claims = json!({
            "iss": self.url, "aud": "console", "sub": "u-1", "nonce": sent["nonce"],
            "iat": now, "exp": now + 300,
        });
        for (name, value) in state.claims.as_object().into_iter().flatten() {
            claims[name.as_str()] = value.clone();
            if value.is_null() {
                claims.as_object_mut().expect("an object").remove(name);
            }
        }
        let signing = match claims.as_object_mut().expect("an object").remove("forged") {
            Some(_) => &key("one").signing,
            None => &self.key.signing,
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("one".to_owned());
        let token = jsonwebtoken::encode(&header, &claims, signing).expect("it can be signed");
        (
            200,
            json!({"access_token": "unused", "token_type": "Bearer", "id_token": token}),
        )
    }

    /// What a browser does at the provider: signs in, and is sent back with a code.
    fn authorize(&self, location: &str) -> HashMap<String, String> {
        let (at, query) = location.split_once('?').expect("it has parameters");
        assert_eq!(at, format!("{}/authorize", self.url));
        let sent = parameters(query);
        assert_eq!(sent["theme"], "dark", "its own parameters are kept");
        assert_eq!(sent["response_type"], "code");
        assert_eq!(sent["client_id"], "console");
        assert_eq!(sent["code_challenge_method"], "S256");
        assert_eq!(sent["scope"], "openid groups");
        let mut state = self.state();
        let code = format!("code-{}", state.codes.len() + state.redeemed.len());
        state.codes.insert(code.clone(), sent.clone());
        HashMap::from([
            ("code".to_owned(), code),
            ("state".to_owned(), sent["state"].clone()),
        ])
    }

    fn config(&self) -> OidcConfig {
        let rule = |value: &str, policy: &str| OidcPolicy {
            claim: "groups".to_owned(),
            value: value.to_owned(),
            policy: policy.into(),
        };
        OidcConfig {
            issuer: self.url.clone(),
            client_id: "console".to_owned(),
            client_secret: Some(SECRET.to_owned()),
            scope: "openid groups".to_owned(),
            console_url: None,
            policies: vec![rule("sre", "admin"), rule("dev", "observe")],
        }
    }
}

async fn start(provider: &Provider) -> TestServer {
    let limits = AccessLimits::default();
    let oidc = Some(provider.config());
    let started = TestServer::start_enforced_with(TEMPLATE, vec!["observe".into()], limits, oidc);
    started.await.0
}

async fn get(server: &TestServer, path: &str, cookie: &str) -> Answer {
    let url = server.endpoint() + path;
    // As browsers do that come from the provider's page.
    let headers = [
        ("cookie", cookie),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    let from = if path.starts_with(CALLBACK) { 4 } else { 1 };
    server.send(Method::GET, &url, &headers[..from], "").await
}

/// The cookie that an answer sets.
fn set(answer: &Answer, name: &str) -> String {
    let all = answer.headers.get_all("set-cookie").iter();
    let mut all = all.filter_map(|value| value.to_str().ok());
    let found = all.find(|value| value.starts_with(&format!("{name}=")));
    let found = found.unwrap_or_else(|| panic!("{name} is not set: {answer:?}"));
    found.split(';').next().unwrap_or_default().to_owned()
}

/// Signs in as far as the way back; `changed` may change it.
async fn sign_in(
    server: &TestServer,
    provider: &Provider,
    changed: impl FnOnce(&mut HashMap<String, String>, &mut String),
) -> Answer {
    let sent = get(server, BEGIN, "").await;
    assert_eq!(sent.status, 303, "{sent:?}");
    let mut cookie = set(&sent, "lambdura_oidc");
    let mut back = provider.authorize(sent.header("location"));
    changed(&mut back, &mut cookie);
    let query: Vec<_> = back
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    get(server, &format!("{CALLBACK}?{}", query.join("&")), &cookie).await
}

fn claims(provider: &Provider, claims: Value) {
    provider.state().claims = claims;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_provider_knows_may_do_what_their_claims_say() {
    let provider = Provider::start().await;
    let server = start(&provider).await;
    assert_eq!(
        server.get("/lambdura/v1/session").await.json(),
        json!({"required": true, "provider": true})
    );
    claims(
        &provider,
        json!({"groups": ["dev"], "email": "ada@example.com"}),
    );
    let back = sign_in(&server, &provider, |_, _| {}).await;
    assert_eq!(
        (back.status, back.header("location")),
        (303, "/"),
        "{back:?}"
    );
    let session = set(&back, "lambdura_session");
    assert!(
        set(&back, "lambdura_oidc").ends_with('='),
        "it is of no use any more"
    );
    let redirect = provider.state().redeemed[0]["redirect_uri"].clone();
    assert_eq!(redirect, server.endpoint() + CALLBACK);

    let who = get(&server, "/lambdura/v1/session", &session).await;
    assert_eq!(who.json()["name"], "ada@example.com");
    assert_eq!(
        get(&server, "/lambdura/v1/executions", &session)
            .await
            .status,
        200
    );
    let denied = get(&server, "/lambdura/v1/access-keys", &session).await;
    let message = denied.error();
    assert!(
        message.contains("assumed-role/console/ada@example.com"),
        "{message}"
    );

    claims(&provider, json!({"groups": "sre"}));
    let back = sign_in(&server, &provider, |_, _| {}).await;
    let admin = set(&back, "lambdura_session");
    assert_eq!(
        get(&server, "/lambdura/v1/access-keys", &admin)
            .await
            .status,
        200
    );
    let audit = get(&server, "/lambdura/v1/audit", &admin).await;
    let audit = audit.json().to_string();
    assert!(audit.contains("person ada@example.com"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_sent_by_the_provider_is_not_let_in() {
    let provider = Provider::start().await;
    let server = start(&provider).await;
    let groups = json!({"groups": ["sre"]});
    let with = |more: Value| {
        let mut all = groups.clone();
        for (name, value) in more.as_object().expect("an object") {
            all[name.as_str()] = value.clone();
        }
        all
    };
    // Each costs one of the tries of an address, of which there are two a second.
    for (told, why) in [
        (json!({}), "no-policy"),
        (json!({"groups": ["guests"]}), "no-policy"),
        (with(json!({"forged": true})), "failed"),
        (with(json!({"nonce": "another"})), "failed"),
        (with(json!({"nonce": null})), "failed"),
        (with(json!({"aud": "another"})), "failed"),
        (with(json!({"aud": null, "client_id": "console"})), "failed"),
        (with(json!({"aud": ["console", "b"], "azp": "b"})), "failed"),
        (with(json!({"iss": "http://127.0.0.1:1/other"})), "failed"),
        (with(json!({"exp": 1_000_000_000})), "failed"),
        (with(json!({"exp": null})), "failed"),
    ] {
        claims(&provider, told.clone());
        let back = settled(&server, &provider, |_, _| {}).await;
        assert_eq!(
            back.header("location"),
            format!("/?sign-in={why}"),
            "{told}"
        );
    }
    claims(&provider, groups);
    let back = settled(&server, &provider, |back, _| {
        back.insert("state".to_owned(), "A".repeat(40));
    });
    assert_eq!(back.await.header("location"), "/?sign-in=late");
    let back = settled(&server, &provider, |_, cookie| cookie.clear());
    assert_eq!(back.await.header("location"), "/?sign-in=late");
    let back = settled(&server, &provider, |back, _| {
        back.insert("code".to_owned(), "guessed".to_owned());
    });
    assert_eq!(back.await.header("location"), "/?sign-in=failed");
    let back = settled(&server, &provider, |back, _| {
        back.insert("error".to_owned(), "access_denied".to_owned());
    });
    assert_eq!(back.await.header("location"), "/?sign-in=refused");
    let back = settled(&server, &provider, |_, _| {}).await;
    assert_eq!(
        back.header("location"),
        "/",
        "nothing was wrong with the rest"
    );
}

/// As [`sign_in`], after a pause in which the address may try again.
async fn settled(
    server: &TestServer,
    provider: &Provider,
    changed: impl FnOnce(&mut HashMap<String, String>, &mut String),
) -> Answer {
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let back = sign_in(server, provider, changed).await;
    assert_eq!(back.status, 303, "{back:?}");
    back
}
