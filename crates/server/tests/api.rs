//! The rest of the API: plain functions, lists, HTTP APIs, and malformed requests.

mod support;

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::json;
use support::{TestServer, encode};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn plain_functions_answer_fail_and_are_checked() {
    let server = TestServer::start().await;
    let answer = server
        .invoke("Plain", &[("x-amz-log-type", "Tail")], r#"{"a":1}"#)
        .await;
    assert_eq!(answer.json()["echo"], json!({"a": 1}));
    assert!(!answer.header("x-amz-log-result").is_empty());
    let failed = server.invoke("Plain", &[], r#"{"fail":"no"}"#).await;
    assert_eq!(
        (failed.status, failed.header("x-amz-function-error")),
        (200, "Unhandled")
    );
    assert_eq!(failed.json()["errorMessage"], "no");
    let dry = server
        .invoke("Plain", &[("x-amz-invocation-type", "DryRun")], "")
        .await;
    assert_eq!(dry.status, 204);
    let event = server
        .invoke("Plain", &[("x-amz-invocation-type", "Event")], r#"{"b":2}"#)
        .await;
    assert_eq!(event.status, 202);
    server
        .until("the asynchronous event is in the log", async || {
            let logs = server
                .get("/lambdura/v1/logs?function=Plain")
                .await
                .json()
                .to_string();
            if logs.contains(r#"{\"b\": 2}"#) {
                Ok(())
            } else {
                Err(logs)
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_resolved_as_aws_resolves_them() {
    let server = TestServer::start().await;
    let error = async |function: &str, headers: &[(&str, &str)]| {
        server
            .invoke(&encode(function), headers, "{}")
            .await
            .error()
    };
    assert_eq!(
        error("Durable", &[]).await,
        "400 InvalidParameterValueException You cannot invoke a durable function using an \
         unqualified ARN."
    );
    assert_eq!(
        error("Durable:nope", &[]).await,
        "404 ResourceNotFoundException Function not found: \
         arn:aws:lambda:us-east-1:000000000000:function:Durable:nope"
    );
    assert_eq!(
        error("Plain", &[("x-amz-durable-execution-name", "x")]).await,
        "400 InvalidParameterValueException A durable execution name can only be given for a \
         durable function."
    );
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:Plain";
    assert_eq!(server.invoke(&encode(arn), &[], "{}").await.status, 200);
    assert_eq!(
        server
            .invoke("Durable:$LATEST", &[], r#"{"steps":1}"#)
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_versions_and_aliases_are_listed() {
    let server = TestServer::start().await;
    let functions = server.get("/2015-03-31/functions/").await.json();
    let names: Vec<_> = functions["Functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["FunctionName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["Broken", "Durable", "Plain"]);
    let function = server
        .get("/2015-03-31/functions/Durable?Qualifier=live")
        .await
        .json();
    assert_eq!(function["Configuration"]["Version"], "1");
    assert_eq!(
        function["Configuration"]["DurableConfig"]["ExecutionTimeout"],
        600
    );
    let versions = server
        .get("/2015-03-31/functions/Durable/versions")
        .await
        .json();
    assert_eq!(versions["Versions"].as_array().unwrap().len(), 2);
    let aliases = server
        .get("/2015-03-31/functions/Durable/aliases")
        .await
        .json();
    assert_eq!(aliases["Aliases"][0]["Name"], "live");
    assert_eq!(aliases["Aliases"][0]["FunctionVersion"], "1");
    let server = server.restart().await;
    let versions = server
        .get("/2015-03-31/functions/Durable/versions")
        .await
        .json();
    assert_eq!(
        versions["Versions"].as_array().unwrap().len(),
        2,
        "nothing changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_listed_in_pages_and_by_status() {
    let server = TestServer::start().await;
    for _ in 0..3 {
        let arn = server.begin(r#"{"steps": 1}"#).await;
        server.until_status(&arn, "SUCCEEDED").await;
    }
    server.begin(r#"{"callback": "open"}"#).await;
    let list = "/2025-12-01/functions/Durable/durable-executions";
    let mut seen = Vec::new();
    let mut path = format!("{list}?MaxItems=2&ReverseOrder=true");
    loop {
        let page = server.get(&path).await.json();
        for one in page["DurableExecutions"].as_array().unwrap() {
            seen.push(one["StartTimestamp"].as_f64().unwrap());
        }
        let Some(marker) = page["NextMarker"].as_str() else {
            break;
        };
        path = format!(
            "{list}?MaxItems=2&ReverseOrder=true&Marker={}",
            encode(marker)
        );
    }
    assert_eq!(seen.len(), 4);
    assert!(seen.is_sorted(), "{seen:?}");
    let running = server.get(&format!("{list}?Statuses=RUNNING")).await.json();
    assert_eq!(running["DurableExecutions"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_apis_put_functions_behind_routes() {
    let server = TestServer::start().await;
    let url = &server.deployment.http_apis["Api"];
    let echo = format!("{url}/echo/LOAN%2F1?a=1&a=2&b=x%20y");
    let answer = server
        .send(Method::POST, &echo, &[("x-one", "1")], "hello")
        .await;
    assert_eq!(
        (answer.status, answer.header("x-route")),
        (201, "ANY /echo/{id}")
    );
    let event = answer.json();
    assert_eq!(event["pathParameters"]["id"], "LOAN/1");
    assert_eq!(
        event["queryStringParameters"],
        json!({"a": "1,2", "b": "x y"})
    );
    assert_eq!(event["body"], "hello");
    assert_eq!(event["requestContext"]["http"]["method"], "POST");
    assert_eq!(event["headers"]["x-one"], "1");

    assert_eq!(
        server
            .send(Method::GET, &format!("{url}/nope"), &[], "")
            .await
            .status,
        404
    );
    let big = vec![b'x'; 11 * 1024 * 1024];
    assert_eq!(
        server
            .send(Method::POST, &format!("{url}/echo/1"), &[], big)
            .await
            .status,
        413
    );

    let page = ("origin", "http://localhost:5173");
    let preflight = [page, ("access-control-request-method", "POST")];
    let answer = server
        .send(Method::OPTIONS, &format!("{url}/echo/1"), &preflight, "")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://localhost:5173"
    );
    let foreign = [("origin", "http://evil.example")];
    let answer = server
        .send(Method::POST, &format!("{url}/echo/1"), &foreign, "")
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_answered() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"callback": "open"}"#).await;
    server.until_event(&arn, "InvocationCompleted").await;
    let checkpoint = format!("/2025-12-01/durable-executions/{arn}/checkpoint");
    let post = async |path: &str, body: &str| server.post(path, body.to_owned()).await.error();

    assert!(
        post(&checkpoint, "{")
            .await
            .starts_with("400 SerializationException")
    );
    assert!(
        post(&checkpoint, "[]")
            .await
            .starts_with("400 SerializationException")
    );
    assert_eq!(
        post(&checkpoint, r#"{"CheckpointToken":"AAAA"}"#).await,
        "400 InvalidParameterValueException Invalid checkpoint token"
    );
    assert_eq!(
        post(
            &checkpoint,
            r#"{"CheckpointToken":"AAAA","Updates":[{"Id":"1","Type":"WAIT","Action":"START","WaitOptions":{"WaitSeconds":0}}]}"#
        )
        .await,
        "400 ValidationException 1 validation error detected: Value '0' at \
         'updates.1.member.waitOptions.waitSeconds' failed to satisfy constraint: Member must have \
         value greater than or equal to 1"
    );
    let unknown = arn.replace("%2Fdurable%2Dexecution%2F", "%2Fdurable%2Dexecution%2Fx");
    assert_eq!(
        post(
            &unknown_checkpoint(&unknown),
            r#"{"CheckpointToken":"AAAA"}"#
        )
        .await,
        "400 InvalidParameterValueException Invalid checkpoint token"
    );
    let get = async |path: String| server.get(&path).await.error();
    assert_eq!(
        get(format!("/2025-12-01/durable-executions/{unknown}")).await,
        "404 ResourceNotFoundException Durable Execution does not exist"
    );
    assert!(
        get("/2025-12-01/durable-executions/nonsense".into())
            .await
            .starts_with("400 ValidationException")
    );
    assert!(
        get("/2025-12-01/nope".into())
            .await
            .starts_with("404 UnknownOperationException")
    );
    assert_eq!(
        post("/2025-12-01/durable-execution-callbacks/AAAA/succeed", "1").await,
        "400 InvalidParameterValueException Invalid callback id"
    );
    let big = "x".repeat(10 * 1024 * 1024);
    let answer = server.invoke("Plain", &[], &big).await;
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (413, "RequestTooLargeException")
    );
    assert!(
        server
            .invoke("Plain", &[], "{nope")
            .await
            .error()
            .starts_with(
                "400 InvalidRequestContentException Could not parse request body into json"
            )
    );
    assert_eq!(server.execution(&arn).await["Status"], "RUNNING");
}

fn unknown_checkpoint(arn: &str) -> String {
    format!("/2025-12-01/durable-executions/{arn}/checkpoint")
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_names_and_pages_are_refused() {
    let server = TestServer::start().await;
    let url = format!(
        "{}/2015-03-31/functions/Plain/invocations",
        server.endpoint()
    );
    let foreign_host = server
        .send(Method::POST, &url, &[("host", "evil.example")], "{}")
        .await;
    assert_eq!(foreign_host.status, 403);
    let foreign_page = [("origin", "http://evil.example")];
    assert_eq!(
        server
            .send(Method::POST, &url, &foreign_page, "{}")
            .await
            .status,
        403
    );
    assert_eq!(server.send(Method::POST, &url, &[], "{}").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_the_connection_to_its_sender() {
    /// Reads one answer, with head and body.
    async fn read_answer(connection: &mut BufReader<TcpStream>) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = connection.read_line(&mut head).await.unwrap();
            assert!(read > 0, "the server hung up after {head:?}");
        }
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        connection.read_exact(&mut body).await.unwrap();
        head
    }

    let server = TestServer::start().await;
    let host = server.endpoint().replace("http://", "");
    let invoke = "/2015-03-31/functions/Plain/invocations";
    let refused = [
        ("/no/such/operation", ""),
        (invoke, "origin: http://evil.example\r\n"),
        ("/healthz", ""),
    ];
    let connection = TcpStream::connect(&host).await.unwrap();
    let mut connection = BufReader::new(connection);
    for (path, header) in refused {
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{header}content-length: 4\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        // Long enough for an answer that does not wait for the body.
        tokio::time::sleep(Duration::from_millis(50)).await;
        connection.write_all(b"null").await.unwrap();
        let answer = read_answer(&mut connection).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    // The server does not ask for a body that the client holds back, and its answer closes the
    // connection.
    let head = format!(
        "POST /no/such/operation HTTP/1.1\r\nhost: {host}\r\nexpect: 100-continue\r\n\
         content-length: 100000000\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let answer = read_answer(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

/// A JSON parser that skips a text accepts any bytes in it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_text_is_refused() {
    let server = TestServer::start().await;
    let payload = Bytes::from_static(b"{\"name\":\"\xff\xfe\"}");
    for function in ["Plain", "Durable:live"] {
        for kind in ["RequestResponse", "Event", "DryRun"] {
            let url = format!(
                "{}/2015-03-31/functions/{function}/invocations",
                server.endpoint()
            );
            let kind = [("x-amz-invocation-type", kind)];
            let refused = server
                .send(Method::POST, &url, &kind, payload.clone())
                .await;
            let error = refused.error();
            assert!(
                error.starts_with(
                    "400 InvalidRequestContentException Could not parse request body into json: "
                ),
                "{function}: {error}"
            );
        }
    }
    let name = HeaderName::from_static("x-amz-durable-execution-name");
    let request = hyper::Request::post(format!(
        "{}/2015-03-31/functions/Durable:live/invocations",
        server.endpoint()
    ));
    let value = HeaderValue::from_bytes("näme".as_bytes()).unwrap();
    let refused = server.send_request(request.header(name, value), "{}").await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let arn = server.begin(r#"{"callback": "approval"}"#).await;
    let started = server.until_event(&arn, "CallbackStarted").await;
    let id = started["CallbackStartedDetails"]["CallbackId"].as_str();
    let id = encode(id.unwrap());
    let path = format!("/2025-12-01/durable-execution-callbacks/{id}/succeed");
    let refused = server.post(&path, payload).await;
    assert_eq!(
        refused.error(),
        "400 InvalidParameterValueException The callback result must be UTF-8 text."
    );
    for path in [
        "/2025-12-01/functions/Durable/durable-executions?Statuses=%FF",
        "/2025-12-01/functions/Durable/durable-executions?Statuses=Failed",
        "/2025-12-01/functions/Durable/durable-executions?DurableExecutionName=%C3",
        "/lambdura/v1/executions?text=%FF",
        "/lambdura/v1/executions?status=%FF",
        "/lambdura/v1/logs?function=%FF",
        "/lambdura/v1/logs?tail=yes",
        "/lambdura/v1/callbacks?function=%FF",
        "/lambdura/v1/dead-letters?before=%FF",
        &format!(
            "/lambdura/v1/executions/{}/events?operation=%25FF",
            id_of(&arn)
        ),
        &format!("/lambdura/v1/executions/{}/events?data=yes", id_of(&arn)),
        &format!("/2025-12-01/durable-executions/{arn}/history?Marker=%FF"),
    ] {
        let refused = server.get(path).await;
        assert_eq!(refused.status, 400, "{path}: {refused:?}");
    }
    // A status that no execution ever has is still a filter.
    let path = "/2025-12-01/functions/Durable/durable-executions?Statuses=DELETING";
    assert_eq!(
        server.get(path).await.json()["DurableExecutions"],
        json!([])
    );
}

fn id_of(arn: &str) -> String {
    let arn = percent_encoding::percent_decode_str(arn)
        .decode_utf8()
        .expect("an ARN is ASCII");
    arn.rsplit('/').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_behind_the_same_door_as_everything_else() {
    let server = TestServer::start().await;
    let signed = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.ListTables"),
        ("x-amz-date", "20260101T000000Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=b",
        ),
    ];
    let ask = async |more: &[(&str, &str)]| {
        let headers = [&signed[..], more].concat();
        server
            .send(Method::POST, &(server.endpoint() + "/"), &headers, "{}")
            .await
    };
    let listed = ask(&[]).await;
    assert_eq!(
        (listed.status, listed.json()),
        (200, json!({"TableNames": []}))
    );
    let foreign = ask(&[("origin", "http://evil.example")]).await;
    assert_eq!(foreign.status, 403);
    let rebound = ask(&[("host", "evil.example")]).await;
    assert_eq!(rebound.status, 403);
    let own = server.endpoint();
    let own = ask(&[("origin", &own)]).await;
    assert_eq!(own.status, 200);
    for name in own.headers.keys() {
        assert!(!name.as_str().starts_with("access-control"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_at_a_shutdown_is_told_to_try_again() {
    let server = TestServer::start().await;
    let waiting = server.waiting_invocation("Durable:live", r#"{"callback": "never"}"#);
    let list = "/2025-12-01/functions/Durable/durable-executions?Statuses=RUNNING";
    server
        .until("the execution runs", async || {
            let listed = server.get(list).await.json();
            match listed["DurableExecutions"].as_array().map(Vec::len) {
                Some(1) => Ok(()),
                _ => Err(listed.to_string()),
            }
        })
        .await;
    let server = server.restart().await;
    let told = waiting.await.unwrap();
    let error = told.error();
    assert!(error.starts_with("503 ServiceException "), "{error}");
    let arn = encode(told.header("x-amz-durable-execution-arn"));
    assert_eq!(server.execution(&arn).await["Status"], "RUNNING");
}
