//! Other ways to invoke functions than HTTP APIs: REST APIs, function URLs, schedules.

#![allow(clippy::unwrap_used, reason = "a test fails where it must not go on")]

mod support;

use hyper::Method;
use model::Timestamp;
use serde_json::{Value, json};
use store::{Durability, ScheduleMarks as _, Store as _};
use store_sqlite::SqliteStore;
use support::TestServer;

const NEVER: &str = "2199-01-01T00:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn rest_apis_put_functions_behind_a_stage() {
    let server = TestServer::start_with_template("fronts.yaml", &[("Moment", NEVER)]).await;
    let url = &server.deployment.rest_apis["ServerlessRestApi"];
    assert!(url.ends_with("/Prod"), "{url}");
    assert_eq!(server.deployment.outputs[0].value, format!("{url}/items"));
    let item = format!("{url}/items/a%2Fb?q=1&q=2&r=x%20y");
    let headers = [("x-one", "1"), ("content-type", "text/plain")];
    let answer = server.send(Method::POST, &item, &headers, "hello").await;
    assert_eq!((answer.status, answer.header("x-one")), (200, "1"));
    assert_eq!(answer.header("content-type"), "application/json");
    let event = answer.json();
    assert_eq!(event["resource"], "/items/{id}");
    assert_eq!(event["path"], "/items/a%2Fb");
    assert_eq!(event["httpMethod"], "POST");
    assert_eq!(event["pathParameters"], json!({"id": "a/b"}));
    assert_eq!(
        event["queryStringParameters"],
        json!({"q": "2", "r": "x y"})
    );
    let multiple = json!({"q": ["1", "2"], "r": ["x y"]});
    assert_eq!(event["multiValueQueryStringParameters"], multiple);
    assert_eq!(event["headers"]["X-One"], "1");
    assert_eq!(
        event["multiValueHeaders"]["Content-Type"],
        json!(["text/plain"])
    );
    assert_eq!(event["body"], "hello");
    assert_eq!(event["isBase64Encoded"], false);
    assert_eq!(event["stageVariables"], json!(null));
    let context = &event["requestContext"];
    assert_eq!(context["path"], "/Prod/items/a%2Fb");
    assert_eq!(
        (&context["stage"], &context["resourcePath"]),
        (&json!("Prod"), &json!("/items/{id}"))
    );

    let get = async |path: &str| {
        let url = format!("{url}{path}");
        server
            .send(Method::GET, &url, &[("accept", "image/png")], "")
            .await
    };
    assert_eq!(
        get("/else/where").await.json()["pathParameters"]["proxy"],
        "else/where"
    );
    assert_eq!(get("/items/1?binary=1").await.body, "hello");
    let failed = get("/items/1?malformed=1").await;
    assert_eq!(failed.status, 502);
    assert_eq!(failed.json(), json!({"message": "Internal server error"}));

    let send = async |method: Method, url: String, origin: &str| {
        server.send(method, &url, &[("origin", origin)], "").await
    };
    let unknown = send(Method::DELETE, item.clone(), "http://localhost:5173").await;
    assert_eq!(unknown.status, 403);
    assert_eq!(
        unknown.json(),
        json!({"message": "Missing Authentication Token"})
    );
    let outside = url.replace("/Prod", "/items/1");
    assert_eq!(send(Method::GET, outside, "").await.status, 403);
    let foreign = send(Method::POST, item.clone(), "http://evil.example").await;
    assert_eq!(foreign.status, 403);
    let preflight = send(Method::OPTIONS, item, "http://localhost:5173").await;
    assert_eq!(preflight.status, 200);
    let allowed = preflight.header("access-control-allow-methods");
    assert_eq!(allowed, "GET,OPTIONS,POST");
    let origin = preflight.header("access-control-allow-origin");
    assert_eq!(origin, "http://localhost:5173");
    assert_eq!(preflight.header("access-control-max-age"), "600");
}

#[tokio::test(flavor = "multi_thread")]
async fn function_urls_take_every_path() {
    let server = TestServer::start_with_template("fronts.yaml", &[("Moment", NEVER)]).await;
    let url = &server.deployment.function_urls["FrontUrl"];
    assert_eq!(server.deployment.outputs[1].value, format!("{url}/"));
    let any = format!("{url}/any/path?a=1");
    let answer = server
        .send(Method::GET, &any, &[("origin", "http://a.example")], "")
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let event = answer.json();
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "$default");
    assert_eq!(event["rawPath"], "/any/path");
    assert_eq!(event["requestContext"]["stage"], "$default");
}

/// Browsers send the cookies of a host to all of its ports, and every port can set them.
#[tokio::test(flavor = "multi_thread")]
async fn functions_neither_see_nor_set_the_cookies_of_the_console() {
    let server = TestServer::start_with_template("fronts.yaml", &[("Moment", NEVER)]).await;
    let rest = format!(
        "{}/items/1",
        server.deployment.rest_apis["ServerlessRestApi"]
    );
    let urls = [&server.deployment.function_urls["FrontUrl"], &rest];
    let sent = "a=1; lambdura_session=SECRET; lambdura_oidc=SECRET; b=2";
    for url in urls {
        let only = [("cookie", "__Host-lambdura_oidc=SECRET")];
        let answer = server.send(Method::GET, url, &only, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(
            !String::from_utf8_lossy(&answer.body)
                .to_ascii_lowercase()
                .contains("cookie"),
            "{answer:?}"
        );
        let url = format!("{url}?cookies=1");
        let answer = server
            .send(Method::GET, &url, &[("cookie", sent)], "")
            .await;
        assert_eq!((answer.status, answer.header("set-cookie")), (200, "own=1"));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!text.contains("SECRET"), "{text}");
        let event = answer.json();
        let own = match event["cookies"].as_array() {
            Some(own) => own.clone(),
            None => vec![event["headers"]["Cookie"].clone()],
        };
        let kept = json!([["a=1", "b=2"], ["a=1; b=2"]]);
        assert!(kept.as_array().unwrap().contains(&json!(own)), "{own:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_durable_function_behind_a_url_is_waited_for() {
    let server = TestServer::start_with_template("fronts.yaml", &[("Moment", NEVER)]).await;
    let url = &server.deployment.function_urls["WorkflowUrl"];
    let answer = server.send(Method::POST, url, &[], "hello").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let path = "/2025-12-01/functions/Workflow/durable-executions";
    let listed = server.get(path).await.json();
    assert_eq!(listed["DurableExecutions"][0]["Status"], "SUCCEEDED");
}

/// The console's triggers of the executions of `Workflow`, the newest last.
async fn triggers(server: &TestServer) -> Vec<Value> {
    let listed = server
        .get("/lambdura/v1/executions?function=Workflow")
        .await;
    let listed = listed.json();
    let mut triggers = Vec::new();
    for execution in listed["executions"].as_array().unwrap().iter().rev() {
        let id = execution["execution_id"].as_str().unwrap();
        let path = format!("/lambdura/v1/executions/{id}");
        triggers.push(server.get(&path).await.json()["trigger"].clone());
    }
    triggers
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_knows_what_started_it() {
    let server = TestServer::start_with_template("fronts.yaml", &[("Moment", NEVER)]).await;
    let deployment = &server.deployment;
    // A REST API rejects an answer in another form than its own; the execution ended all the same.
    let fronts = [
        (deployment.function_urls["WorkflowUrl"].clone(), 200),
        (
            format!("{}/orders/1", deployment.http_apis["ServerlessHttpApi"]),
            200,
        ),
        (
            format!("{}/orders/1", deployment.rest_apis["ServerlessRestApi"]),
            502,
        ),
    ];
    for (front, status) in fronts {
        let answer = server.send(Method::POST, &front, &[], "hello").await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let answer = server.invoke("Workflow:live", &[], "{}").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let expected = [
        json!({"kind": "FUNCTION_URL", "source": "WorkflowUrl"}),
        json!({"kind": "HTTP_API", "source": "ServerlessHttpApi POST /orders/{id}"}),
        json!({"kind": "REST_API", "source": "ServerlessRestApi POST /orders/{id}"}),
        json!({"kind": "INVOKE"}),
    ];
    assert_eq!(triggers(&server).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_invoke_functions_once() {
    // Long enough for the server to start, even on a busy machine.
    let moment = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(15);
    let moment = moment.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let server = TestServer::start_with_template("fronts.yaml", &[("Moment", &moment)]).await;
    let schedules = &server.deployment.schedules;
    assert!(schedules[0].next_at.is_some(), "{schedules:?}");
    assert!(schedules[1].next_at.is_none(), "{schedules:?}");
    let expected = format!(r#"event {{"moment": "{moment}Z"}}"#);
    let events = async || {
        let logs = server.get("/lambdura/v1/logs?function=Front").await.json();
        let lines = logs["lines"].as_array().unwrap().clone();
        let texts = lines.into_iter().filter(|line| line["text"] == expected);
        (texts.count(), logs.to_string())
    };
    server
        .until("the plain function is invoked", async || {
            let (count, seen) = events().await;
            (count == 1).then_some(()).ok_or(seen)
        })
        .await;
    server
        .until("the durable function is started", async || {
            let path = "/2025-12-01/functions/Workflow/durable-executions";
            let listed = server.get(path).await.json();
            let count = listed["DurableExecutions"].as_array().map(Vec::len);
            (count == Some(1)).then_some(()).ok_or(listed.to_string())
        })
        .await;
    assert_eq!(events().await.0, 1, "no second time");
    let triggers = triggers(&server).await;
    assert_eq!(triggers[0]["kind"], "SCHEDULE", "{triggers:?}");
    assert_eq!(triggers[0]["source"], schedules[2].name);
}

/// The marks of a stopped server's schedules; sets some of them back to before the moment.
async fn marks(data_dir: &std::path::Path, set_back: &[&str]) -> Vec<(String, i64)> {
    let path = data_dir.join("lambdura.sqlite3");
    let store = SqliteStore::open(&path, Durability::Disk).unwrap();
    for name in set_back {
        let mut marks = store.schedule_marks().await.unwrap().into_iter();
        let mut mark = marks.find(|it| it.schedule.ends_with(name)).unwrap();
        mark.done_until = Timestamp::from_millis(1_500_000_000_000);
        store.put_schedule_mark(mark).await.unwrap();
    }
    let marks = store.schedule_marks().await.unwrap().into_iter();
    let marks = marks.map(|it| (it.schedule, it.done_until.as_millis()));
    let marks = marks.collect();
    store.close().await.unwrap();
    marks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_came_due_between_two_runs_fires_once() {
    // The moment is in the past: it only fires for a schedule that was deployed before it.
    let moment = [("Moment", "2020-01-01T00:00:00")];
    let moment_millis = 1_577_836_800_000;
    let schedules = ["FrontOnce", "WorkflowStart", "LastOnce"];
    let count = async |server: &TestServer| {
        let mut events = [0, 0];
        for (function, count) in ["Front", "Last"].into_iter().zip(&mut events) {
            let path = format!("/lambdura/v1/logs?function={function}");
            let logs = server.get(&path).await.json();
            let lines = logs["lines"].as_array().unwrap().clone();
            let expected = r#"event {"moment": "2020-01-01T00:00:00Z"}"#;
            *count = lines.iter().filter(|it| it["text"] == expected).count();
        }
        let path = "/2025-12-01/functions/Workflow/durable-executions";
        let listed = server.get(path).await.json();
        let executions = listed["DurableExecutions"].as_array().map(Vec::len);
        // An invocation that is stopped before its end is recorded would run again.
        let system = server.get("/lambdura/v1/system").await.json();
        let accepted = system["queues"]["accepted"].as_u64();
        (events, executions.unwrap_or_default(), accepted)
    };
    let server = TestServer::start_with_template("fronts.yaml", &moment).await;
    assert_eq!(count(&server).await, ([0, 0], 0, Some(0)));
    let data_dir = server.stop().await;
    for (schedule, done_until) in marks(data_dir.path(), &schedules).await {
        let set_back = schedules.iter().any(|name| schedule.ends_with(name));
        assert_eq!(done_until < moment_millis, set_back, "{schedule}");
    }

    let server = TestServer::start_again_with_template(data_dir, "fronts.yaml", &moment).await;
    let fired = async |server: &TestServer, expected| {
        server
            .until("the functions are invoked", async || {
                let seen = count(server).await;
                (seen == expected).then_some(()).ok_or(format!("{seen:?}"))
            })
            .await;
    };
    fired(&server, ([1, 1], 1, Some(0))).await;
    let data_dir = server.stop().await;
    for (schedule, done_until) in marks(data_dir.path(), &[]).await {
        let is_moment = schedules.iter().any(|name| schedule.ends_with(name));
        assert_eq!(done_until == moment_millis, is_moment, "{schedule}");
    }

    // As after a crash between the start of the execution and its mark: it is started once. The plain functions are
    // invoked again, because their marks and invocations are one commit. The last of them is due when its schedule has
    // ended.
    marks(data_dir.path(), &schedules).await;
    let server = TestServer::start_again_with_template(data_dir, "fronts.yaml", &moment).await;
    fired(&server, ([2, 2], 1, Some(0))).await;
    let data_dir = server.stop().await;
    for (schedule, done_until) in marks(data_dir.path(), &[]).await {
        let is_moment = schedules.iter().any(|name| schedule.ends_with(name));
        assert_eq!(done_until == moment_millis, is_moment, "{schedule}");
    }
}
