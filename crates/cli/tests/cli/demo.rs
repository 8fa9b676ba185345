//! The demo from the binary alone.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lambdura::{command, ran};
use crate::running::{Up, get, send};

const ALICE: &str = r#"{"name":"Alice Johnson","sin":"1111","loan_amount":150000}"#;

/// How long an application may take on a busy machine, without simulated work.
const END_TIME_MAX: Duration = Duration::from_secs(60);

fn start(folder: &Path, arguments: &[&str]) -> Up {
    // The environment has neither cargo nor node, nor a shell's settings.
    let environment = [("PATH", "/usr/bin:/bin"), ("CARGO", "/nowhere")];
    let arguments = [&["--pace", "0", "--page-listen", "127.0.0.1:0"], arguments].concat();
    Up::start_command("demo", folder, &arguments, &environment)
}

fn api(up: &Up) -> String {
    up.ready["http_apis"]["LoanApi"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn json(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("it has a body");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {answer}"))
}

fn apply(up: &Up) -> String {
    let url = format!("{}/apply", api(up));
    let applied = json(&send("POST", &url, "content-type: application/json", ALICE));
    applied["application_id"].as_str().unwrap().to_owned()
}

fn wait_for_status(up: &Up, id: &str, status: &str) {
    let began = Instant::now();
    loop {
        let application = json(&get(&format!("{}/status/{id}", api(up)), "accept: */*"));
        if application["status"] == status {
            return;
        }
        assert!(
            began.elapsed() < END_TIME_MAX,
            "never {status}; last seen: {application}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn approve(up: &Up, id: &str) {
    let url = format!("{}/approve/{id}", api(up));
    let header = "content-type: application/json";
    let approved = send("POST", &url, header, r#"{"approved":true}"#);
    assert!(approved.starts_with("HTTP/1.1 200"), "{approved}");
}

/// The words that bash would offer for the last of these.
fn complete(endpoint: &str, words: &[&str]) -> String {
    let typed = [&["--", "lambdura"], words].concat();
    let output = command(&typed)
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "true")
        .env("_CLAP_IFS", "\n")
        .env("LAMBDURA_ENDPOINT", endpoint)
        .output()
        .unwrap();
    ran(&output).text()
}

#[test]
fn alice_gets_her_loan_and_nothing_stays_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut up = start(dir.path(), &[]);
    let id = apply(&up);
    wait_for_status(&up, &id, "pending_approval");
    approve(&up, &id);
    wait_for_status(&up, &id, "approved");

    let words = complete(up.endpoint(), &["show", "LOAN"]);
    assert!(words.contains(&id), "{words}");
    let words = complete(up.endpoint(), &["invoke", "Loan"]);
    assert!(words.contains("LoanWorkflowFunction"), "{words}");

    // The page is in a build that had it; without it the demo says so.
    match up.ready["page"].as_str() {
        Some(page) => {
            let index = get(&format!("{page}/"), "accept: */*");
            let told = format!(r#"<meta name="loan-api-url" content="{}" />"#, api(&up));
            assert!(index.contains(&told), "{index}");
        }
        None => up.wait_for_error("built without the demo's page"),
    }

    let data_dir = up.ready["data_dir"].as_str().unwrap().to_owned();
    assert!(fs::exists(&data_dir).unwrap());
    let said = up.signal("INT");
    assert_eq!(said.code, Some(130), "{}", said.text());
    assert!(
        said.err.contains("Applications are gone"),
        "{}",
        said.text()
    );
    assert!(!fs::exists(&data_dir).unwrap());
}

#[test]
fn applications_go_on_in_a_folder_that_was_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("loans");
    let data = data.to_str().unwrap();
    let mut up = start(dir.path(), &["--data-dir", data]);
    let id = apply(&up);
    wait_for_status(&up, &id, "pending_approval");
    up.signal("TERM");

    let up = start(dir.path(), &["--data-dir", data]);
    approve(&up, &id);
    wait_for_status(&up, &id, "approved");
}

/// The server's process id, from its ready file.
fn process(ready_file: &Path) -> Option<u64> {
    let text = fs::read_to_string(ready_file).ok()?;
    let ready: Value = serde_json::from_str(&text).expect("it appears whole");
    ready["pid"].as_u64()
}

fn kill(process: u64) {
    let sent = Command::new("kill")
        .args(["-9", &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Processes that still run with `word` among their arguments.
fn with_argument(word: &str) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "pid,stat,args"]).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let lines = text.lines().filter(|line| line.contains(word));
    // A zombie, which init has not waited for yet, has ended.
    let alive = lines.filter(|line| !line.split_whitespace().nth(1).unwrap().starts_with('Z'));
    alive.map(str::to_owned).collect()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < END_TIME_MAX, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_is_killed_is_back_with_what_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let mut up = start(dir.path(), &[]);
    let (ready_file, api) = (dir.path().join("ready.json"), api(&up));
    let id = apply(&up);
    wait_for_status(&up, &id, "pending_approval");
    for _ in 0..5 {
        let old = process(&ready_file).expect("it is ready");
        assert_ne!(old, u64::from(up.child.as_ref().unwrap().id()));
        kill(old);
        wait_until("another process answers", || {
            process(&ready_file).is_some_and(|new| new != old)
        });
    }
    let ready: Value = serde_json::from_str(&fs::read_to_string(&ready_file).unwrap()).unwrap();
    assert_eq!(ready["http_apis"]["LoanApi"], api, "at the same address");
    approve(&up, &id);
    wait_for_status(&up, &id, "approved");

    let data_dir = up.ready["data_dir"].as_str().unwrap().to_owned();
    let said = up.signal("INT");
    assert_eq!(said.code, Some(130), "{}", said.text());
    assert_eq!(said.out.matches("is running").count(), 1, "{}", said.text());
    assert_eq!(said.err.matches("was killed").count(), 5, "{}", said.text());
    assert!(
        said.err.contains("Applications are gone"),
        "{}",
        said.text()
    );
    assert!(!fs::exists(&data_dir).unwrap());
    assert_eq!(with_argument(&data_dir), Vec::<String>::new());
}

#[test]
fn the_server_ends_with_the_command_that_started_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("loans");
    let data = data.to_str().unwrap();
    let mut up = start(dir.path(), &["--data-dir", data]);
    assert!(!with_argument(data).is_empty());
    up.signal("KILL");
    wait_until("nothing of it runs", || with_argument(data).is_empty());
    // It has ended in order, and the next one goes on.
    assert!(!fs::exists(dir.path().join("ready.json")).unwrap());
    start(dir.path(), &["--data-dir", data]);
}

#[test]
fn a_server_that_cannot_start_is_not_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(&["demo", "--page-listen", "127.0.0.1:0", "--listen", &address])
        .args(["--http-api-listen", "127.0.0.1:0"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let said = ran(&output);
    assert_eq!(said.code, Some(1), "{}", said.text());
    assert_eq!(
        said.err.matches("cannot listen on").count(),
        1,
        "{}",
        said.text()
    );
}

#[test]
fn only_the_page_of_the_demo_kills_its_server() {
    let dir = tempfile::tempdir().unwrap();
    let up = start(dir.path(), &[]);
    let ready_file = dir.path().join("ready.json");
    let old = process(&ready_file).unwrap();
    // The server itself has no such route, at none of its addresses.
    for url in [up.endpoint(), &api(&up)] {
        for path in ["server/kill", "lambdura/v1/server/kill"] {
            let answer = send("POST", &format!("{url}/{path}"), "accept: */*", "");
            assert!(!answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
        }
    }
    let Some(page) = up.ready["page"].as_str() else {
        return up.wait_for_error("built without the demo's page");
    };
    let foreign = send(
        "POST",
        &format!("{page}/server/kill"),
        "origin: http://evil.example",
        "",
    );
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    assert_eq!(process(&ready_file), Some(old), "it was not pressed");

    let own = format!("origin: {page}");
    let killed = json(&send("POST", &format!("{page}/server/kill"), &own, ""));
    assert_eq!(killed["killed"], old);
    wait_until("the page knows the next process", || {
        let standing = json(&get(&format!("{page}/server"), &own));
        standing["process"].is_u64() && standing["process"] != old && standing["deaths"] == 1
    });
}

#[test]
fn nobody_else_starts_the_server_of_a_demo() {
    let dir = tempfile::tempdir().unwrap();
    let free = "127.0.0.1:0";
    let words = ["demo-server", "--listen", free, "--http-api-listen", free];
    let data = dir.path().to_str().unwrap();
    let more = [
        "--data-dir",
        data,
        "--pace",
        "0",
        "--page-url",
        "http://127.0.0.1:1",
    ];
    let output = command(&words).args(more).output().unwrap();
    let said = ran(&output);
    assert_eq!(said.code, Some(2), "{}", said.text());
    assert!(said.err.contains("run `lambdura demo`"), "{}", said.text());
}

#[test]
fn only_the_demo_has_such_functions() {
    let output = command(&["demo-function", "loan"]).output().unwrap();
    let said = ran(&output);
    assert_eq!(said.code, Some(3), "{}", said.text());
    assert!(said.err.contains("no function `loan`"), "{}", said.text());
}
