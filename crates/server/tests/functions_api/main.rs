//! Functions over the API: created from archives, changed, published, divided, deleted.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod given_up;
mod refusals;
#[path = "../support/mod.rs"]
mod support;

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Value, json};
use support::{Answer, TestServer, encode, fixtures};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const FUNCTIONS: &str = "/2015-03-31/functions";
const ROLE: &str = "arn:aws:iam::000000000000:role/test";

/// A fixture's `bootstrap` with an added comment, so that its archive is different.
fn package(fixture: &str, comment: &str) -> String {
    let path = fixtures().join(fixture).join("bootstrap");
    let mut code = std::fs::read_to_string(path).unwrap();
    code.push_str(&format!("\n# {comment}\n"));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let executable = SimpleFileOptions::default().unix_permissions(0o755);
    writer.start_file("bootstrap", executable).unwrap();
    writer.write_all(code.as_bytes()).unwrap();
    STANDARD.encode(writer.finish().unwrap().into_inner())
}

fn plain(name: &str) -> Value {
    json!({
        "FunctionName": name, "Role": ROLE, "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Code": {"ZipFile": package("plain", "first")}, "Timeout": 5,
    })
}

fn durable(name: &str) -> Value {
    let mut request = plain(name);
    request["Code"] = json!({"ZipFile": package("durable", "first")});
    request["DurableConfig"] = json!({"ExecutionTimeout": 600});
    request["Publish"] = json!(true);
    request
}

async fn call(server: &TestServer, method: Method, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let url = server.endpoint() + path;
    server.send(method, &url, &[], body).await
}

async fn ok(server: &TestServer, method: Method, path: &str, body: &Value) -> Value {
    let answer = call(server, method, path, body).await;
    assert!(answer.status < 300, "{answer:?}");
    if answer.body.is_empty() {
        Value::Null
    } else {
        answer.json()
    }
}

async fn refused(server: &TestServer, method: Method, path: &str, body: &Value) -> String {
    call(server, method, path, body).await.error()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_created_invoked_changed_and_published() {
    let server = TestServer::start().await;
    let mut request = plain("Made");
    request["Environment"] = json!({"Variables": {"GREETING": "hello"}});
    request["Tags"] = json!({"team": "loans"});
    let made = ok(&server, Method::POST, "/2015-03-31/functions/", &request).await;
    assert_eq!(made["State"], "Active");
    assert_eq!(made["Version"], "$LATEST");
    assert_eq!(made["Environment"]["Variables"]["GREETING"], "hello");
    let archive = STANDARD.decode(package("plain", "first")).unwrap();
    assert_eq!(made["CodeSize"], archive.len());
    let answer = server
        .invoke("Made", &[("x-amz-log-type", "Tail")], r#"{"a":1}"#)
        .await;
    assert_eq!(answer.json()["echo"], json!({"a": 1}), "{answer:?}");
    let log = STANDARD.decode(answer.header("x-amz-log-result")).unwrap();
    assert!(String::from_utf8(log).unwrap().contains("REPORT RequestId"));
    assert_eq!(
        refused(&server, Method::POST, FUNCTIONS, &plain("Made")).await,
        "409 ResourceConflictException Function already exist: Made"
    );

    let first = ok(
        &server,
        Method::POST,
        "/2015-03-31/functions/Made/versions",
        &json!({}),
    )
    .await;
    assert_eq!(first["Version"], "1");
    let same = ok(
        &server,
        Method::POST,
        "/2015-03-31/functions/Made/versions",
        &Value::Null,
    )
    .await;
    assert_eq!(same, first, "nothing changed");
    let settings = json!({"Timeout": 7, "Description": "later"});
    let path = "/2015-03-31/functions/Made/configuration";
    let changed = ok(&server, Method::PUT, path, &settings).await;
    assert_eq!(
        (&changed["Timeout"], &changed["MemorySize"]),
        (&json!(7), &json!(128))
    );
    let stale = json!({"Timeout": 8, "RevisionId": made["RevisionId"]});
    assert!(
        refused(&server, Method::PUT, path, &stale)
            .await
            .starts_with("412 PreconditionFailed")
    );
    let code = json!({"ZipFile": package("plain", "second"), "Publish": true});
    let second = ok(
        &server,
        Method::PUT,
        "/2015-03-31/functions/Made/code",
        &code,
    )
    .await;
    assert_eq!(second["Version"], "2");
    assert_ne!(second["CodeSha256"], first["CodeSha256"]);
    let other = json!({"CodeSha256": first["CodeSha256"]});
    assert!(
        refused(
            &server,
            Method::POST,
            "/2015-03-31/functions/Made/versions",
            &other
        )
        .await
        .starts_with("400 InvalidParameterValueException CodeSHA256")
    );
    // The old version is unchanged.
    let old = ok(
        &server,
        Method::GET,
        "/2015-03-31/functions/Made?Qualifier=1",
        &Value::Null,
    )
    .await;
    assert_eq!(old["Configuration"]["Timeout"], 5);
    assert_eq!(old["Tags"]["team"], "loans");

    let server = server.restart().await;
    let kept = ok(&server, Method::GET, path, &Value::Null).await;
    assert_eq!(
        (&kept["Timeout"], &kept["RevisionId"].is_string()),
        (&json!(7), &true)
    );
    assert_eq!(server.invoke("Made:2", &[], "{}").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_about_functions_is_refused() {
    let server = TestServer::start().await;
    let with = |member: &str, value: Value| {
        let mut request = plain("Bad");
        request[member] = value;
        request
    };
    for (request, expected) in [
        (
            with("Timeout", json!(901)),
            "400 ValidationException 1 validation error detected: Value '901' at 'timeout' failed \
             to satisfy constraint: Member must have value less than or equal to 900",
        ),
        (
            with("Role", Value::Null),
            "400 ValidationException 1 validation error detected: Value null at 'role' failed to \
             satisfy constraint: Member must not be null",
        ),
        (with("Runtime", json!("cobol")), "400 ValidationException"),
        (
            with("Architectures", json!(["mips"])),
            "400 ValidationException",
        ),
        (
            with("PackageType", json!("Image")),
            "400 InvalidParameterValueException PackageType Image",
        ),
        (
            with("Code", json!({"S3Bucket": "b", "S3Key": "k"})),
            "400 InvalidParameterValueException Code in S3",
        ),
        (
            with("Code", json!({"ImageUri": "x"})),
            "400 InvalidParameterValueException Container images",
        ),
        (
            with("Code", json!({})),
            "400 InvalidParameterValueException Please provide a source",
        ),
        (
            with("Code", json!({"ZipFile": "???"})),
            "400 SerializationException",
        ),
        (
            with(
                "Code",
                json!({"ZipFile": STANDARD.encode("not a zip, but long enough for one")}),
            ),
            "400 InvalidParameterValueException Could not unzip uploaded file. Please check your \
             file, then try to upload again.",
        ),
        (
            with("Environment", json!({"Variables": {"AWS_REGION": "x"}})),
            "400 InvalidParameterValueException Lambda was unable to configure your environment",
        ),
        (
            with("FunctionName", json!("a b")),
            "400 ValidationException",
        ),
        (
            with("FunctionName", json!("Bad:live")),
            "400 InvalidParameterValueException",
        ),
        (
            with("DurableConfig", json!({})),
            "400 InvalidParameterValueException DurableConfig",
        ),
    ] {
        let answer = refused(&server, Method::POST, FUNCTIONS, &request).await;
        assert!(answer.starts_with(expected), "{answer}");
    }
    let path = "/2015-03-31/functions/Bad";
    assert!(
        refused(&server, Method::GET, path, &Value::Null)
            .await
            .starts_with("404")
    );
    assert!(
        refused(&server, Method::DELETE, path, &Value::Null)
            .await
            .starts_with("404")
    );
    let durable_later = json!({"DurableConfig": {"ExecutionTimeout": 60}});
    let path = "/2015-03-31/functions/Plain/configuration";
    assert!(
        refused(&server, Method::PUT, path, &durable_later)
            .await
            .starts_with("400 InvalidParameterValueException DurableConfig cannot be added")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_divides_its_traffic_and_named_executions_stay_where_they_are() {
    let server = TestServer::start().await;
    let first = ok(&server, Method::POST, FUNCTIONS, &durable("Divided")).await;
    assert_eq!(first["Version"], "1");
    let code = json!({"ZipFile": package("durable", "second"), "Publish": true});
    ok(
        &server,
        Method::PUT,
        "/2015-03-31/functions/Divided/code",
        &code,
    )
    .await;
    let aliases = "/2015-03-31/functions/Divided/aliases";
    let request = json!({
        "Name": "live", "FunctionVersion": "1",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}},
    });
    let alias = ok(&server, Method::POST, aliases, &request).await;
    assert_eq!(alias["RoutingConfig"]["AdditionalVersionWeights"]["2"], 0.5);
    assert!(
        refused(&server, Method::POST, aliases, &request)
            .await
            .starts_with("409")
    );

    let mut versions = std::collections::BTreeMap::<String, u32>::new();
    for number in 0..24 {
        let name = format!("run-{number}");
        let headers = [
            ("x-amz-durable-execution-name", name.as_str()),
            ("x-amz-invocation-type", "Event"),
        ];
        let answer = server
            .invoke("Divided:live", &headers, r#"{"steps": 1}"#)
            .await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let version = answer.header("x-amz-executed-version").to_owned();
        *versions.entry(version.clone()).or_default() += 1;
        // A repeated request gets the same execution on the same version.
        let again = server
            .invoke("Divided:live", &headers, r#"{"steps": 1}"#)
            .await;
        assert_eq!(again.header("x-amz-executed-version"), version, "{again:?}");
    }
    // All 2^24 outcomes are equally likely; two of them have only one version.
    assert_eq!(versions.len(), 2, "{versions:?}");

    let path = "/2015-03-31/functions/Divided?Qualifier=2";
    assert!(
        refused(&server, Method::DELETE, path, &Value::Null)
            .await
            .starts_with("409")
    );
    let live = format!("{aliases}/live");
    let stale = json!({"FunctionVersion": "2", "RevisionId": "other"});
    assert!(
        refused(&server, Method::PUT, &live, &stale)
            .await
            .starts_with("412")
    );
    let moved =
        json!({"FunctionVersion": "2", "RoutingConfig": {}, "RevisionId": alias["RevisionId"]});
    let moved = ok(&server, Method::PUT, &live, &moved).await;
    assert_eq!(
        (&moved["FunctionVersion"], &moved["RoutingConfig"]),
        (&json!("2"), &Value::Null)
    );
    for (request, expected) in [
        (
            json!({"Name": "7", "FunctionVersion": "1"}),
            "400 ValidationException",
        ),
        (json!({"Name": "x"}), "400 ValidationException"),
        (
            json!({"Name": "x", "FunctionVersion": "9"}),
            "404 ResourceNotFoundException",
        ),
        (
            json!({"Name": "x", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}}),
            "400 ValidationException",
        ),
        (
            json!({"Name": "x", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}),
            "400 InvalidParameterValueException",
        ),
    ] {
        let answer = refused(&server, Method::POST, aliases, &request).await;
        assert!(answer.starts_with(expected), "{answer}");
    }
    for _ in 0..2 {
        assert_eq!(
            call(&server, Method::DELETE, &live, &Value::Null)
                .await
                .status,
            204
        );
    }
    assert!(
        refused(&server, Method::GET, &live, &Value::Null)
            .await
            .starts_with("404")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_with_executions_drains_even_across_a_restart() {
    let server = TestServer::start().await;
    ok(&server, Method::POST, FUNCTIONS, &durable("Leaving")).await;
    let event = [("x-amz-invocation-type", "Event")];
    let started = server
        .invoke("Leaving:1", &event, r#"{"callback": "go"}"#)
        .await;
    let arn = encode(started.header("x-amz-durable-execution-arn"));
    let callback = server.until_event(&arn, "CallbackStarted").await;
    let path = "/2015-03-31/functions/Leaving";
    assert_eq!(
        call(&server, Method::DELETE, path, &Value::Null)
            .await
            .status,
        204
    );

    let server = server.restart().await;
    let shown = ok(&server, Method::GET, path, &Value::Null).await;
    let configuration = &shown["Configuration"];
    assert_eq!(configuration["State"], "Deleting");
    assert_eq!(
        configuration["StateReasonCode"],
        "DrainingDurableExecutions"
    );
    assert!(
        server
            .invoke("Leaving:1", &event, "{}")
            .await
            .error()
            .starts_with("409 ResourceConflictException")
    );
    assert!(
        refused(&server, Method::POST, FUNCTIONS, &durable("Leaving"))
            .await
            .starts_with("409")
    );

    let id = callback["CallbackStartedDetails"]["CallbackId"]
        .as_str()
        .unwrap();
    let succeed = format!(
        "/2025-12-01/durable-execution-callbacks/{}/succeed",
        encode(id)
    );
    assert_eq!(server.post(&succeed, "1").await.status, 200);
    server.until_status(&arn, "SUCCEEDED").await;
    server
        .until("the function is gone", async || {
            let answer = server.get(path).await;
            (answer.status == 404)
                .then_some(())
                .ok_or_else(|| format!("{answer:?}"))
        })
        .await;
    // Its name is free again.
    ok(&server, Method::POST, FUNCTIONS, &durable("Leaving")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_deleted_versions_are_not_used_again() {
    let server = TestServer::start().await;
    let mut request = plain("Counted");
    request["Publish"] = json!(true);
    ok(&server, Method::POST, FUNCTIONS, &request).await;
    let code = json!({"ZipFile": package("plain", "second"), "Publish": true});
    ok(
        &server,
        Method::PUT,
        "/2015-03-31/functions/Counted/code",
        &code,
    )
    .await;
    let path = "/2015-03-31/functions/Counted?Qualifier=2";
    assert_eq!(
        call(&server, Method::DELETE, path, &Value::Null)
            .await
            .status,
        204
    );
    let server = server.restart().await;
    let code = json!({"ZipFile": package("plain", "third"), "Publish": true});
    let third = ok(
        &server,
        Method::PUT,
        "/2015-03-31/functions/Counted/code",
        &code,
    )
    .await;
    assert_eq!(third["Version"], "3");
    assert!(
        refused(
            &server,
            Method::DELETE,
            "/2015-03-31/functions/Counted?Qualifier=$LATEST",
            &Value::Null
        )
        .await
        .starts_with("400 InvalidParameterValueException $LATEST version cannot be deleted")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deprecated_and_the_streamed_spelling_of_invoke_work() {
    let server = TestServer::start().await;
    let accepted = server
        .post("/2014-11-13/functions/Plain/invoke-async/", r#"{"a":1}"#)
        .await;
    assert_eq!((accepted.status, accepted.body.len()), (202, 0));
    let path = "/2021-11-15/functions/Plain/response-streaming-invocations";
    let streamed = server.post(path, r#"{"a":1}"#).await;
    assert_eq!(
        streamed.header("content-type"),
        "application/vnd.amazon.eventstream"
    );
    let text = String::from_utf8_lossy(&streamed.body).into_owned();
    assert!(
        text.contains(r#"{"echo": {"a": 1}"#) && text.contains("InvokeComplete"),
        "{text}"
    );
    let failed = server.post(path, r#"{"fail":"no"}"#).await;
    let text = String::from_utf8_lossy(&failed.body).into_owned();
    assert!(text.contains(r#""ErrorCode":"Unhandled""#), "{text}");
    assert!(!text.contains("PayloadChunk"), "{text}");
}
