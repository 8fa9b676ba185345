//! A template with everything that the template of a durable workflow usually has.

use std::collections::BTreeMap;

use expect_test::expect;

use super::{load, warnings};

const TEMPLATE: &str = include_str!("loan_approval.yaml");

#[test]
fn everything_in_it_is_resolved() {
    let stack = load(TEMPLATE);
    expect![[r#"
        [
            FunctionResource {
                logical_id: "Workflow",
                name: "LoanWorkflow",
                arn: "arn:aws:lambda:us-east-1:000000000000:function:LoanWorkflow",
                description: None,
                code_uri: "functions/loan-workflow/",
                code_path: "/app/functions/loan-workflow",
                inline_code: None,
                state_machine: None,
                machine: None,
                cannot_run: None,
                image: None,
                code_object: None,
                layers: [],
                missing_layers: [],
                handler: "bootstrap",
                runtime: "provided.al2023",
                timeout: 300s,
                memory_size_megabytes: 512,
                architecture: Arm64,
                environment: {
                    "FRAUD_CHECK": "demo-FraudCheck",
                    "LOG_LEVEL": "INFO",
                    "PROGRESS_TABLE": "demo-progress",
                    "SERVICE": "Workflow",
                },
                auto_publish_alias: Some(
                    "live",
                ),
                more_aliases: [],
                durable_config: Some(
                    DurableConfig {
                        execution_timeout: 3600s,
                        retention_period_days: 7,
                    },
                ),
                reserved_concurrent_executions: None,
                invocations_per_process: None,
                event_invoke: [],
                has_role: false,
                policies: [
                    String("AWSLambdaBasicExecutionRole"),
                    Object {
                        "Statement": Array [
                            Object {
                                "Effect": String("Allow"),
                                "Action": Array [
                                    String("lambda:CheckpointDurableExecution"),
                                    String("lambda:GetDurableExecutionState"),
                                ],
                                "Resource": String("arn:aws:lambda:us-east-1:000000000000:function:LoanWorkflow*"),
                            },
                        ],
                    },
                    Object {
                        "DynamoDBCrudPolicy": Object {
                            "TableName": String("demo-progress"),
                        },
                    },
                    Object {
                        "Statement": Array [
                            Object {
                                "Effect": String("Allow"),
                                "Action": String("lambda:InvokeFunction"),
                                "Resource": String("arn:aws:lambda:us-east-1:000000000000:function:demo-FraudCheck"),
                            },
                        ],
                    },
                ],
                tracing: Active,
                logging: LoggingConfig {
                    log_format: Json,
                    application_log_level: Some(
                        "INFO",
                    ),
                    system_log_level: Some(
                        "INFO",
                    ),
                    log_group: None,
                },
                build_method: Some(
                    "rust-cargolambda",
                ),
                build_properties: Some(
                    Object {
                        "Binary": String("loan-workflow"),
                    },
                ),
                skip_build: false,
                construct_path: None,
            },
            FunctionResource {
                logical_id: "FraudCheck",
                name: "demo-FraudCheck",
                arn: "arn:aws:lambda:us-east-1:000000000000:function:demo-FraudCheck",
                description: None,
                code_uri: "./functions/../functions/fraud-check",
                code_path: "/app/functions/fraud-check",
                inline_code: None,
                state_machine: None,
                machine: None,
                cannot_run: None,
                image: None,
                code_object: None,
                layers: [],
                missing_layers: [],
                handler: "fraud_check.handler",
                runtime: "python3.13",
                timeout: 60s,
                memory_size_megabytes: 512,
                architecture: X86_64,
                environment: {
                    "LOG_LEVEL": "INFO",
                    "SERVICE": "shared",
                    "WORKFLOW": "LoanWorkflow:live",
                },
                auto_publish_alias: None,
                more_aliases: [],
                durable_config: None,
                reserved_concurrent_executions: None,
                invocations_per_process: None,
                event_invoke: [],
                has_role: false,
                policies: [],
                tracing: Active,
                logging: LoggingConfig {
                    log_format: Json,
                    application_log_level: Some(
                        "INFO",
                    ),
                    system_log_level: Some(
                        "INFO",
                    ),
                    log_group: None,
                },
                build_method: None,
                build_properties: None,
                skip_build: false,
                construct_path: None,
            },
            FunctionResource {
                logical_id: "ApiFunction",
                name: "demo-ApiFunction",
                arn: "arn:aws:lambda:us-east-1:000000000000:function:demo-ApiFunction",
                description: None,
                code_uri: "functions/loan-api",
                code_path: "/app/functions/loan-api",
                inline_code: None,
                state_machine: None,
                machine: None,
                cannot_run: None,
                image: None,
                code_object: None,
                layers: [],
                missing_layers: [],
                handler: "bootstrap",
                runtime: "provided.al2023",
                timeout: 60s,
                memory_size_megabytes: 512,
                architecture: Arm64,
                environment: {
                    "LOG_LEVEL": "INFO",
                    "SERVICE": "shared",
                    "WORKFLOW": "arn:aws:lambda:us-east-1:000000000000:function:LoanWorkflow:live",
                    "WORKFLOW_AGAIN": "arn:aws:lambda:us-east-1:000000000000:function:LoanWorkflow:live",
                },
                auto_publish_alias: Some(
                    "live",
                ),
                more_aliases: [],
                durable_config: None,
                reserved_concurrent_executions: None,
                invocations_per_process: None,
                event_invoke: [],
                has_role: false,
                policies: [
                    Object {
                        "Statement": Object {
                            "Effect": String("Allow"),
                            "Action": String("lambda:InvokeFunction"),
                            "Resource": Array [
                                String("arn:aws:lambda:us-east-1:000000000000:function:LoanWorkflow"),
                                String("arn:aws:lambda:us-east-1:000000000000:function:LoanWorkflow:*"),
                            ],
                        },
                    },
                ],
                tracing: Active,
                logging: LoggingConfig {
                    log_format: Json,
                    application_log_level: Some(
                        "INFO",
                    ),
                    system_log_level: Some(
                        "INFO",
                    ),
                    log_group: None,
                },
                build_method: None,
                build_properties: None,
                skip_build: false,
                construct_path: None,
            },
            FunctionResource {
                logical_id: "Notifier",
                name: "demo-Notifier",
                arn: "arn:aws:lambda:us-east-1:000000000000:function:demo-Notifier",
                description: None,
                code_uri: "functions/notifier",
                code_path: "/app/functions/notifier",
                inline_code: None,
                state_machine: None,
                machine: None,
                cannot_run: None,
                image: None,
                code_object: None,
                layers: [],
                missing_layers: [],
                handler: "bootstrap",
                runtime: "provided.al2023",
                timeout: 60s,
                memory_size_megabytes: 512,
                architecture: Arm64,
                environment: {
                    "API_HOST": "d0e6clkwac.execute-api.us-east-1.amazonaws.com",
                    "API_URL": "https://d0e6clkwac.execute-api.us-east-1.amazonaws.com/status",
                    "LOG_LEVEL": "INFO",
                    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/demo-Queue",
                    "SERVICE": "shared",
                },
                auto_publish_alias: None,
                more_aliases: [],
                durable_config: None,
                reserved_concurrent_executions: None,
                invocations_per_process: None,
                event_invoke: [],
                has_role: false,
                policies: [],
                tracing: Active,
                logging: LoggingConfig {
                    log_format: Json,
                    application_log_level: Some(
                        "INFO",
                    ),
                    system_log_level: Some(
                        "INFO",
                    ),
                    log_group: None,
                },
                build_method: None,
                build_properties: None,
                skip_build: false,
                construct_path: None,
            },
        ]
    "#]].assert_debug_eq(&stack.functions);
    expect![[r#"
        [
            HttpApiResource {
                logical_id: "Api",
                api_id: "d0e6clkwac",
                endpoint: "https://d0e6clkwac.execute-api.us-east-1.amazonaws.com",
                name: None,
                description: None,
                stage_name: "$default",
                cors: Some(
                    Cors {
                        allow_origins: [
                            "*",
                        ],
                        allow_methods: [
                            "GET",
                            "POST",
                        ],
                        allow_headers: [
                            "Content-Type",
                        ],
                        expose_headers: [],
                        max_age: Some(
                            600s,
                        ),
                        allow_credentials: false,
                    },
                ),
                authorizers: {},
                routes: [
                    Route {
                        key: Path {
                            method: Post,
                            path: "/apply",
                        },
                        function: "ApiFunction",
                        qualifier: Some(
                            "live",
                        ),
                        event: "Apply",
                        timeout: 30s,
                        integration: Proxy,
                        access: Access {
                            authorizer: None,
                            scopes: [],
                            api_key_required: false,
                            iam: false,
                        },
                        checks: RequestChecks {
                            parameters: [],
                            bodies: {},
                        },
                    },
                    Route {
                        key: Path {
                            method: Get,
                            path: "/status/{applicationId}",
                        },
                        function: "ApiFunction",
                        qualifier: Some(
                            "live",
                        ),
                        event: "Status",
                        timeout: 5s,
                        integration: Proxy,
                        access: Access {
                            authorizer: None,
                            scopes: [],
                            api_key_required: false,
                            iam: false,
                        },
                        checks: RequestChecks {
                            parameters: [],
                            bodies: {},
                        },
                    },
                ],
            },
            HttpApiResource {
                logical_id: "ServerlessHttpApi",
                api_id: "nli31o49xb",
                endpoint: "https://nli31o49xb.execute-api.us-east-1.amazonaws.com",
                name: None,
                description: None,
                stage_name: "$default",
                cors: None,
                authorizers: {},
                routes: [
                    Route {
                        key: Default,
                        function: "ApiFunction",
                        qualifier: Some(
                            "live",
                        ),
                        event: "Rest",
                        timeout: 30s,
                        integration: Proxy,
                        access: Access {
                            authorizer: None,
                            scopes: [],
                            api_key_required: false,
                            iam: false,
                        },
                        checks: RequestChecks {
                            parameters: [],
                            bodies: {},
                        },
                    },
                ],
            },
        ]
    "#]]
    .assert_debug_eq(&stack.http_apis);
    expect![[r#"
        [
            TableResource {
                logical_id: "Progress",
                name: "demo-progress",
                arn: "arn:aws:dynamodb:us-east-1:000000000000:table/demo-progress",
                create_table: Object {
                    "TableName": String("demo-progress"),
                    "KeySchema": Array [
                        Object {
                            "AttributeName": String("application_id"),
                            "KeyType": String("HASH"),
                        },
                    ],
                    "BillingMode": String("PAY_PER_REQUEST"),
                    "AttributeDefinitions": Array [
                        Object {
                            "AttributeName": String("application_id"),
                            "AttributeType": String("S"),
                        },
                    ],
                },
                time_to_live: None,
            },
        ]
    "#]]
    .assert_debug_eq(&stack.tables);
    expect![[r#"
        [
            Output {
                name: "ApiUrl",
                description: Some(
                    "Where the form sends applications",
                ),
                value: "https://d0e6clkwac.execute-api.us-east-1.amazonaws.com",
            },
            Output {
                name: "Endpoint",
                description: None,
                value: "https://d0e6clkwac.execute-api.us-east-1.amazonaws.com",
            },
            Output {
                name: "Table",
                description: None,
                value: "arn:aws:dynamodb:us-east-1:000000000000:table/demo-progress",
            },
        ]
    "#]]
    .assert_debug_eq(&stack.outputs);
}

#[test]
fn what_does_nothing_here_is_named() {
    expect![[r#"
        line 94: `DefaultRouteSettings` of `Api`: requests are neither throttled nor measured
        line 144: `Queue` (AWS::SQS::Queue): there is no queue: sending to it and receiving from it fails; `lambdura up --aws-endpoint URL` creates it at an emulator (LocalStack, MiniStack)
    "#]].assert_eq(&warnings(TEMPLATE));
}

#[test]
fn local_urls_replace_those_of_aws() {
    let urls = BTreeMap::from([("Api".to_owned(), "http://127.0.0.1:3000".to_owned())]);
    let stack = load(TEMPLATE).with_local_urls(&urls);
    expect![[r#"
        [
            Output {
                name: "ApiUrl",
                description: Some(
                    "Where the form sends applications",
                ),
                value: "http://127.0.0.1:3000",
            },
            Output {
                name: "Endpoint",
                description: None,
                value: "http://127.0.0.1:3000",
            },
            Output {
                name: "Table",
                description: None,
                value: "arn:aws:dynamodb:us-east-1:000000000000:table/demo-progress",
            },
        ]
    "#]]
    .assert_debug_eq(&stack.outputs);
    let notifier = stack.function("Notifier").expect("it is in the template");
    expect![[r#"
        {
            "API_HOST": "127.0.0.1:3000",
            "API_URL": "http://127.0.0.1:3000/status",
            "LOG_LEVEL": "INFO",
            "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/demo-Queue",
            "SERVICE": "shared",
        }
    "#]]
    .assert_debug_eq(&notifier.environment);
}

#[test]
fn an_api_without_a_local_url_keeps_that_of_aws() {
    let stack = load(TEMPLATE);
    assert_eq!(stack.clone().with_local_urls(&BTreeMap::new()), stack);
}
