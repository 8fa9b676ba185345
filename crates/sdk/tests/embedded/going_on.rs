//! Executions and schedules that go on in the next run of a program.

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use lambdura::embedded::{Builder, Durability, Embedded, Error, ExecutionStatus, Ground, rusqlite};
use lambdura::{BoxError, CallbackId, DurableContext, StepContext};
use model::Timestamp;
use store::ScheduleMark;
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::world::{Count, World, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_execution_goes_on_in_the_next_run_and_repeats_no_step() {
    let world = World::new();
    let steps = Count::default();
    let (tell, mut told) = mpsc::unbounded_channel();
    let open = async || {
        let (steps, tell) = (steps.clone(), tell.clone());
        let handler = move |name: String, ctx: DurableContext| {
            let (steps, tell) = (steps.clone(), tell.clone());
            async move {
                let greeting = ctx.step(move |_: StepContext| {
                    steps.up();
                    let greeting = format!("hello, {name}");
                    async move { Ok::<_, BoxError>(greeting) }
                });
                let greeting = greeting.name("greeting").await?;
                let mark = ctx.wait_for_callback("mark", move |id: CallbackId, _: StepContext| {
                    let sent = tell.send(id.as_str().to_owned());
                    async move { Ok::<_, BoxError>(sent?) }
                });
                let mark: String = mark.await?;
                Ok::<_, BoxError>(format!("{greeting}{mark}"))
            }
        };
        world
            .builder()
            .handler("greet", handler)
            .open()
            .await
            .unwrap()
    };
    let app = open().await;
    app.start("greet", "Alice").name("alice").await.unwrap();
    let callback = told.recv().await.unwrap();
    app.shut_down().await.unwrap();
    // A handle of the previous run fails with an error.
    let late = app.start("greet", "Bob").await.unwrap_err();
    assert!(matches!(late, Error::ShuttingDown), "{late}");

    let app = open().await;
    let execution = app
        .find("greet", "alice")
        .await
        .unwrap()
        .expect("it is there");
    app.send_callback_success(&callback, "!").await.unwrap();
    assert_eq!(execution.result::<String>().await.unwrap(), "hello, Alice!");
    assert_eq!(steps.get(), 1);
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_does_not_pause_is_cut_off_by_the_shutdown_and_goes_on_later() {
    let world = World::new();
    let (before, during) = (Count::default(), Count::default());
    let go = Arc::new(Notify::new());
    let open = async || {
        let (before, during, go) = (before.clone(), during.clone(), Arc::clone(&go));
        let handler = move |(): (), ctx: DurableContext| {
            let (before, during, go) = (before.clone(), during.clone(), Arc::clone(&go));
            async move {
                let first = ctx.step(move |_: StepContext| {
                    before.up();
                    async { Ok::<_, BoxError>(()) }
                });
                first.name("first").await?;
                let slow = ctx.step(move |_: StepContext| {
                    let go = Arc::clone(&go);
                    during.up();
                    async move {
                        go.notified().await;
                        Ok::<_, BoxError>(7)
                    }
                });
                Ok::<u32, BoxError>(slow.name("slow").await?)
            }
        };
        let builder = world.builder().handler("slow", handler);
        builder
            .shutdown_grace(Duration::from_millis(1))
            .open()
            .await
            .unwrap()
    };
    let app = open().await;
    let execution = app.start("slow", &()).name("one").await.unwrap();
    let waiting = execution.clone();
    let waits = tokio::spawn(async move { waiting.result::<u32>().await });
    until("the slow step", async || during.get(), |count| *count == 1).await;
    app.shut_down().await.unwrap();
    let told = waits.await.unwrap().unwrap_err();
    assert!(matches!(told, Error::ShuttingDown), "{told}");

    let app = open().await;
    until(
        "the slow step again",
        async || during.get(),
        |count| *count == 2,
    )
    .await;
    go.notify_one();
    let execution = app.find("slow", "one").await.unwrap().expect("it is there");
    assert_eq!(execution.result::<u32>().await.unwrap(), 7);
    assert_eq!(before.get(), 1);
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_of_a_handler_that_is_not_registered_wait_for_it() {
    async fn waits((): (), ctx: DurableContext) -> Result<u32, BoxError> {
        ctx.wait(Duration::from_secs(5)).await?;
        Ok(1)
    }
    async fn other((): (), _: DurableContext) -> Result<(), BoxError> {
        Ok(())
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("waits", waits)
        .open()
        .await
        .unwrap();
    let one = app.start("waits", &()).name("one").await.unwrap().arn();
    let two = app.start("waits", &()).name("two").await.unwrap().arn();
    app.shut_down().await.unwrap();

    let app = world
        .builder()
        .handler("other", other)
        .open()
        .await
        .unwrap();
    // Other executions are not held up, and this one can be stopped.
    app.start("other", &())
        .await
        .unwrap()
        .result::<()>()
        .await
        .unwrap();
    let stopped = app.execution(&two).await.unwrap();
    stopped.stop("not wanted").await.unwrap();
    let status = app
        .execution(&one)
        .await
        .unwrap()
        .get()
        .await
        .unwrap()
        .status;
    assert_eq!(status, ExecutionStatus::Running);
    app.shut_down().await.unwrap();

    let app = world
        .builder()
        .handler("waits", waits)
        .open()
        .await
        .unwrap();
    let execution = app.execution(&one).await.unwrap();
    assert_eq!(execution.result::<u32>().await.unwrap(), 1);
    let stopped = app.execution(&two).await.unwrap().get().await.unwrap();
    assert_eq!(stopped.status, ExecutionStatus::Stopped);
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn invokes_of_functions_that_are_not_registered_wait_for_them() {
    async fn caller(function: String, ctx: DurableContext) -> Result<u32, BoxError> {
        Ok(ctx.invoke(function, &20).await?)
    }
    let world = World::new();
    let (begun, go) = (Count::default(), Arc::new(Semaphore::new(0)));
    let slow = |builder: Builder, name: &str| {
        let (begun, go) = (begun.clone(), Arc::clone(&go));
        let handler = move |number: u32, ctx: DurableContext| {
            let (begun, go) = (begun.clone(), Arc::clone(&go));
            async move {
                begun.up();
                let step = ctx.step(move |_: StepContext| {
                    let go = Arc::clone(&go);
                    async move {
                        go.acquire().await?.forget();
                        Ok::<_, BoxError>(number * 2)
                    }
                });
                Ok::<u32, BoxError>(step.await?)
            }
        };
        builder.handler(name, handler)
    };
    let plain = |builder: Builder| {
        let (begun, go) = (begun.clone(), Arc::clone(&go));
        builder.function("plain", move |event: LambdaEvent<u32>| {
            let (begun, go) = (begun.clone(), Arc::clone(&go));
            async move {
                begun.up();
                go.acquire().await?.forget();
                Ok::<u32, BoxError>(event.payload * 2)
            }
        })
    };
    let builder = || {
        let builder = world.builder().handler("caller", caller);
        builder.shutdown_grace(Duration::from_millis(1))
    };
    let app = slow(slow(plain(builder()), "durable"), "last");
    let app = app.open().await.unwrap();
    for function in ["plain", "durable"] {
        app.start("caller", function).name(function).await.unwrap();
    }
    let at_work = async || begun.get();
    until("the invoked functions", at_work, |count| *count == 2).await;
    // Its records are the newest: when its handler runs again, the others have been taken up.
    app.start("last", &1).await.unwrap();
    until("the last one", at_work, |count| *count == 3).await;
    app.shut_down().await.unwrap();

    let app = slow(builder(), "last").open().await.unwrap();
    until("the last one again", at_work, |count| *count == 4).await;
    app.shut_down().await.unwrap();

    let app = slow(slow(plain(builder()), "durable"), "last");
    let app = app.open().await.unwrap();
    go.add_permits(3);
    for function in ["plain", "durable"] {
        let execution = app.find("caller", function).await.unwrap();
        let execution = execution.expect("it is there");
        assert_eq!(execution.result::<u32>().await.unwrap(), 40, "{function}");
    }
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occurrence_that_came_due_meanwhile_starts_one_execution() {
    async fn report(day: String, _: DurableContext) -> Result<String, BoxError> {
        Ok(day)
    }
    let world = World::new();
    let open = async |ground: Ground| -> Embedded {
        let builder = world.builder().handler("report", report);
        let builder = builder.schedule("often", "rate(1 minute)", "report", "today");
        builder.open_on(ground).await.unwrap()
    };
    let ground = async || Ground::open(&world.file(), Durability::Disk).await.unwrap();
    let app = open(ground().await).await;
    app.shut_down().await.unwrap();

    // As if the program had last run ten minutes ago.
    let ground_then = ground().await;
    let marks = ground_then.store.schedule_marks().await.unwrap();
    let [mark] = marks.as_slice() else {
        panic!("one schedule has one mark: {marks:?}")
    };
    let ten_minutes_ago = Timestamp::from_millis(mark.done_until.as_millis() - 600_000);
    let mark = ScheduleMark {
        done_until: ten_minutes_ago,
        ..mark.clone()
    };
    ground_then.store.put_schedule_mark(mark).await.unwrap();
    let app = open(ground_then).await;
    let list = async || app.list().handler("report").await.unwrap();
    let listed = until("the occurrence", list, |list| !list.is_empty()).await;
    // A minute may end while the test runs, so that another one is due; ten are not made up for.
    assert!(listed.len() <= 2, "{listed:?}");
    assert!(
        listed[0].durable_execution_name.starts_with("often-20"),
        "{listed:?}"
    );
    let execution = app
        .execution(&listed[0].durable_execution_arn)
        .await
        .unwrap();
    assert_eq!(execution.result::<String>().await.unwrap(), "today");
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_an_execution_that_cannot_be_read_is_told_so() {
    async fn naps(seconds: u64, ctx: DurableContext) -> Result<u64, BoxError> {
        ctx.wait(Duration::from_secs(seconds)).await?;
        Ok(seconds)
    }
    let world = World::new();
    let open = async || {
        let builder = world.builder().handler("naps", naps);
        builder.open().await.expect("it opens")
    };
    let app = open().await;
    let started = app.start("naps", &10).name("short").await;
    let started = started.expect("it starts");
    let events = async || started.history().await.expect("it is read").len();
    until("the start of the nap", events, |events| *events >= 3).await;
    app.shut_down().await.expect("it ends");
    let change = |from: &str, to: &str| {
        let file = rusqlite::Connection::open(world.file()).expect("nobody else has it");
        let set = "UPDATE operations SET status = ?1 WHERE status = ?2 AND type = 'WAIT'";
        assert_eq!(file.execute(set, [to, from]).expect("it is changed"), 1);
    };
    change("STARTED", "STBRTED");

    let app = open().await;
    let execution = app.find("naps", "short").await.expect("it is read");
    let execution = execution.expect("it is there");
    let told = execution.result::<u64>().await.expect_err("it has no end");
    assert!(matches!(told, Error::SetAside { .. }), "{told}");
    assert!(told.to_string().contains("STBRTED"), "{told}");
    let again = execution.try_again().await.expect_err("it is as it was");
    assert!(matches!(again, Error::SetAside { .. }), "{again}");
    app.shut_down().await.expect("it ends");

    change("STBRTED", "STARTED");
    let app = open().await;
    let execution = app.find("naps", "short").await.expect("it is read");
    let execution = execution.expect("it is there");
    execution.try_again().await.expect("it is mended");
    assert_eq!(execution.result::<u64>().await.expect("it ends"), 10);
    app.shut_down().await.expect("it ends");
}
