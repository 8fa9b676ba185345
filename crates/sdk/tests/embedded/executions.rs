//! Queries and actions on executions while the program runs.

use std::time::Duration;

use lambda_runtime::LambdaEvent;
use lambdura::embedded::{Error, ExecutionStatus};
use lambdura::{BoxError, CallbackId, DurableContext, RetryStrategy, StepContext, branch};

use crate::world::{Count, World, until};

async fn double(number: u32, ctx: DurableContext) -> Result<u32, BoxError> {
    let doubled = ctx.step(move |_: StepContext| async move { Ok::<_, BoxError>(number * 2) });
    Ok(doubled.name("double").await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_started_once_by_its_name() {
    let world = World::new();
    let app = world
        .builder()
        .handler("double", double)
        .open()
        .await
        .unwrap();
    let execution = app.start("double", &21).name("answer").await.unwrap();
    assert_eq!(execution.result::<u32>().await.unwrap(), 42);
    let again = app.start("double", &21).name("answer").await.unwrap();
    assert_eq!(again.arn(), execution.arn());
    let other = app.start("double", &7).name("answer").await.unwrap_err();
    assert!(matches!(other, Error::AlreadyStarted { .. }), "{other}");
    let unknown = app.start("triple", &7).await.unwrap_err();
    assert!(
        unknown.to_string().contains("no durable handler `triple`"),
        "{unknown}"
    );

    let found = app
        .find("double", "answer")
        .await
        .unwrap()
        .expect("it is there");
    assert_eq!(found.arn(), execution.arn());
    assert_eq!((found.name(), found.handler()), ("answer", "double"));
    let by_arn = app.execution(&execution.arn()).await.unwrap();
    let shown = by_arn.get().await.unwrap();
    assert_eq!(shown.status, ExecutionStatus::Succeeded);
    assert_eq!(shown.result.as_deref(), Some("42"));
    assert!(app.execution("nobody").await.is_err());

    let types: Vec<_> = by_arn.history().await.unwrap();
    let types: Vec<_> = types
        .iter()
        .map(|it| it.event_type.as_str().to_owned())
        .collect();
    let expected = [
        "ExecutionStarted",
        "StepStarted",
        "StepSucceeded",
        "InvocationCompleted",
        "ExecutionSucceeded",
    ];
    let mut sorted = types.clone();
    sorted.sort();
    let mut wanted = expected.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(sorted, wanted, "{types:?}");
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_by_pages_and_filtered() {
    let world = World::new();
    let app = world
        .builder()
        .handler("double", double)
        .handler("fails", async |(): (), _: DurableContext| {
            Err::<(), _>("no luck")
        })
        .open()
        .await
        .unwrap();
    for number in 0..5 {
        let execution = app.start("double", &number).await.unwrap();
        assert_eq!(execution.result::<u32>().await.unwrap(), number * 2);
    }
    let failing = app.start("fails", &()).await.unwrap();
    let failed = failing.result::<()>().await.unwrap_err();
    assert!(failed.to_string().contains("no luck"), "{failed}");

    let first = app.list().handler("double").limit(3).await.unwrap();
    let rest = app
        .list()
        .handler("double")
        .limit(3)
        .after(&first[2])
        .await
        .unwrap();
    assert_eq!((first.len(), rest.len()), (3, 2));
    let failed = app.list().status(ExecutionStatus::Failed).await.unwrap();
    assert_eq!(failed[0].durable_execution_arn, failing.arn());
    assert_eq!(failed.len(), 1);
    assert_eq!(app.list().handler("no such name!").await.unwrap().len(), 0);
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_the_sdk_has_runs() {
    let world = World::new();
    let tries = Count::default();
    let counted = tries.clone();
    let handler = move |branches: u32, ctx: DurableContext| {
        let tries = counted.clone();
        async move {
            let squares: Vec<u32> = ctx
                .parallel((0..branches).map(|number| {
                    branch(move |ctx: DurableContext| async move {
                        let step =
                            move |_: StepContext| async move { Ok::<_, BoxError>(number * number) };
                        Ok::<_, BoxError>(ctx.step(step).name("square").await?)
                    })
                }))
                .await?
                .into_results()?;
            let twice = ctx
                .step(move |_: StepContext| {
                    let tries = tries.clone();
                    async move {
                        if tries.up() == 1 {
                            return Err::<u32, BoxError>("not yet".into());
                        }
                        Ok(1)
                    }
                })
                .name("twice")
                .retry(RetryStrategy::default())
                .await?;
            ctx.wait(Duration::from_secs(1)).name("pause").await?;
            Ok::<_, BoxError>(squares.iter().sum::<u32>() + twice)
        }
    };
    let app = world
        .builder()
        .handler("everything", handler)
        .open()
        .await
        .unwrap();
    let execution = app.start("everything", &20).await.unwrap();
    let sum: u32 = execution.result().await.unwrap();
    assert_eq!(sum, (0..20).map(|it| it * it).sum::<u32>() + 1);
    assert_eq!(tries.get(), 2);
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn chained_invokes_reach_the_functions_of_the_same_program() {
    async fn caller(number: u32, ctx: DurableContext) -> Result<Vec<u32>, BoxError> {
        let durable: u32 = ctx.invoke("double:live", &number).name("durable").await?;
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:increment";
        let plain: u32 = ctx.invoke(arn, &durable).name("plain").await?;
        let unknown = ctx.invoke::<_, u32>("nobody", &plain).name("unknown").await;
        let said = unknown.expect_err("there is no such function").to_string();
        assert!(said.contains("Function not found: nobody"), "{said}");
        let broken = ctx
            .invoke::<_, u32>("increment", "text")
            .name("broken")
            .await;
        let said = broken.expect_err("text is not a number").to_string();
        assert!(said.contains("the function's event"), "{said}");
        Ok(vec![durable, plain])
    }
    async fn increment(event: LambdaEvent<u32>) -> Result<u32, BoxError> {
        assert!(!event.context.request_id.is_empty());
        Ok(event.payload + 1)
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("caller", caller)
        .handler("double", double)
        .function("increment", increment)
        .open()
        .await
        .unwrap();
    let execution = app.start("caller", &20).await.unwrap();
    assert_eq!(execution.result::<Vec<u32>>().await.unwrap(), [40, 41]);
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_are_completed_failed_and_kept_alive() {
    let world = World::new();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |(): (), ctx: DurableContext| {
        let tell = tell.clone();
        async move {
            let answer = ctx.wait_for_callback("answer", move |id: CallbackId, _: StepContext| {
                let tell = tell.clone();
                async move {
                    tell.send(id.as_str().to_owned())?;
                    Ok::<_, BoxError>(())
                }
            });
            let answer: Result<u32, _> = answer.heartbeat_timeout(Duration::from_secs(600)).await;
            Ok::<_, BoxError>(answer.map_err(|error| error.message().to_owned()))
        }
    };
    let app = world
        .builder()
        .handler("asks", handler)
        .open()
        .await
        .unwrap();
    let succeeds = app.start("asks", &()).await.unwrap();
    let id = told.recv().await.unwrap();
    app.send_callback_heartbeat(&id).await.unwrap();
    app.send_callback_success(&id, &42).await.unwrap();
    assert_eq!(
        succeeds.result::<Result<u32, String>>().await.unwrap(),
        Ok(42)
    );
    let late = app.send_callback_success(&id, &43).await.unwrap_err();
    assert!(matches!(late, Error::Refused(_)), "{late}");

    let fails = app.start("asks", &()).await.unwrap();
    let id = told.recv().await.unwrap();
    app.send_callback_failure(&id, "Declined", "too risky")
        .await
        .unwrap();
    let declined = fails.result::<Result<u32, String>>().await.unwrap();
    assert_eq!(declined, Err("too risky".to_owned()));
    let garbled = app
        .send_callback_success("no callback", &1)
        .await
        .unwrap_err();
    assert!(matches!(garbled, Error::CallbackId(_)), "{garbled}");
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_paused_resumed_and_stopped() {
    async fn forever((): (), ctx: DurableContext) -> Result<(), BoxError> {
        ctx.wait(Duration::from_secs(365 * 24 * 60 * 60)).await?;
        Ok(())
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("forever", forever)
        .open()
        .await
        .unwrap();
    let execution = app.start("forever", &()).await.unwrap();
    execution.pause("lunch").await.unwrap();
    let status = async || execution.get().await.unwrap().status;
    until("the pause", status, |status| {
        *status == ExecutionStatus::Paused
    })
    .await;
    execution.resume().await.unwrap();
    execution.stop("enough").await.unwrap();
    let ended = execution.result::<()>().await.unwrap_err();
    assert_eq!(ended.to_string(), "the execution was stopped: enough");
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_hangs_gives_its_place_up_once_its_execution_has_ended() {
    let world = World::new();
    let begun = Count::default();
    let counted = begun.clone();
    let handler = move |hangs: bool, ctx: DurableContext| {
        let begun = counted.clone();
        async move {
            begun.up();
            let step = move |_: StepContext| async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                Ok::<_, BoxError>(7)
            };
            Ok::<u32, BoxError>(ctx.step(step).await?)
        }
    };
    let builder = world.builder().handler("hangs", handler).concurrency(1);
    let builder = builder.shutdown_grace(Duration::from_millis(1));
    let app = builder.open().await.unwrap();
    let hung = app.start("hangs", &true).await.unwrap();
    until(
        "the one that hangs",
        async || begun.get(),
        |count| *count == 1,
    )
    .await;
    let next = app.start("hangs", &false).await.unwrap();
    // A pause does not cut the handler off: it may still end.
    hung.pause("lunch").await.unwrap();
    let status = hung.get().await.unwrap().status;
    assert_eq!(status, ExecutionStatus::Pausing);
    hung.stop("too slow").await.unwrap();
    let result = tokio::time::timeout(Duration::from_secs(60), next.result::<u32>());
    assert_eq!(result.await.expect("its turn comes").unwrap(), 7);
    let last = async || {
        let history = hung.history().await.unwrap();
        history.last().map(|it| it.event_type.as_str().to_owned())
    };
    until("the end of the invocation", last, |last| {
        last.as_deref() == Some("InvocationCompleted")
    })
    .await;
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_fails_its_execution_and_no_other() {
    async fn panics(number: u32, _: DurableContext) -> Result<u32, BoxError> {
        assert!(number > 0, "zero is not allowed");
        Ok(number)
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("panics", panics)
        .open()
        .await
        .unwrap();
    let bad = app.start("panics", &0).await.unwrap();
    let good = app.start("panics", &1).await.unwrap();
    let failed = bad.result::<u32>().await.unwrap_err();
    assert!(
        failed.to_string().contains("zero is not allowed"),
        "{failed}"
    );
    assert_eq!(good.result::<u32>().await.unwrap(), 1);
    app.shut_down().await.unwrap();
}
