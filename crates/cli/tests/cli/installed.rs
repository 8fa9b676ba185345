//! The parts of an installed command: completions, manual, version, and a look at the machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::lambdura::{Ran, command, ran};
use crate::projects::project;

fn run(arguments: &[&str]) -> Ran {
    ran(&command(arguments).output().unwrap())
}

#[test]
fn every_shell_gets_its_completions() {
    for (shell, word) in [
        ("bash", "complete "),
        ("zsh", "#compdef lambdura"),
        ("fish", "complete "),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let said = run(&["completions", shell]);
        assert_eq!(said.code, Some(0), "{shell}: {}", said.text());
        assert!(said.out.contains(word), "{shell}: {}", said.out);
    }
}

#[test]
fn every_command_has_a_page_of_the_manual() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("man");
    let said = run(&["man", folder.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}", said.text());
    for page in ["lambdura.1", "lambdura-up.1", "lambdura-callback-succeed.1"] {
        let text = fs::read_to_string(folder.join(page)).expect(page);
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
    assert!(!folder.join("lambdura-demo-function.1").exists());
}

#[test]
fn a_build_says_what_it_is() {
    let said = run(&["--version", "--verbose"]);
    assert_eq!(said.code, Some(0), "{}", said.text());
    for word in ["lambdura 0.", "commit: ", "target: ", "rustc: rustc "] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
}

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: .}
";

#[test]
fn the_doctor_names_what_the_template_needs_and_the_machine_has_not() {
    let dir = project(&[("template.yaml", TEMPLATE)]);
    let look = |path: &str, home: &str| {
        let mut doctor = command(&["doctor", "--output", "json"]);
        // Other processes may have the usual ports.
        doctor.env("LAMBDURA_LISTEN", "127.0.0.1:0");
        doctor.env("LAMBDURA_HTTP_API_LISTEN", "127.0.0.1:0");
        // Version managers keep interpreters below the home.
        doctor.env("PATH", path).env("HOME", home);
        let output = doctor.current_dir(dir.path()).output();
        ran(&output.unwrap())
    };
    let status = |said: &Ran, name: &str| {
        let found: Value = serde_json::from_str(&said.out).expect(&said.out);
        let checks = found["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|it| it["name"] == name);
        check.expect(name)["status"].as_str().unwrap().to_owned()
    };
    let said = look("/nowhere", "/nowhere");
    assert_eq!(said.code, Some(1), "{}", said.text());
    assert_eq!(status(&said, "python3"), "problem");
    assert_eq!(status(&said, "node"), "ok", "nothing needs it");
    assert!(said.err.contains("one problem was found"), "{}", said.err);

    // An interpreter that is too old is no better than none.
    let old = dir.path().join("old");
    fs::create_dir(&old).unwrap();
    let script =
        "#!/bin/sh\n[ \"$1\" = --version ] && echo Python 3.9.2 || echo 3 9 /usr/bin/python3\n";
    fs::write(old.join("python3"), script).unwrap();
    fs::set_permissions(old.join("python3"), Permissions::from_mode(0o755)).unwrap();
    let said = look(old.to_str().unwrap(), "/nowhere");
    assert_eq!(said.code, Some(1), "{}", said.text());
    let problem = "Python 3.9.2, and Python 3.11 or later is needed";
    assert!(said.out.contains(problem), "{}", said.out);

    let variable = |name| std::env::var(name).unwrap();
    let said = look(&variable("PATH"), &variable("HOME"));
    assert_eq!(said.code, Some(0), "{}", said.text());
    assert_eq!(status(&said, "python3"), "ok");
    assert_eq!(status(&said, "pip"), "ok");
    assert_eq!(status(&said, "template"), "ok");
}

#[test]
fn a_project_that_there_is_gets_one_line_and_keeps_the_rest() {
    let dir = project(&[
        ("template.yaml", TEMPLATE),
        (".gitignore", "dist"),
        ("package.json", "{}"),
    ]);
    let init = |arguments: &[&str]| {
        let output = command(arguments).current_dir(dir.path()).output();
        ran(&output.unwrap())
    };
    let ignored = || fs::read_to_string(dir.path().join(".gitignore")).unwrap();
    let said = init(&["init", "--dry-run"]);
    assert!(said.out.contains("would get the line"), "{}", said.text());
    assert_eq!(ignored(), "dist");
    let said = init(&["init"]);
    assert_eq!(said.code, Some(0), "{}", said.text());
    assert!(said.out.contains("@lambdura/testing"), "{}", said.text());
    assert_eq!(ignored(), "dist\n.lambdura/\n");
    let said = init(&["init"]);
    assert!(
        said.out.contains("nothing needs to change"),
        "{}",
        said.text()
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);

    let nothing = tempfile::tempdir().unwrap();
    let said = run(&["init", nothing.path().to_str().unwrap()]);
    assert_eq!(said.code, Some(3), "{}", said.text());
}
