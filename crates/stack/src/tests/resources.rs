//! Properties that do something, and those that do not.

use expect_test::expect;

use crate::{Architecture, Cors, LogFormat, RouteKey, RouteMethod, Tracing};

use super::{check_problems, check_warnings, function, load};

#[test]
fn defaults_are_those_of_lambda() {
    let stack = load(&function(""));
    let function = &stack.functions[0];
    assert_eq!(function.timeout.as_secs(), 3);
    assert_eq!(function.memory_size_megabytes, 128);
    assert_eq!(function.architecture, Architecture::X86_64);
    assert_eq!(function.tracing, Tracing::PassThrough);
    assert_eq!(function.logging.log_format, LogFormat::Text);
    assert_eq!(function.durable_config, None);
    assert_eq!(function.auto_publish_alias, None);
    assert_eq!(function.name, "demo-F");
    let durable = load(&self::function("DurableConfig: {ExecutionTimeout: 60}"));
    let config = durable.functions[0].durable_config.unwrap();
    assert_eq!(config.retention_period_days, 14);
}

#[test]
fn code_may_stand_beside_the_template() {
    for (code_uri, path) in [
        (".", "/app"),
        ("../shared/f", "/shared/f"),
        ("../../../f", "/f"),
        ("/opt/f", "/opt/f"),
    ] {
        let template = function("").replace("f/", code_uri);
        let stack = load(&template);
        assert_eq!(
            stack.functions[0].code_path,
            std::path::Path::new(path),
            "{code_uri}"
        );
        assert_eq!(stack.functions[0].code_uri, code_uri);
    }
}

#[test]
fn globals_are_merged_and_the_own_value_wins() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    CodeUri: f
    Handler: h
    Runtime: nodejs22.x
    Architectures: [arm64]
    DurableConfig: {ExecutionTimeout: 60, RetentionPeriodInDays: 2}
    Environment: {Variables: {SHARED: shared, BOTH: shared}}
  HttpApi:
    CorsConfiguration: {AllowMethods: [GET]}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Architectures: [x86_64]
      DurableConfig: {ExecutionTimeout: 90}
      Environment: {Variables: {OWN: own, BOTH: own}}
      Events: {E: {Type: HttpApi}}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowMethods: [POST]}
",
    );
    let function = &stack.functions[0];
    assert_eq!(function.architecture, Architecture::X86_64);
    let config = function.durable_config.unwrap();
    assert_eq!(config.execution_timeout.as_secs(), 90);
    assert_eq!(config.retention_period_days, 2);
    let environment: Vec<_> = function.environment.iter().collect();
    let expected = [("BOTH", "own"), ("OWN", "own"), ("SHARED", "shared")];
    assert!(
        environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .eq(expected)
    );
    let methods = |index: usize| stack.http_apis[index].cors.clone().unwrap().allow_methods;
    assert_eq!(methods(0), ["GET", "POST"], "lists are joined");
    assert_eq!(methods(1), ["GET"], "the implicit API has them too");
}

#[test]
fn cors_in_all_its_forms() {
    let cors = |written: &str| {
        let template = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  A: {{Type: AWS::Serverless::HttpApi, Properties: {{CorsConfiguration: {written}}}}}
"
        );
        load(&template).http_apis[0].cors.clone()
    };
    let origins = |origins: &[&str]| {
        Some(Cors {
            allow_origins: origins.iter().map(|it| (*it).to_owned()).collect(),
            ..Cors::default()
        })
    };
    assert_eq!(cors("true"), origins(&["*"]));
    assert_eq!(cors("'https://a.example'"), origins(&["https://a.example"]));
    assert_eq!(cors("false"), None);
    assert_eq!(cors("!Ref AWS::NoValue"), None);
    assert_eq!(
        cors("{AllowOrigins: ['https://a.example'], AllowCredentials: true}"),
        Some(Cors {
            allow_credentials: true,
            ..origins(&["https://a.example"]).unwrap()
        })
    );
}

#[test]
fn route_keys_read_as_on_aws() {
    let stack = load(&function(
        "Events:
  A: {Type: HttpApi, Properties: {Path: '/a/{b}', Method: delete}}
  B: {Type: HttpApi, Properties: {Path: /b, Method: x-amazon-apigateway-any-method}}
  C: {Type: HttpApi, Properties: {}}
  D: {Type: HttpApi, Properties: {Path: /d, Method: any, ApiId: !Ref ServerlessHttpApi}}",
    ));
    let keys: Vec<String> = stack.http_apis[0]
        .routes
        .iter()
        .map(|route| route.key.to_string())
        .collect();
    assert_eq!(keys, ["DELETE /a/{b}", "ANY /b", "$default", "ANY /d"]);
    let key = &stack.http_apis[0].routes[0].key;
    assert!(matches!(
        key,
        RouteKey::Path {
            method: RouteMethod::Delete,
            ..
        }
    ));
    assert_eq!(stack.http_apis[0].routes[0].qualifier, None);
}

#[test]
fn a_table_becomes_a_create_table_request() {
    let stack = load(
        "
Parameters: {Units: {Type: Number, Default: 5}}
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      TableClass: STANDARD
      DeletionProtectionEnabled: false
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: at, AttributeType: N}
      KeySchema:
        - {AttributeName: id, KeyType: HASH}
        - {AttributeName: at, KeyType: RANGE}
      ProvisionedThroughput: {ReadCapacityUnits: !Ref Units, WriteCapacityUnits: '6'}
      GlobalSecondaryIndexes:
        - IndexName: by-time
          KeySchema: [{AttributeName: at, KeyType: HASH}]
          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [total]}
          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      TimeToLiveSpecification: {AttributeName: ends, Enabled: true}
      Tags: [{Key: a, Value: b}]
",
    );
    let table = &stack.tables[0];
    expect![[r#"
        Some(
            TimeToLive {
                attribute_name: "ends",
                enabled: true,
            },
        )
    "#]]
    .assert_debug_eq(&table.time_to_live);
    let body = serde_json::to_string_pretty(&table.create_table).unwrap();
    expect![[r#"
        {
          "TableName": "orders",
          "KeySchema": [
            {
              "AttributeName": "id",
              "KeyType": "HASH"
            },
            {
              "AttributeName": "at",
              "KeyType": "RANGE"
            }
          ],
          "ProvisionedThroughput": {
            "ReadCapacityUnits": 5,
            "WriteCapacityUnits": 6
          },
          "GlobalSecondaryIndexes": [
            {
              "IndexName": "by-time",
              "KeySchema": [
                {
                  "AttributeName": "at",
                  "KeyType": "HASH"
                }
              ],
              "Projection": {
                "ProjectionType": "INCLUDE",
                "NonKeyAttributes": [
                  "total"
                ]
              },
              "ProvisionedThroughput": {
                "ReadCapacityUnits": 1,
                "WriteCapacityUnits": 1
              }
            }
          ],
          "StreamSpecification": {
            "StreamEnabled": true,
            "StreamViewType": "NEW_IMAGE"
          },
          "TableClass": "STANDARD",
          "DeletionProtectionEnabled": false,
          "AttributeDefinitions": [
            {
              "AttributeName": "id",
              "AttributeType": "S"
            },
            {
              "AttributeName": "at",
              "AttributeType": "N"
            }
          ]
        }"#]]
    .assert_eq(&body);
    let warnings: Vec<String> = stack.warnings.iter().map(|it| it.to_string()).collect();
    assert_eq!(warnings, ["line 24: `Tags` of `T`: tags are not kept"]);
}

#[test]
fn ignored_properties_are_named_once() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {CodeUri: f, Handler: h, Runtime: java21, Layers: [a]}
Conditions: {IsProd: !Equals [a, a]}
Resources:
  A:
    Type: AWS::Serverless::Function
    Condition: IsProd
    Properties:
      VpcConfig: {SubnetIds: [!Select [0, !GetAZs '']]}
      Role: !GetAtt R.Arn
      Quantum: true
      Events:
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Open: {Type: HttpApi, Properties: {Path: /, Method: GET, Auth: {Authorizer: NONE}}}
  B: {Type: AWS::Serverless::Function}
  R: {Type: AWS::IAM::Role, Properties: {Path: !If [IsProd, /a/, /b/]}}
  Odd: {Type: Custom::Thing}
Outputs:
  O: {Value: !GetAtt Odd.Answer, Export: {Name: o}}
";
    check_warnings(
        template,
        expect![[r#"
            line 4: `Layers` of `A`: the layer `a` is not here, and functions run without it: bring it with `lambdura up --layer a=FOLDER` (or its `.zip`, which `aws lambda get-layer-version-by-arn --arn a` says where to get), or put what it holds into the code
            line 11: `VpcConfig` of `A`: the function is on the machine's own network
            line 13: `Quantum` of `A`: not known here, and ignored
            line 19: `Odd` (Custom::Thing): nothing stands in for it here: calls to it fail
            line 21: `Value` of `O`: `Odd` (Custom::Thing) does not exist here; the value is the placeholder `demo-Odd.Answer`
            line 21: `Export` of `O`: other stacks cannot import it here
        "#]],
    );
}

#[test]
fn patterns_that_only_java_knows_are_left_to_aws() {
    let template = "
Parameters:
  Fine: {Type: String, Default: '0.5', AllowedPattern: '[0-9]{1,2}(\\.[0-9]{1,3})?'}
  Ahead: {Type: String, Default: a, AllowedPattern: '(?!b).*'}
Resources: {}
";
    check_warnings(
        template,
        expect![[r#"
        line 4: `AllowedPattern` of `Ahead`: this pattern cannot be checked here; AWS checks it
    "#]],
    );
}

#[test]
fn json_is_yaml() {
    let stack = load(
        r#"{
	"Transform": ["AWS::Serverless-2016-10-31"],
	"Resources": {
		"F": {
			"Type": "AWS::Serverless::Function",
			"Properties": {
				"CodeUri": "f", "Handler": "h", "Runtime": "python3.13", "Timeout": 5,
				"Environment": {"Variables": {"A\u0041": {"Fn::Sub": "\"${AWS::Region}\"\t"}}}
			}
		}
	}
}"#,
    );
    assert_eq!(stack.functions[0].timeout.as_secs(), 5);
    assert_eq!(stack.functions[0].environment["AA"], "\"us-east-1\"\t");
}

#[test]
fn aliases_share_values() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  A:
    Type: AWS::Serverless::Function
    Properties: &same {CodeUri: f, Handler: h, Runtime: nodejs22.x}
  B: {Type: AWS::Serverless::Function, Properties: *same}
",
    );
    assert_eq!(stack.functions[1].handler, "h");
}

#[test]
fn what_conformance_suites_note_on_a_function_is_let_pass() {
    let noted = function("").replace(
        "    Type: AWS::Serverless::Function\n",
        "    Type: AWS::Serverless::Function\n    TestingMetadata: {TestDescription: ['1-1']}\n",
    );
    assert!(noted.contains("TestingMetadata"), "{noted}");
    assert_eq!(load(&noted).functions.len(), 1);
}

#[test]
fn what_sam_drops_from_its_resources_is_no_problem() {
    let described = function("").replace(
        "    Type: AWS::Serverless::Function\n",
        "    Type: AWS::Serverless::Function\n    Description: Takes orders\n    Owner: shop\n",
    );
    let stack = load(&described);
    assert_eq!(stack.functions.len(), 1);
    let warnings: Vec<String> = stack.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["line 6: `Owner` of `F`: SAM drops it: properties belong below `Properties:`"]
    );
    let misspelled = described.replace("Owner:", "Metdata:");
    check_problems(
        &misspelled,
        expect![[r#"
            6:5 a resource has no `Metdata`, as `F` does [unknown attribute] (did you mean `Metadata`?)
        "#]],
    );
    let plain = "
Resources:
  Q:
    Type: AWS::SQS::Queue
    Description: Orders
";
    check_problems(
        plain,
        expect![[r#"
        5:5 a resource has no `Description`, as `Q` does [unknown attribute] (properties belong below `Properties:`; check the indentation)
    "#]],
    );
}

#[test]
fn a_resource_ignores_what_it_says_of_globals() {
    let template = |ignored: &str| {
        format!(
            "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {{Timeout: 30, MemorySize: 512, Runtime: provided.al2023, Handler: bootstrap}}
Resources:
  F:
    Type: AWS::Serverless::Function
    IgnoreGlobals: {ignored}
    Properties: {{CodeUri: f, Runtime: provided.al2, Handler: bootstrap}}
"
        )
    };
    let of = |ignored: &str| {
        let function = load(&template(ignored)).functions.remove(0);
        (function.timeout.as_secs(), function.memory_size_megabytes)
    };
    assert_eq!(of("[Timeout]"), (3, 512));
    assert_eq!(of("'*'"), (3, 128));
    check_problems(
        &template("[Layers]"),
        expect![[r#"
        8:21 `IgnoreGlobals` of `F` names a property that `Globals` has not [a single value] (AWS refuses it; leave it out)
    "#]],
    );
    check_problems(
        &template("Timeout"),
        expect![[r#"
        8:20 `IgnoreGlobals` of `F` must be `"*"` or a list of properties [a single value] (for example `IgnoreGlobals: [Timeout]`)
    "#]],
    );
}
