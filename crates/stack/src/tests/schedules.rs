//! Rules and schedules declared as their own resources.

use std::time::Duration;

use expect_test::expect;

use crate::{ScheduleExpression, ScheduleService};

use super::{check_problems, check_warnings, load};

/// A template with two functions, and these resources.
fn with(resources: &str) -> String {
    format!(
        "
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{CodeUri: f, Handler: h, Runtime: nodejs22.x}}}}
Resources:
  Tick: {{Type: AWS::Serverless::Function, Properties: {{AutoPublishAlias: live}}}}
  Tock: {{Type: AWS::Serverless::Function, Properties: {{FunctionName: tock}}}}
{resources}"
    )
}

#[test]
fn rules_and_schedules_invoke_functions() {
    let stack = load(&with(
        "
  EveryMinute:
    Type: AWS::Events::Rule
    Properties:
      Name: every-minute
      State: DISABLED
      ScheduleExpression: rate(1 minute)
      Targets:
        - {Id: one, Arn: !Ref Tick.Alias, Input: '{\"from\": \"rule\"}'}
        - {Id: two, Arn: !Sub '${Tock.Arn}:beta'}
        - {Id: three, Arn: 'arn:aws:lambda:us-east-1:000000000000:function:tock'}
  Plan:
    Type: AWS::Scheduler::Schedule
    Properties:
      GroupName: mine
      ScheduleExpression: cron(0 8 ? * MON-FRI *)
      ScheduleExpressionTimezone: Europe/Vienna
      StartDate: 2026-12-01T00:00:00Z
      EndDate: 2026-12-31T00:00:00Z
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !GetAtt Tick.Arn, RoleArn: !GetAtt TickRole.Arn}
Outputs:
  Rule: {Value: !GetAtt EveryMinute.Arn}
  Plan: {Value: !GetAtt Plan.Arn}
  Names: {Value: !Sub '${EveryMinute} ${Plan}'}
",
    ));
    let [one, two, three, plan] = stack.schedules.as_slice() else {
        panic!("four schedules: {:?}", stack.schedules);
    };
    let rule = "arn:aws:events:us-east-1:000000000000:rule/every-minute";
    assert_eq!(one.arn, rule);
    assert_eq!(two.arn, format!("{rule}#two"));
    assert_eq!(two.source_arn(), rule);
    assert_eq!(one.logical_id, "EveryMinuteone");
    assert_eq!(one.name, "every-minute");
    assert_eq!(one.service, ScheduleService::Rule);
    assert!(!one.enabled);
    assert_eq!(one.input.as_deref(), Some(r#"{"from": "rule"}"#));
    let minute = Duration::from_secs(60);
    assert_eq!(one.expression, ScheduleExpression::Rate(minute));
    let meant = |it: &crate::ScheduleResource| (it.function.clone(), it.qualifier.clone());
    assert_eq!(meant(one), ("Tick".to_owned(), Some("live".to_owned())));
    assert_eq!(meant(two), ("Tock".to_owned(), Some("beta".to_owned())));
    assert_eq!(meant(three), ("Tock".to_owned(), None));
    assert_eq!(meant(plan), ("Tick".to_owned(), None));
    assert_eq!(plan.logical_id, "Plan");
    assert_eq!(plan.time_zone, "Europe/Vienna");
    assert!(plan.start_at.is_some() && plan.end_at.is_some() && plan.enabled);
    let outputs: Vec<&str> = stack.outputs.iter().map(|it| &*it.value).collect();
    let plan = "arn:aws:scheduler:us-east-1:000000000000:schedule/mine/demo-Plan";
    assert_eq!(outputs, [rule, plan, "every-minute demo-Plan"]);
}

#[test]
fn what_is_not_invoked_is_named() {
    check_warnings(
        &with(
            "
  Q: {Type: AWS::SQS::Queue}
  Window:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 5}
      Target: {Arn: !GetAtt Tick.Arn, RoleArn: r}
  Pattern:
    Type: AWS::Events::Rule
    Properties: {EventPattern: {source: [aws.s3]}, Targets: [{Id: t, Arn: !GetAtt Tick.Arn}]}
  Both:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: rate(2 hours)
      Targets:
        - {Id: q, Arn: !GetAtt Q.Arn}
        - {Id: t, Arn: !GetAtt Tick.Arn, InputPath: $.detail}
",
        ),
        expect![[r#"
            line 8: `Q` (AWS::SQS::Queue): there is no queue: sending to it and receiving from it fails; `lambdura up --aws-endpoint URL` creates it at an emulator (LocalStack, MiniStack)
            line 13: `FlexibleTimeWindow` of `Window`: the function is invoked at the beginning of the window
            line 17: `EventPattern` of `Pattern`: there is no event bus here: no event matches the pattern
            line 23: `Targets.Arn` of `Both`: only functions of this template are invoked here: this target never is
            line 24: `Targets.InputPath` of `Both`: the function is given the event as it is
        "#]],
    );
}

#[test]
fn wrong_schedules_are_problems() {
    check_problems(
        &with(
            "
  Never: {Type: AWS::Events::Rule, Properties: {Targets: []}}
  Odd:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: rate(1 minutes), Targets: [{Arn: !GetAtt Tick.Arn}]}
  Plan:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: at(tomorrow)
      ScheduleExpressionTimezone: Nowhere
      Target: {Arn: !GetAtt Tick.Arn, Input: text}
",
        ),
        expect![[r#"
            8:3 `Never` has no `ScheduleExpression` [`ScheduleExpression` is missing] (for example `rate(5 minutes)` or `cron(0 8 ? * MON-FRI *)`)
            11:43 `ScheduleExpression` of `Odd`: 1 has a unit without `s`, any other number one with it [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            11:55 `Odd` has no `Targets.Id` [`Id` is missing] (any name that no other target of the rule has)
            15:30 `ScheduleExpression` of `Plan`: `at(…)` holds a time such as 2026-12-31T23:59:00 [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            16:35 `ScheduleExpressionTimezone` of `Plan` must be the name of a time zone [no such time zone] (for example `Europe/Vienna`)
            17:46 `Target.Input` of `Plan` must be JSON [at its character 2] (it is what the function is given; text needs quotation marks of its own)
        "#]],
    );
}
