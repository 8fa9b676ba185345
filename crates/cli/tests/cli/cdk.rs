//! Output of `cdk synth`: functions have their names of the app, and functions of CDK's library are left out.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::lambdura::{command, ran};
use crate::projects::{BOOTSTRAP, project};
use crate::running::{Up, unwrapped};

const OF_CDK: &str = "Shop/Custom::S3AutoDeleteObjectsCustomResourceProvider/Handler";

fn function(id: &str, path: &str, asset: &str) -> (String, Value) {
    let properties = json!({
        "Code": {"S3Bucket": "b", "S3Key": format!("{asset}.zip")}, "Handler": "bootstrap",
        "Runtime": "provided.al2023", "Timeout": 20,
    });
    let function = json!({
        "Type": "AWS::Lambda::Function", "Properties": properties, "Metadata": {"aws:cdk:path": path},
    });
    (id.to_owned(), function)
}

/// An assembly with these stacks, each of the same functions.
fn assembly(folder: &Path, stacks: &[&str]) {
    let artifacts = stacks.iter().map(|name| {
        let file = format!("{name}.template.json");
        let artifact =
            json!({"type": "aws:cloudformation:stack", "properties": {"templateFile": file}});
        ((*name).to_owned(), artifact)
    });
    let artifacts: serde_json::Map<String, Value> = artifacts.collect();
    let write = |name: &str, content: &Value| {
        fs::write(folder.join(name), content.to_string()).unwrap();
    };
    write(
        "manifest.json",
        &json!({"version": "48.0.0", "artifacts": artifacts}),
    );
    for name in stacks {
        let resources: serde_json::Map<String, Value> = [
            function("PayA1B2", &format!("{name}/Checkout/Pay/Resource"), "one"),
            function("ShipC3D4", &format!("{name}/Ship/Resource"), "gone"),
            function("CustomS3E5", &OF_CDK.replace("Shop", name), "own"),
        ]
        .into_iter()
        .collect();
        write(
            &format!("{name}.template.json"),
            &json!({"Resources": resources}),
        );
        let file = |asset: &str| {
            json!({"source": {"path": format!("asset.{asset}"), "packaging": "zip"},
                "destinations": {"x": {"objectKey": format!("{asset}.zip")}}})
        };
        let files = json!({"one": file("one"), "gone": file("gone"), "own": file("own")});
        write(&format!("{name}.assets.json"), &json!({"files": files}));
    }
}

#[test]
fn constructs_are_what_functions_are_called_by() {
    let dir = project(&[("asset.one/bootstrap", BOOTSTRAP)]);
    assembly(dir.path(), &["Shop"]);
    let mut up = Up::start(dir.path(), &["--data-dir", "data"]);
    let name = "Shop-PayA1B2";
    assert_eq!(up.ready["constructs"], json!({name: "Shop/Checkout/Pay"}));
    let left_out = up.ready["left_out"]["Shop-ShipC3D4"].as_str().unwrap();
    assert!(
        left_out.starts_with("function `Shop/Ship` has no code"),
        "{left_out}"
    );
    let not_provided = up.ready["not_provided"].as_array().unwrap();
    assert!(
        not_provided
            .iter()
            .any(|it| it["logical_id"] == "CustomS3E5"),
        "{not_provided:?}"
    );
    for meant in [
        name,
        "PayA1B2",
        "Shop/Checkout/Pay",
        "Checkout/Pay",
        "Pay",
        "Pay:$LATEST",
    ] {
        assert_eq!(up.run(&["invoke", meant]).text(), "\"one\"\n", "{meant}");
    }
    let listed = up.run(&["functions"]).out;
    assert!(
        listed.contains("Shop/Checkout/Pay") && !listed.contains("Custom"),
        "{listed}"
    );
    let unknown = up.run(&["invoke", "Shop/Checkout/Pray"]);
    assert_eq!(unknown.code, Some(3), "{}", unknown.text());
    let said = up.signal("INT");
    let table = unwrapped(&said.out);
    assert!(table.contains("FUNCTION NAME VERSION RUNTIME"), "{table}");
    assert!(
        table.contains("Shop/Checkout/Pay Shop-PayA1B2 $LATEST"),
        "{table}"
    );
    assert!(table.contains("functions of CDK's own"), "{table}");
    assert!(said.err.contains("left out: `Shop/Ship`"), "{}", said.err);
}

#[test]
fn a_stack_of_several_is_picked_by_name() {
    let dir = project(&[("asset.one/bootstrap", BOOTSTRAP)]);
    assembly(dir.path(), &["Shop", "Depot"]);
    let up = Up::start(dir.path(), &["--stack", "Depot"]);
    assert_eq!(
        up.run(&["invoke", "Depot/Checkout/Pay"]).text(),
        "\"one\"\n"
    );
    drop(up);
    let output = command(&["up", "--listen", "127.0.0.1:0"])
        .current_dir(dir.path())
        .output();
    let said = ran(&output.unwrap());
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("`--stack`: Depot, Shop"), "{}", said.err);
}

#[test]
fn a_parameter_without_a_value_is_named_with_its_flag() {
    let template = "Parameters:\n  Key: {Type: String}\n  Size: {Type: Number}\nResources: {}\n";
    let dir = project(&[("template.yaml", template)]);
    let output = command(&["up", "--listen", "127.0.0.1:0"])
        .current_dir(dir.path())
        .output();
    let said = ran(&output.unwrap());
    assert_eq!(said.code, Some(1));
    for flag in ["--parameter Key=VALUE", "--parameter Size=VALUE"] {
        assert!(unwrapped(&said.err).contains(flag), "{}", said.err);
    }
}

#[test]
fn what_is_to_be_debugged_must_be_there() {
    let dir = project(&[("asset.one/bootstrap", BOOTSTRAP)]);
    assembly(dir.path(), &["Shop"]);
    let output = command(&["up", "--listen", "127.0.0.1:0", "--debug", "Pray"])
        .current_dir(dir.path())
        .output();
    let said = ran(&output.unwrap());
    assert_eq!(said.code, Some(3), "{}", said.text());
    assert!(
        said.err.contains("there are: Shop/Checkout/Pay, Shop/Ship"),
        "{}",
        said.err
    );
    let output = command(&["debug", "Checkout/Pay", "--vscode"])
        .current_dir(dir.path())
        .output();
    let said = ran(&output.unwrap());
    assert_eq!(said.code, Some(0), "{}", said.text());
    let launch = fs::read_to_string(dir.path().join(".vscode/launch.json")).unwrap();
    let launch: Value = serde_json::from_str(&launch).unwrap();
    assert_eq!(
        launch["configurations"][0]["name"],
        "Lambdura: Shop/Checkout/Pay"
    );
}
