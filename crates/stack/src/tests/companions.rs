//! Queues, topics and buckets, their subordinate resources, and functions that process queues.

use std::collections::BTreeMap;
use std::fs;

use expect_test::expect;
use serde_json::json;

use crate::{LoadOptions, LoadStackError, OtherServices, References, Stack};

use super::render;

fn load(template: &str, services: OtherServices) -> Stack {
    try_load(template, services).unwrap_or_else(|error| panic!("{}", render(&error)))
}

fn try_load(template: &str, services: OtherServices) -> Result<Stack, LoadStackError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), template).unwrap();
    let options = LoadOptions {
        stack_name: Some("demo".to_owned()),
        references: References {
            seed: Some("seed".to_owned()),
            ..References::default()
        },
        services,
        ..LoadOptions::default()
    };
    crate::load(folder.path(), &options)
}

const SHOP: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 20
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  InOrder: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  News:
    Type: AWS::SNS::Topic
    Properties: {Subscription: [{Protocol: sqs, Endpoint: !GetAtt Jobs.Arn}]}
  More:
    Type: AWS::SNS::Subscription
    Properties: {Protocol: sqs, TopicArn: !Ref News, Endpoint: !GetAtt Dead.Arn, FilterPolicy: {kind: [new]}}
  Mail: {Type: AWS::SNS::Subscription, Properties: {Protocol: email, TopicArn: !Ref News, Endpoint: me@example.com}}
  Files: {Type: AWS::S3::Bucket}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      AutoPublishAlias: live
      DurableConfig: {ExecutionTimeout: 600}
      Environment: {Variables: {QUEUE: !Ref Jobs, FIFO: !Ref InOrder, TOPIC: !Ref News, BUCKET: !Ref Files, DEAD: !GetAtt Dead.Arn}}
      Events:
        Job:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs.Arn
            BatchSize: 5
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 4}
            FilterCriteria: {Filters: [{Pattern: '{\"body\": {\"kind\": [\"new\"]}}'}]}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt InOrder.Arn, FunctionName: !Ref Worker, Enabled: false}
  Stream:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', FunctionName: !Ref Worker, StartingPosition: LATEST}
";

#[test]
fn an_emulator_gets_what_the_template_has() {
    let stack = load(SHOP, OtherServices::Emulator);
    let created = stack.companions.iter();
    let created: Vec<String> = created
        .map(|it| format!("{} {} {}", it.logical_id, it.resource_type, it.name))
        .collect();
    expect![[r#"
        Jobs AWS::SQS::Queue demo-Jobs
        Dead AWS::SQS::Queue dead
        InOrder AWS::SQS::Queue demo-InOrder.fifo
        News AWS::SNS::Topic demo-News
        News AWS::SNS::Subscription 
        More AWS::SNS::Subscription 
        Files AWS::S3::Bucket demo-files
    "#]]
    .assert_eq(&(created.join("\n") + "\n"));
    let redrive = &stack.companions[0].properties["RedrivePolicy"];
    let dead = "arn:aws:sqs:us-east-1:000000000000:dead";
    assert_eq!(
        *redrive,
        json!({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    );
    let environment = &stack.functions[0].environment;
    let queue = "https://sqs.us-east-1.amazonaws.com/000000000000/demo-Jobs";
    assert_eq!(environment["QUEUE"], queue);
    assert_eq!(
        environment["TOPIC"],
        "arn:aws:sns:us-east-1:000000000000:demo-News"
    );
    assert_eq!(environment["BUCKET"], "demo-files");
    let [job, mapping] = stack.event_sources.as_slice() else {
        panic!("{:?}", stack.event_sources);
    };
    assert_eq!(
        job.source_arn,
        "arn:aws:sqs:us-east-1:000000000000:demo-Jobs"
    );
    assert_eq!(
        (job.function.as_str(), job.qualifier.as_deref()),
        ("Worker", Some("live"))
    );
    assert_eq!((job.batch_size, job.concurrency_max), (5, Some(4)));
    assert!(job.reports_failures && job.enabled && !mapping.enabled);
    assert_eq!(job.filters, [r#"{"body": {"kind": ["new"]}}"#]);
    assert_eq!(mapping.qualifier, None);
    assert_ne!(job.uuid, mapping.uuid);
    let warnings: String = stack.warnings.iter().map(|it| format!("{it}\n")).collect();
    expect![[r#"
        line 17: `Protocol` of `Mail`: only queues are subscribed here: nothing is delivered; subscribe a queue, and let the function work it off
        line 41: `EventSourceArn` of `Stream`: only queues of SQS are read here (no streams, no Kafka, no Amazon MQ, no DocumentDB): the function is never invoked by this source; invoke it yourself
        line 41: `StartingPosition` of `Stream`: queues have no such thing, and only queues are read here
    "#]]
    .assert_eq(&warnings);
}

#[test]
fn without_an_emulator_each_is_named_with_the_option() {
    for (services, option) in [
        (OtherServices::Nowhere, "--aws-endpoint"),
        (OtherServices::Account, "not created in your account"),
    ] {
        let stack = load(SHOP, services);
        assert!(stack.companions.is_empty() && stack.event_sources.is_empty());
        for id in [
            "Jobs", "Dead", "InOrder", "News", "More", "Files", "Worker", "Mapping",
        ] {
            let said = stack
                .warnings
                .iter()
                .any(|it| it.logical_id == id && it.meaning.contains(option));
            assert!(said, "{id}: {:?}", stack.warnings);
        }
    }
}

#[test]
fn what_the_emulator_answers_takes_the_place_of_what_was_written() {
    let stack = load(SHOP, OtherServices::Emulator);
    let values = BTreeMap::from([
        (
            "https://sqs.us-east-1.amazonaws.com/000000000000/demo-Jobs".to_owned(),
            "http://localhost:4566/0/demo-Jobs".to_owned(),
        ),
        (
            "arn:aws:sqs:us-east-1:000000000000:demo-Jobs".to_owned(),
            "arn:aws:sqs:us-east-1:1:demo-Jobs".to_owned(),
        ),
        ("demo-In".to_owned(), "wrong".to_owned()),
    ]);
    let stack = stack.with_values(&values);
    let environment = &stack.functions[0].environment;
    assert_eq!(environment["QUEUE"], "http://localhost:4566/0/demo-Jobs");
    assert!(
        environment["FIFO"].ends_with("/demo-InOrder.fifo"),
        "{}",
        environment["FIFO"]
    );
    assert_eq!(
        stack.event_sources[0].source_arn,
        "arn:aws:sqs:us-east-1:1:demo-Jobs"
    );
}

#[test]
fn batches_are_checked_as_aws_checks_them() {
    let template = |properties: &str| {
        format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: h.h
      Events: {{E: {{Type: SQS, Properties: {{Queue: 'arn:aws:sqs:us-east-1:000000000000:q', {properties}}}}}}}
"
        )
    };
    for (properties, message) in [
        ("BatchSize: 11", "needs a `MaximumBatchingWindowInSeconds`"),
        ("BatchSize: 0", "must be a whole number from 1 to 10000"),
        (
            "ScalingConfig: {MaximumConcurrency: 1}",
            "a whole number from 2 to",
        ),
        ("FunctionResponseTypes: [All]", "ReportBatchItemFailures"),
    ] {
        let Err(error) = try_load(&template(properties), OtherServices::Emulator) else {
            panic!("{properties} was taken");
        };
        assert!(render(&error).contains(message), "{}", render(&error));
    }
    let fine = template("BatchSize: 100, MaximumBatchingWindowInSeconds: 5");
    assert_eq!(
        load(&fine, OtherServices::Account).event_sources[0].window_seconds,
        5
    );
}

#[test]
fn secrets_are_generated_and_stay_the_same() {
    let template = "
Resources:
  Db:
    Type: AWS::SecretsManager::Secret
    Properties:
      Name: app/db
      GenerateSecretString:
        SecretStringTemplate: '{\"username\": \"me\"}'
        GenerateStringKey: password
        PasswordLength: 20
        ExcludePunctuation: true
        ExcludeCharacters: 'abc0'
  Key: {Type: AWS::SSM::Parameter, Properties: {Name: /app/key, Type: String, Value: '{{resolve:secretsmanager:app/db:SecretString:username}}'}}
Outputs:
  Password: {Value: '{{resolve:secretsmanager:app/db:SecretString:password}}'}
";
    let stack = load(template, OtherServices::Nowhere);
    let again = load(template, OtherServices::Emulator);
    // Their files differ.
    let known = |stack: &Stack| -> Vec<_> {
        let companions = stack.companions.iter();
        let known = companions.map(|it| (it.name.clone(), it.arn.clone(), it.properties.clone()));
        known.collect()
    };
    assert_eq!(known(&stack), known(&again));
    let secret = stack.companions[0].properties["SecretString"]
        .as_str()
        .unwrap();
    let secret: serde_json::Value = serde_json::from_str(secret).unwrap();
    assert_eq!(secret["username"], "me");
    let password = secret["password"].as_str().unwrap();
    assert_eq!(stack.outputs[0].value, password);
    assert_eq!(password.len(), 20);
    assert!(
        password
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() && !b"abc0".contains(&it))
    );
    for kind in [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
    ] {
        assert!(password.as_bytes().iter().any(kind), "{password}");
    }
    assert_eq!(stack.companions[1].properties["Value"], "me");
    assert!(!format!("{:?}", stack.companions).contains(password));
}

#[test]
fn a_layer_that_is_not_here_is_named_or_brought() {
    let arn = "arn:aws:lambda:us-east-1:111122223333:layer:tools:7";
    let template = format!(
        "
Transform: AWS::Serverless-2016-10-31
Parameters: {{Layers: {{Type: CommaDelimitedList, Default: '{arn}'}}}}
Resources:
  F: {{Type: AWS::Serverless::Function, Properties: {{Runtime: python3.13, Handler: h.h, Layers: ['{arn}']}}}}
  G: {{Type: AWS::Serverless::Function, Properties: {{Runtime: python3.13, Handler: h.h, Layers: !Ref Layers}}}}
"
    );
    let load_with = |layers: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("template.yaml"), &template).unwrap();
        let layers = layers.iter();
        let options = LoadOptions {
            layers: layers
                .map(|arn| ((*arn).to_owned(), "/tools".into()))
                .collect(),
            ..LoadOptions::default()
        };
        crate::load(folder.path(), &options).unwrap()
    };
    let missing = load_with(&[]);
    for function in &missing.functions {
        assert_eq!(function.missing_layers, [arn]);
        assert!(function.layers.is_empty());
    }
    assert_eq!(missing.warnings.len(), 2);
    let said = &missing.warnings[0].meaning;
    assert!(said.contains(&format!("--layer {arn}=FOLDER")), "{said}");
    for brought in [arn, "arn:aws:lambda:us-east-1:111122223333:layer:tools"] {
        let stack = load_with(&[brought]);
        for function in &stack.functions {
            assert_eq!(function.layers, [brought]);
            assert!(function.missing_layers.is_empty());
        }
        assert_eq!(stack.layers[0].path, std::path::Path::new("/tools"));
        assert!(stack.warnings.is_empty(), "{:?}", stack.warnings);
    }
    let other = load_with(&["arn:aws:lambda:us-east-1:111122223333:layer:tools:8"]);
    assert_eq!(other.warnings.len(), 2);
}

#[test]
fn routes_that_no_function_here_answers_are_named() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Parameters: {Other: {Type: String, Default: 'arn:aws:lambda:us-east-1:000000000000:function:around'}}
Resources:
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: a, ProtocolType: HTTP}}
  Send:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationSubtype: SQS-SendMessage, PayloadFormatVersion: '1.0'}
  Around:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !Ref Other, PayloadFormatVersion: '2.0'}
  One: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: POST /one, Target: !Sub 'integrations/${Send}'}}
  Two: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: POST /two, Target: !Sub 'integrations/${Around}'}}
";
    let stack = load(template, OtherServices::Nowhere);
    assert!(stack.http_apis[0].routes.is_empty());
    let warnings: String = stack.warnings.iter().map(|it| format!("{it}\n")).collect();
    expect![[r#"
        line 8: `IntegrationSubtype` of `Send`: API Gateway's own call of `SQS-SendMessage` is not made here: the route is not served; let a function make it
        line 11: `IntegrationUri` of `Around`: the function is not of this template, and only those are behind its APIs here: the route is not served
    "#]]
    .assert_eq(&warnings);
}
