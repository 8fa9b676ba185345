//! Frozen code during the life of a server: damaged, mended, replaced, and removed when unneeded.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use support::{TestServer, encode, fixtures};
use tempfile::TempDir;

/// How long idle processes are kept here: their code is removed after them.
const SOON: Duration = Duration::from_millis(50);

/// A fixture's code with an added comment, so that it is different code.
fn code(fixture: &str, comment: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut text = fs::read_to_string(fixtures().join(fixture).join("bootstrap")).unwrap();
    text.push_str(&format!("\n# {comment}\n"));
    let path = dir.path().join("bootstrap");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

async fn versions(server: &TestServer, function: &str) -> Vec<Value> {
    let path = format!("/2015-03-31/functions/{function}/versions");
    let listed = server.get(&path).await.json();
    listed["Versions"].as_array().unwrap().clone()
}

async fn numbers(server: &TestServer, function: &str) -> Vec<String> {
    let versions = versions(server, function).await;
    let numbers = versions.iter().map(|one| one["Version"].as_str().unwrap());
    numbers.map(str::to_owned).collect()
}

async fn until_numbers(server: &TestServer, function: &str, expected: &[&str]) {
    let what = format!("the versions of {function} are {expected:?}");
    server
        .until(&what, async || {
            let seen = numbers(server, function).await;
            if seen == expected {
                Ok(())
            } else {
                Err(format!("{seen:?}"))
            }
        })
        .await;
}

/// The folder with a version's code.
async fn code_dir(server: &TestServer, function: &str, qualifier: &str) -> PathBuf {
    let path = format!("/2015-03-31/functions/{function}?Qualifier={qualifier}");
    let function = server.get(&path).await.json();
    let location = function["Code"]["Location"].as_str().unwrap();
    PathBuf::from(location.strip_prefix("file://").unwrap())
}

/// Everything in the folder of all code.
fn frozen(data_dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(data_dir.join("code")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "seen").collect()
}

/// Starts an execution that waits for a callback; returns its ARN and the callback's path.
async fn waiting(server: &TestServer, qualified: &str) -> (String, String) {
    let event = [("x-amz-invocation-type", "Event")];
    let answer = server
        .invoke(qualified, &event, r#"{"callback": "approval"}"#)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let arn = encode(answer.header("x-amz-durable-execution-arn"));
    let started = server.until_event(&arn, "CallbackStarted").await;
    server.until_event(&arn, "InvocationCompleted").await;
    let id = started["CallbackStartedDetails"]["CallbackId"].as_str();
    let id = encode(id.unwrap());
    (
        arn,
        format!("/2025-12-01/durable-execution-callbacks/{id}/succeed"),
    )
}

async fn complete(server: &TestServer, (arn, callback): &(String, String)) {
    let answer = server.post(callback, "\"yes\"").await;
    assert!(answer.status < 300, "{answer:?}");
    server.until_status(arn, "SUCCEEDED").await;
}

fn empty(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path, "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_goes_with_its_code_when_nothing_needs_it() {
    let server = TestServer::start_with_idle_time(SOON).await;
    let execution = waiting(&server, "Durable:live").await;
    let first = code_dir(&server, "Durable", "1").await;

    let (second, third) = (code("durable", "second"), code("durable", "third"));
    server.deploy_code("Durable", second.path()).await;
    let second_dir = code_dir(&server, "Durable", "2").await;
    assert!(second_dir.join("bootstrap").is_file());
    server.deploy_code("Durable", third.path()).await;
    until_numbers(&server, "Durable", &["$LATEST", "1", "3"]).await;
    server
        .until("the code of version 2 is gone", async || {
            let left = frozen(server.data_dir());
            if second_dir.exists() {
                Err(format!("{left:?}"))
            } else {
                Ok(())
            }
        })
        .await;
    assert!(first.join("bootstrap").is_file(), "an execution needs it");
    let gone = server.invoke("Durable:2", &[], "{}").await.error();
    assert!(gone.starts_with("404 ResourceNotFoundException"), "{gone}");

    complete(&server, &execution).await;
    let fourth = code("durable", "fourth");
    server.deploy_code("Durable", fourth.path()).await;
    until_numbers(&server, "Durable", &["$LATEST", "4"]).await;
    // Plain, Broken, and the last version, each with its list of files.
    server
        .until("only the code in use is left", async || {
            let left = frozen(server.data_dir());
            if left.len() == 6 {
                Ok(())
            } else {
                Err(format!("{left:?}"))
            }
        })
        .await;
    // An ended execution still names its version.
    let ended = server.execution(&execution.0).await;
    assert_eq!(ended["Status"], "SUCCEEDED");
    assert_eq!(ended["Version"], "1", "{ended}");
    let next = code("durable", "fifth");
    server.deploy_code("Durable", next.path()).await;
    until_numbers(&server, "Durable", &["$LATEST", "5"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_published_or_an_alias_leads_to_stays() {
    let server = TestServer::start_with_idle_time(SOON).await;
    let published = server
        .post("/2015-03-31/functions/Durable/versions", "{}")
        .await;
    assert_eq!(
        published.json()["Version"],
        "1",
        "nothing has changed since"
    );
    let codes: Vec<TempDir> = ["second", "third", "fourth", "fifth"]
        .map(|comment| code("durable", comment))
        .into();
    server.deploy_code("Durable", codes[0].path()).await;
    let alias = json!({"Name": "kept", "FunctionVersion": "2"}).to_string();
    let made = server
        .post("/2015-03-31/functions/Durable/aliases", alias)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    for code in &codes[1..] {
        server.deploy_code("Durable", code.path()).await;
    }
    until_numbers(&server, "Durable", &["$LATEST", "1", "2", "5"]).await;

    // Also after a restart, which deploys the first code again.
    let server = server.restart().await;
    until_numbers(&server, "Durable", &["$LATEST", "1", "2", "6"]).await;
    let answer = server.invoke("Durable:kept", &[], r#"{"steps": 1}"#).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let path = "/2015-03-31/functions/Durable/aliases/kept";
    assert_eq!(server.delete(path).await.status, 204);
    server.deploy_code("Durable", codes[3].path()).await;
    until_numbers(&server, "Durable", &["$LATEST", "1", "7"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_emptied_comes_back_and_the_execution_goes_on() {
    let server = TestServer::start_with_idle_time(SOON).await;
    let execution = waiting(&server, "Durable:live").await;
    let bootstrap = code_dir(&server, "Durable", "1").await.join("bootstrap");
    let server = server.restart_after(|_| empty(&bootstrap)).await;
    complete(&server, &execution).await;
    let whole = fs::read(fixtures().join("durable/bootstrap")).unwrap();
    assert_eq!(fs::read(&bootstrap).unwrap(), whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_emptied_while_the_server_runs_comes_back() {
    let server = TestServer::start().await;
    let bootstrap = code_dir(&server, "Plain", "$LATEST")
        .await
        .join("bootstrap");
    empty(&bootstrap);
    let answer = server.invoke("Plain", &[], r#"{"a":1}"#).await;
    assert_eq!(answer.json()["echo"], json!({"a": 1}), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_nobody_can_mend_fails_its_version_alone_and_clearly() {
    let server = TestServer::start_with_idle_time(SOON).await;
    let second = code("durable", "second");
    server.deploy_code("Durable", second.path()).await;
    let execution = waiting(&server, "Durable:2").await;
    let bootstrap = code_dir(&server, "Durable", "2").await.join("bootstrap");
    let away = second.path().with_extension("away");
    fs::rename(second.path(), &away).unwrap();
    let server = server.restart_after(|_| empty(&bootstrap)).await;

    let of_version = async |server: &TestServer, number: &str| {
        let versions = versions(server, "Durable").await;
        versions.into_iter().find(|one| one["Version"] == number)
    };
    let failed = server
        .until("version 2 has failed", async || {
            let version = of_version(&server, "2").await.unwrap();
            if version["State"] == "Failed" {
                Ok(version)
            } else {
                Err(version.to_string())
            }
        })
        .await;
    let reason = failed["StateReason"].as_str().unwrap();
    assert_eq!(failed["StateReasonCode"], "InternalError");
    for part in [
        "function Durable, version 2",
        &bootstrap.display().to_string(),
        "has 0 bytes instead of",
        "Deploy the code of that version again",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    let refused = server.invoke("Durable:2", &[], "{}").await.error();
    assert_eq!(refused, format!("502 InvalidZipFileException {reason}"));
    // Other versions still work.
    assert_eq!(of_version(&server, "3").await.unwrap()["State"], "Active");
    let answer = server.invoke("Durable:live", &[], r#"{"steps": 1}"#).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    // The same code is deployed again: the version is whole, and its execution continues.
    server.deploy_code("Durable", &away).await;
    assert_eq!(of_version(&server, "2").await.unwrap()["State"], "Active");
    complete(&server, &execution).await;
    fs::remove_dir_all(&away).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn deployments_at_once_all_succeed() {
    let server = TestServer::start_with_idle_time(SOON).await;
    let second = code("durable", "second");
    let plain = code("plain", "other");
    let url = server.endpoint() + "/2015-03-31/functions/Plain/configuration";
    let settings = json!({"Timeout": 7}).to_string();
    let (one, other, plain, changed) = tokio::join!(
        server.deploy_code("Durable", second.path()),
        server.deploy_code("Durable", second.path()),
        server.deploy_code("Plain", plain.path()),
        server.send(Method::PUT, &url, &[], settings),
    );
    assert_eq!(changed.status, 200, "{changed:?}");
    for deployment in [&one, &other, &plain] {
        assert_eq!(deployment.functions.len(), 3);
    }
    for function in ["Durable:live", "Plain"] {
        let answer = server.invoke(function, &[], r#"{"steps": 1}"#).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    server
        .until("nothing is left half done", async || {
            let left = frozen(server.data_dir());
            if left.iter().any(|name| name.contains(".partial-")) {
                return Err(format!("{left:?}"));
            }
            Ok(())
        })
        .await;
}
