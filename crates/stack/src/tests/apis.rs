//! REST APIs, function URLs and schedules.

use expect_test::expect;

use crate::{ScheduleExpression, ScheduleService};

use super::{check_problems, function, load};

#[test]
fn api_events_make_routes_of_the_implicit_rest_api() {
    let stack = load(&function(
        "Environment: {Variables: {}}
AutoPublishAlias: live
Events:
  A: {Type: Api, Properties: {Path: '/a/{b}', Method: get}}
  B: {Type: Api, Properties: {Path: '/{proxy+}', Method: any, TimeoutInMillis: 1000}}
  C: {Type: Api, Properties: {Path: /c, Method: POST, RestApiId: !Ref ServerlessRestApi}}",
    ));
    let api = &stack.rest_apis[0];
    assert_eq!(api.logical_id, "ServerlessRestApi");
    assert_eq!(api.stage_name, "Prod");
    let keys: Vec<String> = api.routes.iter().map(|it| it.key.to_string()).collect();
    assert_eq!(keys, ["GET /a/{b}", "ANY /{proxy+}", "POST /c"]);
    assert_eq!(api.routes[0].qualifier.as_deref(), Some("live"));
    assert_eq!(api.routes[0].timeout.as_secs(), 29);
    assert_eq!(api.routes[1].timeout.as_secs(), 1);
}

#[test]
fn a_rest_api_of_its_own() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Globals:
  Api: {Cors: \"'*'\", BinaryMediaTypes: ['image~1png', '*~1*']}
Resources:
  Mine:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Variables: {COLOUR: blue}
      Cors: {AllowOrigin: \"'https://a.example'\", AllowHeaders: \"'X-One,X-Two'\", MaxAge: \"'600'\"}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Handler: h
      Runtime: nodejs22.x
      FunctionUrlConfig: {AuthType: NONE, Cors: {AllowOrigins: ['*'], AllowMethods: [get]}}
      Events:
        A: {Type: Api, Properties: {Path: /a, Method: get, RestApiId: !Ref Mine}}
        B: {Type: Api, Properties: {Path: /b, Method: get}}
Outputs:
  Api: {Value: !Sub 'https://${Mine}.execute-api.${AWS::Region}.amazonaws.com/${Mine.Stage}/a'}
  Stage: {Value: !Ref Minev1Stage}
  Url: {Value: !GetAtt FUrl.FunctionUrl}
  Root: {Value: !GetAtt Mine.RootResourceId}
",
    );
    expect![[r#"
        [
            RestCors {
                allow_origin: "https://a.example",
                allow_methods: None,
                allow_headers: Some(
                    "X-One,X-Two",
                ),
                max_age: Some(
                    "600",
                ),
                allow_credentials: false,
            },
            RestCors {
                allow_origin: "*",
                allow_methods: None,
                allow_headers: None,
                max_age: None,
                allow_credentials: false,
            },
        ]
    "#]]
    .assert_debug_eq(
        &stack
            .rest_apis
            .iter()
            .filter_map(|api| api.cors.clone())
            .collect::<Vec<_>>(),
    );
    assert_eq!(stack.rest_apis[0].binary_media_types, ["image/png", "*/*"]);
    assert_eq!(stack.rest_apis[0].stage_variables["COLOUR"], "blue");
    let url = &stack.function_urls[0];
    assert_eq!((url.logical_id.as_str(), url.url_id.len()), ("FUrl", 32));
    let urls = [
        ("Mine", "http://127.0.0.1:1"),
        ("FUrl", "http://127.0.0.1:2"),
    ];
    let urls = urls.map(|(id, url)| (id.to_owned(), url.to_owned())).into();
    let stack = stack.with_local_urls(&urls);
    let values: Vec<&str> = stack.outputs.iter().map(|it| it.value.as_str()).collect();
    let expected = [
        "http://127.0.0.1:1/v1/a",
        "v1",
        "http://127.0.0.1:2/",
        "root",
    ];
    assert_eq!(values, expected);
}

#[test]
fn what_is_wrong_with_apis_is_shown() {
    check_problems(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Mine:
    Type: AWS::Serverless::Api
    Properties: {Cors: {AllowOrigin: '*', AllowCredentials: true}, StageName: $default}
  Nameless: {Type: AWS::Serverless::Api}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Handler: h
      Runtime: nodejs22.x
      FunctionUrlConfig: {Cors: {AllowOrigin: '*'}}
      Events:
        A: {Type: Api}
        B: {Type: Api, Properties: {Path: b}}
        C: {Type: Api, Properties: {Path: /c, Method: get, RestApiId: !Ref F}}
        D: {Type: Api, Properties: {Path: /d, Method: get}}
        E: {Type: Api, Properties: {Path: /d, Method: GET}}
",
        expect![[r#"
            6:38 `Cors.AllowOrigin` of `Mine` must stand in single quotation marks of its own [not a literal] (write "'*'")
            6:79 `StageName` of `Mine` must be letters, digits, hyphens and underscores [this name] (it is the first part of every path)
            7:3 `Nameless` has no `StageName` [`StageName` is missing] (for example `StageName: Prod`)
            14:7 `F` has no `FunctionUrlConfig.AuthType` [`AuthType` is missing] (`NONE` or `AWS_IAM`)
            14:34 unknown property `FunctionUrlConfig.Cors.AllowOrigin` of `F` [no such property] (did you mean `AllowOrigins`?)
            16:9 `F` has no `Events.A.Properties` [`Properties` is missing] (an `Api` event has a `Path` and a `Method`)
            17:24 `F` has no `Events.B.Properties.Method` [`Method` is missing] (for example `Method: get`, or `Method: any`)
            18:9 `F` needs itself [refers to its own resource] (AWS cannot create it; write its name out, and give it that name)
            18:71 `Events.C.Properties.RestApiId` of `F` must refer to an `AWS::Serverless::Api` of this template [not such an API] (write `RestApiId: !Ref` and its logical id, or leave it out)
            20:9 `ServerlessRestApi` has the route `GET /d` twice [the second time] (one event of one function answers a route)
        "#]],
    );
}

#[test]
fn schedules_are_read() {
    let stack = load(&function(
        "AutoPublishAlias: live
Events:
  Often: {Type: Schedule, Properties: {Schedule: rate(1 minute), Input: '{\"a\": 1}', Name: often}}
  Off: {Type: Schedule, Properties: {Schedule: 'cron(0 8 ? * MON-FRI *)', Enabled: false}}
  Never: {Type: Schedule, Properties: {Schedule: rate(2 days), State: DISABLED}}
  Later:
    Type: ScheduleV2
    Properties:
      ScheduleExpression: at(2027-01-01T00:00:00)
      ScheduleExpressionTimezone: Europe/Vienna
      EndDate: '2027-06-01T00:00:00Z'
      FlexibleTimeWindow: {Mode: 'OFF'}",
    ));
    let schedules = &stack.schedules;
    assert_eq!(schedules[0].name, "often");
    assert_eq!(schedules[0].qualifier.as_deref(), Some("live"));
    assert_eq!(schedules[0].input.as_deref(), Some("{\"a\": 1}"));
    let minute = std::time::Duration::from_secs(60);
    assert_eq!(schedules[0].expression, ScheduleExpression::Rate(minute));
    let enabled: Vec<bool> = schedules.iter().map(|it| it.enabled).collect();
    assert_eq!(enabled, [true, false, false, true]);
    let later = &schedules[3];
    assert_eq!(later.service, ScheduleService::Scheduler);
    assert_eq!(later.time_zone, "Europe/Vienna");
    assert_eq!(
        later.arn,
        "arn:aws:scheduler:us-east-1:000000000000:schedule/default/demo-FLater"
    );
    assert!(later.end_at.is_some());
}

#[test]
fn what_is_wrong_with_schedules_is_shown_in_its_place() {
    check_problems(
        &function(
            "Events:
  A: {Type: Schedule}
  B: {Type: Schedule, Properties: {Schedule: rate(1 minutes)}}
  C: {Type: Schedule, Properties: {Schedule: rate(0 minutes)}}
  D: {Type: Schedule, Properties: {Schedule: every day}}
  E: {Type: Schedule, Properties: {Schedule: cron(0 8 * * MON-FRI *)}}
  F: {Type: Schedule, Properties: {Schedule: 'cron(0 25 ? * MON-FRI *)'}}
  G: {Type: Schedule, Properties: {Schedule: 'cron(0 8 * * ?)'}}
  H: {Type: Schedule, Properties: {Schedule: rate(1 day), Input: hello}}
  I: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: true, State: ENABLED}}
  J: {Type: Schedule, Properties: {Schedule: at(2027-01-01T00:00:00)}}
  K: {Type: ScheduleV2, Properties: {ScheduleExpression: at(tomorrow)}}
  L: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minutes), ScheduleExpressionTimezone: Mars}}
  M: {Type: ScheduleV2, Properties: {Schedule: rate(1 minute), StartDate: soon}}",
        ),
        expect![[r#"
            10:9 `F` has no `Events.A.Properties` [`Properties` is missing] (a schedule says when it is due)
            11:57 `Events.B.Properties.Schedule` of `F`: 1 has a unit without `s`, any other number one with it [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            12:57 `Events.C.Properties.Schedule` of `F`: a rate is a whole number above 0 and `minute(s)`, `hour(s)` or `day(s)` [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            13:52 `Events.D.Properties.Schedule` of `F`: a schedule is `rate(…)` or `cron(…)` [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            14:65 `Events.E.Properties.Schedule` of `F`: day of month and day of week cannot both be given: one of them must be `?` [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            15:60 `Events.F.Properties.Schedule` of `F`: hours must be from 0 to 23 [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            16:58 `Events.G.Properties.Schedule` of `F`: a cron expression has six fields, this one 5: minutes, hours, day of month, month, day of week, year [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            17:72 `Events.H.Properties.Input` of `F` must be JSON [at its character 1] (it is what the function is given; text needs quotation marks of its own)
            18:74 `Events.I.Properties.Enabled` of `F` cannot stand beside `State` [says the same] (keep one of them)
            19:52 `Events.J.Properties.Schedule` of `F`: a schedule is `rate(…)` or `cron(…)` [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            20:67 `Events.K.Properties.ScheduleExpression` of `F`: `at(…)` holds a time such as 2026-12-31T23:59:00 [this part] (for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, hours, day of month, month, day of week, year)
            21:109 `Events.L.Properties.ScheduleExpressionTimezone` of `F` must be the name of a time zone [no such time zone] (for example `Europe/Vienna`)
            22:31 `F` has no `Events.M.Properties.ScheduleExpression` [`ScheduleExpression` is missing] (for example `rate(5 minutes)` or `cron(0 8 ? * MON-FRI *)`)
            22:81 `Events.M.Properties.StartDate` of `F` must be an instant [not such a time] (for example 2026-12-31T23:59:00Z)
        "#]],
    );
}
