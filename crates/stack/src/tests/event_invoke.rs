//! How functions are invoked asynchronously.

use std::time::Duration;

use expect_test::expect;

use crate::EventInvokeResource;

use super::{check_problems, check_warnings, load};

#[test]
fn functions_say_it_themselves_or_others_say_it_of_them() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: f, Handler: h, Runtime: nodejs22.x}}
Resources:
  Bad:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAlias: live
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        MaximumEventAgeInSeconds: 60
        DestinationConfig:
          OnFailure: {Type: Lambda, Destination: !GetAtt Catcher.Arn}
          OnSuccess: {Destination: 'arn:aws:lambda:us-east-1:000000000000:function:elsewhere'}
  Catcher: {Type: AWS::Serverless::Function}
  Latest:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Catcher, Qualifier: $LATEST, MaximumRetryAttempts: 2}
  Live:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Catcher
      Qualifier: live
      DestinationConfig: {OnSuccess: {Destination: !Ref Bad.Alias}}
",
    );
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    let nothing = EventInvokeResource {
        qualifier: None,
        retries_max: None,
        event_age_max: None,
        on_success: None,
        on_failure: None,
    };
    let expected = EventInvokeResource {
        qualifier: Some("live".to_owned()),
        retries_max: Some(0),
        event_age_max: Some(Duration::from_secs(60)),
        on_success: Some(arn("elsewhere")),
        on_failure: Some(arn("demo-Catcher")),
    };
    assert_eq!(stack.functions[0].event_invoke, [expected]);
    let latest = EventInvokeResource {
        retries_max: Some(2),
        ..nothing.clone()
    };
    let live = EventInvokeResource {
        qualifier: Some("live".to_owned()),
        on_success: Some(arn("demo-Bad:live")),
        ..nothing
    };
    assert_eq!(stack.functions[1].event_invoke, [latest, live]);
    assert_eq!(stack.warnings, []);
}

#[test]
fn other_destinations_are_named() {
    check_warnings(
        &super::function(
            "EventInvokeConfig:
  DestinationConfig:
    OnSuccess: {Type: SQS}
    OnFailure: {Destination: 'arn:aws:sns:us-east-1:000000000000:topic'}",
        ),
        expect![[r#"
            line 11: `EventInvokeConfig.DestinationConfig.OnSuccess.Type` of `F`: only functions are destinations here: nothing is sent there
            line 12: `EventInvokeConfig.DestinationConfig.OnFailure.Destination` of `F`: only functions are destinations here: nothing is sent there
        "#]],
    );
}

#[test]
fn wrong_values_are_problems() {
    check_problems(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: h
      Runtime: nodejs22.x
      EventInvokeConfig:
        MaximumRetryAttempts: 3
        MaximumEventAgeInSeconds: 59
        DestinationConfig: {OnFailure: {Type: Lambda}, OnSuccess: {Type: lambda}}
  Nobody:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: nobody}
",
        expect![[r#"
            10:31 `EventInvokeConfig.MaximumRetryAttempts` of `F` must be a whole number from 0 to 2 [found `3`] (the unit is attempts after the first)
            11:35 `EventInvokeConfig.MaximumEventAgeInSeconds` of `F` must be a whole number from 60 to 21600 [found `59`] (the unit is seconds)
            12:29 `F` has no `EventInvokeConfig.DestinationConfig.OnFailure.Destination` [`Destination` is missing] (`!GetAtt` and the function's `Arn`)
            12:74 `EventInvokeConfig.DestinationConfig.OnSuccess.Type` of `F` must be one of Lambda, SQS, SNS, EventBridge, S3Bucket [found `lambda`] (did you mean `Lambda`?)
            13:3 `Nobody` has no `Qualifier` [`Qualifier` is missing] (an alias, a version, or `$LATEST`)
            15:32 `FunctionName` of `Nobody` must mean a function of this template [not such a function] (write `!Ref` and the function's logical id)
        "#]],
    );
}
