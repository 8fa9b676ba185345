//! CloudFormation's own Lambda resources, layers and simple tables.

use std::path::Path;

use expect_test::expect;

use super::{check_problems, check_warnings, load};

const TEMPLATE: &str = "
Resources:
  Role: {Type: AWS::IAM::Role}
  Libs:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: {S3Bucket: b, S3Key: k}}
    Metadata: {aws:asset:path: asset.libs}
  F:
    Type: AWS::Lambda::Function
    Properties:
      Code: {S3Bucket: b, S3Key: k}
      Handler: index.handler
      Runtime: nodejs22.x
      Role: !GetAtt Role.Arn
      Timeout: 10
      DurableConfig: {ExecutionTimeout: 60}
      TracingConfig: {Mode: Active}
      Layers: [!Ref Libs]
      Environment: {Variables: {ROLE: !GetAtt Role.Arn}}
    Metadata: {aws:asset:path: asset.f}
  FVersion1: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref F, FunctionVersion: !GetAtt FVersion1.Version, Name: live}
  Beta:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !GetAtt F.Arn, FunctionVersion: !GetAtt FVersion1.Version, Name: beta}
  Url:
    Type: AWS::Lambda::Url
    Properties: {TargetFunctionArn: !Ref Live, AuthType: NONE}
  Invokable:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref F, Action: 'lambda:InvokeFunction', Principal: '*'}
  G:
    Type: AWS::Lambda::Function
    Properties:
      Code: {ZipFile: 'def handler(event, context): return 1'}
      Handler: index.handler
      Runtime: python3.13
  GVersion: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref G}}
  H:
    Type: AWS::Lambda::Function
    Properties: {Code: ./h, Handler: bootstrap, Runtime: provided.al2023, FunctionName: h}
Outputs:
  Live: {Value: !Ref Live}
  Url: {Value: !GetAtt Url.FunctionUrl}
  Function: {Value: !GetAtt Url.FunctionArn}
  Layer: {Value: !Ref Libs}
";

#[test]
fn functions_have_versions_aliases_and_urls() {
    let stack = load(TEMPLATE);
    let function = &stack.functions[0];
    assert_eq!(function.code_path, Path::new("/app/asset.f"));
    assert_eq!(function.layers, [stack.layers[0].arn.clone()]);
    assert_eq!(stack.layers[0].path, Path::new("/app/asset.libs"));
    assert_eq!(function.auto_publish_alias.as_deref(), Some("live"));
    assert_eq!(function.more_aliases, ["beta"]);
    assert!(function.durable_config.is_some());
    let role = "arn:aws:iam::000000000000:role/demo-Role";
    assert_eq!(function.environment["ROLE"], role);
    let inline = &stack.functions[1];
    assert!(inline.inline_code.is_some());
    assert_eq!(inline.auto_publish_alias.as_deref(), Some("newest"));
    assert_eq!(stack.functions[2].code_path, Path::new("/app/h"));
    assert_eq!(stack.functions[2].auto_publish_alias, None);
    assert_eq!(stack.function_urls[0].qualifier.as_deref(), Some("live"));
    let arn = "arn:aws:lambda:us-east-1:000000000000";
    assert_eq!(
        stack.outputs[0].value,
        format!("{arn}:function:demo-F:live")
    );
    assert_eq!(
        stack.outputs[2].value,
        format!("{arn}:function:demo-F:live")
    );
    assert_eq!(stack.outputs[3].value, format!("{arn}:layer:demo-Libs:1"));
    let warnings: Vec<String> = stack.warnings.iter().map(|it| it.to_string()).collect();
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn what_sam_makes_stands_where_it_is_made() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: f, Handler: h, Runtime: nodejs22.x, AutoPublishAlias: live}}
Resources:
  A: {Type: AWS::Serverless::Function, Properties: {FunctionUrlConfig: {AuthType: NONE}}}
  Mine: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref B.Alias, AuthType: NONE}}
  B: {Type: AWS::Serverless::Function, Properties: {FunctionUrlConfig: {AuthType: NONE}}}
Outputs:
  Alias: {Value: !Sub '${A.Alias}'}
  Url: {Value: !Ref AUrl}
",
    );
    let urls = stack.function_urls.iter();
    let urls: Vec<_> = urls
        .map(|it| (it.logical_id.as_str(), it.qualifier.as_deref()))
        .collect();
    let live = Some("live");
    assert_eq!(urls, [("AUrl", live), ("Mine", live), ("BUrl", live)]);
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:demo-A";
    assert_eq!(stack.outputs[0].value, format!("{arn}:live"));
    assert_eq!(stack.outputs[1].value, arn);
}

#[test]
fn what_sam_cannot_make_is_said_in_the_users_words() {
    let other = "  G:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: g
      Handler: h
      Runtime: nodejs22.x
      FunctionUrlConfig: []
      Events: {E: {Type: Api, Properties: x}}
";
    check_problems(
        &(super::function("Environment: {Variables: {ALIAS: !Ref G.Alias}}") + other),
        expect![[r#"
            9:40 `G` publishes no version and has no alias [needs `AutoPublishAlias`] (add `AutoPublishAlias: live` to the function)
            16:26 `FunctionUrlConfig` of `G` must be a mapping, found a list [a list] (write one `Name: value` per line, indented)
            17:43 `Events.E.Properties` of `G` must be a mapping, found a single value [a single value] (write one `Name: value` per line, indented)
        "#]],
    );
}

#[test]
fn parts_of_nothing_are_problems() {
    check_problems(
        "
Resources:
  V: {Type: AWS::Lambda::Version, Properties: {FunctionName: other}}
  A: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref T}}
  U: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref T, AuthType: NONE}}
  T: {Type: AWS::SQS::Queue}
  F:
    Type: AWS::Lambda::Function
    Properties: {Code: {S3Bucket: b, S3Key: k}, Handler: h, Runtime: python3.13}
  G:
    Type: AWS::Lambda::Function
    Properties: {Code: {ZipFile: x}, Handler: h, Runtime: provided.al2023}
",
        expect![[r#"
            3:62 `FunctionName` of `V` must mean a function of this template [not such a function] (write `!Ref` and the function's logical id)
            4:3 `A` has no `Name` [`Name` is missing] (for example `Name: live`)
            4:3 `A` has no `FunctionVersion` [`FunctionVersion` is missing] (`!GetAtt` and the version's `Version`)
            4:60 `FunctionName` of `A` must mean a function of this template [not such a function] (write `!Ref` and the function's logical id)
            5:63 `TargetFunctionArn` of `U` must mean a function of this template [not such a function] (write `!Ref` and the function's logical id)
            12:24 `Code` of `G` is inline code, which `python` and `nodejs` runtimes take only [inline code] (put the code into a directory, and name that)
        "#]],
    );
}

#[test]
fn layers_and_simple_tables() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Libs:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/libs, LayerName: shared, CompatibleRuntimes: [python3.13]}
    Metadata: {BuildMethod: python3.13}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Handler: h
      Runtime: python3.13
      Layers: [!Ref Libs, 'arn:aws:lambda:us-east-1:123456789012:layer:insights:2']
  Plain: {Type: AWS::Serverless::SimpleTable}
  Keyed:
    Type: AWS::Serverless::SimpleTable
    Properties:
      TableName: keyed
      PrimaryKey: {Name: at, Type: Number}
      ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 2}
";
    let stack = load(template);
    assert_eq!(stack.functions[0].layers, [stack.layers[0].arn.clone()]);
    assert_eq!(stack.layers[0].path, Path::new("/app/layers/libs"));
    let bodies: Vec<String> = stack
        .tables
        .iter()
        .map(|it| it.create_table.to_string())
        .collect();
    assert_eq!(
        bodies,
        [
            r#"{"TableName":"demo-Plain","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}"#,
            r#"{"TableName":"keyed","AttributeDefinitions":[{"AttributeName":"at","AttributeType":"N"}],"KeySchema":[{"AttributeName":"at","KeyType":"HASH"}],"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":2}}"#,
        ]
    );
    check_warnings(
        template,
        expect![[r#"
            line 14: `Layers` of `F`: the layer `arn:aws:lambda:us-east-1:123456789012:layer:insights:2` is not here, and functions run without it: bring it with `lambdura up --layer arn:aws:lambda:us-east-1:123456789012:layer:insights:2=FOLDER` (or its `.zip`, which `aws lambda get-layer-version-by-arn --arn arn:aws:lambda:us-east-1:123456789012:layer:insights:2` says where to get), or put what it holds into the code
        "#]],
    );
}

#[test]
fn a_template_with_everything_has_nothing_missing() {
    let stack = load(include_str!("everything.yaml"));
    let warned: Vec<&str> = stack.warnings.iter().map(|it| &*it.logical_id).collect();
    assert_eq!(warned, [""; 0]);
    assert_eq!(stack.functions.len(), 5);
    assert_eq!(stack.http_apis.len(), 1);
    assert_eq!(stack.rest_apis.len(), 3);
    assert_eq!(stack.rest_apis[0].stage_name, "dev");
    assert_eq!(stack.function_urls.len(), 2);
    assert_eq!(stack.schedules.len(), 4);
    assert!(!stack.schedules[1].enabled);
    assert_eq!(stack.tables.len(), 1);
    let environment = &stack.functions[0].environment;
    let config = r#"{"stage":"dev","zones":["us-east-1a","us-east-1b","us-east-1c"]}"#;
    assert_eq!(environment["CONFIG"], config);
    assert_eq!(
        (environment["FIRST"].as_str(), environment["COUNT"].as_str()),
        ("subnet-1", "2")
    );
    let cors = stack.function_urls[0].cors.clone().unwrap();
    assert_eq!(cors.allow_origins, ["*"]);
}

#[test]
fn a_global_table_is_a_table() {
    let stack = load(
        "
Resources:
  T:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      Replicas: [{Region: us-east-1}, {Region: eu-west-1}]
  Logs: {Type: AWS::Logs::LogGroup}
Outputs:
  Logs: {Value: !Ref Logs}
",
    );
    assert_eq!(
        stack.tables[0].create_table["BillingMode"],
        "PAY_PER_REQUEST"
    );
    let warnings: Vec<String> = stack.warnings.iter().map(|it| it.to_string()).collect();
    assert_eq!(
        warnings,
        [
            "line 9: `Replicas` of `T`: there is one table, and no replica in another region",
            "line 10: `Logs` (AWS::Logs::LogGroup): logs are kept here whatever it says",
        ]
    );
}
