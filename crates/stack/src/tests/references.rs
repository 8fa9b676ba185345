//! The values of references and functions.

use expect_test::{Expect, expect};

use super::{check_problems, load, try_load};

/// Resolves one value as an output, in a stack with one of everything.
fn check(value: &str, expected: Expect) {
    expected.assert_eq(&resolve(value));
}

fn resolve(value: &str) -> String {
    let template = format!(
        "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Name: {{Type: String, Default: Ann}}
  Names: {{Type: CommaDelimitedList, Default: 'Ann, Bob'}}
  Count: {{Type: Number, Default: 1.50}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: f, Handler: h, Runtime: nodejs22.x, AutoPublishAlias: blue-green}}
  Api: {{Type: AWS::Serverless::HttpApi, Properties: {{StageName: prod}}}}
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
Outputs:
  O:
    Value: {value}
"
    );
    load(&template).outputs[0].value.clone()
}

#[test]
fn plain_values() {
    check("text", expect!["text"]);
    check("1.10", expect!["1.10"]);
    check("Yes", expect!["true"]);
    check("'Yes'", expect!["Yes"]);
    check("''", expect![[""]]);
    check("!!str true", expect!["true"]);
    check("&a anchored", expect!["anchored"]);
}

#[test]
fn functions_and_what_sam_makes_of_them() {
    check("!Ref F", expect!["demo-F"]);
    check("{Ref: F}", expect!["demo-F"]);
    check(
        "!GetAtt F.Arn",
        expect!["arn:aws:lambda:us-east-1:000000000000:function:demo-F"],
    );
    check(
        "{'Fn::GetAtt': [F, Arn]}",
        expect!["arn:aws:lambda:us-east-1:000000000000:function:demo-F"],
    );
    check(
        "!Ref FAliasblueDgreen",
        expect!["arn:aws:lambda:us-east-1:000000000000:function:demo-F:blue-green"],
    );
    check(
        "!Ref F.Alias",
        expect!["arn:aws:lambda:us-east-1:000000000000:function:demo-F:blue-green"],
    );
    check(
        "!Ref F.Version",
        expect!["arn:aws:lambda:us-east-1:000000000000:function:demo-F:blue-green"],
    );
    check(
        "!Ref FVersion0123456789",
        expect!["arn:aws:lambda:us-east-1:000000000000:function:demo-F:blue-green"],
    );
    check(
        "!GetAtt FRole.Arn",
        expect!["arn:aws:iam::000000000000:role/demo-FRole"],
    );
}

#[test]
fn tables_and_apis() {
    check("!Ref T", expect!["demo-T"]);
    check(
        "!GetAtt T.Arn",
        expect!["arn:aws:dynamodb:us-east-1:000000000000:table/demo-T"],
    );
    check("!Ref Api", expect!["d0e6clkwac"]);
    check(
        "!GetAtt Api.ApiEndpoint",
        expect!["https://d0e6clkwac.execute-api.us-east-1.amazonaws.com"],
    );
    check("!Ref Api.Stage", expect!["prod"]);
    check("!Ref ApiprodStage", expect!["prod"]);
}

#[test]
fn parameters_and_pseudo_parameters() {
    check("!Ref Name", expect!["Ann"]);
    check("!Ref Count", expect!["1.50"]);
    check("!Ref AWS::Region", expect!["us-east-1"]);
    check("!Ref AWS::AccountId", expect!["000000000000"]);
    check("!Ref AWS::StackName", expect!["demo"]);
    check(
        "!Ref AWS::StackId",
        expect![
            "arn:aws:cloudformation:us-east-1:000000000000:stack/demo/2a97516c-354b-6884-8cdb-d8f54a226a0a"
        ],
    );
    check("!Ref AWS::Partition", expect!["aws"]);
    check("!Ref AWS::URLSuffix", expect!["amazonaws.com"]);
}

#[test]
fn joined_and_substituted() {
    check("!Join ['-', [a, !Ref Name, 1]]", expect!["a-Ann-1"]);
    check("{'Fn::Join': ['', [a, '', b]]}", expect!["ab"]);
    check("!Join ['+', !Ref Names]", expect!["Ann+Bob"]);
    check("!Join [',', [a, !Ref 'AWS::NoValue', b]]", expect!["a,b"]);
    check(
        "!Sub '${Name}@${F.Arn}, ${!Literal} $5'",
        expect!["Ann@arn:aws:lambda:us-east-1:000000000000:function:demo-F, ${Literal} $5"],
    );
    check(
        "!Sub ['${Greeting}, ${Name}!', {Greeting: !Join ['', [He, llo]]}]",
        expect!["Hello, Ann!"],
    );
    check(
        "{'Fn::Sub': '${Api.ApiEndpoint}/prod'}",
        expect!["https://d0e6clkwac.execute-api.us-east-1.amazonaws.com/prod"],
    );
}

#[test]
fn parameters_can_be_given() {
    let template = "
Parameters: {Name: {Type: String, Default: Ann}, Needed: {Type: Number}}
Resources: {}
Outputs: {O: {Value: !Sub '${Name} ${Needed}'}}
";
    let stack = try_load(template, &[("Needed", "7"), ("Name", "Bob")]).unwrap();
    assert_eq!(stack.outputs[0].value, "Bob 7");
    let error = try_load(template, &[("Needed", "7"), ("Nmae", "Bob")]).unwrap_err();
    assert_eq!(error.to_string(), "the template has no parameter `Nmae`");
}

#[test]
fn names_reach_through_each_other() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: f, Handler: h, Runtime: nodejs22.x}}
Resources:
  C: {Type: AWS::Serverless::Function, Properties: {FunctionName: !Sub '${B}-c'}}
  B: {Type: AWS::Serverless::Function, Properties: {FunctionName: !Sub '${A}-b'}}
  A: {Type: AWS::Serverless::Function, Properties: {FunctionName: a}}
",
    );
    let names: Vec<&str> = stack.functions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a-b-c", "a-b", "a"]);
}

#[test]
fn no_value_removes_a_property() {
    let stack = load(&super::function(
        "Timeout: !Ref AWS::NoValue
FunctionName: !Ref AWS::NoValue
Environment: {Variables: {GONE: !Ref AWS::NoValue, KEPT: ''}}
Policies: [!Ref AWS::NoValue, {Statement: {Condition: !Ref AWS::NoValue, Effect: Allow}}]",
    ));
    let function = &stack.functions[0];
    assert_eq!(function.timeout.as_secs(), 3);
    assert_eq!(function.name, "demo-F");
    assert_eq!(function.environment.len(), 1);
    assert_eq!(function.environment["KEPT"], "");
    let policy = serde_json::json!([{ "Statement": { "Effect": "Allow" } }]);
    assert_eq!(serde_json::Value::from(function.policies.clone()), policy);
}

#[test]
fn a_long_name_is_cut_to_what_aws_takes() {
    let id = "F".repeat(80);
    let template = super::function("").replace("  F:", &format!("  {id}:"));
    let name = &load(&template).functions[0].name;
    assert_eq!(name.len(), 64);
    assert!(name.starts_with("demo-FFFF"), "{name}");
}

#[test]
fn china_has_a_partition_and_suffix_of_its_own() {
    let options = crate::LoadOptions {
        region: "cn-north-1".to_owned(),
        stack_name: Some("demo".to_owned()),
        ..crate::LoadOptions::default()
    };
    let directory = tempfile::tempdir().unwrap();
    let template = super::function("Events: {E: {Type: HttpApi}}");
    std::fs::write(directory.path().join("template.yml"), template).unwrap();
    let stack = crate::load(directory.path(), &options).unwrap();
    assert_eq!(
        stack.functions[0].arn,
        "arn:aws-cn:lambda:cn-north-1:000000000000:function:demo-F"
    );
    assert!(
        stack.http_apis[0]
            .endpoint
            .ends_with(".execute-api.cn-north-1.amazonaws.com.cn")
    );
}

#[test]
fn what_sam_makes_of_events_and_of_types_that_are_not_here_has_a_name() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    DependsOn: [GNightly, GNightlyPermission]
    Properties: {CodeUri: f, Runtime: provided.al2023, Handler: bootstrap}
  G:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Runtime: provided.al2023
      Handler: bootstrap
      Events:
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Work: {Type: SQS, Properties: {Queue: 'arn:aws:sqs:us-east-1:1:q'}}
        Told: {Type: SNS, Properties: {Topic: t}}
  Graph:
    Type: AWS::Serverless::GraphQLApi
    Properties: {SchemaUri: s.graphql}
Outputs:
  Told: {Value: !Ref GTold}
  Work: {Value: !Ref GWork}
  Key: {Value: !GetAtt GraphMyKey.ApiKey}
";
    let stack = load(template);
    let value = |name: &str| {
        let mut outputs = stack.outputs.iter();
        outputs.find(|it| it.name == name).unwrap().value.clone()
    };
    assert_eq!(value("Told"), "demo-GTold");
    assert_eq!(value("Work").len(), 36);
    assert_eq!(value("Key"), "demo-Graph.ApiKey");
    check_problems(
        &template.replace("GNightlyPermission", "GNightlyPerm"),
        expect![[r#"
            6:27 `DependsOn` of `F` names no resource [not a resource of this template] (name a logical id under `Resources`)
        "#]],
    );
}
