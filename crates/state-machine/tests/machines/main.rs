//! State machines on a test clock, where days pass at once.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use asl::Definition;
use lambdura::{BoxError, DurableContext, NamedError};
use lambdura_testing::{Builder, DurableTestRunner, LambdaEvent, RunStatus, callback, days, hours};
use serde_json::{Value, json};
use state_machine::{
    ServiceAnswer, ServiceError, ServiceRequest, ServiceResult, Services, Settings, StateMachine,
};

mod batches;
mod failures;
mod flow;
mod results;
mod retries;
mod tasks;

/// When the test's clock begins.
const START: &str = "2027-01-31T08:00:00Z";

/// No waiting within a step.
fn no_time() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(std::future::ready(()))
}

/// Echoes requests, and refuses some.
#[derive(Debug)]
struct Tables;

impl Services for Tables {
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_> {
        Box::pin(async move {
            let refused = request.parameters.get("Refuse").and_then(Value::as_str);
            if let Some(code) = refused {
                let message = String::from("it is refused");
                return Err(ServiceError::Refused {
                    refusal: request.service.refused(code, message),
                    status: 400,
                    request_id: Some(String::from("r")),
                });
            }
            let sent = request.parameters;
            Ok(ServiceResult {
                result: json!({ "operation": request.operation.name, "body": sent }),
                status: 200,
                headers: vec![(String::from("x-amzn-requestid"), String::from("r"))],
            })
        })
    }

    fn pause(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        no_time()
    }
}

fn machine(definition: Value, callable: &[&str]) -> StateMachine {
    let settings = Settings {
        callable: Some(callable.iter().map(|name| (*name).to_owned()).collect()),
        machine_qualifier: String::new(),
        files: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files").into()),
        services: Some(Arc::new(Tables)),
        ..Settings::default()
    };
    machine_with(definition, settings)
}

fn machine_with(definition: Value, settings: Settings) -> StateMachine {
    let text = definition.to_string();
    let definition = Definition::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    StateMachine::new("machine", definition, settings).expect("its resources are supported")
}

fn builder(definition: Value) -> Builder {
    let machine = machine(
        definition,
        &[
            "double",
            "refuse",
            "sometimes",
            "token",
            "inner",
            "slow",
            "large",
        ],
    );
    let handler = move |input: Value, ctx: DurableContext| machine.clone().run(input, ctx);
    let inner = |input: Value, _: DurableContext| async move {
        Ok::<_, BoxError>(json!({ "inner": input }))
    };
    let slow = |(): (), ctx: DurableContext| async move {
        ctx.wait(hours(5)).await?;
        Ok::<_, BoxError>("late")
    };
    DurableTestRunner::builder("machine", handler)
        .starts_at(START)
        .function("double", |event: LambdaEvent<Value>| async move {
            let number = event.payload["n"].as_i64().ok_or("there is no n")?;
            Ok::<_, BoxError>(json!({ "n": number * 2 }))
        })
        .function("refuse", |_: LambdaEvent<Value>| async move {
            Err::<Value, _>(NamedError::new("Card.Refused", "no funds"))
        })
        .function("token", |event: LambdaEvent<Value>| async move {
            assert!(
                event.payload["token"]
                    .as_str()
                    .is_some_and(|token| !token.is_empty())
            );
            Ok::<_, BoxError>(Value::Null)
        })
        .durable("inner", inner)
        .durable("slow", slow)
}

async fn ends(definition: Value, input: Value) -> Result<Value, (String, String)> {
    ends_with(builder(definition), input).await.0
}

async fn ends_with(
    builder: Builder,
    input: Value,
) -> (Result<Value, (String, String)>, lambdura_testing::Run) {
    let runner = builder.open().await.expect("it opens");
    let run = runner.run(&input).await.expect("it runs");
    let ended = match run.status() {
        RunStatus::Succeeded => Ok(run.result::<Value>().expect("a result")),
        RunStatus::Failed => {
            let error = run.error().expect("an error");
            let part = |text: &Option<String>| text.clone().unwrap_or_default();
            Err((part(&error.error_type), part(&error.error_message)))
        }
        other => panic!("{other}\n{}", run.tree()),
    };
    (ended, run)
}

fn one(state: Value) -> Value {
    one_called("It", state)
}

fn one_called(name: &str, state: Value) -> Value {
    let mut state = state;
    state["End"] = json!(true);
    json!({ "StartAt": name, "States": { name: state } })
}

fn task(resource: &str, more: Value) -> Value {
    let mut task = json!({ "Type": "Task", "Resource": resource });
    if let (Some(task), Some(more)) = (task.as_object_mut(), more.as_object()) {
        task.extend(more.clone());
    }
    task
}

const DOUBLE: &str = "arn:aws:lambda:us-east-1:000000000000:function:double";
const REFUSE: &str = "arn:aws:lambda:us-east-1:000000000000:function:refuse";
const SLOW: &str = "arn:aws:lambda:us-east-1:000000000000:function:slow";
