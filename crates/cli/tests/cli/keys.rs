//! Access keys of a data folder that no service has open, and the requirements of an exposed service.

use std::path::Path;

use serde_json::Value;

use crate::lambdura::{Ran, command, ran};

fn keys(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(&["keys"]);
    command.args(arguments).arg("--data-dir").arg(folder);
    ran(&command.output().unwrap())
}

#[test]
fn keys_of_a_folder_are_made_listed_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data");
    let created = keys(
        &folder,
        &["create", "ci", "--policy", "deploy", "-p", "invoke"],
    );
    assert_eq!(created.code, Some(0), "{created:?}");
    let lines: Vec<&str> = created.out.lines().collect();
    let [id, secret] = lines.as_slice() else {
        panic!("{created:?}");
    };
    let id = id.strip_prefix("AWS_ACCESS_KEY_ID=").unwrap();
    let secret = secret.strip_prefix("AWS_SECRET_ACCESS_KEY=").unwrap();
    assert!(id.starts_with("AKIA") && secret.len() == 40, "{created:?}");
    assert!(
        created.err.contains("access key `ci` (deploy, invoke)"),
        "{created:?}"
    );

    let listed = keys(&folder, &["list", "--output", "json"]);
    let shown: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(shown["access_keys"][0]["access_key_id"], id);
    assert_eq!(shown["access_keys"][0]["policies"][1], "invoke");
    assert!(!listed.out.contains(secret), "it is shown once");
    let stored = std::fs::read(folder.join("lambdura.sqlite3")).unwrap();
    let is_there = stored
        .windows(secret.len())
        .any(|part| part == secret.as_bytes());
    assert!(!is_there, "it is sealed");

    let rotated = keys(&folder, &["rotate", "ci", "--output", "json"]);
    let rotated: Value = serde_json::from_str(&rotated.out).unwrap();
    assert_eq!(rotated["access_key_id"], id);
    assert_ne!(rotated["secret_access_key"], secret);
    let disabled = keys(&folder, &["disable", id]);
    assert_eq!(disabled.out, format!("disabled access key `ci` ({id})\n"));
    let listed = keys(&folder, &["list"]);
    assert!(
        listed.out.contains("deploy, invoke") && listed.out.contains("disabled"),
        "{listed:?}"
    );
    assert_eq!(keys(&folder, &["delete", "ci"]).code, Some(0));
    let gone = keys(&folder, &["delete", "ci"]);
    assert_eq!(gone.code, Some(3), "{gone:?}");
    assert!(gone.err.contains("there is no access key `ci`"), "{gone:?}");

    let audit = ran(&command(&["audit", "--output", "json", "--data-dir"])
        .arg(&folder)
        .output()
        .unwrap());
    let actions: Vec<(Value, Value)> = audit
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|line: Value| (line["action"].clone(), line["outcome"].clone()))
        .collect();
    let expected = [
        ("lambdura:CreateAccessKey", "done"),
        ("lambdura:RotateAccessKey", "done"),
        ("lambdura:DisableAccessKey", "done"),
        ("lambdura:DeleteAccessKey", "done"),
        ("lambdura:DeleteAccessKey", "refused"),
    ];
    assert_eq!(
        actions,
        expected.map(|(action, outcome)| (action.into(), outcome.into()))
    );
}

#[test]
fn a_service_is_not_exposed_without_tls() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("template.yaml"), "Resources: {}").unwrap();
    let arguments = ["up", "--listen", "0.0.0.0:0", "--data-dir"];
    let started = ran(&command(&arguments)
        .arg(dir.path().join("data"))
        .arg(dir.path())
        .output()
        .unwrap());
    assert_eq!(started.code, Some(2), "{started:?}");
    assert!(
        started.err.contains("would not be encrypted"),
        "{started:?}"
    );
    assert!(started.err.contains("--tls-cert FILE"), "{started:?}");
}

#[test]
fn what_is_no_policy_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let unknown = keys(dir.path(), &["create", "ci", "--policy", "root"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(
        unknown
            .err
            .contains("admin, deploy, invoke, observe, answer"),
        "{unknown:?}"
    );
    let file = dir.path().join("policy.json");
    let text = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]}"#;
    std::fs::write(&file, text).unwrap();
    let refused = keys(
        dir.path(),
        &["create", "ci", "--policy", file.to_str().unwrap()],
    );
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.err.contains("`aws:MultiFactorAuthPresent` is not"),
        "{refused:?}"
    );
    let again = keys(dir.path(), &["create", "ci", "--policy", "invoke"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let taken = keys(dir.path(), &["create", "ci", "--policy", "invoke"]);
    assert_eq!(taken.code, Some(2), "{taken:?}");
}

#[test]
fn a_check_finds_what_would_keep_a_server_from_starting() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data");
    let check = |listen: &str, apis: &str, data: &Path, more: &[&str]| {
        let mut command = command(&["serve", "--check", "--listen", listen]);
        command.args(["--http-api-listen", apis, "--data-dir"]);
        ran(&command.arg(data).args(more).output().unwrap())
    };
    let (own, everywhere) = ("127.0.0.1:0", "0.0.0.0:0");
    let exposed = || check(everywhere, own, &folder, &["--behind-proxy"]);
    let fine = check(own, own, &folder, &[]);
    assert_eq!(fine.code, Some(0), "{fine:?}");
    assert!(!folder.exists(), "nothing is changed");
    let finds = |found: Ran, what: &str| {
        assert_eq!(found.code, Some(1), "{found:?}");
        assert!(found.out.contains(what), "{what}: {found:?}");
    };
    finds(exposed(), "there is no access key");
    let created = keys(&folder, &["create", "me", "--policy", "admin"]);
    assert_eq!(created.code, Some(0), "{created:?}");
    let with_key = exposed();
    assert_eq!(with_key.code, Some(0), "{with_key:?}");
    assert!(with_key.out.contains("1 may sign"), "{with_key:?}");
    std::fs::remove_file(folder.join("access.key")).unwrap();
    finds(exposed(), "access keys");

    finds(
        check("127.0.0.1:39997", "127.0.0.1:39997", &folder, &[]),
        "is taken by `listen`",
    );
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    finds(check(own, own, &file.join("data"), &[]), "is not a folder");
    finds(
        check(own, own, &folder, &["--region", "no region"]),
        "is not a region",
    );
    let nobody = ["--dynamodb-endpoint", "http://127.0.0.1:1"];
    finds(check(own, own, &folder, &nobody), "cannot be reached");

    // A running server holds this lock.
    let lock = std::fs::File::open(folder.join("lambdura.sqlite3.lock")).unwrap();
    lock.lock().unwrap();
    finds(check(own, own, &folder, &[]), "is in use");
}
