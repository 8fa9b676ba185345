//! State machines, which are functions here.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::render;
use crate::{LoadOptions, LoadStackError, Stack};

fn load(template: &str) -> Result<Stack, LoadStackError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), template).unwrap();
    let file = r#"{ "Comment": "Orders", "StartAt": "Charge", "TimeoutSeconds": 60, "States": {
        "Charge": { "Type": "Task", "Resource": "${Charge}", "Parameters": { "list": ["${Table}", 1, true] }, "End": true } } }"#;
    fs::write(folder.path().join("order.asl.json"), file).unwrap();
    let options = LoadOptions {
        stack_name: Some("demo".to_owned()),
        ..LoadOptions::default()
    };
    crate::load(folder.path(), &options)
}

const SHOP: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Charge:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler}
  Orders:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: order.asl.json
      DefinitionSubstitutions: {Charge: !GetAtt Charge.Arn, Table: orders}
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Charge}}]
  Quick:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: quick
      Type: EXPRESS
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
  Plain:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/r
      DefinitionString: !Sub '{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Fail\", \"Error\": \"${Charge}\"}}}'
Outputs:
  Machine: {Value: !Ref Orders}
  Name: {Value: !GetAtt Quick.Name}
  Role: {Value: !GetAtt OrdersRole.Arn}
";

#[test]
fn a_state_machine_is_a_function_whose_code_is_its_definition() {
    let stack = load(SHOP).unwrap_or_else(|error| panic!("{}", render(&error)));
    let function = |id: &str| {
        let mut functions = stack.functions.iter();
        functions.find(|it| it.logical_id == id).unwrap()
    };
    let orders = function("Orders");
    assert_eq!(orders.name, "demo-Orders");
    assert_eq!(orders.auto_publish_alias.as_deref(), Some("live"));
    assert_eq!(orders.description.as_deref(), Some("Orders"));
    assert_eq!(
        orders.durable_config.unwrap().execution_timeout,
        Duration::from_secs(60)
    );
    let charge = "arn:aws:lambda:us-east-1:000000000000:function:demo-Charge";
    let state = &orders.state_machine.as_ref().unwrap()["States"]["Charge"];
    assert_eq!(state["Resource"], charge);
    assert_eq!(state["Parameters"]["list"], json!(["orders", 1, true]));
    assert_eq!(state["End"], true);
    let quick = function("Quick");
    assert_eq!(quick.name, "quick");
    assert_eq!(
        quick.durable_config.unwrap().execution_timeout,
        Duration::from_secs(300)
    );
    let plain = function("Plain").state_machine.as_ref().unwrap();
    assert_eq!(plain["States"]["A"]["Error"], "demo-Charge");
    let output = |name: &str| {
        let mut outputs = stack.outputs.iter();
        outputs.find(|it| it.name == name).unwrap().value.clone()
    };
    assert_eq!(
        output("Machine"),
        "arn:aws:states:us-east-1:000000000000:stateMachine:demo-Orders"
    );
    assert_eq!(output("Name"), "quick");
    assert_eq!(
        output("Role"),
        "arn:aws:iam::000000000000:role/demo-OrdersRole"
    );
}

#[test]
fn an_activity_is_known_by_its_arn() {
    let template = "
Resources:
  Paint: {Type: AWS::StepFunctions::Activity, Properties: {Name: paint.it}}
  Dry: {Type: AWS::StepFunctions::Activity}
Outputs:
  Paint: {Value: !Ref Paint}
  Dry: {Value: !GetAtt Dry.Name}
";
    let stack = load(template).unwrap_or_else(|error| panic!("{}", render(&error)));
    let names: Vec<_> = stack.activities.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["paint.it", "demo-Dry"]);
    let outputs: Vec<_> = stack.outputs.iter().map(|it| it.value.as_str()).collect();
    let arn = "arn:aws:states:us-east-1:000000000000:activity:paint.it";
    assert_eq!(outputs, [arn, "demo-Dry"]);
    let template = "
Resources:
  Paint: {Type: AWS::StepFunctions::Activity, Properties: {Name: 'paint it'}}
";
    let shown = render(&load(template).unwrap_err());
    assert!(shown.contains("must be 1 to 80 letters"), "{shown}");
}

#[test]
fn a_state_machine_without_a_definition_is_a_problem() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  None: {Type: AWS::Serverless::StateMachine}
  Both: {Type: AWS::Serverless::StateMachine, Properties: {Definition: {}, DefinitionUri: order.asl.json}}
  List: {Type: AWS::StepFunctions::StateMachine, Properties: {Definition: [1]}}
";
    let shown = render(&load(template).unwrap_err());
    for problem in [
        "`None` has to have either `Definition` or `DefinitionUri`",
        "`Both` has to have either `Definition` or `DefinitionUri`",
        "`Definition` of `List` must be a definition of the Amazon States Language",
    ] {
        assert!(shown.contains(problem), "{shown}");
    }
}

const STARTED: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
      Policies: [{DynamoDBCrudPolicy: {TableName: orders}}]
      Events:
        Posted: {Type: Api, Properties: {Path: /orders, Method: post}}
        Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour), Input: '{\"a\": 1}'}}
        Daily: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), FlexibleTimeWindow: {Mode: 'OFF'}}}
        Other: {Type: EventBridgeRule, Properties: {Pattern: {}}}
  OrdersTwo:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: demo-Orders-2
      RoleArn: arn:aws:iam::000000000000:role/r
      DefinitionString: '{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Succeed\"}}}'
  Front: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: front, ProtocolType: HTTP}}
  Start:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Front
      IntegrationType: AWS_PROXY
      IntegrationSubtype: StepFunctions-StartExecution
      RequestParameters: {StateMachineArn: !Ref OrdersTwo, Input: $request.body}
  Elsewhere:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Front
      IntegrationType: AWS_PROXY
      IntegrationSubtype: StepFunctions-StartExecution
      RequestParameters: {StateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:other', Input: $request.body}
  Route: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Front, RouteKey: POST /two, Target: !Sub 'integrations/${Start}'}}
  Lost: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Front, RouteKey: POST /lost, Target: !Sub 'integrations/${Elsewhere}'}}
  Described:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      DefinitionBody:
        openapi: 3.0.1
        paths:
          /one:
            post:
              x-amazon-apigateway-integration:
                type: aws
                httpMethod: POST
                uri: !Sub arn:aws:apigateway:${AWS::Region}:states:action/StartSyncExecution
                requestTemplates:
                  application/json: !Sub '{\"stateMachineArn\": \"${Orders}\", \"input\": \"{}\"}'
                responses: {default: {statusCode: 200}}
";

#[test]
fn apis_and_schedules_start_state_machines() {
    use crate::Integration;
    let stack = load(STARTED).unwrap_or_else(|error| panic!("{}", render(&error)));
    let states = |integration: &Integration| match integration {
        Integration::States(it) => it.as_ref().clone(),
        other => panic!("{other:?}"),
    };
    let rest = |id: &str| {
        let mut apis = stack.rest_apis.iter();
        let api = apis.find(|it| it.logical_id == id).unwrap();
        api.routes[0].clone()
    };
    let posted = rest("ServerlessRestApi");
    assert_eq!(
        (posted.function.as_str(), posted.qualifier.as_deref()),
        ("Orders", Some("live"))
    );
    let integration = states(&posted.integration);
    assert_eq!(integration.action, "StartExecution");
    let template = &integration.templates.unwrap().request_templates["application/json"];
    assert!(
        template.contains(
            r#""stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:demo-Orders""#
        ),
        "{template}"
    );
    let described = rest("Described");
    assert_eq!(described.function, "Orders");
    assert_eq!(states(&described.integration).action, "StartSyncExecution");

    // The name of one machine begins with that of another.
    let [route] = stack.http_apis[0].routes.as_slice() else {
        panic!("{:?}", stack.http_apis[0].routes);
    };
    assert_eq!(route.function, "OrdersTwo");
    assert_eq!(
        states(&route.integration).parameters["Input"],
        "$request.body"
    );

    let started: Vec<_> = stack
        .schedules
        .iter()
        .map(|it| {
            (
                it.event.as_str(),
                it.function.as_str(),
                it.qualifier.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        started,
        [
            ("Hourly", "Orders", Some("live")),
            ("Daily", "Orders", Some("live"))
        ]
    );
    let warnings: Vec<String> = stack.warnings.iter().map(ToString::to_string).collect();
    let warned = |text: &str| warnings.iter().any(|warning| warning.contains(text));
    assert!(
        warned("the state machine is never started by this event"),
        "{warnings:?}"
    );
    assert!(
        warned("`StepFunctions-StartExecution` is not made here"),
        "{warnings:?}"
    );
    assert!(!warned("RequestParameters"), "{warnings:?}");
    let orders = stack
        .functions
        .iter()
        .find(|it| it.logical_id == "Orders")
        .unwrap();
    assert_eq!(orders.policies.len(), 1);
    assert_eq!(
        orders.environment["LAMBDURA_STATE_MACHINE_TYPE"],
        "STANDARD"
    );
}

const WRITTEN: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Json:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: order.asl.json
      DefinitionSubstitutions: {Pause: 5, Member: a, Ends: true}
      Role: arn:aws:iam::000000000000:role/own
      Logging:
        Level: ERROR
        IncludeExecutionData: true
        Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt Group.Arn}}]
      Tracing: {Enabled: true}
      Tags: {team: shop, stage: !Ref AWS::StackName}
  Yaml:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: order.asl.yaml
      DefinitionSubstitutions: {Pause: 7}
  Text:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
      DefinitionString: '{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Wait\", \"Seconds\": ${Pause}, \"End\": true}}}'
      DefinitionSubstitutions: {Pause: 9}
      LoggingConfiguration: {Level: ALL, IncludeExecutionData: false, '': 1, Übrig: 2}
      TracingConfiguration: {Enabled: false}
      Tags: [{Key: team, Value: pay}]
  Lost:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: order.asl.json, DefinitionSubstitutions: {Member: a, Ends: true}}
  Broken:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/r
      DefinitionString: nothing
  Group: {Type: AWS::Logs::LogGroup}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
";

fn load_written() -> Stack {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("template.yaml", WRITTEN);
    write(
        "order.asl.json",
        "{ \"StartAt\": \"A\", \"States\": {\n \"A\": { \"Type\": \"Wait\", \"Seconds\": ${Pause}, \"Next\": \"B\" },\n \"B\": { \"Type\": \"Pass\", \"Result\": { \"${Member}-x\": 1 }, \"End\": ${Ends} } } }",
    );
    write(
        "order.asl.yaml",
        "StartAt: A\nStates:\n  A: # a pause\n    Type: Wait\n    Seconds: ${Pause}\n    End: true\n",
    );
    let options = LoadOptions {
        stack_name: Some("demo".to_owned()),
        ..LoadOptions::default()
    };
    crate::load(folder.path(), &options).unwrap_or_else(|error| panic!("{}", render(&error)))
}

#[test]
fn substitutions_are_made_in_the_text() {
    let stack = load_written();
    let function = |id: &str| {
        let mut functions = stack.functions.iter();
        functions.find(|it| it.logical_id == id).unwrap()
    };
    let states = |id: &str| function(id).state_machine.as_ref().unwrap()["States"].clone();
    let json = states("Json");
    assert_eq!(json["A"]["Seconds"], 5);
    assert_eq!(json["B"]["Result"], json!({ "a-x": 1 }));
    assert_eq!(json["B"]["End"], true);
    assert_eq!(states("Yaml")["A"]["Seconds"], 7);
    assert_eq!(states("Text")["A"]["Seconds"], 9);
    // Positions refer to the original file, before substitution.
    let source = function("Json").machine.as_ref().unwrap().source.as_ref();
    let source = source.unwrap();
    assert!(source.name.ends_with("order.asl.json"), "{}", source.name);
    assert_eq!(source.written_at(2, 37), (2, 44));

    // Machines whose definitions cannot be read get a reason; the others start.
    let reason = |id: &str| function(id).cannot_run.clone().unwrap();
    let lost = reason("Lost");
    assert!(
        lost.contains("order.asl.json:2:36: not valid JSON"),
        "{lost}"
    );
    assert!(lost.contains("no value for `${Pause}`"), "{lost}");
    let broken = reason("Broken");
    assert!(broken.contains("it is no mapping"), "{broken}");
}

#[test]
fn what_a_template_says_of_a_machine_is_kept() {
    let stack = load_written();
    let machine = |id: &str| {
        let mut functions = stack.functions.iter();
        let function = functions.find(|it| it.logical_id == id).unwrap();
        function.machine.clone().unwrap()
    };
    let json = machine("Json");
    let group = "arn:aws:logs:us-east-1:000000000000:log-group:demo-Group:*";
    assert_eq!(
        json.logging,
        Some(json!({
            "level": "ERROR", "includeExecutionData": true,
            "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": group } }],
        }))
    );
    assert!(json.is_traced);
    let tags: Vec<_> = json
        .tags
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(tags, [("stage", "demo"), ("team", "shop")]);
    assert_eq!(
        json.role.as_deref(),
        Some("arn:aws:iam::000000000000:role/own")
    );
    let text = machine("Text");
    assert_eq!(
        text.logging,
        // Names that do not begin with an ASCII letter stay as they are.
        Some(json!({ "level": "ALL", "includeExecutionData": false, "": 1, "Übrig": 2 }))
    );
    assert!(!text.is_traced);
    assert_eq!(text.tags["team"], "pay");
    let role = text.role.unwrap();
    assert!(
        role.starts_with("arn:aws:iam::000000000000:role/"),
        "{role}"
    );
    assert_eq!(
        machine("Yaml"),
        crate::MachineResource {
            source: machine("Yaml").source,
            ..crate::MachineResource::default()
        }
    );
    let warned: Vec<String> = stack.warnings.iter().map(ToString::to_string).collect();
    assert!(
        !warned
            .iter()
            .any(|it| it.contains("Logging") || it.contains("Tags")),
        "{warned:?}"
    );
}
