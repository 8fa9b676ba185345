//! The output of `cdk synth`.

use std::fs;
use std::path::Path;

use crate::{LoadOptions, LoadStackError, Stack, load, stack_names};

use super::render;

const TEMPLATE: &str = r#"{
 "Resources": {
  "FnServiceRole3F2C": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
  "Fn9270CBC0": {
   "Type": "AWS::Lambda::Function",
   "Properties": {
    "Code": {"S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": "abc.zip"},
    "Handler": "bootstrap", "Role": {"Fn::GetAtt": ["FnServiceRole3F2C", "Arn"]}, "Runtime": "provided.al2023"
   },
   "DependsOn": ["FnServiceRole3F2C"],
   "Metadata": {"aws:cdk:path": "App/Fn/Resource", "aws:asset:path": "asset.abc", "aws:asset:property": "Code"}
  },
  "Other": {
   "Type": "AWS::Lambda::Function",
   "Properties": {
    "Code": {"S3Bucket": "b", "S3Key": "def.zip"}, "Handler": "bootstrap", "Runtime": "provided.al2023"
   }
  },
  "CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "x"}, "Condition": "CDKMetadataAvailable"}
 },
 "Conditions": {"CDKMetadataAvailable": {"Fn::Or": [
  {"Fn::Equals": [{"Ref": "AWS::Region"}, "af-south-1"]}, {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
 ]}},
 "Parameters": {"BootstrapVersion": {
  "Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"
 }},
 "Rules": {"CheckBootstrapVersion": {"Assertions": []}}
}"#;

const ASSETS: &str = r#"{"version": "36.0.0", "files": {
 "def": {"source": {"path": "asset.def", "packaging": "zip"},
  "destinations": {"current": {"bucketName": "b", "objectKey": "def.zip"}}}
}}"#;

fn write(directory: &Path, artifacts: &str) {
    let manifest = format!(r#"{{"version": "36.0.0", "artifacts": {{{artifacts}}}}}"#);
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join("manifest.json"), manifest).unwrap();
    fs::write(directory.join("App.template.json"), TEMPLATE).unwrap();
    fs::write(directory.join("App.assets.json"), ASSETS).unwrap();
}

fn stack(id: &str) -> String {
    format!(
        r#""{id}": {{"type": "aws:cloudformation:stack", "properties": {{"templateFile": "App.template.json"}}}}"#
    )
}

fn named(directory: &Path, name: &str) -> Result<Stack, LoadStackError> {
    let options = LoadOptions {
        stack_name: Some(name.to_owned()),
        ..LoadOptions::default()
    };
    load(directory, &options)
}

#[test]
fn a_state_machine_of_a_file_has_what_the_asset_says() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("cdk.out");
    write(&out, &stack("App"));
    let template = r#"{"Resources": {
      "M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
        "DefinitionS3Location": {"Bucket": "b", "Key": "def.zip"}, "DefinitionSubstitutions": {"Next": "Done"}
      }},
      "Far": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
        "DefinitionS3Location": {"Bucket": "b", "Key": "other.json"}
      }}
    }}"#;
    fs::write(out.join("App.template.json"), template).unwrap();
    let definition = r#"{"StartAt": "${Next}", "States": {"Done": {"Type": "Succeed"}}}"#;
    fs::write(out.join("asset.def"), definition).unwrap();
    let stack = load(&out, &LoadOptions::default()).unwrap();
    let [machine, far] = stack.functions.as_slice() else {
        panic!("{:?}", stack.functions);
    };
    assert_eq!(machine.state_machine.as_ref().unwrap()["StartAt"], "Done");
    assert_eq!(stack.more_files, [out.join("asset.def")]);
    assert!(
        far.cannot_run.as_ref().unwrap().contains("an object in S3"),
        "{far:?}"
    );
}

#[test]
fn an_assembly_leads_to_its_template_and_assets() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("cdk.out");
    write(&out, &stack("App"));
    for path in [out.clone(), out.join("App.template.json")] {
        let stack = load(&path, &LoadOptions::default()).unwrap();
        assert_eq!(stack.functions[0].code_path, out.join("asset.abc"));
        assert_eq!(stack.functions[1].code_path, out.join("asset.def"));
        assert!(stack.warnings.is_empty(), "{:?}", stack.warnings);
    }
    assert_eq!(load(&out, &LoadOptions::default()).unwrap().name, "App");
    assert_eq!(named(&out, "mine").unwrap().name, "mine");
}

#[test]
fn an_app_with_a_region_is_loaded_for_it_unless_another_is_chosen() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path();
    let region = |environment: &str, is_region_chosen: bool| {
        let properties = r#""properties": {"templateFile": "App.template.json"}"#;
        write(
            out,
            &format!(
                r#""App": {{"type": "aws:cloudformation:stack", "environment": "{environment}", {properties}}}"#
            ),
        );
        let options = LoadOptions {
            region: "us-west-2".to_owned(),
            is_region_chosen,
            ..LoadOptions::default()
        };
        let stack = load(out, &options).unwrap();
        assert!(stack.functions[0].arn.contains(&stack.region));
        stack.region
    };
    let chosen = "aws://123456789012/eu-central-1";
    assert_eq!(region(chosen, false), "eu-central-1");
    assert_eq!(region(chosen, true), "us-west-2");
    let unknown = "aws://unknown-account/unknown-region";
    assert_eq!(region(unknown, false), "us-west-2");
}

#[test]
fn of_several_stacks_one_is_named() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path();
    let stage =
        r#""stage": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "inner"}}"#;
    write(out, &format!("{}, {stage}", stack("App")));
    write(&out.join("inner"), &stack("Inner"));
    let error = load(out, &LoadOptions::default()).unwrap_err();
    let shown = render(&error);
    assert!(
        shown.contains("choose one with `--stack`: App, Inner"),
        "{shown}"
    );
    let inner = named(out, "Inner").unwrap();
    assert_eq!(inner.template_path, out.join("inner/App.template.json"));
    assert_eq!(inner.functions[0].code_path, out.join("inner/asset.abc"));
}

#[test]
fn a_broken_assembly_is_shown() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path();
    write(out, "");
    let shown = render(&load(out, &LoadOptions::default()).unwrap_err());
    assert!(shown.contains("names no stack"), "{shown}");
    fs::write(out.join("manifest.json"), "{\n\"artifacts\": ]").unwrap();
    let shown = render(&load(out, &LoadOptions::default()).unwrap_err());
    assert!(shown.contains("manifest.json:2:"), "{shown}");
    fs::remove_file(out.join("manifest.json")).unwrap();
    fs::write(out.join("cdk.json"), "{}").unwrap();
    let shown = render(&load(out, &LoadOptions::default()).unwrap_err());
    assert!(shown.contains("run `cdk synth`"), "{shown}");
}

#[test]
fn functions_have_their_constructs_paths_and_cdks_own_are_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path();
    write(out, &stack("App"));
    let digits = "aae0aa3c5b4d4f87b02d85b201efdd8a";
    for (path, shown, is_of_cdk) in [
        ("App/Fn/Resource", "App/Fn", false),
        ("Prod/App/Fn/Default", "Prod/App/Fn", false),
        ("App/Fn", "App/Fn", false),
        ("App/AWS/Resource", "App/AWS", false),
        (
            "App/Seed/framework-onEvent-mine/Resource",
            "App/Seed/framework-onEvent-mine",
            false,
        ),
        (
            "App/Custom::S3AutoDeleteObjectsCustomResourceProvider/Handler",
            "App/Custom::S3AutoDeleteObjectsCustomResourceProvider/Handler",
            true,
        ),
        (
            "App/Provider/framework-isComplete/Resource",
            "App/Provider/framework-isComplete",
            true,
        ),
        (
            &format!("App/LogRetention{digits}/Resource"),
            &format!("App/LogRetention{digits}"),
            true,
        ),
        (
            &format!("App/Mine{digits}/Resource"),
            &format!("App/Mine{digits}"),
            false,
        ),
    ] {
        let template = TEMPLATE.replace("App/Fn/Resource", path);
        fs::write(out.join("App.template.json"), template).unwrap();
        let stack = load(out, &LoadOptions::default()).unwrap();
        assert_eq!(stack.functions[0].shown(), shown);
        assert_eq!(stack.functions[0].is_of_cdk(), is_of_cdk, "{path}");
        assert_eq!(stack.functions[1].shown(), "Other");
    }
    assert_eq!(stack_names(out).unwrap(), ["App"]);
    assert_eq!(
        stack_names(&out.join("nowhere")).unwrap(),
        Vec::<String>::new()
    );
}
