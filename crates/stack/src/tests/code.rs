//! Where code comes from, and code that cannot be run here.

use std::path::Path;

use crate::FunctionResource;

use super::{function, load};

fn only_function(template: &str) -> FunctionResource {
    load(template).functions.remove(0)
}

#[test]
fn without_code_uri_the_code_is_the_template_folder() {
    let function = only_function(&function("").replace("CodeUri: f/", "Timeout: 5"));
    assert_eq!(function.code_uri, ".");
    assert_eq!(function.code_path, Path::new("/app"));
    assert_eq!(function.cannot_run, None);
}

#[test]
fn archives_are_code() {
    for archive in ["build/f.zip", "target/f.jar"] {
        let function = only_function(&function("").replace("f/", archive));
        assert_eq!(function.code_path, Path::new("/app").join(archive));
        assert_eq!(function.cannot_run, None);
    }
}

#[test]
fn images_need_neither_handler_nor_runtime_and_cannot_run() {
    let reasons = |properties: &str| {
        let template = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  F: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}
  G:
    Type: AWS::Lambda::Function
    Properties: {{Code: {{ImageUri: !Sub '${{AWS::AccountId}}.dkr.example/g'}}, PackageType: Image}}
"
        );
        let functions = load(&template).functions;
        assert_eq!(functions[0].handler, "");
        assert_eq!(functions[0].runtime, "");
        functions.into_iter().map(|it| it.cannot_run.unwrap())
    };
    let why = "its code is a container image";
    let what =
        "and container images are not run here: package it as a folder, with `PackageType: Zip`";
    assert!(
        reasons("PackageType: Image, ImageUri: 'f:1'")
            .eq([format!("{why} (`f:1`), {what}"), format!("{why}, {what}")])
    );
    assert!(reasons("PackageType: Image").eq([format!("{why}, {what}"), format!("{why}, {what}")]));
}

#[test]
fn code_in_s3_cannot_run() {
    for (written, shown) in [
        ("s3://bucket/key", "s3://bucket/key"),
        ("{Bucket: b, Key: k}", "s3://b/k"),
        ("{Bucket: !Sub b, Key: k}", "s3://…/k"),
    ] {
        let function = only_function(&function("").replace("f/", written));
        let reason = function.cannot_run.unwrap();
        let expected = format!(
            "its code is the S3 object `{shown}`, which is not fetched: name a folder, a `.zip` or a \
             `.jar` beside the template"
        );
        assert_eq!(reason, expected);
        assert_eq!(function.handler, "bootstrap");
    }
}

#[test]
fn layers_say_how_they_are_built() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Words:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: words, CompatibleRuntimes: [python3.13], CompatibleArchitectures: [arm64]}
    Metadata: {BuildMethod: python3.13, BuildArchitecture: arm64, BuildProperties: {Key: !Ref Words}}
  Plain: {Type: AWS::Lambda::LayerVersion, Properties: {Content: ./plain}}
  Away: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {S3Bucket: b, S3Key: k}}}
",
    );
    let [words, plain] = stack.layers.as_slice() else {
        panic!("a layer in S3 is left out");
    };
    assert_eq!(words.logical_id, "Words");
    assert_eq!(words.path, Path::new("/app/words"));
    assert_eq!(words.build_method.as_deref(), Some("python3.13"));
    assert_eq!(words.build_architecture.as_deref(), Some("arm64"));
    let arn = "arn:aws:lambda:us-east-1:000000000000:layer:demo-Words:1";
    assert_eq!(words.arn, arn);
    assert_eq!(words.build_properties.as_ref().unwrap()["Key"], arn);
    assert_eq!(words.compatible_runtimes, ["python3.13"]);
    assert_eq!(plain.build_method, None);
    assert_eq!(
        stack.warnings[0].to_string(),
        "line 9: `Content` of `Away`: the layer is an S3 object, which is not fetched, and functions run without it: bring it with \
         `lambdura up --layer arn:aws:lambda:us-east-1:000000000000:layer:demo-Away:1=FOLDER|ZIP`"
    );
}
