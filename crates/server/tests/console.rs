//! The console's data about real executions, over HTTP.

mod support;

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::Method;
use serde_json::{Value, json};
use support::{Answer, TestServer, encode};

const ROUTES: &str = "/lambdura/v1";

/// The execution id at the end of a percent-encoded ARN.
fn id_of(arn: &str) -> String {
    let id = arn.rsplit("%2F").next().expect("an ARN has slashes");
    id.replace("%2D", "-")
}

async fn get(server: &TestServer, path: &str) -> Value {
    let answer = server.get(&format!("{ROUTES}{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

fn names(page: &Value, member: &str) -> Vec<String> {
    let rows = page["executions"].as_array().expect("a list").iter();
    rows.map(|row| row[member].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_counted_and_read_page_by_page() {
    let server = TestServer::start().await;
    let well = server.begin(r#"{"steps": 1}"#).await;
    server.until_status(&well, "SUCCEEDED").await;
    let wrong = server
        .begin(r#"{"fail": "<script>no luck</script>"}"#)
        .await;
    server.until_status(&wrong, "FAILED").await;
    let waits = server.begin(r#"{"wait": 60}"#).await;
    server.until_event(&waits, "InvocationCompleted").await;
    let (well, wrong, waits) = (id_of(&well), id_of(&wrong), id_of(&waits));

    let all = get(&server, "/executions").await;
    assert_eq!(names(&all, "execution_id"), [&*waits, &*wrong, &*well]);
    assert_eq!(names(&all, "status"), ["RUNNING", "FAILED", "SUCCEEDED"]);
    let waiting = &all["executions"][0];
    assert_eq!(waiting["activity"]["kind"], "WAITING");
    assert_eq!(waiting["activity"]["operations"][0]["type"], "WAIT");
    assert_eq!(waiting["next_wake_up"]["reason"], "WAIT_ELAPSED");
    let error = &all["executions"][1]["error"];
    assert_eq!(
        *error,
        json!({"type": "Told", "message": "<script>no luck</script>"})
    );
    assert_eq!(all["next_cursor"], Value::Null);

    let first = get(&server, "/executions?limit=2").await;
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let rest = get(&server, &format!("/executions?limit=2&cursor={cursor}")).await;
    assert_eq!(names(&rest, "execution_id"), [&*well]);
    let found = get(&server, "/executions?text=NO%20LUCK").await;
    assert_eq!(names(&found, "execution_id"), [&*wrong]);
    let ended = get(
        &server,
        "/executions?status=FAILED&status=SUCCEEDED&function=Durable",
    )
    .await;
    assert_eq!(names(&ended, "execution_id"), [&*wrong, &*well]);
    let counts = get(&server, "/executions/counts").await;
    assert_eq!(
        counts["by_status"],
        json!({"RUNNING": 1, "FAILED": 1, "SUCCEEDED": 1})
    );

    for (query, told) in [
        ("status=DONE", "'status' must be one of RUNNING"),
        ("limit=0", "'limit' must be from 1 to 1000"),
        ("cursor=x", "'cursor' must be"),
    ] {
        let refused = server.get(&format!("{ROUTES}/executions?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.error().contains(told), "{}", refused.error());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_by_pages_with_and_without_their_data() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"steps": 2}"#).await;
    server.until_status(&arn, "SUCCEEDED").await;
    let id = id_of(&arn);
    let heads = get(&server, &format!("/executions/{id}/events?limit=3")).await;
    assert_eq!(
        (&heads["last_event_id"], &heads["more"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(heads["events"][2]["EventType"], "StepSucceeded");
    let result = &heads["events"][2]["StepSucceededDetails"]["Result"];
    assert_eq!(result["Payload"], Value::Null);
    let path = format!("/executions/{id}/events?after=2&limit=1&data=true");
    let whole = get(&server, &path).await;
    let result = &whole["events"][0]["StepSucceededDetails"]["Result"];
    assert_eq!(result["Payload"], "1");
    let operation = heads["events"][1]["Id"].as_str().expect("a step has an id");
    let about = get(
        &server,
        &format!("/executions/{id}/events?operation={operation}"),
    )
    .await;
    assert_eq!(about["events"].as_array().map(Vec::len), Some(2));
    assert_eq!(about["more"], false);

    let detail = get(&server, &format!("/executions/{id}")).await;
    assert_eq!(detail["event_count"], 7);
    assert_eq!(detail["input_bytes"], 12);
    assert_eq!(
        detail["limits"]["operations"],
        json!({"used": 3, "max": 3000})
    );
    assert_eq!(detail["trigger"], json!({"kind": "INVOKE"}));
    let unknown = server.get(&format!("{ROUTES}/executions/nobody")).await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
}

/// The events of a stream, as they arrive.
struct Stream {
    body: hyper::body::Incoming,
    read: String,
}

impl Stream {
    async fn open(server: &TestServer, path: &str) -> Self {
        let response = server.open(&format!("{ROUTES}{path}")).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body(),
            read: String::new(),
        }
    }

    /// The next event's name and data; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((message, rest)) = self.read.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.read = rest;
                let Some((name, data)) = message.split_once('\n') else {
                    continue;
                };
                let data = data.strip_prefix("data: ").expect("data follows the name");
                let data = serde_json::from_str(data).expect("data is JSON");
                return Some((name.replace("event: ", ""), data));
            }
            let frame = tokio::time::timeout(Duration::from_secs(30), self.body.frame());
            let frame = frame.await.expect("something comes within 30 s")?;
            let data = frame.expect("the connection holds").into_data();
            let data = data.expect("there are no trailers");
            self.read
                .push_str(std::str::from_utf8(&data).expect("events are text"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_followed_to_its_end_and_goes_on_where_it_was() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"wait": 1}"#).await;
    let mut stream = Stream::open(&server, &format!("/executions/{}/live", id_of(&arn))).await;
    let mut events = Vec::new();
    let last = loop {
        let (name, data) = stream.next().await.expect("it says when it ends");
        if name == "end" {
            break data;
        }
        assert_eq!(name, "events");
        let new = data["events"].as_array().expect("a list").clone();
        events.extend(new.iter().map(|event| event["EventId"].as_u64()));
    };
    assert_eq!(last, json!({}));
    let expected: Vec<_> = (1..=6).map(Some).collect();
    assert_eq!(events, expected, "each event once, in order");
    assert!(stream.next().await.is_none());

    let path = format!("/executions/{}/live?after=4", id_of(&arn));
    let mut stream = Stream::open(&server, &path).await;
    let (_, data) = stream.next().await.expect("there is more");
    assert_eq!(data["events"][0]["EventId"], 5);
    assert_eq!(data["execution"]["status"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_list_tells_what_changes() {
    let server = TestServer::start().await;
    let mut stream = Stream::open(&server, "/executions/live?function=Durable").await;
    let (name, page) = stream.next().await.expect("it begins with what is there");
    assert_eq!((name.as_str(), &page["order"]), ("page", &json!([])));
    let arn = server.begin(r#"{"fail": "soon"}"#).await;
    let id = id_of(&arn);
    loop {
        let (_, page) = stream.next().await.expect("it goes on");
        assert_eq!(page["order"], json!([id]));
        if page["executions"][0]["status"] == "FAILED" {
            assert_eq!(page["counts"]["by_status"], json!({"FAILED": 1}));
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_on_the_world_is_listed() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"wait": 60}"#).await;
    server.until_event(&arn, "InvocationCompleted").await;
    let timers = get(&server, "/timers").await;
    assert_eq!(timers["timers"][0]["reason"], "WAIT_ELAPSED");
    assert_eq!(timers["timers"][0]["execution_id"], id_of(&arn));
    let callbacks = get(&server, "/callbacks").await;
    assert_eq!(callbacks, json!({"callbacks": []}));

    let arn = server.begin(r#"{"callback": "<b>approval</b>"}"#).await;
    server.until_event(&arn, "InvocationCompleted").await;
    let callbacks = get(&server, "/callbacks?function=Durable").await;
    let callback = &callbacks["callbacks"][0];
    assert_eq!(callback["name"], "<b>approval</b>");
    assert_eq!(callback["execution_id"], id_of(&arn));
    let callback_id = callback["callback_id"].as_str().expect("it has an id");
    let path = format!(
        "/2025-12-01/durable-execution-callbacks/{}/succeed",
        encode(callback_id)
    );
    assert_eq!(server.post(&path, "1").await.status, 200);
    let callbacks = get(&server, "/callbacks").await;
    assert_eq!(callbacks, json!({"callbacks": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_and_the_system_tell_how_they_stand() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"steps": 1}"#).await;
    server.until_status(&arn, "SUCCEEDED").await;
    let list = get(&server, "/functions").await;
    let functions = list["functions"].as_array().expect("a list");
    let durable = functions.iter().find(|it| it["function"] == "Durable");
    let durable = durable.expect("it is deployed");
    assert_eq!(durable["is_durable"], true);
    assert_eq!(durable["stats"]["invocations"], 1);
    assert_eq!(durable["versions"][1]["aliases"], json!(["live"]));
    let detail = get(&server, "/functions/Durable").await;
    assert_eq!(detail["environment"], json!([]));
    // Values are never sent, only names.
    let detail = get(&server, "/functions/Plain").await;
    assert_eq!(detail["environment"], json!([{"name": "GREETING"}]));
    let inputs = get(&server, "/functions/Durable/inputs").await;
    assert_eq!(inputs["inputs"][0]["payload"], r#"{"steps": 1}"#);
    let metrics = get(&server, "/functions/Durable/metrics").await;
    assert_eq!(metrics, json!({"metrics": []}));
    let system = get(&server, "/system").await;
    assert_eq!(system["durability"], "disk");
    assert!(system["commits"]["count"].as_u64() > Some(0), "{system}");
    let text = server.get("/metrics").await;
    let text = String::from_utf8(text.body.to_vec()).expect("it is text");
    assert!(
        text.contains(
            "lambdura_executions{function=\"Durable\",version=\"1\",status=\"SUCCEEDED\"} 1"
        ),
        "{text}"
    );
    assert!(
        text.contains("lambdura_invocations_total{function=\"Durable\"} 1"),
        "{text}"
    );
    assert_eq!(server.get("/readyz").await.status, 200);
    let unknown = server.get(&format!("{ROUTES}/functions/Nobody")).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_cut_and_read_whole() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"steps": 1}"#).await;
    server.until_status(&arn, "SUCCEEDED").await;
    let path = format!("/logs?execution={}&text_bytes_max=5", id_of(&arn));
    let line = server
        .until("a line is there", async || {
            let lines = get(&server, &path).await;
            let line = lines["lines"].as_array().and_then(|lines| lines.first());
            line.cloned().ok_or_else(|| lines.to_string())
        })
        .await;
    assert_eq!(line["text"].as_str().map(str::len), Some(5));
    let whole = get(&server, &format!("/logs/{}", line["number"])).await;
    let length = whole["text"]
        .as_str()
        .map(str::len)
        .map(|length| length as u64);
    assert_eq!(line["text_bytes"].as_u64(), length);
    let unknown = server.get(&format!("{ROUTES}/logs/999999")).await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_served_and_the_api_keeps_its_paths() {
    let server = TestServer::start().await;
    for path in [
        "/",
        "/executions/some-id",
        "/waiting",
        "/functions/Durable",
        "/system",
    ] {
        let page = server.get(path).await;
        // Without a built console, the page says how to build it.
        let is_built = page.status == 200;
        assert!(is_built || page.status == 404, "{path}: {page:?}");
        let text = String::from_utf8_lossy(&page.body).into_owned();
        assert!(text.contains("<html"), "{path}: {text}");
        assert!(is_built || text.contains("cargo xtask console"), "{text}");
        if is_built {
            let policy = page.header("content-security-policy");
            assert!(policy.contains("default-src 'self'"), "{policy}");
            let tag = [("if-none-match", page.header("etag"))];
            let url = server.endpoint() + path;
            let again = server.send(Method::GET, &url, &tag, "").await;
            assert_eq!(again.status, 304);
        }
    }
    for path in [
        "/2015-03-31/nothing",
        "/lambdura/v1/nothing",
        "/assets/../../Cargo.toml",
        "/nothing",
    ] {
        let answer: Answer = server.get(path).await;
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
        assert!(answer.status >= 400, "{path}: {answer:?}");
    }
    assert_eq!(server.get("/2015-03-31/functions").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pages_may_not_change_anything() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"wait": 60}"#).await;
    let url = format!("{}/2025-12-01/durable-executions/{arn}", server.endpoint());
    for (method, path) in [
        (Method::POST, "/stop"),
        (Method::POST, "/pause"),
        (Method::POST, "/resume"),
        (Method::DELETE, ""),
    ] {
        let foreign = [("origin", "http://evil.example")];
        let url = format!("{url}{path}");
        let answer = server.send(method, &url, &foreign, "{}").await;
        assert_eq!(answer.status, 403, "{url}: {answer:?}");
    }
    let url = format!(
        "{}/2015-03-31/functions/Durable/invocations",
        server.endpoint()
    );
    let foreign = [("origin", "http://evil.example")];
    let answer = server.send(Method::POST, &url, &foreign, "{}").await;
    assert_eq!(answer.status, 403);
    let renamed = [("host", "evil.example")];
    let url = format!("{}{ROUTES}/executions", server.endpoint());
    let answer = server.send(Method::GET, &url, &renamed, "").await;
    assert_eq!(
        answer.status, 403,
        "a foreign name is refused even for reading"
    );
    assert_eq!(server.execution(&arn).await["Status"], "RUNNING");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_shown_a_page_where_nothing_is_and_a_program_is_told_so() {
    let server = TestServer::start().await;
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let url = server.endpoint() + path;
        server.send(Method::GET, &url, headers, "").await
    };
    for path in ["/executoins", "/a/b/c", "/lambdura/v1/nothing"] {
        let page = ask(path, &browser).await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(
            page.header("content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
        let told = ask(path, &[]).await;
        assert_eq!(told.status, 404, "{path}");
        assert!(
            told.error().contains("is not an operation"),
            "{}",
            told.error()
        );
    }
    // For a known address of the Lambda API, a browser gets the API's own answer.
    let function = ask("/2015-03-31/functions/Nobody", &browser).await;
    assert_eq!(function.header("content-type"), "application/json");
}
