//! Values of the parameter store and of secrets.

use std::fs;

use expect_test::expect;

use crate::{LoadOptions, LoadStackError, References, Stack};

use super::{check_problems, render};

fn load_with(template: &str, references: References) -> Result<Stack, LoadStackError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), template).unwrap();
    let options = LoadOptions {
        references,
        ..LoadOptions::default()
    };
    crate::load(folder.path(), &options)
}

fn references(text: &str) -> Result<References, LoadStackError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("references.json");
    fs::write(&path, text).unwrap();
    References::read(&path).map(Option::unwrap)
}

/// A function with these variables.
fn variables(rest: &str, variables: &str) -> String {
    format!(
        "
Transform: AWS::Serverless-2016-10-31
{rest}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: h
      Runtime: python3.13
      Environment:
        Variables: {{{variables}}}
"
    )
}

#[test]
fn a_file_gives_values() {
    let template = variables(
        "
Parameters:
  Key: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /app/key}
  Hosts: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /app/hosts}
  Unused: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /nobody/gives/it}
  Path: {Type: String, Default: '{{resolve:ssm:/app/other:2}}'}
Resources:",
        "KEY: !Ref Key, HOST: !Select [1, !Ref Hosts], DYN: !Ref Path,
          WORD: 'a {{resolve:secretsmanager:app/db:SecretString:password}} and {{resolve:ssm-secure:/app/key:1}}',
          ALL: !Join ['', ['{{resolve:secretsmanager:', 'arn:aws:secretsmanager:us-east-1:0:secret:app/db', '}}']],
          PORT: '{{resolve:secretsmanager:app/db:SecretString:port::}}'",
    );
    let given = references(
        r#"{"ssm": {"/app/key": "k", "/app/hosts": ["a", "b"], "/app/other:2": "two"},
            "secretsmanager": {"app/db": {"password": "p", "port": 5432}}}"#,
    );
    let stack = load_with(&template, given.unwrap()).unwrap();
    let environment = stack.functions[0].environment.iter();
    let expected = [
        ("ALL", r#"{"password":"p","port":5432}"#),
        ("DYN", "two"),
        ("HOST", "b"),
        ("KEY", "k"),
        ("PORT", "5432"),
        ("WORD", "a p and k"),
    ];
    assert!(
        environment
            .map(|(name, value)| (&**name, &**value))
            .eq(expected)
    );
}

#[test]
fn resources_of_the_template_give_values() {
    let stack = super::load(&variables(
        "Resources:
  P: {Type: AWS::SSM::Parameter, Properties: {Name: /app/key, Type: String, Value: !Sub '${AWS::Region} key'}}
  S: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: '{\"user\": \"me\"}'}}",
        "KEY: '{{resolve:ssm:/app/key}}', SAME: !GetAtt P.Value, NAME: !Ref P,
          USER: !Sub '{{resolve:secretsmanager:${S}:SecretString:user}}', ARN: !Ref S",
    ));
    let environment = &stack.functions[0].environment;
    assert_eq!(environment["KEY"], "us-east-1 key");
    assert_eq!(environment["SAME"], "us-east-1 key");
    assert_eq!(environment["NAME"], "/app/key");
    assert_eq!(environment["USER"], "me");
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:demo-S-";
    assert!(environment["ARN"].starts_with(arn));
}

#[test]
fn what_nobody_gives_is_a_problem() {
    check_problems(
        &variables(
            "Parameters: {Key: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /app/key}}
Resources:
  Loop: {Type: AWS::SSM::Parameter, Properties: {Name: loop, Type: String, Value: '{{resolve:ssm:loop}}'}}
  Made: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {}}}",
            "KEY: !Ref Key,
          AA: '{{resolve:ssm:/app/other}}',
          BB: '{{resolve:secretsmanager:app/db:SecretString:password}}',
          CC: '{{resolve:s3:what}}',
          DD: '{{resolve:ssm:loop}}',
          EE: !Sub '{{resolve:secretsmanager:${Made}}}',
          OK: '{{resolve:ssm'",
        ),
        expect![[r#"
            3:73 `/app/key` of the parameter store has no value here [nothing to resolve it to] (give it one in `references.json` in the data folder, or in the file of `--references`: {"ssm": {"/app/key": "value"}})
            5:83 values need each other more than 8 deep [the limit is passed here] (give one of them a value that needs no other)
            14:15 `/app/other` of the parameter store has no value here [nothing to resolve it to] (give it one in `references.json` in the data folder, or in the file of `--references`: {"ssm": {"/app/other": "value"}})
            15:15 the secret `app/db` has no value here [nothing to resolve it to] (give it one in `references.json` in the data folder, or in the file of `--references`: {"secretsmanager": {"app/db": {"password": "value"}}})
            16:15 `s3` is not a service of dynamic references [in this text] (services are ssm, ssm-secure and secretsmanager)
            18:15 the secret `arn:aws:secretsmanager:us-east-1:000000000000:secret:demo-Made-t25jbd` has no value here [nothing to resolve it to] (give it one in `references.json` in the data folder, or in the file of `--references`: {"secretsmanager": {"arn:aws:secretsmanager:us-east-1:000000000000:secret:demo-Made-t25jbd": "value"}})
        "#]],
    );
}

#[test]
fn a_wrong_file_is_a_problem() {
    for (text, message) in [
        ("{", "not valid JSON"),
        ("[]", "must hold a JSON object"),
        (
            r#"{"smm": {}}"#,
            "unknown section `smm`: did you mean `ssm`?",
        ),
        (r#"{"ssm": []}"#, "`ssm` must be an object"),
    ] {
        let error = references(text).unwrap_err();
        assert!(render(&error).contains(message), "{}", render(&error));
    }
    let secret = references(r#"{"ssm": {"/app/key": "hidden"}}"#).unwrap();
    assert!(!format!("{secret:?}").contains("hidden"));
}
