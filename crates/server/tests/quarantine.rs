//! Damage stays local: executions that cannot be read are set aside, reported, and tried again, and the others
//! continue.

mod support;

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};
use support::{TestServer, encode};

const SET_ASIDE: &str = "/lambdura/v1/set-aside";

/// Damaged deadlines: more than the timers read at once.
const DAMAGED: usize = 300;

/// All lists of executions, their callbacks and timers.
const LISTS: &[&str] = &[
    "/2025-12-01/functions/Durable/durable-executions",
    "/lambdura/v1/executions",
    "/lambdura/v1/executions?status=RUNNING",
    "/lambdura/v1/executions?text=until",
    "/lambdura/v1/executions/counts",
    "/lambdura/v1/callbacks",
    "/lambdura/v1/timers",
    "/lambdura/v1/functions",
    "/lambdura/v1/system",
    "/metrics",
];

/// Changes a stopped server's database.
fn change(data_dir: &Path, sql: &str) {
    let database = Connection::open(data_dir.join("lambdura.sqlite3")).expect("it is there");
    database.execute_batch(sql).expect("it can be changed");
}

/// The statement that sets the status of an execution's step.
fn step_status(arn: &str, status: &str) -> String {
    let id = id_of(arn);
    format!(
        "UPDATE operations SET status = '{status}' WHERE type = 'STEP' AND execution_key =
         (SELECT execution_key FROM execution_specs WHERE execution_id = '{id}')"
    )
}

/// The execution id at the end of a percent-encoded ARN.
fn id_of(arn: &str) -> String {
    let id = arn.rsplit("%2F").next().expect("an ARN has slashes");
    id.replace("%2D", "-")
}

/// Another program that locks the store of a running server for writing.
fn writing_shell(system: &Value) -> Connection {
    let data_dir = Path::new(system["data_dir"].as_str().expect("it says where"));
    let shell = Connection::open(data_dir.join("lambdura.sqlite3")).expect("it is there");
    shell
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody else holds it for long");
    shell
}

/// Waits until this many executions are set aside.
async fn until_set_aside(server: &TestServer, count: usize) -> Value {
    let what = format!("{count} executions are set aside");
    let look = async || {
        let list = server.get(SET_ASIDE).await.json();
        if list["count"] == count {
            Ok(list)
        } else {
            Err(list.to_string())
        }
    };
    server.until(&what, look).await
}

async fn until_ready(server: &TestServer) {
    let look = async || {
        let answer = server.get("/readyz").await;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(format!("{answer:?}"))
        }
    };
    server.until("the server is ready", look).await;
}

async fn metric(server: &TestServer, name: &str) -> f64 {
    let text = server.get("/metrics").await.body;
    let text = String::from_utf8(text.to_vec()).expect("metrics are text");
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.unwrap_or_else(|| panic!("no `{name}` in {text}"));
    value.trim().parse().expect("a figure")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unreadable_execution_is_set_aside_and_taken_back_once_it_can_be_read() {
    let server = TestServer::start().await;
    let folder = tempfile::tempdir().expect("there is room");
    let go_on = folder.path().join("go-on");
    let busy_until = json!({"until": go_on}).to_string();
    let damaged = server.begin(&busy_until).await;
    server.until_event(&damaged, "StepSucceeded").await;
    let busy = server.begin(&busy_until).await;
    server.until_event(&busy, "StepSucceeded").await;
    let waiting = server.begin(r#"{"wait": 2}"#).await;
    server.until_event(&waiting, "WaitStarted").await;
    let data_dir = server.stop().await;
    change(data_dir.path(), &step_status(&damaged, "STBRTED"));
    let server = TestServer::start_on(data_dir).await;
    let list = until_set_aside(&server, 1).await;
    until_ready(&server).await;
    let aside = &list["executions"][0];
    assert_eq!(aside["execution_id"], id_of(&damaged));
    assert_eq!(aside["attempted"], "go on with it");
    let reason = aside["reason"].as_str().expect("it says why");
    assert!(reason.contains("STBRTED"), "{reason}");

    // The other executions continue, and all lists are answered.
    std::fs::write(&go_on, "").expect("there is room");
    for other in [&busy, &waiting] {
        server.until_status(other, "SUCCEEDED").await;
    }
    for path in LISTS {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    let health = server.get("/healthz").await.json();
    assert_eq!(health["set_aside_executions"], 1, "{health}");
    let system = server.get("/lambdura/v1/system").await.json();
    assert_eq!(system["set_aside_executions"], 1, "{system}");
    assert_eq!(system["problems"], json!([]), "{system}");
    assert!(metric(&server, "lambdura_set_aside_executions ").await >= 1.0);
    assert!(metric(&server, "lambdura_ready ").await >= 1.0);
    let path = format!("/lambdura/v1/executions/{}", id_of(&damaged));
    let answer = server.get(&path).await;
    assert_eq!(answer.status, 200, "its summary can be read: {answer:?}");
    assert_eq!(
        answer.json()["set_aside"]["reason"],
        reason,
        "its page says so"
    );

    // The damage is still there. By id, and by ARN.
    for named in [id_of(&damaged), damaged.clone()] {
        let path = format!("{SET_ASIDE}/{named}/try-again");
        let answer = server.post(&path, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["outcome"], "set_aside", "{answer:?}");
    }
    until_set_aside(&server, 1).await;
    let other = server
        .post(&format!("{SET_ASIDE}/{}/try-again", id_of(&busy)), "")
        .await;
    assert_eq!(other.status, 404, "it is not set aside: {other:?}");
    let nobody = server
        .post(&format!("{SET_ASIDE}/{}/try-again", encode("a b")), "")
        .await;
    assert_eq!(nobody.status, 400, "no id: {nobody:?}");

    // If the attempt cannot be recorded, the execution stays set aside.
    let shell = writing_shell(&system);
    let path = format!("{SET_ASIDE}/{}/try-again", id_of(&damaged));
    let refused = server.post(&path, "").await;
    assert!(refused.status >= 500, "{refused:?}");
    assert_eq!(server.get(SET_ASIDE).await.json()["count"], 1);
    shell.execute_batch("ROLLBACK").expect("it was open");
    until_ready(&server).await;

    // It stays set aside across a restart, until a user asks to try again.
    let data_dir = server.stop().await;
    change(data_dir.path(), &step_status(&damaged, "SUCCEEDED"));
    let server = TestServer::start_on(data_dir).await;
    until_set_aside(&server, 1).await;
    until_ready(&server).await;
    let path = format!("{SET_ASIDE}/{}/try-again", id_of(&damaged));
    let answer = server.post(&path, "").await;
    assert_eq!(
        answer.json(),
        json!({"outcome": "taken_back"}),
        "{answer:?}"
    );
    let ended = server.until_status(&damaged, "SUCCEEDED").await;
    assert_eq!(ended["DurableExecutionName"], id_of(&damaged));
    until_set_aside(&server, 0).await;
}

/// Copies a waiting execution this many times, with a wait that cannot be read and is long over.
fn copy_damaged(data_dir: &Path, id: &str, copies: usize) {
    let database = Connection::open(data_dir.join("lambdura.sqlite3")).expect("it is there");
    let columns = |table: &str, key: &str| -> Vec<String> {
        let mut statement = database
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .expect("it is right");
        let names = statement.query_map([], |row| row.get(0)).expect("it runs");
        let names = names.map(|name| name.expect("a column has a name"));
        names.filter(|name| name != key).collect()
    };
    // `changed` has the columns that differ in the copy number `n`.
    let copy = |table: &str, key: &str, changed: &[(&str, &str)]| {
        let columns = columns(table, key);
        // The database assigns a new key.
        let key = if key.is_empty() { "" } else { "NULL, " };
        let values = columns.iter().map(|column| {
            let change = changed.iter().find(|(name, _)| name == column);
            change.map_or(column.as_str(), |(_, value)| *value)
        });
        let values = values.collect::<Vec<_>>().join(", ");
        let statement = format!(
            "WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {copies})
             INSERT INTO {table} SELECT {key}{values} FROM {table}, copy WHERE execution_key =
             (SELECT execution_key FROM execution_specs WHERE execution_id = '{id}')"
        );
        database
            .execute_batch(&statement)
            .expect("it can be copied");
    };
    let other = ("execution_key", "1000000 + n");
    copy(
        "execution_specs",
        "",
        &[
            other,
            ("execution_id", "'damaged-' || n"),
            ("execution_name", "'damaged-' || n"),
        ],
    );
    copy("operations", "operation_key", &[other, ("status", "'X'")]);
    copy("execution_states", "", &[other, ("deadline_at", "n")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_deadlines_do_not_stop_the_timers_of_others() {
    let server = TestServer::start().await;
    let model = server.begin(r#"{"wait": 500}"#).await;
    server.until_event(&model, "InvocationCompleted").await;
    let waiting = server.begin(r#"{"wait": 1}"#).await;
    server.until_event(&waiting, "WaitStarted").await;
    let data_dir = server.stop().await;
    copy_damaged(data_dir.path(), &id_of(&model), DAMAGED);

    let server = TestServer::start_on(data_dir).await;
    server.until_status(&waiting, "SUCCEEDED").await;
    until_set_aside(&server, DAMAGED).await;
    let later = server.begin(r#"{"wait": 1}"#).await;
    server.until_status(&later, "SUCCEEDED").await;
    assert_eq!(server.execution(&model).await["Status"], "RUNNING");

    // The list has pages.
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = server
            .get(&format!("{SET_ASIDE}?limit=120{after}"))
            .await
            .json();
        assert_eq!(page["count"], DAMAGED);
        let executions = page["executions"].as_array().expect("a list");
        assert!(executions.len() <= 120);
        seen.extend(executions.iter().map(|it| it["execution_id"].to_string()));
        let Some(next) = page["next_after"].as_str() else {
            break;
        };
        after = format!("&after={}", encode(next));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), DAMAGED, "each once");
    let refused = server.get(&format!("{SET_ASIDE}?limit=0")).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let aside = server.get("/lambdura/v1/executions/damaged-1").await;
    assert_eq!(aside.status, 200, "{aside:?}");
    assert_eq!(aside.json()["set_aside"]["attempted"], "fire a deadline");
}

/// Users look at a server when its disk is full: the reports about it must not fail as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_nothing_is_told_by_metrics_and_the_system_page() {
    let server = TestServer::start().await;
    until_ready(&server).await;
    let system = server.get("/lambdura/v1/system").await.json();
    let shell = writing_shell(&system);
    let event = [("x-amz-invocation-type", "Event")];
    let refused = server.invoke("Durable:live", &event, "{}").await;
    assert!(refused.status >= 500, "{refused:?}");
    let ready = server.get("/readyz").await;
    assert_eq!(ready.status, 503, "{ready:?}");
    let figures = [
        ("lambdura_ready ", 0.0..1.0),
        ("lambdura_store_healthy ", 0.0..1.0),
        ("lambdura_store_commits_failing ", 1.0..1e9),
        ("lambdura_store_failed_commits_total ", 1.0..1e9),
    ];
    for (name, range) in figures {
        let figure = metric(&server, name).await;
        assert!(range.contains(&figure), "{name}{figure}");
    }
    let system = server.get("/lambdura/v1/system").await.json();
    let trouble = system["store"]["trouble"].as_str().unwrap_or_default();
    assert!(trouble.contains("database is locked"), "{system}");
    assert_eq!(system["problems"].as_array().map(Vec::len), Some(1));

    shell.execute_batch("ROLLBACK").expect("it was open");
    until_ready(&server).await;
    assert!(metric(&server, "lambdura_ready ").await >= 1.0);
    assert!(metric(&server, "lambdura_store_failed_commits_total ").await >= 1.0);
    let system = server.get("/lambdura/v1/system").await.json();
    assert_eq!(system["store"].get("trouble"), None, "{system}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_that_wait_for_their_turn_count_as_queued() {
    let server = TestServer::start().await;
    let folder = tempfile::tempdir().expect("there is room");
    let busy = json!({"until": folder.path().join("never")}).to_string();
    // At most eight run at the same time.
    for _ in 0..10 {
        server.begin(&busy).await;
    }
    let look = async || {
        let health = server.get("/healthz").await.json();
        if health["waiting_invocations"] == 2 {
            Ok(health)
        } else {
            Err(health.to_string())
        }
    };
    let health = server.until("two invocations wait", look).await;
    let queued = |versions: &Value, name: &str| -> u64 {
        let versions = versions.as_array().expect("a list").iter();
        let versions = versions.filter(|it| name.is_empty() || it["function"] == name);
        versions.filter_map(|it| it["queued"].as_u64()).sum()
    };
    assert!(queued(&health["functions"], "Durable") >= 2, "{health}");
    let system = server.get("/lambdura/v1/system").await.json();
    assert!(queued(&system["processes"], "Durable") >= 2, "{system}");
    let asynchronous = system["queues"]["asynchronous"].as_u64();
    assert!(asynchronous >= Some(2), "{system}");
    let function = server.get("/lambdura/v1/functions/Durable").await.json();
    assert!(queued(&function["versions"], "") >= 2, "{function}");
    let name = r#"lambdura_invocations_waiting{function="Durable",version="1"} "#;
    assert!(metric(&server, name).await >= 2.0);
    let name = r#"lambdura_processes{function="Durable",version="1",state="queued"} "#;
    assert!(metric(&server, name).await >= 2.0);
    server.stop().await;
}
