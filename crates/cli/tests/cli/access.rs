//! `lambdura up` with APIs that have authorizers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::lambdura::{command, ran};
use crate::running::{Up, get, python};

const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals: { Function: { Runtime: provided.al2023, Handler: bootstrap, CodeUri: code/, Timeout: 20 } }
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Orders: { Type: HttpApi, Properties: { ApiId: !Ref Front, Path: /orders, Method: GET } }
        Stock: { Type: Api, Properties: { RestApiId: !Ref Back, Path: /stock, Method: GET } }
  Front:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: People
        Authorizers:
          People:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: { issuer: 'https://issuer.example', audience: [shop] }
  Back:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Auth: { ApiKeyRequired: true, UsagePlan: { CreateUsagePlan: PER_API } }
"#;

/// Answers with the authorizer's data about the caller.
const BOOTSTRAP: &str = r#"
import json, os, urllib.request

def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
        return answer.headers, json.loads(answer.read() or b"null")

runtime = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    headers, event = call(runtime + "next")
    known = event["requestContext"].get("authorizer", "nothing")
    call(runtime + headers["Lambda-Runtime-Aws-Request-Id"] + "/response", {"statusCode": 200, "body": json.dumps(known)})
"#;

/// The key that signed [`TOKEN`].
const KEYS: &str = r#"{"keys": [{"kty": "oct", "kid": "test", "alg": "HS256", "k": "YSBrZXkgb2YgdGhpcyB0ZXN0IGFuZCBvZiBub3RoaW5nIGVsc2UhIQ"}]}"#;

/// A token by `https://issuer.example`, for `shop`, about `ada`, until the year 2191.
const TOKEN: &str = "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAidGVzdCJ9.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSIsICJhdWQiOiAic2hvcCIsICJzdWIiOiAiYWRhIiwgImV4cCI6IDcwMDAwMDAwMDB9.vK5yP98cOO-2ySc5KhMCJy4J5BcnYDrj8qb62U7XP3A";

fn write(folder: &Path) {
    fs::write(folder.join("template.yaml"), TEMPLATE).unwrap();
    fs::write(folder.join("keys.json"), KEYS).unwrap();
    fs::create_dir(folder.join("code")).unwrap();
    let bootstrap = folder.join("code/bootstrap");
    fs::write(&bootstrap, format!("#!{}\n{BOOTSTRAP}", python())).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn tokens_and_keys_open_apis_and_an_edited_template_closes_them() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let keys = folder.path().join("keys.json").display().to_string();
    let mut up = Up::start(folder.path(), &["--jwt-keys", &keys]);
    let orders = format!(
        "{}/orders",
        up.ready["http_apis"]["Front"].as_str().unwrap()
    );
    let none = get(&orders, "x-other: 1");
    assert!(none.starts_with("HTTP/1.1 401 "), "{none}");
    let bearer = format!("authorization: Bearer {TOKEN}");
    let opened = get(&orders, &bearer);
    assert!(opened.starts_with("HTTP/1.1 200 "), "{opened}");
    assert!(opened.contains(r#""sub": "ada""#), "{opened}");
    let other = bearer.replace("vK5yP98", "vK5yP99");
    let forged = get(&orders, &other);
    assert!(forged.starts_with("HTTP/1.1 401 "), "{forged}");

    let stock = format!("{}/stock", up.ready["rest_apis"]["Back"].as_str().unwrap());
    let key = up.ready["api_keys"]["BackApiKey"]
        .as_str()
        .unwrap()
        .to_owned();
    let without = get(&stock, "x-api-key: guessed");
    assert!(without.starts_with("HTTP/1.1 403 "), "{without}");
    let with = get(&stock, &format!("x-api-key: {key}"));
    assert!(with.starts_with("HTTP/1.1 200 "), "{with}");

    let edited = TEMPLATE.replace("audience: [shop]", "audience: [office]");
    fs::write(folder.path().join("template.yaml"), edited).unwrap();
    let began = Instant::now();
    loop {
        let answer = get(&orders, &bearer);
        if answer.starts_with("HTTP/1.1 401 ") {
            break;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the token still opens it: {answer}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let ended = up.signal("INT");
    let row = format!("API key BackApiKey  {key}");
    assert!(
        ended.out.contains(&row) || ended.err.contains(&row),
        "{}",
        ended.text()
    );
    let reason = "the token is for somebody else";
    assert!(ended.err.contains(reason), "{}", ended.text());
}

#[test]
fn a_file_without_keys_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    for (content, problem) in [
        ("{}", "no set of keys"),
        (r#"{"keys": []}"#, "no key in it"),
    ] {
        fs::write(folder.path().join("keys.json"), content).unwrap();
        let mut command = command(&["up", "--jwt-keys", "keys.json"]);
        let ran = ran(&command.current_dir(folder.path()).output().unwrap());
        assert_eq!(ran.code, Some(2), "{}", ran.text());
        assert!(ran.err.contains(problem), "{}", ran.text());
    }
}
