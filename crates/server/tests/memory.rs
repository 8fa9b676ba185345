//! How much memory the server needs for the largest inputs that its limits allow.
//!
//! The server runs in the test's own process, with the test's client, and each test runs in a process of its own:
//! memory that one case leaves to the allocator must not count for the next.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::process::Command;

use hyper::Method;
use serde_json::{Value, json};
use support::TestServer;

/// The most memory that the process may use at any moment, including the test's own client.
const MEMORY_KIB_MAX: u64 = 150 * 1024;

/// A running execution is in memory with all that it has recorded: 100 MB, and the rest of the process. In a debug
/// build, the code and the test's own client take more of that rest than the server's data.
const LARGEST_EXECUTION_KIB_MAX: u64 = 175 * 1024;

/// The largest answer in bytes: a page, and the text around it.
const ANSWER_BYTES_MAX: usize = 5 * 1024 * 1024 + 64 * 1024;

/// Whether this is the test's own process. If not, has run the test in one.
fn is_alone(test: &str) -> bool {
    const ALONE: &str = "LAMBDURA_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        // As in the program.
        server::return_freed_memory();
        return true;
    }
    let program = std::env::current_exe().expect("the system knows it");
    let mut alone = Command::new(program);
    alone.args(["--exact", test, "--nocapture"]).env(ALONE, "1");
    let ended = alone.status().expect("it can be started again");
    assert!(ended.success(), "{test} failed: {ended}");
    false
}

/// The peak memory of the process since the last call.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("it is Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let line = line.expect("the kernel counts it");
    let peak = line.split_whitespace().nth(1).expect("a number");
    // "5" resets the peak.
    fs::write("/proc/self/clear_refs", "5").expect("it is our own process");
    peak.parse().expect("a number")
}

fn check_peak(what: &str, kib_max: u64) {
    let peak = peak_kib();
    eprintln!("{what}: {} MiB at the most", peak / 1024);
    assert!(peak <= kib_max, "{what} took {} MiB", peak / 1024);
}

/// Reads a list to its end, page by page; returns the number of items.
async fn read_pages(
    server: &TestServer,
    path: &str,
    member: &str,
    next: &str,
    marker: &str,
) -> usize {
    let (mut items, mut parameter) = (0, String::new());
    loop {
        let answer = server.get(&format!("{path}{parameter}")).await;
        assert_eq!(answer.status, 200, "{path}{parameter}");
        assert!(
            answer.body.len() <= ANSWER_BYTES_MAX,
            "{} bytes",
            answer.body.len()
        );
        let page = answer.json();
        let found = page[member].as_array().map_or(0, Vec::len);
        assert!(found > 0, "a page without an item");
        items += found;
        parameter = match &page[next] {
            Value::Null => return items,
            Value::String(text) => format!("&{marker}={}", support::encode(text)),
            other => format!("&{marker}={other}"),
        };
    }
}

/// An execution with this many steps, whose results repeat a text this many times; it continues after a wait. Returns
/// its ARN and its result.
async fn replayed(server: &TestServer, steps: usize, text: &str, times: usize) -> (String, Value) {
    let input = json!({"many": steps, "text": text, "times": times}).to_string();
    let arn = server.begin(&input).await;
    let execution = server.until_status(&arn, "SUCCEEDED").await;
    let result = execution["Result"].as_str().expect("it succeeded");
    let result = serde_json::from_str(result).expect("the function answers JSON");
    (arn, result)
}

#[tokio::test(flavor = "multi_thread")]
async fn results_full_of_quotes_are_replayed_and_shown() {
    if !is_alone("results_full_of_quotes_are_replayed_and_shown") {
        return;
    }
    let server = TestServer::start().await;
    // Results of 256 KB that take twice as much on the wire.
    let (steps, times) = (40, 131_000);
    let (arn, result) = replayed(&server, steps, "\"", times).await;
    assert_eq!(result["sum"], steps * times, "{result}");
    assert!(result["inline"].as_u64() < Some(12), "{result}");
    assert!(result["pages"].as_u64() > Some(2), "{result}");
    check_peak("results of quotes", MEMORY_KIB_MAX);

    let history = format!("/2025-12-01/durable-executions/{arn}/history");
    let whole = format!("{history}?MaxItems=1000");
    let events = read_pages(&server, &whole, "Events", "NextMarker", "Marker").await;
    assert_eq!(events, 1 + 2 * steps + 2 + 2 + 1);
    let newest = format!("{history}?MaxItems=1000&ReverseOrder=true");
    let newest = read_pages(&server, &newest, "Events", "NextMarker", "Marker").await;
    assert_eq!(newest, events);
    check_peak("its history", MEMORY_KIB_MAX);
    let heads = format!("{history}?MaxItems=1000&IncludeExecutionData=false");
    let answer = server.get(&heads).await;
    assert_eq!(
        answer.json()["Events"].as_array().map(Vec::len),
        Some(events)
    );
    check_peak("its history without data", MEMORY_KIB_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_checks_read_no_inputs() {
    if !is_alone("lists_and_checks_read_no_inputs") {
        return;
    }
    let server = TestServer::start().await;
    // Inputs of 6 MB: only the execution itself shows them.
    let padding = " ".repeat(6 * 1024 * 1024 - 20);
    for _ in 0..20 {
        let input = format!(r#"{{"fail":"no"}}{padding}"#);
        let answer = server.invoke("Durable:live", &[], &input).await;
        assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    }
    peak_kib();
    let list = "/2025-12-01/functions/Durable/durable-executions?MaxItems=1000";
    let listed = server.get(list).await.json();
    let listed = listed["DurableExecutions"]
        .as_array()
        .cloned()
        .expect("a list");
    assert_eq!(listed.len(), 20);
    for one in &listed {
        let arn = support::encode(one["DurableExecutionArn"].as_str().expect("it has one"));
        let path = format!("/2025-12-01/durable-executions/{arn}?IncludeExecutionData=false");
        assert_eq!(
            server.get(&path).await.json()["DurableExecutionArn"],
            one["DurableExecutionArn"]
        );
        let path =
            format!("/2025-12-01/durable-executions/{arn}/history?IncludeExecutionData=false");
        assert_eq!(server.get(&path).await.status, 200);
    }
    server.get("/lambdura/v1/executions?limit=1000").await;
    check_peak("a list of executions with large inputs", MEMORY_KIB_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_long_lines_is_read_by_pages() {
    if !is_alone("a_log_of_long_lines_is_read_by_pages") {
        return;
    }
    let server = TestServer::start().await;
    // 20 MB of lines, which take six times as much on the wire.
    let print = json!({"print": 80, "size": 250_000}).to_string();
    let printed = server.invoke("Plain", &[], &print).await;
    assert_eq!(printed.status, 200, "{printed:?}");
    peak_kib();
    let all = "/lambdura/v1/logs?limit=10000";
    let forwards = read_pages(&server, all, "lines", "next_after", "after").await;
    let tail = format!("{all}&tail=true");
    let backwards = read_pages(&server, &tail, "lines", "next_before", "before").await;
    assert!(
        backwards >= forwards && forwards >= 2,
        "{forwards} and {backwards} lines"
    );
    let metrics = server.get("/lambdura/v1/functions/Plain/metrics").await;
    assert_eq!(metrics.status, 200);
    check_peak("the log", MEMORY_KIB_MAX);
    let print = json!({"print": 500, "size": 250_000}).to_string();
    let printed = server.invoke("Plain", &[], &print).await;
    assert_eq!(printed.status, 200, "{printed:?}");
    let cut = server.get(&format!("{all}&text_bytes_max=100")).await;
    assert!(cut.body.len() < 1024 * 1024, "{} bytes", cut.body.len());
    check_peak("the beginnings of all lines", MEMORY_KIB_MAX);

    // A page of another site could request the log in a loop.
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "no-cors"),
    ];
    let url = server.endpoint() + all;
    let refused = server.send(Method::GET, &url, &foreign, "").await;
    assert_eq!(refused.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_at_its_limit_goes_on_after_a_wait() {
    if !is_alone("an_execution_at_its_limit_goes_on_after_a_wait") {
        return;
    }
    let server = TestServer::start().await;
    // The maximum that an execution may hold.
    let (steps, times) = (395, 262_000);
    let (arn, result) = replayed(&server, steps, "x", times).await;
    assert_eq!(result["sum"], steps * times, "{result}");
    assert!(result["pages"].as_u64() > Some(18), "{result}");
    check_peak("an execution at its limit", LARGEST_EXECUTION_KIB_MAX);
    let path = format!("/2025-12-01/durable-executions/{arn}/history?MaxItems=1000");
    let events = read_pages(&server, &path, "Events", "NextMarker", "Marker").await;
    assert_eq!(events, 1 + 2 * steps + 2 + 2 + 1);
    check_peak("its history", MEMORY_KIB_MAX);
}
