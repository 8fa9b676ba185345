//! Values written and read by a `SerDes` of the user's own.

use std::time::Duration;

use lambda_api::OperationStatus;
use lambdura::{
    BatchResult, BoxError, CompletionConfig, DurableContext, FailureKind, RetryStrategy, SerDes,
    SerDesContext, StepContext, WaitDecision,
};

use crate::support::{TestExecution, failed, ok, succeeded};

/// Text with a label: the first characters of the id of the operation that it belongs to.
struct Labelled;

impl SerDes<String> for Labelled {
    fn serialize(&self, value: &String, context: SerDesContext<'_>) -> Result<String, BoxError> {
        assert!(context.execution_arn().ends_with("/inv"));
        Ok(format!("{}:{value}", &context.operation_id()[..4]))
    }

    fn deserialize(&self, text: &str, context: SerDesContext<'_>) -> Result<String, BoxError> {
        let label = &context.operation_id()[..4];
        let value = text.strip_prefix(label).and_then(|it| it.strip_prefix(':'));
        Ok(value
            .ok_or_else(|| format!("{text} is not labelled {label}"))?
            .to_owned())
    }
}

/// Stores nothing and reads nothing.
struct Broken;

impl SerDes<String> for Broken {
    fn serialize(&self, _: &String, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Err("the key is lost".into())
    }

    fn deserialize(&self, _: &str, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Err("the key is lost".into())
    }
}

#[tokio::test]
async fn results_of_steps_and_contexts_are_stored_as_the_serdes_writes_them() {
    let handler = async |(): (), ctx: DurableContext| {
        let step = ctx.step(|_: StepContext| async { ok("a".to_owned()) });
        let stepped = step.name("step").serdes(Labelled).await?;
        let child = ctx.run_in_child_context("child", async |_| ok("b".to_owned()));
        let returned = child.serdes(Labelled).await?;
        ctx.wait(Duration::from_secs(60)).await?;
        ok(stepped + &returned)
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), r#""ab""#);
    let step = execution.service.operation("step");
    let expected = format!("{}:a", &step.id[..4]);
    assert_eq!(step.step_details.unwrap().result, Some(expected));
    let child = execution.service.operation("child");
    let expected = format!("{}:b", &child.id[..4]);
    assert_eq!(child.context_details.unwrap().result, Some(expected));
}

#[tokio::test]
async fn serdes_that_fails_fails_the_step_without_another_attempt() {
    let handler = async |(): (), ctx: DurableContext| {
        let step = ctx.step(|_: StepContext| async { ok("a".to_owned()) });
        let failed = step.retry(RetryStrategy::default()).serdes(Broken).await;
        let error = failed.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Serialization);
        Err::<(), _>(error)
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    let expected = "serialise by a custom SerDes: the key is lost";
    assert_eq!(failed(&output), ("StepError", expected));
}

#[tokio::test]
async fn state_of_a_condition_survives_in_its_own_form() {
    let handler = async |(): (), ctx: DurableContext| {
        let condition = ctx.wait_for_condition(
            String::new(),
            |state, _: StepContext| async move { ok(state + "x") },
            |state: &String, _: u32| match state.len() {
                2 => WaitDecision::Stop,
                _ => WaitDecision::ContinueAfter(Duration::from_secs(1)),
            },
        );
        ok(condition.name("growing").serdes(Labelled).await?)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let stored = execution.service.operation("growing");
    let expected = format!("{}:x", &stored.id[..4]);
    assert_eq!(stored.step_details.unwrap().result, Some(expected));
    assert_eq!(succeeded(&execution.run(&handler).await), r#""xx""#);
}

/// Text that no reader would take for JSON.
struct Shouting;

impl SerDes<String> for Shouting {
    fn serialize(&self, value: &String, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(format!("{value}!"))
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(text.trim_end_matches('!').to_owned())
    }
}

#[tokio::test]
async fn what_comes_from_outside_is_read_by_the_serdes() {
    let handler = async |(): (), ctx: DurableContext| {
        let callback = ctx.create_callback().name("answer").serdes(Shouting);
        let answer: String = callback.await?.await?;
        let waiting = ctx.wait_for_callback("ask", |_, _| async { ok(()) });
        let asked: String = waiting.serdes(Shouting).await?;
        let invoke = ctx.invoke("f:1", &()).name("call");
        let invoke = invoke.payload_with(&asked, Shouting);
        let called: String = invoke.result_serdes(Shouting).await?;
        ok([answer, asked, called])
    };
    let execution = TestExecution::new(());
    let answers = [
        ("answer", "a!"),
        ("ask create callback id", "b!"),
        ("call", "c!"),
    ];
    for (name, text) in answers {
        execution.suspends(&handler).await;
        execution
            .service
            .complete(name, OperationStatus::Succeeded, Some(text));
    }
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), r#"["a","b","c"]"#);
    let requests = execution.service.requests();
    let sent = requests.iter().flat_map(|request| &request.updates);
    let payload = sent
        .filter(|update| update.name.as_deref() == Some("call"))
        .find_map(|update| update.payload.as_deref());
    assert_eq!(payload, Some("b!"));
}

#[tokio::test]
async fn items_and_the_whole_of_a_batch_have_their_own() {
    struct Joined;

    impl SerDes<BatchResult<String>> for Joined {
        fn serialize(
            &self,
            value: &BatchResult<String>,
            _: SerDesContext<'_>,
        ) -> Result<String, BoxError> {
            let results: Vec<_> = value.results().map(String::as_str).collect();
            Ok(results.join("+"))
        }

        fn deserialize(
            &self,
            text: &str,
            _: SerDesContext<'_>,
        ) -> Result<BatchResult<String>, BoxError> {
            let results = text.split('+').map(str::to_owned);
            Ok(BatchResult::from_results(results))
        }
    }

    let handler = async |(): (), ctx: DurableContext| {
        let batch = ctx.map(["a", "b"], |_, item| async move { ok(item.to_owned()) });
        let batch = batch.name("items").item_serdes(Labelled).serdes(Joined);
        let results = batch.await?;
        assert_eq!(results.operation(), Some("items"));
        ctx.wait(Duration::from_secs(60)).await?;
        ok(results.into_results()?)
    };
    let execution = TestExecution::new(());
    assert_eq!(succeeded(&execution.run(&handler).await), r#"["a","b"]"#);
    let stored = |name: &str| {
        let operation = execution.service.operation(name);
        (
            operation.id,
            operation.context_details.unwrap().result.unwrap(),
        )
    };
    assert_eq!(stored("items").1, "a+b");
    let (id, text) = stored("map-item-1");
    assert_eq!(text, format!("{}:b", &id[..4]));
}

#[tokio::test]
async fn batch_result_is_json_for_a_serdes_that_builds_on_it() {
    struct Reversed;

    impl SerDes<BatchResult<u32>> for Reversed {
        fn serialize(
            &self,
            value: &BatchResult<u32>,
            _: SerDesContext<'_>,
        ) -> Result<String, BoxError> {
            Ok(serde_json::to_string(value)?.chars().rev().collect())
        }

        fn deserialize(
            &self,
            text: &str,
            _: SerDesContext<'_>,
        ) -> Result<BatchResult<u32>, BoxError> {
            let json: String = text.chars().rev().collect();
            Ok(serde_json::from_str(&json)?)
        }
    }

    let handler = async |(): (), ctx: DurableContext| {
        let batch = ctx.map([1, 2, 3], |_, item| async move {
            match item {
                2 => Err(BoxError::from("two is broken")),
                item => Ok(item),
            }
        });
        let batch = batch.completion(CompletionConfig::all_completed());
        let results = batch.serdes(Reversed).await?;
        ctx.wait(Duration::from_secs(60)).await?;
        let errors: Vec<_> = results.errors().map(ToString::to_string).collect();
        ok((results.results().sum::<u32>(), errors))
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), r#"[4,["two is broken"]]"#);
}
