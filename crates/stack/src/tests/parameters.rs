//! Parameters without a value, which the caller can ask for; and code that has been built.

use std::fs;

use crate::{LoadOptions, MissingParameter, load, missing_parameters};

#[test]
fn parameters_without_a_value_are_known_with_what_is_said_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let template = "
Parameters:
  Key: {Type: String, NoEcho: true, Description: of the partner}
  Size: {Type: Number, AllowedValues: [1, 2]}
  Given: {Type: String}
  Saved: {Type: String}
  Usual: {Type: String, Default: x}
  Wrong: nothing
Resources: {}
";
    fs::write(dir.path().join("template.yaml"), template).unwrap();
    let samconfig = "[default.deploy.parameters]\nparameter_overrides = \"Saved=yes\"\n";
    fs::write(dir.path().join("samconfig.toml"), samconfig).unwrap();
    let mut options = LoadOptions::default();
    options.parameters.insert("Given".into(), "yes".into());
    let missing = missing_parameters(dir.path(), &options).unwrap();
    let parameter = |name: &str, type_name: &str| MissingParameter {
        name: name.into(),
        type_name: type_name.into(),
        description: None,
        allowed_values: Vec::new(),
        no_echo: false,
    };
    assert_eq!(
        missing,
        [
            MissingParameter {
                description: Some("of the partner".into()),
                no_echo: true,
                ..parameter("Key", "String")
            },
            MissingParameter {
                allowed_values: vec!["1".into(), "2".into()],
                ..parameter("Size", "Number")
            },
        ]
    );
    // `load` reports templates that cannot be read; here they have no missing parameters.
    fs::write(dir.path().join("template.yaml"), "Parameters: [").unwrap();
    assert_eq!(missing_parameters(dir.path(), &options).unwrap(), []);
    assert!(missing_parameters(&dir.path().join("nowhere"), &options).is_err());
}

#[test]
fn code_that_has_been_built_is_taken_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("template.yaml");
    for (metadata, skips) in [
        ("{SkipBuild: true}", true),
        ("{SkipBuild: 'True'}", true),
        ("{SkipBuild: false}", false),
        ("{SkipBuild: [true]}", false),
        ("{BuildMethod: makefile}", false),
    ] {
        let template = format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: {metadata}
    Properties: {{Handler: a.b, Runtime: python3.13, CodeUri: src}}
  L:
    Type: AWS::Serverless::LayerVersion
    Metadata: {{BuildMethod: makefile, SkipBuild: {skips}}}
    Properties: {{ContentUri: layer}}
"
        );
        fs::write(&path, template).unwrap();
        let stack = load(&path, &LoadOptions::default()).unwrap();
        assert_eq!(stack.functions[0].skip_build, skips, "{metadata}");
        assert_eq!(stack.layers[0].build_method.is_none(), skips);
    }
}
