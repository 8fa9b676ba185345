//! The demo from the binary alone.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lambdura::{command, ran};
use crate::running::{Up, get, send};

const ALICE: &str = r#"{"name":"Alice Johnson","sin":"1111","loan_amount":150000}"#;

/// What an application may take on a busy machine, without simulated work.
const END_TIME_MAX: Duration = Duration::from_secs(60);

fn start(folder: &Path, arguments: &[&str]) -> Up {
    // Nothing is there: neither cargo nor node, nor a shell's settings.
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

#[test]
fn only_the_demo_has_such_functions() {
    let output = command(&["demo-function", "loan"]).output().unwrap();
    let said = ran(&output);
    assert_eq!(said.code, Some(3), "{}", said.text());
    assert!(said.err.contains("no function `loan`"), "{}", said.text());
}
