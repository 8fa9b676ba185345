//! Templates within templates, from files.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};

use crate::{AuthorizerKind, LoadOptions, LoadStackError, Stack, load};

/// Loads `template.yaml` of these files.
fn try_load(files: &[(&str, &str)]) -> Result<Stack, LoadStackError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let options = LoadOptions {
        stack_name: Some("demo".to_owned()),
        ..LoadOptions::default()
    };
    let mut stack = load(folder.path(), &options)?;
    for function in &mut stack.functions {
        let path = function.code_path.strip_prefix(folder.path());
        function.code_path = path.unwrap().to_owned();
    }
    Ok(stack)
}

fn loaded(files: &[(&str, &str)]) -> Stack {
    try_load(files).unwrap_or_else(|error| panic!("{}", super::render(&error)))
}

fn check(files: &[(&str, &str)], expected: Expect) {
    let Err(LoadStackError::Invalid(invalid)) = try_load(files) else {
        panic!("expected problems");
    };
    let lines = invalid.problems.iter().map(|it| {
        let name = it.text.name.rsplit('/').next().unwrap();
        let (line, column, help) = (it.line, it.column, it.help.as_deref().unwrap_or("-"));
        let message = it
            .message
            .split('`')
            .map(|part| part.rsplit('/').next().unwrap());
        let message = message.collect::<Vec<_>>().join("`");
        format!("{name}:{line}:{column} {message} [{}] ({help})\n", it.label)
    });
    expected.assert_eq(&lines.collect::<String>());
}

const CHILD: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters: {Prefix: {Type: String}, Sizes: {Type: CommaDelimitedList}, Libs: {Type: String, Default: ''}}
Resources:
  T: {Type: AWS::Serverless::SimpleTable}
  Back:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../src/
      Handler: f.back
      Runtime: python3.13
      AutoPublishAlias: live
      FunctionName: !Sub '${Prefix}-back'
      MemorySize: !Select [1, !Ref Sizes]
      Layers: [!Ref Libs]
      Events:
        Route: {Type: HttpApi, Properties: {Path: /back, Method: GET}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  Q: {Type: AWS::SQS::Queue}
Outputs:
  TableName: {Value: !Ref T}
  BackArn: {Value: !Ref Back.Alias}
  Url: {Value: !GetAtt ServerlessHttpApi.ApiEndpoint}
";

const PARENT: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Store:
    Type: AWS::Serverless::Application
    Properties: {Location: child/template.yaml, Parameters: {Prefix: !Ref Names, Sizes: [128, 256], Libs: !Ref Words}}
  Names: {Type: AWS::DynamoDB::Table, Properties: {TableName: acme, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: id, AttributeType: S}], KeySchema: [{AttributeName: id, KeyType: HASH}]}}
  Words: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: words}}
  Front:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: f.handler
      Runtime: python3.13
      Environment: {Variables: {TABLE: !GetAtt Store.Outputs.TableName, BACK: !Sub '${Store.Outputs.BackArn}', URL: !GetAtt Store.Outputs.Url}}
  Plan:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 hour)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !GetAtt Store.Outputs.BackArn, RoleArn: r}
Outputs:
  Stack: {Value: !Ref Store}
";

#[test]
fn a_nested_template_is_a_part_of_the_stack() {
    let stack = loaded(&[("template.yaml", PARENT), ("child/template.yaml", CHILD)]);
    let [front, back] = stack.functions.as_slice() else {
        panic!("two functions");
    };
    assert_eq!(back.logical_id, "StoreBack");
    assert!(stack.more_files[0].ends_with("child/template.yaml"));
    assert_eq!(back.name, "acme-back");
    assert_eq!(back.code_path, Path::new("src"));
    assert_eq!(back.memory_size_megabytes, 256);
    let layer = stack.layers.iter().find(|it| it.arn == back.layers[0]);
    let layer = layer.expect("the parent's layer");
    assert!(layer.path.ends_with("words"));
    assert_eq!(front.environment["TABLE"], "demo-Store-T");
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:acme-back:live";
    assert_eq!(front.environment["BACK"], arn);
    let api = &stack.http_apis[0];
    assert_eq!(api.logical_id, "StoreServerlessHttpApi");
    assert_eq!(api.routes[0].function, "StoreBack");
    assert_eq!(front.environment["URL"], api.endpoint);
    assert_eq!(stack.tables[1].logical_id, "StoreT");
    let schedules: Vec<_> = stack.schedules.iter().collect();
    assert_eq!(schedules[0].logical_id, "Plan");
    assert_eq!(schedules[0].function, "StoreBack");
    assert_eq!(schedules[0].qualifier.as_deref(), Some("live"));
    assert_eq!(schedules[1].logical_id, "StoreBackNightly");
    let id = "arn:aws:cloudformation:us-east-1:000000000000:stack/demo-Store/";
    assert!(stack.outputs[0].value.starts_with(id));
    assert_eq!(
        stack.outputs.len(),
        1,
        "a nested template's outputs are for this one"
    );
    let queue = stack.warnings.iter().find(|it| it.logical_id == "StoreQ");
    assert!(queue.unwrap().file.ends_with("child/template.yaml"));
}

/// The authorizers of both kinds of API, and the API keys, belong to the nested template.
#[test]
fn who_is_let_in_is_decided_within_the_nested_template() {
    let child = "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: src/, Handler: f.handler, Runtime: python3.13}}
Resources:
  Guard: {Type: AWS::Serverless::Function}
  Answers:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Http: {Type: HttpApi, Properties: {ApiId: !Ref Http, Path: /, Method: GET}}
        Rest: {Type: Api, Properties: {RestApiId: !Ref Rest, Path: /, Method: GET}}
  Http:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth: {DefaultAuthorizer: G, Authorizers: {G: {FunctionArn: !GetAtt Guard.Arn, AuthorizerPayloadFormatVersion: '2.0', Identity: {Headers: [Authorization]}}}}
  Rest:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      Auth: {DefaultAuthorizer: G, Authorizers: {G: {FunctionArn: !GetAtt Guard.Arn}}, ApiKeyRequired: true, UsagePlan: {CreateUsagePlan: PER_API}}
  Asked: {Type: AWS::StepFunctions::Activity}
";
    let parent = "
Resources:
  Store: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}
";
    let stack = loaded(&[("template.yaml", parent), ("child.yaml", child)]);
    let (http, rest) = (&stack.http_apis[0], &stack.rest_apis[0]);
    for authorizers in [&http.authorizers, &rest.authorizers] {
        let AuthorizerKind::Lambda { function, .. } = &authorizers["G"].kind else {
            panic!("{authorizers:?}");
        };
        let function = stack.function(function).expect("it is in the stack");
        assert_eq!(function.logical_id, "StoreGuard");
    }
    let key = &stack.api_keys[0];
    assert!(key.logical_id.starts_with("Store"), "{key:?}");
    assert_eq!(key.apis, [rest.logical_id.as_str()]);
    assert_eq!(stack.activities[0].logical_id, "StoreAsked");
}

#[test]
fn problems_of_nested_templates_are_shown_in_their_place() {
    let parent = "
Resources:
  A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a.yaml, Parameters: {Nmae: x}}}
  B: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: missing.yaml}}
  C: {Type: AWS::CloudFormation::Stack, Properties: {}}
  D: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: d.yaml}}
Outputs:
  A: {Value: !GetAtt A.Outputs.X}
  D: {Value: !GetAtt D.Outputs.Tabel}
  Id: {Value: !GetAtt D.Id}
";
    let a = "
Parameters: {Name: {Type: String}}
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Code: f, Handler: h, Runtime: python3.13, Timeout: 901}}
";
    let d = "
Resources: {Q: {Type: AWS::SQS::Queue}}
Outputs: {Table: {Value: x}}
";
    check(
        &[("template.yaml", parent), ("a.yaml", a), ("d.yaml", d)],
        expect![[r#"
            template.yaml:3:88 `a.yaml` has no parameter `Nmae` [unknown parameter] (its parameters are listed under its `Parameters`)
            template.yaml:4:67 there is no template at `missing.yaml` [no such file] (name the nested template's file, relative to this one)
            template.yaml:5:3 `C` has no `TemplateURL` [`TemplateURL` is missing] (the nested template's file, relative to this one)
            template.yaml:9:14 the template that `D` nests has no output `Tabel` [no such output] (did you mean `Table`?)
            template.yaml:10:15 `D` has no attribute `Id` [unknown attribute] (use `!Ref` for it)
            a.yaml:2:14 parameter `Name` has no value [no `Default` here, and no value was given] (the resource that nests this template gives it, as `Parameters: {Name: VALUE}`; or add a `Default`)
            a.yaml:4:100 `Timeout` of `F` must be a whole number from 1 to 900 [found `901`] (the unit is seconds)
        "#]],
    );
}

#[test]
fn circles_end() {
    let own = "
Resources:
  A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./other/../template.yaml}}
";
    check(
        &[("template.yaml", own), ("other/x", "")],
        expect![[r#"
        template.yaml:3:67 `template.yaml` nests itself [goes in a circle] (name another template: this one would never end)
    "#]],
    );
    let nests = |name: &str| {
        format!(
            "
Resources:
  A: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {name}}}}}
"
        )
    };
    let (first, second) = (nests("b.yaml"), nests("template.yaml"));
    check(
        &[("template.yaml", &first), ("b.yaml", &second)],
        expect![[r#"
            b.yaml:3:67 `template.yaml` nests itself [goes in a circle] (name another template: this one would never end)
        "#]],
    );
    let deep: Vec<(String, String)> = (0..20)
        .map(|level| match level {
            0 => ("template.yaml".to_owned(), nests("t1.yaml")),
            level => (
                format!("t{level}.yaml"),
                nests(&format!("t{}.yaml", level + 1)),
            ),
        })
        .collect();
    let deep: Vec<(&str, &str)> = deep.iter().map(|(name, text)| (&**name, &**text)).collect();
    check(
        &deep,
        expect![[r#"
        t8.yaml:3:67 templates nest deeper than 8 levels [too deep] (put resources into fewer templates)
    "#]],
    );
    let mut many = "Resources:\n".to_owned();
    for index in 0..60 {
        let resource = "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: q.yaml}}";
        many.push_str(&format!("  A{index}: {resource}\n"));
    }
    let leaf = "Resources: {Q: {Type: AWS::IAM::Role}}";
    let Err(error) = try_load(&[("template.yaml", &many), ("q.yaml", leaf)]) else {
        panic!("expected problems");
    };
    assert!(super::render(&error).contains("more than 50 nested templates"));
}

#[test]
fn what_lies_elsewhere_is_named() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  App: {Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: arn, SemanticVersion: 1.0.0}}}
  Far: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://s3.amazonaws.com/b/t.yaml'}}
Outputs:
  X: {Value: !GetAtt Far.Outputs.X}
";
    let stack = loaded(&[("template.yaml", template)]);
    let warnings: String = stack.warnings.iter().map(|it| format!("{it}\n")).collect();
    expect![[r#"
        line 4: `Location` of `App`: the nested template is stored elsewhere and is not fetched: nothing in it is started; keep a copy beside this template and name that
        line 5: `TemplateURL` of `Far`: the nested template is stored elsewhere and is not fetched: nothing in it is started; keep a copy beside this template and name that
        line 7: `Value` of `X`: `Far` (AWS::CloudFormation::Stack) does not exist here; the value is the placeholder `demo-Far.X`
    "#]].assert_eq(&warnings);
}

#[test]
fn names_are_told_apart() {
    let parent = "
Resources:
  A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: c.yaml}}
  B: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: c.yaml}}
";
    let child = "
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: same, Code: f, Handler: h, Runtime: python3.13}}
";
    check(
        &[("template.yaml", parent), ("c.yaml", child)],
        expect![[r#"
            template.yaml:4:3 function `BF` of a nested template is called like another one [its name is `same`] (let a parameter of the nested template make its name)
        "#]],
    );
}
