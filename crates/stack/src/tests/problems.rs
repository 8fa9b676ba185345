//! Problems are reported at their places, all in one run.

use expect_test::expect;

use super::{check_problems, function, problems, render, try_load};

#[test]
fn a_misspelled_property_is_shown_in_its_place() {
    let error = try_load(&function("Tiemout: 30\nMemorySize: 64"), &[]).unwrap_err();
    expect![[r#"
        Error:
          × `template.yaml` has 2 problems

        Error:
          × unknown property `Tiemout` of `F`
            ╭─[template.yaml:9:7]
          8 │       CodeUri: f/
          9 │       Tiemout: 30
            ·       ───┬───
            ·          ╰── no such property
         10 │       MemorySize: 64
            ╰────
          help: did you mean `Timeout`?

        Error:
          × `MemorySize` of `F` must be a whole number from 128 to 10240
            ╭─[template.yaml:10:19]
          9 │       Tiemout: 30
         10 │       MemorySize: 64
            ·                   ─┬
            ·                    ╰── found `64`
            ╰────
          help: the unit is megabytes
    "#]]
    .assert_eq(&render(&error));
}

#[test]
fn places_are_right_behind_characters_of_several_bytes() {
    let template = function("Description: 'é — 漢字 🦀' # ───\nTimeout: 901");
    let error = try_load(&template, &[]).unwrap_err();
    expect![[r#"
        Error:
          × `template.yaml` has one problem

        Error:
          × `Timeout` of `F` must be a whole number from 1 to 900
            ╭─[template.yaml:10:16]
          9 │       Description: 'é — 漢字 🦀' # ───
         10 │       Timeout: 901
            ·                ─┬─
            ·                 ╰── found `901`
            ╰────
          help: the unit is seconds
    "#]]
    .assert_eq(&render(&error));
}

#[test]
fn values_out_of_range_or_of_the_wrong_type() {
    let template = function(
        "Timeout: 0
MemorySize: lots
Architectures: [arm64, x86_64]
Tracing: active
AutoPublishAlias: '123'
ReservedConcurrentExecutions: -1
DurableConfig:
  ExecutionTimeout: 31622401
  RetentionPeriodInDays: 91
LoggingConfig:
  LogFormat: XML
Environment:
  Variables: [A, B]
Description: [a, b]
Policies:
  - [nested]
FunctionName: 'no blanks'",
    );
    check_problems(
        &template,
        expect![[r#"
        9:16 `Timeout` of `F` must be a whole number from 1 to 900 [found `0`] (the unit is seconds)
        10:19 `MemorySize` of `F` must be a whole number from 128 to 10240 [found `lots`] (the unit is megabytes)
        11:30 `Architectures` of `F` must name one architecture [one too many] (a function runs on one)
        12:16 `Tracing` of `F` must be one of Active, PassThrough, Disabled [found `active`] (did you mean `Active`?)
        13:25 `AutoPublishAlias` of `F` must be 1 to 128 letters, digits, hyphens and underscores, not only digits [this name] (for example `live`)
        14:37 `ReservedConcurrentExecutions` of `F` must be a whole number from 0 to 4294967295 [found `-1`] (the unit is invocations at a time)
        16:27 `DurableConfig.ExecutionTimeout` of `F` must be a whole number from 1 to 31622400 [found `31622401`] (the unit is seconds)
        19:20 `LoggingConfig.LogFormat` of `F` must be one of Text, JSON [found `XML`] (-)
        21:20 `Environment.Variables` of `F` must be a mapping [a list] (write one `NAME: value` per line, indented)
        22:20 `Description` of `F` must be a single value, found a list [a list] (write text or a number; `!Join` makes text of a list)
        24:11 `Policies` of `F` must hold policy names, policy templates or policy documents [a list] (see `Policies` of `AWS::Serverless::Function`)
        25:21 `FunctionName` of `F` must be 1 to 64 letters, digits, hyphens and underscores [this name] (leave it out to have one made from stack and logical id)
    "#]],
    );
}

#[test]
fn the_edges_of_ranges_are_within() {
    let stack = super::load(&function(
        "Timeout: 900
MemorySize: '10240'
DurableConfig: {ExecutionTimeout: 31622400, RetentionPeriodInDays: 90}",
    ));
    assert_eq!(stack.functions[0].timeout.as_secs(), 900);
    assert_eq!(stack.functions[0].memory_size_megabytes, 10240);
    let config = stack.functions[0].durable_config.unwrap();
    assert_eq!(config.execution_timeout.as_secs(), 31_622_400);
    assert_eq!(config.retention_period_days, 90);
}

#[test]
fn missing_properties() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String}
  Untyped: {Default: 1}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      DurableConfig: {RetentionPeriodInDays: 1}
      Events:
        NoType: {Properties: {Path: /}}
        NoMethod: {Type: HttpApi, Properties: {Path: /}}
        NoPath: {Type: HttpApi, Properties: {Method: GET}}
  T:
    Type: AWS::DynamoDB::Table
    Properties: {}
  Typeless: {Properties: {}}
Outputs:
  O: {Description: no value}
";
    check_problems(
        template,
        expect![[r#"
            4:3 parameter `Stage` has no value [no `Default` here, and no value was given] (give it with `--parameter Stage=VALUE`, in `parameter_overrides` of `samconfig.toml`, or as a `Default`)
            5:3 parameter `Untyped` has no `Type` [this parameter] (for example `Type: String`)
            7:3 `F` has no `Handler` [`Handler` is missing] (for example `Handler: app.handler`; `Handler: bootstrap` for `provided` runtimes)
            7:3 `F` has no `Runtime` [`Runtime` is missing] (for example `Runtime: provided.al2023`)
            10:7 `F` has no `DurableConfig.ExecutionTimeout` [`ExecutionTimeout` is missing] (say how long an execution may take, in seconds)
            12:9 `F` has no `Events.NoType.Type` [`Type` is missing] (for example `Type: HttpApi`)
            13:35 `F` has no `Events.NoMethod.Properties.Method` [`Method` is missing] (for example `Method: GET`, or `Method: ANY`)
            14:33 `F` has no `Events.NoPath.Properties.Path` [`Path` is missing] (for example `Path: /status/{id}`)
            15:3 `T` has no `AttributeDefinitions` [`AttributeDefinitions` is missing] (list the attributes that keys are made of, with their types)
            15:3 `T` has no `KeySchema` [`KeySchema` is missing] (name the attribute that is the key)
            15:3 `T` has no `ProvisionedThroughput` [`ProvisionedThroughput` is missing] (add it, or `BillingMode: PAY_PER_REQUEST`)
            18:3 resource `Typeless` has no `Type` [this resource] (for example `Type: AWS::Serverless::Function`)
            20:3 `O` has no `Value` [`Value` is missing] (say what the output is)
        "#]],
    );
}

#[test]
fn misspelled_names_of_everything() {
    let template = "
Transfrom: AWS::Serverless-2016-10-31
Transform: AWS::Serverless-2016-10-31
Parameters:
  P: {Type: Strin, Defualt: 1, Default: 2}
Globals:
  Functions: {Timeout: 3}
  Function: {Polices: [], Policies: []}
Resources:
  F:
    Type: AWS::Serverless::Function
    Propertys: {}
    Properties:
      CodeUri: f/
      Handler: h
      Runtime: nodejs22.x
      DurableConfig: {ExecutionTimout: 1, ExecutionTimeout: 1}
      Environment: {Variable: {A: b}}
      Events:
        E: {Type: HttpAPI, Properties: {Path: /}}
  A:
    Type: AWS::Serverless::HttpApi
    Properties: {CorsConfiguration: {AllowOrigin: ['*']}}
  G: {Type: AWS::Serverless::Fucntion}
Outputs:
  O: {Vaule: x, Value: y}
";
    check_problems(
        template,
        expect![[r#"
            2:1 `Transfrom` is not a section of a template [unknown section] (did you mean `Transform`?)
            5:13 `Strin` is not a type of a parameter [the type of `P`] (did you mean `String`?)
            5:20 a parameter has no `Defualt`, as `P` does [unknown property] (did you mean `Default`?)
            7:3 `Globals` has no `Functions` [unknown section] (did you mean `Function`?)
            8:14 unknown property `Polices` of `F` [no such property] (did you mean `Policies`?)
            8:27 `Policies` cannot be shared through `Globals` [belongs to one resource] (move it to the resource's own `Properties`)
            12:5 a resource has no `Propertys`, as `F` does [unknown attribute] (did you mean `Properties`?)
            17:23 unknown property `DurableConfig.ExecutionTimout` of `F` [no such property] (did you mean `ExecutionTimeout`?)
            18:21 unknown property `Environment.Variable` of `F` [no such property] (did you mean `Variables`?)
            20:19 `Events.E.Type` of `F` must be one of HttpApi, AlexaSkill, Api, CloudWatchEvent, CloudWatchLogs, Cognito, DocumentDB, DynamoDB, EventBridgeRule, IoTRule, Kinesis, MQ, MSK, S3, SNS, SQS, Schedule, ScheduleV2, SelfManagedKafka, WebSocketApi [found `HttpAPI`] (did you mean `HttpApi`?)
            23:38 unknown property `CorsConfiguration.AllowOrigin` of `A` [no such property] (did you mean `AllowOrigins`?)
            24:13 `AWS::Serverless::Fucntion` is not a resource type [the type of `G`] (did you mean `AWS::Serverless::Function`?)
            26:7 unknown property `Vaule` of `O` [no such property] (did you mean `Value`?)
        "#]],
    );
}

#[test]
fn references_that_lead_nowhere() {
    let template = function(
        "FunctionName: !Ref Nmae
Environment:
  Variables:
    REGION: !Ref AWS::Regoin
    SELF: !Sub 'the ${Fn.Arn} and ${F.Url}'
    OPEN: !Sub '${F'
    CONDITION: !If [A, b, c]
    JOINED: !Join [',']
    ATTRIBUTE: !GetAtt F
    NOTHING: !Sub 'a${AWS::NoValue}b'
    LIST: !Sub '${AWS::NotificationARNs}'
Policies:
  - Statement: {Resource: !GetAtt Tabel.Arn}
Events:
  E: {Type: HttpApi, Properties: {ApiId: !Ref F, Path: /, Method: GET}}",
    );
    check_problems(
        &template,
        expect![[r#"
            9:21 `Nmae` is not in this template [refers to nothing] (a reference names a parameter, a resource or a pseudo parameter; in `!Sub`, `${!Name}` is the literal text `${Name}`)
            12:19 `AWS::Regoin` is not in this template [refers to nothing] (did you mean `AWS::Region`?)
            13:27 `Fn` is not in this template [refers to nothing] (a reference names a parameter, a resource or a pseudo parameter; in `!Sub`, `${!Name}` is the literal text `${Name}`)
            13:41 `F` needs itself [refers to its own resource] (AWS cannot create it; write its name out, and give it that name)
            14:17 `${F` has no closing `}` [in this text] (close it, or write a literal `${` as `${!`)
            15:27 `A` is not among `Conditions` [no such condition] (add it there)
            16:19 the argument of `Fn::Join` has the wrong form [a list] (write it like `!Join [",", [a, b]]`)
            17:22 the argument of `Fn::GetAtt` has the wrong form [a single value] (write it like `!GetAtt LogicalId.Attribute`)
            18:27 `AWS::NoValue` has no value to put into text [this name] (`AWS::NoValue` removes a property: `Property: !Ref AWS::NoValue`)
            19:23 `AWS::NotificationARNs` is a list, which cannot be put into text [a list] (make text of it with `!Join`)
            21:33 `Tabel` is not in this template [refers to nothing] (a reference names a parameter, a resource or a pseudo parameter; in `!Sub`, `${!Name}` is the literal text `${Name}`)
            23:48 `Events.E.Properties.ApiId` of `F` must refer to an `AWS::Serverless::HttpApi` of this template [not such an API] (write `ApiId: !Ref` and its logical id, or leave it out)
        "#]],
    );
}

#[test]
fn circles_end_and_are_named() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: f, Handler: h, Runtime: nodejs22.x}}
Resources:
  A:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: !Sub '${B}-a'}
  B:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: !Ref C}
  C:
    Type: AWS::Serverless::Function
    Properties: {Environment: {Variables: {OTHER: !GetAtt A.Arn}}}
  Downstream:
    Type: AWS::Serverless::Function
    Properties: {Environment: {Variables: {OTHER: !Ref A}}}
";
    check_problems(
        template,
        expect![[r#"
            7:38 resources need each other in a circle: A → B → C → A [`A` needs `B` here] (AWS cannot create any of them first; give one a fixed name, and write that name instead of a reference to it)
        "#]],
    );
    let itself = function("Environment: {Variables: {ME: !Ref F}}");
    check_problems(
        &itself,
        expect![[r#"
            9:37 `F` needs itself [refers to its own resource] (AWS cannot create it; write its name out, and give it that name)
        "#]],
    );
    let api = function(
        "Environment: {Variables: {URL: !Sub 'https://${ServerlessHttpApi}/'}}
Events: {E: {Type: HttpApi}}",
    );
    check_problems(
        &api,
        expect![[r#"
            9:52 resources need each other in a circle: F → ServerlessHttpApi → F [`F` needs `ServerlessHttpApi` here] (AWS cannot create any of them first; give one a fixed name, and write that name instead of a reference to it)
        "#]],
    );
}

#[test]
fn one_name_for_two() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: f, Handler: h, Runtime: nodejs22.x}}
Resources:
  A: {Type: AWS::Serverless::Function, Properties: {FunctionName: same}}
  B:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: same
      FunctionName: other
      Events:
        One: {Type: HttpApi, Properties: {Path: /x, Method: get}}
        Two: {Type: HttpApi, Properties: {Path: /x, Method: GET}}
  C: {Type: AWS::Serverless::Function, Properties: {FunctionName: same}}
";
    check_problems(
        template,
        expect![[r#"
            9:21 `B` and `A` have the same name [the second `FunctionName` like this] (names are unique within a region; leave one out or change it)
            10:7 `FunctionName` is given twice [the second time] (keep one of them)
            13:9 `ServerlessHttpApi` has the route `GET /x` twice [the second time] (one event of one function answers a route)
            14:67 `C` and `A` have the same name [the second `FunctionName` like this] (names are unique within a region; leave one out or change it)
        "#]],
    );
}

#[test]
fn what_cannot_run_here_is_a_problem() {
    check_problems(
        &function("InlineCode: x"),
        expect![[r#"
            9:19 `InlineCode` of `F` is inline code, which `python` and `nodejs` runtimes take only [inline code] (put the code into a directory, and name that)
        "#]],
    );
    let events = "Events:
  Old: {Type: HttpApi, Properties: {Path: /, Method: GET, PayloadFormatVersion: '1.0'}}";
    check_problems(
        &function(events),
        expect![[r#"
        10:87 `Events.Old.Properties.PayloadFormatVersion` of `F` must be "2.0" [not supported here] (requests reach functions in payload format 2.0, the default)
    "#]],
    );
    let reserved = function("Environment: {Variables: {AWS_REGION: x, 1A: y, EMPTY: }}");
    check_problems(
        &reserved,
        expect![[r#"
        9:33 `Environment.Variables.AWS_REGION` of `F` is set by Lambda itself [this name] (AWS refuses it; choose another name)
        9:48 `Environment.Variables.1A` of `F` is not a name for a variable [this name] (two or more letters, digits and underscores, the first one a letter)
        9:60 `Environment.Variables.EMPTY` of `F` must be a single value, found empty [empty] (write text or a number; `!Join` makes text of a list)
    "#]],
    );
    let large = function(&format!(
        "Environment: {{Variables: {{AA: '{}'}}}}",
        "x".repeat(4095)
    ));
    check_problems(
        &large,
        expect![[r#"
        9:21 the environment of `F` has 4097 bytes, 4096 are allowed [too large together] (AWS refuses it; keep large values in a file or table)
    "#]],
    );
}

#[test]
fn routes_that_api_gateway_refuses() {
    for (path, problem) in [
        ("status", true),
        ("/a/{b}c", true),
        ("/{}", true),
        ("/{rest+}/more", true),
        ("/a b", true),
        ("/", false),
        ("/a/{b.c}/{rest+}", false),
        ("/a/", false),
        ("/$x", false),
    ] {
        let event = format!(
            "Events: {{E: {{Type: HttpApi, Properties: {{Method: ANY, Path: '{path}'}}}}}}"
        );
        assert_eq!(try_load(&function(&event), &[]).is_err(), problem, "{path}");
    }
    let method = "Events: {E: {Type: HttpApi, Properties: {Method: FETCH, Path: /}}}";
    check_problems(
        &function(method),
        expect![[r#"
        9:56 `Events.E.Properties.Method` of `F` must be one of ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT [not a method] (-)
    "#]],
    );
}

#[test]
fn cross_origin_credentials_need_origins() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  A:
    Type: AWS::Serverless::HttpApi
    Properties: {CorsConfiguration: {AllowCredentials: true, AllowOrigins: ['*'], MaxAge: 86401}}
";
    check_problems(
        template,
        expect![[r#"
        6:56 `CorsConfiguration.AllowCredentials` of `A` cannot be true while `AllowOrigins` allows any [credentials for everyone] (name the origins: browsers refuse credentials for `*`)
        6:91 `CorsConfiguration.MaxAge` of `A` must be a whole number from 0 to 86400 [found `86401`] (the unit is seconds)
    "#]],
    );
}

#[test]
fn tables_that_dynamodb_refuses() {
    let template = "
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: 'x'
      AttributeDefinitions: [{AttributeName: id, AttributeType: String}]
      KeySchema: [{AttributeName: other, KeyType: HASH}]
      GlobalSecondaryIndexes: [{IndexName: i, KeySchema: [{AttributeName: id, KeyTyp: HASH}]}]
      TimeToLiveSpecification: {Enabled: true}
";
    check_problems(
        template,
        expect![[r#"
        3:3 `T` has no `ProvisionedThroughput` [`ProvisionedThroughput` is missing] (add it, or `BillingMode: PAY_PER_REQUEST`)
        6:18 `TableName` of `T` must be 3 to 255 letters, digits, hyphens, underscores and dots [this name] (leave it out to have one made from stack and logical id)
        7:65 `AttributeDefinitions.AttributeType` of `T` must be one of S, N, B [found `String`] (-)
        8:35 `KeySchema.AttributeName` of `T` is not among `AttributeDefinitions` [not defined] (add it there with its type)
        9:7 `T` has no `GlobalSecondaryIndexes.Projection` [`Projection` is missing] (for example `ProjectionType: ALL`)
        9:47 `T` has no `GlobalSecondaryIndexes.KeySchema.KeyType` [`KeyType` is missing] (HASH or RANGE)
        9:79 unknown property `GlobalSecondaryIndexes.KeySchema.KeyTyp` of `T` [no such property] (did you mean `KeyType`?)
        10:7 `T` has no `TimeToLiveSpecification.AttributeName` [`AttributeName` is missing] (the attribute's name)
    "#]],
    );
}

#[test]
fn parameters_keep_to_their_constraints() {
    let template = "
Parameters:
  Size: {Type: Number, Default: many}
  Stage: {Type: String, Default: test, AllowedValues: [dev, prod]}
  Short: {Type: String, Default: ab, MinLength: 3}
  Low: {Type: Number, Default: 5, MaxValue: 4}
  List: {Type: CommaDelimitedList, Default: [a, b]}
  Odd: {Type: Strings, Default: a}
  Shaped: {Type: String, Default: a1b, AllowedPattern: '[a-z][0-9]'}
  Told: {Type: String, Default: '-', AllowedPattern: '\\w+', ConstraintDescription: letters only}
Resources: {}
";
    check_problems(
        template,
        expect![[r#"
            3:33 parameter `Size` is of type Number, `many` is not [this value] (give digits)
            4:34 parameter `Stage` may not be `test` [this value] (allowed are: dev, prod)
            5:34 parameter `Short` is `ab`, against its `MinLength` [this value] (see `MinLength` of the parameter)
            6:32 parameter `Low` is `5`, against its `MaxValue` [this value] (see `MaxValue` of the parameter)
            7:45 `Default` of parameter `List` must be text [a list] (write a list as text with commas: `Default: a,b`)
            8:15 `Strings` is not a type of a parameter [the type of `Odd`] (did you mean `String`?)
            9:35 parameter `Shaped` is `a1b`, against its `AllowedPattern` [this value] (the pattern is `[a-z][0-9]`)
            10:33 parameter `Told` is `-`, against its `AllowedPattern` [this value] (letters only)
        "#]],
    );
}

#[test]
fn a_template_without_the_transform() {
    let template = function("").replace("Transform: AWS::Serverless-2016-10-31\n", "");
    check_problems(
        &template,
        expect![[r#"
        1:1 the template uses `AWS::Serverless` resources without SAM's transform [missing near the top] (add `Transform: AWS::Serverless-2016-10-31`; AWS refuses the template without it)
    "#]],
    );
    let other = function("").replace("AWS::Serverless-2016-10-31", "AWS::LanguageExtensions");
    check_problems(
        &other,
        expect![[r#"
        1:12 `Transform` does not name SAM's transform [another transform] (it must be, or contain, `AWS::Serverless-2016-10-31`)
    "#]],
    );
}

#[test]
fn yaml_that_is_none() {
    for (template, expected) in [
        (
            "",
            expect![[r#"
            1:1 the template is empty [nothing here] (a template needs at least a `Resources` section)
        "#]],
        ),
        (
            "just text",
            expect![[r#"
            1:1 a template is a mapping of sections, found a single value [not a template] (a template needs at least a `Resources` section)
        "#]],
        ),
        (
            "a: [1, 2",
            expect![[r#"
            1:9 not valid YAML: while parsing a flow sequence, expected ',' or ']' [reading ended here] (check indentation, quotes and brackets at and above this line)
        "#]],
        ),
        (
            "a: 1\n b: 2\n",
            expect![[r#"
            2:3 not valid YAML: mapping values are not allowed in this context [reading ended here] (check indentation, quotes and brackets at and above this line)
        "#]],
        ),
        (
            "a:\n\t- b\n",
            expect![[r#"
            2:2 not valid YAML: tabs disallowed within this context (block indentation) [reading ended here] (check indentation, quotes and brackets at and above this line)
        "#]],
        ),
        (
            "a: 1\n---\nb: 2\n",
            expect![[r#"
            3:1 the file contains more than one YAML document [the second one begins here] (a template is one document; remove the `---` in between)
        "#]],
        ),
        (
            "? [a]\n: b\n",
            expect![[r#"
            1:3 a key must be a single word [this is a list, a mapping or a function] (a `!Ref` or `${…}` as a key needs quotes if it is meant literally)
        "#]],
        ),
        (
            "a: &x 1\nb:\n  <<: *x\n",
            expect![[r#"
            3:3 `<<` merges mappings, which CloudFormation does not do [a YAML merge key] (write the properties out, or put what functions share under `Globals`)
        "#]],
        ),
        (
            "a: !Reff X\n",
            expect![[r#"
                1:4 `!Reff` is not a CloudFormation function [this value] (functions are `!Ref`, `!GetAtt`, `!Sub`, `!If` and the like; names are case-sensitive)
            "#]],
        ),
        (
            "a: !!binary X\n",
            expect![[r#"
            1:4 CloudFormation has no YAML type `!!binary` [this value] (leave the type out)
        "#]],
        ),
        (
            "a: *unknown\n",
            expect![[r#"
            1:4 not valid YAML: while parsing node, found unknown anchor [reading ended here] (check indentation, quotes and brackets at and above this line)
        "#]],
        ),
        (
            "Resources:\n  A:\n    - !GetAZs !Ref AWS::Region\n",
            expect![[r#"
                3:15 not valid YAML: while parsing a block collection, did not find expected '-' indicator [reading ended here] (a short form cannot follow another one: write the outer function in full, `Fn::GetAZs: !Ref …`)
            "#]],
        ),
        (
            "Resources:\n  A:\n    B: {\n  }\n",
            expect![[r#"
                4:3 not valid YAML: invalid indentation [reading ended here] (indent what stands between brackets, and the closing one, as far as the key that they belong to; some readers of YAML are less strict)
            "#]],
        ),
        (
            "Resources: []\n",
            expect![[r#"
            1:12 `Resources` must be a mapping, found a list [not a mapping] (give each entry of `Resources` a name and indent what belongs to it)
        "#]],
        ),
        (
            "Resources: {F: x, 'G-H': {Type: A::B::C}, I: {Type: 1}}\n",
            expect![[r#"
                1:13 resource `F` must be a mapping, found a single value [this resource] (a resource has a `Type` and, indented below it, `Properties`)
                1:19 `G-H` cannot be a logical id [this name] (logical ids are 1 to 255 letters and digits)
                1:53 `Type` of `I` is not a resource type [this value] (types look like `AWS::Serverless::Function`)
            "#]],
        ),
    ] {
        check_problems(template, expected);
    }
}

#[test]
fn not_more_problems_than_anyone_reads() {
    let resources: String = (0..60).map(|it| format!("  R{it}: []\n")).collect();
    let template = format!("Resources:\n{resources}");
    assert_eq!(
        problems(&template).lines().count(),
        crate::limits::PROBLEMS_MAX
    );
    let error = try_load(&template, &[]).unwrap_err();
    assert_eq!(error.to_string(), "`template.yaml` has 60 problems");
}
