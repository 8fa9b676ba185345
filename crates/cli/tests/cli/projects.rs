//! Projects as people have them: where their code lies, how it is built, and what of them cannot run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::running::{Up, python, wait_for};

/// A folder with these files; those called `bootstrap` are scripts in Python that can be run.
fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        write(&dir.path().join(name), content);
    }
    dir
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if path.ends_with("bootstrap") {
        fs::write(path, format!("#!{}\n{content}", python())).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    } else {
        fs::write(path, content).unwrap();
    }
}

/// Answers every event with `ANSWER`, which is a text.
const BOOTSTRAP: &str = r#"
import json, os, urllib.request
ANSWER = "one"
runtime = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(runtime + "next") as event:
        request = event.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = json.dumps(ANSWER).encode()
    urllib.request.urlopen(urllib.request.Request(runtime + request + "/response", answer))
"#;

/// Functions of the runtime `provided.al2023`, as `name: properties`.
fn template(functions: &[(&str, &str)]) -> String {
    let mut text =
        "Transform: AWS::Serverless-2016-10-31\nGlobals:\n  Function: { Runtime: provided.al2023, \
        Handler: bootstrap, Timeout: 20 }\nResources:\n"
            .to_owned();
    for (name, properties) in functions {
        text.push_str(&format!(
            "  {name}:\n    Type: AWS::Serverless::Function\n    Properties: {{ FunctionName: {name}, {properties} }}\n"
        ));
    }
    text
}

#[test]
fn a_template_is_found_from_within_its_folder_and_its_edits_are_taken_up() {
    let template = template(&[("Here", "CodeUri: .")]);
    let dir = project(&[("template.yaml", &template), ("bootstrap", BOOTSTRAP)]);
    for arguments in [&[][..], &["."], &["template.yaml"], &["./template.yaml"]] {
        let up = Up::start_within(dir.path(), arguments, &[]);
        assert_eq!(up.run(&["invoke", "Here"]).text(), "\"one\"\n");
    }
    let up = Up::start_within(dir.path(), &[], &[]);
    write(
        &dir.path().join("bootstrap"),
        &BOOTSTRAP.replace("\"one\"", "\"two\""),
    );
    wait_for(&up, &["invoke", "Here"], "two");
}
