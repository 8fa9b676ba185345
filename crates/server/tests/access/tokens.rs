//! Authorization by signed tokens.

use super::*;

/// An issuer of tokens, which counts the requests for its keys.
async fn issuer(signer: &Signer) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (counted, set, own) = (Arc::clone(&asked), signer.set.to_string(), url.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]);
            let body = match request.split(' ').nth(1) {
                Some("/.well-known/openid-configuration") => {
                    json!({"issuer": own, "jwks_uri": format!("{own}/keys")}).to_string()
                }
                Some("/keys") => {
                    counted.fetch_add(1, Ordering::SeqCst);
                    set.clone()
                }
                _ => String::new(),
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn jwts_are_verified_by_the_keys_of_their_issuer() {
    let signer = Signer::new("k1");
    let (issuer, asked) = issuer(&signer).await;
    let server = TestServer::start_with_template(TEMPLATE, &[("Issuer", &issuer)]).await;
    let http = server.deployment.http_apis["Http"].clone();
    let url = format!("{http}/jwt");
    let claims = |change: &dyn Fn(&mut Value)| {
        let mut claims =
            json!({"iss": issuer, "aud": "shop", "sub": "ada", "exp": LATER, "groups": ["a", "b"]});
        change(&mut claims);
        claims
    };
    let good = signer.token("k1", &claims(&|_| {}));
    let jwt = known(&server, &url, &[("authorization", &good)]).await["jwt"].clone();
    assert_eq!(jwt["claims"]["sub"], "ada");
    assert_eq!(jwt["claims"]["exp"], LATER.to_string());
    assert_eq!(jwt["claims"]["groups"], "[a b]");
    assert_eq!(jwt["scopes"], json!(null));
    let bare = good.trim_start_matches("Bearer ").to_owned();
    known(&server, &url, &[("authorization", &bare)]).await;

    let none = get(&server, &url, &[]).await;
    assert_eq!((none.status, none.json()), (401, message("Unauthorized")));
    assert_eq!(none.header("www-authenticate"), "Bearer");
    let set = |name: &'static str, value: Value| claims(&move |it| it[name] = value.clone());
    let stranger = Signer::new("k1");
    let mut altered: Vec<String> = good.split('.').map(str::to_owned).collect();
    altered[1] = URL_SAFE_NO_PAD.encode(set("sub", json!("root")).to_string());
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(claims(&|_| {}).to_string())
    );
    let secret = EncodingKey::from_secret(signer.set.to_string().as_bytes()).unwrap();
    let by_secret = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(&|_| {}), &secret);
    let refused = [
        ("expired", signer.token("k1", &set("exp", json!(1_000)))),
        (
            "endless",
            signer.token(
                "k1",
                &claims(&|it| {
                    it.as_object_mut().unwrap().remove("exp");
                }),
            ),
        ),
        ("early", signer.token("k1", &set("nbf", json!(LATER - 1)))),
        (
            "of later",
            signer.token("k1", &set("iat", json!(LATER - 1))),
        ),
        (
            "for another",
            signer.token("k1", &set("aud", json!(["other"]))),
        ),
        (
            "of another",
            signer.token("k1", &set("iss", json!("http://other.example"))),
        ),
        ("by a stranger", stranger.token("k1", &claims(&|_| {}))),
        ("by an unknown key", signer.token("k2", &claims(&|_| {}))),
        ("altered", altered.join(".")),
        ("unsigned", unsigned),
        ("by a secret", by_secret.unwrap()),
        ("no token", "Bearer x".to_owned()),
        ("too long", format!("Bearer {}", "x".repeat(70_000))),
    ];
    for (what, token) in refused {
        let answer = get(&server, &url, &[("authorization", &token)]).await;
        assert!(matches!(answer.status, 401 | 431), "{what}: {answer:?}");
    }
    let by_client = claims(&|it| {
        it.as_object_mut().unwrap().remove("aud");
        it["client_id"] = json!("shop");
        it["scope"] = json!("profile orders/read");
    });
    let token = signer.token("k1", &by_client);
    let scoped = format!("{http}/scoped");
    let jwt = known(&server, &scoped, &[("authorization", &token)]).await["jwt"].clone();
    assert_eq!(jwt["scopes"], json!(["profile", "orders/read"]));
    let without = said(&server, &scoped, &[("authorization", &good)]).await;
    assert_eq!(without, (403, message("Forbidden")));
    // A browser sends a preflight request without its token.
    let asks = [
        ("origin", "http://localhost:5173"),
        ("access-control-request-method", "GET"),
    ];
    assert_eq!(
        server.send(Method::OPTIONS, &url, &asks, "").await.status,
        204
    );
    let counted = asked.load(Ordering::SeqCst);
    assert!(
        (1..=3).contains(&counted),
        "the keys were asked for {counted} times"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_from_a_file_stand_in_for_pools_that_are_not_there() {
    let signer = Signer::new("k1");
    let server = TestServer::start_with_authorizers(TEMPLATE, &[], signer.given()).await;
    let rest = server.deployment.rest_apis["Rest"].clone();
    let person = format!("{rest}/person");
    let claims =
        json!({"iss": "any", "sub": "ada", "exp": LATER, "cognito:groups": ["a", "b"], "iat": 0});
    let token = signer.token("k1", &claims);
    let known_claims =
        known(&server, &person, &[("authorization", &token)]).await["claims"].clone();
    assert_eq!(known_claims["sub"], "ada");
    assert_eq!(known_claims["cognito:groups"], "a,b");
    assert_eq!(known_claims["iat"], "Thu Jan 01 00:00:00 UTC 1970");
    let expired = signer.token("k1", &json!({"exp": 1}));
    let said_of = said(&server, &person, &[("authorization", &expired)]).await;
    assert_eq!(said_of, (401, message("The incoming token has expired")));

    // Tokens for an existing pool must have its name as their issuer.
    let customer = format!("{rest}/customer");
    let pool = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";
    let of = |issuer: &str, scope: &str| {
        let claims = json!({"iss": issuer, "exp": LATER, "scope": scope});
        signer.token("k1", &claims)
    };
    let status = async |token: &str| {
        get(&server, &customer, &[("authorization", token)])
            .await
            .status
    };
    assert_eq!(status(&of(pool, "orders/read")).await, 200);
    assert_eq!(status(&of(pool, "orders/write")).await, 401);
    assert_eq!(status(&of("any", "orders/read")).await, 401);

    // A route without scopes takes an ID token, one with scopes an access token.
    for (route, right, wrong) in [(&person, "id", "access"), (&customer, "access", "id")] {
        for (token_use, expected) in [(right, 200), (wrong, 401)] {
            let claims =
                json!({"iss": pool, "exp": LATER, "scope": "orders/read", "token_use": token_use});
            let token = signer.token("k1", &claims);
            let answer = get(&server, route, &[("authorization", &token)]).await;
            assert_eq!(answer.status, expected, "{route}: {token_use}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_nobody_is_let_in_unless_told_otherwise() {
    let signer = Signer::new("k1");
    let claims = json!({"iss": "any", "sub": "ada", "exp": LATER});
    let token = signer.token("k1", &claims);
    let headers = [("authorization", token.as_str())];
    let server = TestServer::start_with_template(TEMPLATE, &[]).await;
    let person = format!("{}/person", server.deployment.rest_apis["Rest"]);
    assert_eq!(
        said(&server, &person, &headers).await,
        (401, message("Unauthorized"))
    );
    let unreachable = signer.token("k1", &json!({"iss": "http://127.0.0.1:1", "exp": LATER}));
    let jwt = format!("{}/jwt", server.deployment.http_apis["Http"]);
    let answer = get(&server, &jwt, &[("authorization", &unreachable)]).await;
    assert_eq!(answer.status, 401);
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("discovery"), "{challenge}");

    let any = AuthorizerConfig {
        tokens: TokenKeys::Any,
        off: false,
    };
    let server = TestServer::start_with_authorizers(TEMPLATE, &[], any).await;
    let person = format!("{}/person", server.deployment.rest_apis["Rest"]);
    assert_eq!(
        known(&server, &person, &headers).await["claims"]["sub"],
        "ada"
    );
    assert_eq!(get(&server, &person, &[]).await.status, 401);

    let off = AuthorizerConfig {
        off: true,
        ..AuthorizerConfig::default()
    };
    let server = TestServer::start_with_authorizers(TEMPLATE, &[], off).await;
    let rest = server.deployment.rest_apis["Rest"].clone();
    assert_eq!(
        get(&server, &format!("{rest}/person"), &[]).await.status,
        200
    );
    assert_eq!(
        get(&server, &format!("{rest}/orders/7"), &[]).await.status,
        200
    );
    assert_eq!(
        get(&server, &format!("{rest}/key"), &[]).await.status,
        403,
        "keys still count"
    );
}
