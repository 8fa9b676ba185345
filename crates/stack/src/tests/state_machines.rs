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
}

#[test]
fn a_state_machine_without_a_definition_is_a_problem() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  None: {Type: AWS::Serverless::StateMachine}
  Both: {Type: AWS::Serverless::StateMachine, Properties: {Definition: {}, DefinitionUri: order.asl.json}}
  Text: {Type: AWS::StepFunctions::StateMachine, Properties: {DefinitionString: nothing}}
";
    let shown = render(&load(template).unwrap_err());
    for problem in [
        "`None` has to have either `Definition` or `DefinitionUri`",
        "`Both` has to have either `Definition` or `DefinitionUri`",
        "must be a definition of the Amazon States Language",
    ] {
        assert!(shown.contains(problem), "{shown}");
    }
}
