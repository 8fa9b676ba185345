//! Waits, suspension, and other work of the handler meanwhile.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lambdura::{BoxError, DurableContext, StepContext, branch};
use tokio::time::Instant;

use crate::support::{TestExecution, failed, ok, succeeded};

#[tokio::test]
async fn wait_suspends_at_once_and_is_rounded_up() {
    let handler = async |(): (), ctx: DurableContext| {
        ctx.wait(Duration::from_millis(1500)).name("pause").await?;
        ok("done")
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let requests = execution.service.requests();
    let options = requests[0].updates[0].wait_options.clone().unwrap();
    assert_eq!(options.wait_seconds, Some(2));
    execution.service.skip_to_next_timer();
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), r#""done""#);
    assert_eq!(execution.service.calls().len(), 1);
}

#[tokio::test]
async fn impossible_waits_are_refused() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| ctx.wait(Duration::ZERO).await)
        .await;
    assert_eq!(failed(&output).0, "WaitError");
    assert!(execution.service.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn running_step_holds_off_suspension_and_the_wait_ends_meanwhile() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let wait = ctx.wait(Duration::from_secs(2)).name("short");
            let step = ctx
                .step(|_: StepContext| async {
                    tokio::time::sleep(Duration::from_secs(20)).await;
                    ok(())
                })
                .name("long");
            let began_at = Instant::now();
            let wait = async {
                wait.await?;
                let waited = began_at.elapsed();
                assert!(waited < Duration::from_secs(4), "{waited:?}");
                ok(())
            };
            let (waited, stepped) = tokio::join!(wait, step);
            waited?;
            stepped?;
            ok(())
        })
        .await;
    succeeded(&output);
    let calls = execution.service.calls();
    let polls = calls.iter().filter(|call| call.is_empty()).count();
    assert!((1..=2).contains(&polls), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn code_outside_of_steps_holds_off_suspension_too() {
    let handler = async |(): (), ctx: DurableContext| {
        let slow = async {
            tokio::time::sleep(Duration::from_millis(800)).await;
            ctx.step(|_: StepContext| async { ok(()) })
                .name("after the pause")
                .await
        };
        let (waited, stepped) = tokio::join!(ctx.wait(Duration::from_secs(60)), slow);
        waited?;
        stepped?;
        ok(())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let outline = execution.service.outline();
    assert!(
        outline.contains("after the pause Step SUCCEEDED"),
        "{outline}"
    );
}

/// A minute of I/O.
async fn own_io(done: &AtomicBool) {
    tokio::time::sleep(Duration::from_secs(30)).await;
    // Two phases, like a request: connecting, then the answer.
    tokio::time::sleep(Duration::from_secs(30)).await;
    done.store(true, Ordering::Relaxed);
}

#[tokio::test(start_paused = true)]
async fn own_io_beside_a_parked_operation_goes_on_to_its_end() {
    use futures_util::stream::{FuturesUnordered, StreamExt};
    type Place =
        fn(&'static AtomicBool, DurableContext) -> BoxFuture<'static, Result<(), BoxError>>;
    let places: [Place; 4] = [
        // Directly, in a branch, in a task, and beside a combinator with wakers of its own.
        |done, ctx| {
            Box::pin(async move {
                let (waited, ()) = tokio::join!(ctx.wait(Duration::from_secs(600)), own_io(done));
                Ok(waited?)
            })
        },
        |done, ctx| {
            Box::pin(async move {
                let branches = [true, false].map(|has_io| {
                    branch(move |ctx| async move {
                        if has_io {
                            own_io(done).await;
                        }
                        ctx.wait(Duration::from_secs(600)).await
                    })
                });
                ctx.parallel(branches).await?.into_results()?;
                Ok(())
            })
        },
        |done, ctx| {
            Box::pin(async move {
                let task = tokio::spawn(own_io(done));
                let (waited, joined) = tokio::join!(ctx.wait(Duration::from_secs(600)), task);
                joined?;
                Ok(waited?)
            })
        },
        |done, ctx| {
            Box::pin(async move {
                let waits = [1, 2, 3].map(|_| ctx.wait(Duration::from_secs(600)).into_future());
                let mut waits: FuturesUnordered<_> = waits.into_iter().collect();
                let all = async { while waits.next().await.is_some() {} };
                tokio::join!(all, own_io(done));
                Ok(())
            })
        },
    ];
    for (index, place) in places.into_iter().enumerate() {
        static DONE: AtomicBool = AtomicBool::new(false);
        DONE.store(false, Ordering::Relaxed);
        let execution = TestExecution::new(());
        // A minute of I/O does not fit into the test's usual minute.
        *execution.time_limit.lock().unwrap() = Duration::from_secs(120);
        execution
            .suspends(async |(): (), ctx: DurableContext| place(&DONE, ctx).await)
            .await;
        assert!(DONE.load(Ordering::Relaxed), "place {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn own_io_is_given_up_when_the_deadline_nears() {
    let handler = async |(): (), ctx: DurableContext| {
        let forever = tokio::time::sleep(Duration::from_secs(3600));
        let (waited, ()) = tokio::join!(ctx.wait(Duration::from_secs(600)), forever);
        waited?;
        ok(())
    };
    let execution = TestExecution::new(());
    let began_at = Instant::now();
    execution.suspends(&handler).await;
    // The test's clock advances only when no task can go on, so this is exact: a second before the deadline.
    assert_eq!(began_at.elapsed().as_secs(), 59);
}

#[tokio::test(start_paused = true)]
async fn combinator_that_keeps_a_waker_delays_suspension_but_does_not_prevent_it() {
    use futures_util::stream::{FuturesUnordered, StreamExt};
    let handler = async |(): (), ctx: DurableContext| {
        let mut waits: FuturesUnordered<_> = (1..=3)
            .map(|seconds| ctx.wait(Duration::from_secs(60 * seconds)).into_future())
            .collect();
        while let Some(waited) = waits.next().await {
            waited?;
        }
        ok(())
    };
    let execution = TestExecution::new(());
    let began_at = Instant::now();
    execution.suspends(&handler).await;
    let took = began_at.elapsed();
    assert!(took <= Duration::from_secs(2), "{took:?}");
    succeeded(&execution.run(&handler).await);
}

#[tokio::test]
async fn handler_that_ends_without_its_wait_succeeds() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            tokio::select! {
                waited = ctx.wait(Duration::from_secs(60)) => { waited?; Err("too slow".into()) }
                stepped = ctx.step(|_: StepContext| async { ok(1) }) => Ok::<_, BoxError>(stepped?),
            }
        })
        .await;
    assert_eq!(succeeded(&output), "1");
}

#[tokio::test]
async fn panic_in_the_handler_fails_the_execution() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |broken: Option<bool>, _: DurableContext| {
            assert!(broken.is_some(), "no {}", "input");
            ok(())
        })
        .await;
    assert_eq!(failed(&output), ("PanicError", "no input"));
}
