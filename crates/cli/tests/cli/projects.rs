//! Projects as people have them: where their code lies, how it is built, and which functions cannot run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::lambdura::{Ran, command, ran};
use crate::running::{Up, python, unwrapped, wait_for};

/// A folder with these files; those called `bootstrap`, and those in `programs`, are scripts in
/// Python that can be run.
pub fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        write(&dir.path().join(name), content);
    }
    dir
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if path.ends_with("bootstrap") || path.parent().unwrap().ends_with("programs") {
        fs::write(path, format!("#!{}\n{content}", python())).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    } else {
        fs::write(path, content).unwrap();
    }
}

/// Answers every event with the text `ANSWER`.
pub const BOOTSTRAP: &str = r#"
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

/// The variable `PATH` with the folder `programs` of a project before everything else.
fn path(dir: &Path) -> String {
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", dir.join("programs").display())
}

fn fails(dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output = command(&[&["up", "--listen", "127.0.0.1:0"], arguments].concat())
        .current_dir(dir)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let ran = ran(&output);
    assert_eq!(ran.code, Some(1), "{}", ran.text());
    ran
}

#[test]
fn one_function_that_cannot_run_keeps_no_other_from_it() {
    let template = template(&[
        ("Fine", "CodeUri: code"),
        ("Net", "Runtime: dotnet8, CodeUri: code"),
        ("Boxed", "PackageType: Image, ImageUri: boxed"),
        ("Gone", "CodeUri: nowhere"),
        ("Far", "CodeUri: s3://bucket/key"),
        (
            "Timed",
            "Runtime: ruby3.4, CodeUri: code, Events: {At: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}",
        ),
        (
            "Behind",
            "CodeUri: nowhere, Events: {Get: {Type: HttpApi, Properties: {Path: /, Method: GET}}}",
        ),
    ]);
    let dir = project(&[("template.yaml", &template), ("code/bootstrap", BOOTSTRAP)]);
    let refused = fails(dir.path(), &["--strict"], &[]);
    assert!(
        refused.err.contains("6 of 7 functions cannot run"),
        "{}",
        refused.text()
    );

    let mut up = Up::start_within(dir.path(), &[], &[]);
    assert_eq!(up.run(&["invoke", "Fine"]).text(), "\"one\"\n");
    let left_out: Vec<&String> = up.ready["left_out"].as_object().unwrap().keys().collect();
    assert_eq!(left_out, ["Behind", "Boxed", "Far", "Gone", "Net", "Timed"]);
    for (function, reason) in [
        ("Net", "runtime `dotnet8` is not supported"),
        ("Boxed", "container image"),
        ("Gone", "nowhere` does not exist"),
        ("Far", "S3 object"),
        ("Timed", "ruby3.4"),
    ] {
        let asked = up.run(&["invoke", function]);
        assert_eq!(asked.code, Some(3), "{}", asked.text());
        assert!(asked.err.contains(reason), "{}", asked.text());
    }
    // The problem is gone.
    write(&dir.path().join("code/bootstrap"), BOOTSTRAP);
    let said = up.signal("TERM");
    assert!(said.out.contains("left out: "), "{}", said.text());
    let errors = unwrapped(&said.err);
    assert!(
        errors.contains("left out: `Behind`, `Boxed`, `Far`, `Gone`, `Net`, `Timed`"),
        "{}",
        said.text()
    );
}

#[test]
fn a_function_is_found_by_its_logical_id_and_a_state_machine_starts_without_all_of_its_services() {
    let template = "Transform: AWS::Serverless-2016-10-31
Resources:
  Pay:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: pay-now, Runtime: provided.al2023, Handler: bootstrap, CodeUri: code}
  Tell:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: tells
      Definition:
        StartAt: Publish
        States:
          Publish:
            Type: Task
            Resource: arn:aws:states:::sns:publish
            Parameters: {TopicArn: t, Message: m}
            End: true
";
    let dir = project(&[("template.yaml", template), ("code/bootstrap", BOOTSTRAP)]);
    let up = Up::start_within(dir.path(), &[], &[]);
    assert_eq!(up.run(&["invoke", "Pay"]).text(), "\"one\"\n");
    let not_provided = up.ready["not_provided"].as_array().unwrap();
    assert!(
        not_provided
            .iter()
            .any(|it| it["logical_id"] == "Tell" && it["property"] == "States.Publish"),
        "{not_provided:?}"
    );
    let ended = up.run(&["invoke", "Tell", "--wait"]);
    assert!(
        ended.text().contains("Amazon SNS is not served here"),
        "{}",
        ended.text()
    );
}

#[test]
fn a_function_that_breaks_goes_on_and_comes_back() {
    let template = template(&[("Mends", "CodeUri: code")]);
    let dir = project(&[("template.yaml", &template), ("code/bootstrap", BOOTSTRAP)]);
    let up = Up::start_within(dir.path(), &[], &[]);
    fs::remove_file(dir.path().join("code/bootstrap")).unwrap();
    up.wait_for_error("`Mends` stays as it was");
    assert_eq!(up.run(&["invoke", "Mends"]).text(), "\"one\"\n");
    write(
        &dir.path().join("code/bootstrap"),
        &BOOTSTRAP.replace("\"one\"", "\"two\""),
    );
    wait_for(&up, &["invoke", "Mends"], "two");
}

/// Packs the folder `from` into a zip file.
fn pack(dir: &Path, from: &str, to: &str) {
    let script = "import pathlib, sys, zipfile\n\
        source = pathlib.Path(sys.argv[1])\n\
        with zipfile.ZipFile(sys.argv[2], 'w') as archive:\n    \
            for file in source.rglob('*'): archive.write(file, file.relative_to(source))\n";
    let done = std::process::Command::new(python())
        .args(["-c", script, from, to])
        .current_dir(dir)
        .status()
        .unwrap();
    assert!(done.success());
}

#[test]
fn code_in_an_archive_is_unpacked_and_a_new_archive_is_a_change() {
    let template = template(&[
        ("Zipped", "CodeUri: code.zip"),
        ("Broken", "CodeUri: broken.zip"),
    ]);
    let dir = project(&[
        ("template.yaml", &template),
        ("source/bootstrap", BOOTSTRAP),
        ("broken.zip", "no archive"),
    ]);
    pack(dir.path(), "source", "code.zip");
    let up = Up::start_within(dir.path(), &[], &[]);
    assert_eq!(up.run(&["invoke", "Zipped"]).text(), "\"one\"\n");
    let broken = up.run(&["invoke", "Broken"]);
    assert!(
        broken.err.contains("cannot be unpacked"),
        "{}",
        broken.text()
    );
    write(
        &dir.path().join("source/bootstrap"),
        &BOOTSTRAP.replace("\"one\"", "\"two\""),
    );
    pack(dir.path(), "source", "code.zip");
    wait_for(&up, &["invoke", "Zipped"], "two");
}

#[test]
fn what_sam_has_built_is_run_as_it_is_with_its_data_beside_the_project() {
    let template = template(&[("Built", "CodeUri: Built")]).replace(
        "    Properties",
        "    Metadata: { BuildMethod: makefile, SamResourceId: Built }\n    Properties",
    );
    let dir = project(&[
        (".aws-sam/build/template.yaml", &template),
        (".aws-sam/build/Built/bootstrap", BOOTSTRAP),
    ]);
    let mut up = Up::start_within(dir.path(), &[".aws-sam/build/template.yaml"], &[]);
    assert_eq!(up.run(&["invoke", "Built"]).text(), "\"one\"\n");
    let data = dir.path().join(".lambdura");
    assert_eq!(fs::read_to_string(data.join(".gitignore")).unwrap(), "*\n");
    let mode = fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let said = up.signal("TERM");
    assert!(
        !said.err.contains("can be read by other users"),
        "{}",
        said.text()
    );
}

#[test]
fn layers_are_built_once_and_their_failure_is_their_functions() {
    let layer = "  Tools:\n    Type: AWS::Serverless::LayerVersion\n    Properties: { ContentUri: layer }\n    \
                 Metadata: { BuildMethod: makefile }\n  \
                 Bad:\n    Type: AWS::Serverless::LayerVersion\n    Properties: { ContentUri: layer }\n    \
                 Metadata: { BuildMethod: makefile }\n";
    let template = template(&[
        ("One", "CodeUri: code, Layers: [!Ref Tools]"),
        ("Two", "CodeUri: code, Layers: [!Ref Tools]"),
        ("Three", "CodeUri: code, Layers: [!Ref Tools, !Ref Bad]"),
    ]) + layer;
    let reads = BOOTSTRAP.replace(
        "ANSWER = \"one\"",
        "ANSWER = open(os.environ['LAMBDA_TASK_ROOT'] + '/.opt/words').read().strip()",
    );
    let makefile =
        "build-Tools:\n\techo made >> count\n\tcp words '$(ARTIFACTS_DIR)'\nbuild-Bad:\n\tfalse\n";
    let dir = project(&[
        ("template.yaml", &template),
        ("code/bootstrap", &reads),
        ("layer/Makefile", makefile),
        ("layer/words", "from the layer"),
    ]);
    let mut up = Up::start_within(dir.path(), &[], &[]);
    for function in ["One", "Two"] {
        assert_eq!(up.run(&["invoke", function]).text(), "\"from the layer\"\n");
    }
    let three = up.run(&["invoke", "Three"]);
    assert!(
        three
            .err
            .contains("layer `Bad` cannot be built: `make build-Bad` failed"),
        "{}",
        three.text()
    );
    let said = up.signal("TERM");
    assert_eq!(
        said.err.matches("✓ making Tools").count(),
        1,
        "{}",
        said.text()
    );
}

/// Writes its arguments into the bundle, a function that answers with them.
const ESBUILD: &str = r#"
import json, os, sys
out = next(word.split("=", 1)[1] for word in sys.argv if word.startswith("--outdir="))
os.makedirs(out, exist_ok=True)
asked = [word for word in sys.argv[1:] if not word.startswith("--outdir=")]
asked.append(os.path.basename(os.getcwd()))
with open(os.path.join(out, "bootstrap"), "w") as file:
    file.write(open(os.path.join(os.getcwd(), "../bootstrap")).read().replace('"one"', repr(json.dumps(asked))))
os.chmod(os.path.join(out, "bootstrap"), 0o755)
"#;

#[test]
fn esbuild_on_the_path_bundles_a_folder_without_package_json() {
    let template = template(&[("Bundle", "CodeUri: fn, Handler: quote.handler")]).replace(
        "    Properties",
        "    Metadata: { BuildMethod: esbuild, BuildProperties: { Minify: false } }\n    Properties",
    );
    let dir = project(&[
        ("template.yaml", &template),
        ("fn/quote.ts", "export const handler = 1"),
        ("bootstrap", BOOTSTRAP),
        ("programs/esbuild", ESBUILD),
    ]);
    let up = Up::start_within(dir.path(), &[], &[("PATH", &path(dir.path()))]);
    let answered = up.run(&["invoke", "Bundle"]);
    let answer: String =
        serde_json::from_str(&answered.out).unwrap_or_else(|_| panic!("{}", answered.text()));
    let asked: Vec<String> = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        asked,
        [
            "quote.ts",
            "--bundle",
            "--platform=node",
            "--format=cjs",
            "--target=es2022",
            "--external:@aws-sdk/*",
            "--external:@smithy/*",
            "fn"
        ]
    );
}

/// Writes an assembly with one stack, whose function is the folder `code`.
const NPX: &str = r#"
import json, os, sys
assert sys.argv[1:] == ["--yes", "cdk", "synth", "--quiet"], sys.argv
if os.path.exists("broken"):
    sys.exit("the app does not compile")
if os.environ.get("CDK_DEFAULT_ACCOUNT") != "000000000000":
    sys.exit("AWS account not found")
os.mkdir("cdk.out")
stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Shop.template.json"}}
with open("cdk.out/manifest.json", "w") as file:
    json.dump({"version": "36.0.0", "artifacts": {"Shop": stack}}, file)
function = {"Type": "AWS::Lambda::Function", "Metadata": {"aws:asset:path": "../code"}, "Properties": {
    "Code": {"S3Bucket": "b", "S3Key": "k"}, "Handler": "bootstrap", "Runtime": "provided.al2023", "FunctionName": "Made"}}
with open("cdk.out/Shop.template.json", "w") as file:
    json.dump({"Resources": {"Made": function}}, file)
if os.path.exists("older"):
    sys.exit("the assembly is newer than this command")
"#;

#[test]
fn a_cdk_project_is_synthesized_when_nobody_has_done_it() {
    let dir = project(&[
        ("cdk.json", "{}"),
        ("broken", ""),
        ("code/bootstrap", BOOTSTRAP),
        ("programs/npx", NPX),
    ]);
    let path = path(dir.path());
    let failed = fails(dir.path(), &[], &[("PATH", &path)]);
    assert!(
        failed.err.contains("the app does not compile"),
        "{}",
        failed.text()
    );
    assert!(
        failed.err.contains("`npx cdk synth` failed"),
        "{}",
        failed.text()
    );
    fs::remove_file(dir.path().join("broken")).unwrap();
    write(&dir.path().join("older"), "");
    for said in ["the app had written `", "using `"] {
        let mut up = Up::start_within(dir.path(), &[], &[("PATH", &path)]);
        assert_eq!(up.run(&["invoke", "Made"]).text(), "\"one\"\n");
        let ended = up.signal("TERM");
        assert!(ended.err.contains(said), "{}", ended.text());
    }
}

#[test]
fn what_a_function_needs_and_the_machine_lacks_is_named() {
    let template = template(&[
        ("Go", "CodeUri: go"),
        ("Maven", "Runtime: java21, CodeUri: maven"),
        ("Jar", "Runtime: java21, CodeUri: classes"),
        ("Fine", "CodeUri: ."),
    ]);
    let dir = project(&[
        ("template.yaml", &template),
        ("bootstrap", BOOTSTRAP),
        ("go/go.mod", "module x"),
        ("maven/pom.xml", "<project/>"),
        ("classes/a/B.class", ""),
        ("programs/none", ""),
    ]);
    let nothing = dir.path().join("programs").display().to_string();
    let up = Up::start_within(dir.path(), &[], &[("PATH", &nothing)]);
    let reasons: &Value = &up.ready["left_out"];
    for (function, reason) in [
        ("Go", "`go build (in go)` cannot be run"),
        ("Maven", "pom.xml` has not been built"),
        (
            "Jar",
            "does not bring `aws-lambda-java-runtime-interface-client`",
        ),
    ] {
        let said = reasons[function].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn functions_of_one_folder_share_one_build_and_follow_its_edits() {
    let names: Vec<String> = (0..8).map(|index| format!("F{index}")).collect();
    let python = "Runtime: python3.13, Handler: app.handler, CodeUri: src";
    let mut functions: Vec<(&str, &str)> = names.iter().map(|it| (it.as_str(), python)).collect();
    functions.push((
        "Other",
        "Runtime: python3.13, Handler: app.other, CodeUri: src",
    ));
    let code = |word: &str| {
        format!(
            "def handler(event, context):\n    return '{word}'\n\ndef other(event, context):\n    return 'other'\n"
        )
    };
    let dir = project(&[
        ("template.yaml", &template(&functions)),
        ("src/app.py", &code("one")),
        // A folder that an earlier version has left.
        (".lambdura/build/F3/app.py", ""),
    ]);
    let up = Up::start(dir.path(), &[]);
    let built = || {
        let entries = fs::read_dir(dir.path().join(".lambdura/build")).unwrap();
        let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
        names.filter(|it| !it.starts_with('.')).collect::<Vec<_>>()
    };
    assert_eq!(built(), ["F0"]);
    assert_eq!(up.run(&["invoke", "F7"]).text(), "\"one\"\n");
    assert_eq!(up.run(&["invoke", "Other"]).text(), "\"other\"\n");
    write(&dir.path().join("src/app.py"), &code("two"));
    for name in ["F0", "F7"] {
        wait_for(&up, &["invoke", name], "two");
    }
    assert_eq!(built(), ["F0"]);
    // A failed build concerns all of them, and all stay as they were.
    write(
        &dir.path().join("src/requirements.txt"),
        "no such requirement\n",
    );
    drop(up);
    let said = fails(dir.path(), &[], &[]);
    assert!(
        said.err.contains("left out: `F0`, `F1`") || said.err.contains("no function"),
        "{}",
        said.err
    );
}
