//! Files: where the template is searched, and what `samconfig.toml` adds.

use std::fs;
use std::path::Path;

use expect_test::expect;

use crate::{LoadOptions, LoadStackError, load};

use super::render;

const TEMPLATE: &str = "
Parameters:
  Stage: {Type: String, Default: dev}
  Title: {Type: String, Default: none}
Resources: {}
Outputs:
  O: {Value: !Sub '${AWS::StackName} ${Stage} ${Title}'}
";

/// The output of the template in a directory of this name, with this `samconfig.toml`.
fn output(directory: &str, samconfig: Option<&str>, options: &LoadOptions) -> String {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join(directory);
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("template.yaml"), TEMPLATE).unwrap();
    if let Some(samconfig) = samconfig {
        fs::write(directory.join("samconfig.toml"), samconfig).unwrap();
    }
    match load(&directory, options) {
        Ok(stack) => {
            assert_eq!(stack.template_path, directory.join("template.yaml"));
            let warnings = stack.warnings.iter().map(|it| format!(" | {it}"));
            stack.outputs[0].value.clone() + &warnings.collect::<String>()
        }
        Err(error) => {
            let root = root.path().display().to_string();
            render(&error).replace(&root, "<root>")
        }
    }
}

#[test]
fn the_stack_has_a_name_whatever_happens() {
    let options = LoadOptions::default();
    let named = LoadOptions {
        stack_name: Some("given".to_owned()),
        ..LoadOptions::default()
    };
    let both = "
[default.global.parameters]
stack_name = 'for-all'
[default.deploy.parameters]
stack_name = 'for-deploy'
";
    let global = "[default.global.parameters]\nstack_name = 'for-all'\n";
    for (directory, samconfig, options, expected) in [
        ("my-app", None, &options, "my-app dev none"),
        ("my app_2", None, &options, "my-app-2 dev none"),
        ("2", None, &options, "stack-2 dev none"),
        ("___", None, &options, "stack dev none"),
        ("my-app", Some(global), &options, "for-all dev none"),
        ("my-app", Some(both), &options, "for-deploy dev none"),
        ("my-app", Some(both), &named, "given dev none"),
        (
            "my-app",
            Some("version = 0.1\n"),
            &options,
            "my-app dev none",
        ),
    ] {
        assert_eq!(output(directory, samconfig, options), expected);
    }
}

#[test]
fn parameters_come_in_every_form_that_sam_takes() {
    let with = |overrides: &str| {
        let samconfig = format!(
            "[default.deploy.parameters]\nstack_name = 's'\nparameter_overrides = {overrides}\n"
        );
        output("d", Some(&samconfig), &LoadOptions::default())
    };
    assert_eq!(with("'Stage=prod Title=x'"), "s prod x");
    assert_eq!(
        with(r#"'Stage="prod" Title="two words"'"#),
        "s prod two words"
    );
    assert_eq!(
        with(r#"['Stage=prod', 'Title=two words']"#),
        "s prod two words"
    );
    assert_eq!(
        with("'ParameterKey=Stage,ParameterValue=prod ParameterKey=Title,ParameterValue=\"a b\"'"),
        "s prod a b"
    );
    assert_eq!(with(r"'Title=two\ words'"), "s dev two words");
    assert_eq!(
        with("{Stage = 'prod', Title = 'two words'}"),
        "s prod two words"
    );
    assert_eq!(with("{Stage = 'prod', Title = [1, 2]}"), "s prod 1,2");
    assert_eq!(
        with("['Stage=prod', {ParameterKey = 'Title', ParameterValue = 'x'}]"),
        "s prod x"
    );
    assert_eq!(
        with("'Stage=prod Nope=1 alone'"),
        "s prod none | `parameter_overrides` of `samconfig.toml`: an entry without `Name=value` is \
         ignored | `parameter_overrides` of `samconfig.toml`: the template has no parameter `Nope`"
    );
    let options = LoadOptions {
        parameters: [("Stage".to_owned(), "mine".to_owned())].into(),
        ..LoadOptions::default()
    };
    let samconfig = "default.deploy.parameters.parameter_overrides = 'Stage=prod Title=x'";
    assert_eq!(output("d", Some(samconfig), &options), "d mine x");
}

#[test]
fn a_broken_samconfig_is_shown() {
    let shown = output("d", Some("[default\nstack = 1"), &LoadOptions::default());
    expect![[r#"
        Error:
          × `<root>/d/samconfig.toml` has one problem

        Error:
          × not valid TOML: unclosed table, expected `]`
           ╭─[<root>/d/samconfig.toml:1:9]
         1 │ [default
           ·         ▲
           ·         ╰── here
         2 │ stack = 1
           ╰────
          help: correct it, or remove the file: it is only read for the stack's name and parameters
    "#]]
    .assert_eq(&shown);
}

#[test]
fn wrong_options_are_refused() {
    let message = |options: LoadOptions| output("d", None, &options);
    let options = LoadOptions::default;
    expect![[r#"
        Error:
          × `no_underscore` is not a name for a stack
          help: stack names are up to 128 letters, digits and hyphens, the first one a letter
    "#]]
    .assert_eq(&message(LoadOptions {
        stack_name: Some("no_underscore".to_owned()),
        ..options()
    }));
    expect![[r#"
        Error:
          × `123` is not an account id
          help: account ids are twelve digits
    "#]]
    .assert_eq(&message(LoadOptions {
        account_id: "123".to_owned(),
        ..options()
    }));
    expect![[r#"
        Error:
          × `us east` is not a region
          help: regions look like `us-east-1`
    "#]]
    .assert_eq(&message(LoadOptions {
        region: "us east".to_owned(),
        ..options()
    }));
}

#[test]
fn a_template_is_found_by_name_or_not_at_all() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path();
    let options = LoadOptions::default();
    let failure = |path: &Path| {
        let error = load(path, &options).unwrap_err();
        render(&error).replace(&directory.display().to_string(), "<root>")
    };
    expect![[r#"
        Error:
          × no template at `<root>`
          help: the directory has none of template.yaml, template.yml, template.json; name the template
                file
    "#]].assert_eq(&failure(directory));
    expect![[r#"
        Error:
          × no template at `<root>/other.yaml`
          help: name a template file, or a directory with one of template.yaml, template.yml,
                template.json
    "#]]
    .assert_eq(&failure(&directory.join("other.yaml")));

    fs::write(directory.join("template.json"), r#"{"Resources": {}}"#).unwrap();
    let stack = load(directory, &options).unwrap();
    assert_eq!(stack.template_path, directory.join("template.json"));

    fs::write(directory.join("template.yml"), b"Resources: \xff").unwrap();
    expect![[r#"
        Error:
          × `<root>/template.yml` is not UTF-8 text: byte 11 is wrong
          help: save the file as UTF-8
    "#]]
    .assert_eq(&failure(directory));

    fs::write(directory.join("template.yaml"), "#".repeat(1024 * 1024 + 1)).unwrap();
    expect![[r#"
        Error:
          × `<root>/template.yaml` is larger than 1048576 bytes
          help: CloudFormation accepts templates of up to 1 MiB; is this the right file?
    "#]]
    .assert_eq(&failure(directory));

    let odd = directory.join("odd.yaml");
    fs::create_dir(&odd).unwrap();
    fs::create_dir(odd.join("template.yaml")).unwrap();
    let error = load(&odd, &options).unwrap_err();
    assert!(matches!(error, LoadStackError::Read { .. }), "{error:?}");
}

#[test]
fn samconfig_may_name_the_template() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path();
    let infra = directory.join("infra");
    fs::create_dir(&infra).unwrap();
    fs::write(infra.join("app.yaml"), TEMPLATE).unwrap();
    let samconfig = "
[default.build.parameters]
template_file = 'infra/app.yaml'
[default.deploy.parameters]
stack_name = 'named'
template_file = 'packaged.yaml'
";
    fs::write(directory.join("samconfig.toml"), samconfig).unwrap();
    let stack = load(directory, &LoadOptions::default()).unwrap();
    assert_eq!(stack.template_path, infra.join("app.yaml"));
    assert_eq!(stack.name, "named");
    fs::remove_file(infra.join("app.yaml")).unwrap();
    let error = load(directory, &LoadOptions::default()).unwrap_err();
    let shown = render(&error);
    assert!(shown.contains("names `infra/app.yaml`"), "{shown}");
}

#[test]
fn what_else_lies_in_a_directory_without_a_template_is_named() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path();
    let help = || match load(directory, &LoadOptions::default()).unwrap_err() {
        LoadStackError::NotFound { help, .. } => help,
        other => panic!("{other}"),
    };
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("main.tf", "");
    assert!(help().contains("Terraform's files are not read here"));
    write("iac/cdk.json", "{}");
    write("services/orders/template.yaml", "Resources: {}");
    write("node_modules/other/template.yaml", "Resources: {}");
    assert_eq!(
        help(),
        "the directory has none of template.yaml, template.yml, template.json; name a folder below it: `iac`, `services/orders`"
    );
    write("package.json", "{}");
    write("orders.yaml", "AWSTemplateFormatVersion: '2010-09-09'\n");
    assert!(help().ends_with("name one of its templates: `orders.yaml`"));
    write("serverless.yml", "service: shop\n");
    assert!(help().contains("run `npx serverless package`"));
}

#[test]
fn a_service_that_was_packaged_is_its_template_and_archives() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(".serverless");
    fs::create_dir(&folder).unwrap();
    fs::write(root.path().join("serverless.yml"), "service: shop\n").unwrap();
    let template = r#"{"Resources": {
      "ServerlessDeploymentBucket": {"Type": "AWS::S3::Bucket"},
      "PayLambdaFunction": {"Type": "AWS::Lambda::Function", "Properties": {
        "Code": {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": "serverless/shop/dev/1-x/shop.zip"},
        "Handler": "pay.handler", "Runtime": "nodejs22.x", "FunctionName": "shop-dev-pay"
      }}
    }}"#;
    let path = folder.join("cloudformation-template-update-stack.json");
    fs::write(&path, template).unwrap();
    let state = r#"{"service": {"service": "shop", "provider": {"stage": "prod", "region": "eu-west-1"}},
      "package": {"artifactDirectoryName": "serverless/shop/dev/1-x", "artifact": "shop.zip"}}"#;
    fs::write(folder.join("serverless-state.json"), state).unwrap();
    fs::write(folder.join("shop.zip"), "").unwrap();
    for given in [root.path(), folder.as_path(), path.as_path()] {
        let stack = load(given, &LoadOptions::default()).unwrap();
        assert_eq!(stack.name, "shop-prod", "{given:?}");
        assert_eq!(stack.region, "eu-west-1");
        assert_eq!(stack.functions[0].code_path, folder.join("shop.zip"));
        assert_eq!(stack.functions[0].cannot_run, None);
    }
    fs::write(root.path().join("template.yaml"), "Resources: {}\n").unwrap();
    let own = load(root.path(), &LoadOptions::default()).unwrap();
    assert!(own.functions.is_empty());
}
