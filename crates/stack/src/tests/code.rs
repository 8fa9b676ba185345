//! Where code comes from, and code that cannot be run here.

use std::path::Path;

use crate::{FunctionResource, LoadOptions, OtherServices, Stack};

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
fn images_without_a_dockerfile_need_neither_handler_nor_runtime_and_cannot_run() {
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
    let what = "and container images are not run here: name its Dockerfile (`Metadata` with `DockerContext` and `Dockerfile`), \
         or package it as a folder, with `PackageType: Zip`";
    assert!(
        reasons("PackageType: Image, ImageUri: 'f:1'")
            .eq([format!("{why} (`f:1`), {what}"), format!("{why}, {what}")])
    );
    assert!(reasons("PackageType: Image").eq([format!("{why}, {what}"), format!("{why}, {what}")]));
}

#[test]
fn images_say_how_they_are_made() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Parameters: {Tag: {Type: String, Default: '3.13'}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      ImageConfig: {Command: [a.b], EntryPoint: [/e], WorkingDirectory: /w}
    Metadata:
      DockerContext: ./src
      Dockerfile: f/Dockerfile
      DockerBuildArgs: {TAG: !Ref Tag, LEVEL: 2}
      DockerBuildTarget: last
  G:
    Type: AWS::Lambda::Function
    Properties: {Code: {ImageUri: !Sub 'x/${AWS::Region}'}, PackageType: Image}
    Metadata: {aws:asset:path: asset.1, aws:asset:docker-build-args: {A: b}}
",
    );
    let [f, g] = stack.functions.as_slice() else {
        panic!("two functions");
    };
    assert!(f.cannot_run.is_none() && g.cannot_run.is_none());
    let image = f.image.as_ref().unwrap();
    assert_eq!(image.context, Path::new("/app/src"));
    assert_eq!(image.dockerfile, Path::new("/app/src/f/Dockerfile"));
    assert_eq!(image.arguments["TAG"], "3.13");
    assert_eq!(image.arguments["LEVEL"], "2");
    assert_eq!(image.target.as_deref(), Some("last"));
    assert_eq!(image.command.as_deref().unwrap(), ["a.b"]);
    assert_eq!(image.entry_point.as_deref().unwrap(), ["/e"]);
    assert_eq!(image.working_directory.as_deref(), Some("/w"));
    let image = g.image.as_ref().unwrap();
    assert_eq!(image.dockerfile, Path::new("/app/asset.1/Dockerfile"));
    assert_eq!(image.arguments["A"], "b");
    assert_eq!(image.command, None);
    let warnings = stack.warnings.iter().map(ToString::to_string);
    let said = warnings.filter(|it| it.contains("no image is made or run"));
    assert_eq!(said.count(), 2);
}

#[test]
fn code_in_s3_is_fetched_only_from_somewhere() {
    for (written, bucket, version) in [
        ("s3://b/some/key.zip", "b", None),
        (
            "{Bucket: b, Key: some/key.zip, Version: '7'}",
            "b",
            Some("7"),
        ),
        (
            "{Bucket: !Sub 'b-${AWS::AccountId}', Key: some/key.zip, Version: ''}",
            "b-000000000000",
            None,
        ),
    ] {
        let template = function("").replace("f/", written);
        let function = only_function(&template);
        let expected = format!(
            "its code is the S3 object `s3://{bucket}/some/key.zip`, which is fetched with `--aws-endpoint URL` or \
             `--aws-credentials env|profile` only: start with one of them, or name a folder, a `.zip` or a `.jar` beside \
             the template"
        );
        assert_eq!(function.cannot_run.unwrap(), expected);
        assert_eq!(function.code_object, None);
        assert_eq!(function.handler, "bootstrap");

        let function = at_an_emulator(&template).functions.remove(0);
        assert_eq!(function.cannot_run, None);
        let object = function.code_object.unwrap();
        assert_eq!(object.bucket, bucket);
        assert_eq!(object.key, "some/key.zip");
        assert_eq!(object.version.as_deref(), version);
    }
}

#[test]
fn code_that_only_aws_can_find_cannot_run() {
    for (written, shown) in [
        ("{Key: k}", "s3://…/k"),
        ("{Bucket: b}", "s3://b/…"),
        ("s3://b", "s3://b"),
        ("https://files.example/f.zip", "https://files.example/f.zip"),
    ] {
        let function = at_an_emulator(&function("").replace("f/", written));
        let reason = function.functions[0].cannot_run.clone().unwrap();
        let expected = format!("its code is `{shown}`, which is not fetched");
        assert!(reason.starts_with(&expected), "{reason}");
    }
}

fn at_an_emulator(template: &str) -> Stack {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("template.yaml");
    std::fs::write(&path, template).unwrap();
    let options = LoadOptions {
        services: OtherServices::Emulator,
        ..LoadOptions::default()
    };
    crate::load(&path, &options).unwrap()
}

#[test]
fn layers_in_s3_are_fetched_from_an_emulator() {
    let stack = at_an_emulator(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Away: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {S3Bucket: b, S3Key: k, S3ObjectVersion: v}}}
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ., Handler: a.b, Runtime: python3.13, Layers: [!Ref Away]}
",
    );
    assert_eq!(stack.functions[0].layers, [stack.layers[0].arn.as_str()]);
    let object = stack.layers[0].object.as_ref().unwrap();
    assert_eq!(object.to_string(), "s3://b/k");
    assert_eq!(object.version.as_deref(), Some("v"));
    assert!(stack.warnings.is_empty(), "{:?}", stack.warnings);
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
        "line 9: `Content` of `Away`: the layer is the S3 object `s3://b/k`, which is fetched with `--aws-endpoint URL` or \
         `--aws-credentials env|profile` only, and functions run without it: bring it with \
         `lambdura up --layer arn:aws:lambda:us-east-1:000000000000:layer:demo-Away:1=FOLDER|ZIP`"
    );
}
