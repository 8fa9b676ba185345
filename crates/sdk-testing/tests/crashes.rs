//! The process dies at every point where it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lambdura::{BoxError, DurableContext, StepContext, branch};
use lambdura_testing::{CrashPoint, DurableTestRunner, LambdaEvent, callback, days, hours};

async fn charges(amount: u32, ctx: DurableContext) -> Result<u32, BoxError> {
    let branches = [1, 2].map(|factor| {
        branch(move |ctx: DurableContext| async move {
            let part =
                ctx.step(move |_: StepContext| async move { Ok::<_, BoxError>(amount * factor) });
            part.name(format!("part {factor}")).await
        })
    });
    let parts: Vec<u32> = ctx.parallel(branches).await?.into_results()?;
    ctx.wait(days(2)).await?;
    let asked = ctx
        .create_callback::<u32>()
        .name("discount")
        .timeout(hours(5))
        .await?;
    let discount = asked.await?;
    Ok(parts.iter().sum::<u32>() - discount)
}

#[tokio::test]
async fn a_sound_handler_comes_to_the_same_end_wherever_it_dies() {
    let runner = DurableTestRunner::builder("charges", charges)
        .answer(callback("discount").after(hours(4)).succeeds(&5))
        .open()
        .await
        .expect("it opens");
    let report = runner.crash_everywhere(&10).await.expect("it runs");
    report.assert_same();
    assert_eq!(report.expected().result::<u32>().expect("a result"), 25);
    assert_eq!(report.steps(), 2);
    assert_eq!(
        report.points() + report.unreached(),
        report.commits() * 2 + 2
    );
    assert_eq!(report.unreached(), 0);
    let in_flight = report.in_flight();
    let steps: Vec<_> = in_flight
        .iter()
        .map(|it| (it.step.as_str(), it.ran_at_most))
        .collect();
    assert_eq!(steps, [("part 1", 2), ("part 2", 2)]);
    let summary = report.to_string();
    assert!(summary.contains("`part 1` was in flight at"), "{summary}");
}

#[tokio::test]
async fn functions_that_are_invoked_die_with_their_process() {
    let buys = |item: String, ctx: DurableContext| async move {
        let price: u32 = ctx.invoke("pricing", &item).await?;
        let shipped: u32 = ctx.invoke("shipping", &item).await?;
        Ok::<_, BoxError>(price + shipped)
    };
    let ships = |item: String, ctx: DurableContext| async move {
        let pack = ctx.step(|_: StepContext| async { Ok::<_, BoxError>(1_u32) });
        let packed = pack.name("pack").await?;
        ctx.wait(days(2)).await?;
        Ok::<_, BoxError>(packed + u32::try_from(item.len())?)
    };
    let prices = |event: LambdaEvent<String>| async move { Ok::<_, BoxError>(event.payload.len()) };
    let runner = DurableTestRunner::builder("buys", buys)
        .function("pricing", prices)
        .durable("shipping", ships);
    let runner = runner.open().await.expect("it opens");
    let report = runner.crash_everywhere("book").await.expect("it runs");
    report.assert_same();
    assert_eq!(report.expected().result::<u32>().expect("a result"), 9);
    assert_eq!((report.steps(), report.unreached()), (1, 0));
}

/// A handler whose step counts outside of the execution, and so counts too much after a crash.
fn counts(total: Arc<AtomicU32>) -> lambdura_testing::Builder {
    let counts = move |(): (), ctx: DurableContext| {
        let total = Arc::clone(&total);
        async move {
            let count = ctx.step(|_: StepContext| {
                let total = Arc::clone(&total);
                async move { Ok::<_, BoxError>(total.fetch_add(1, Ordering::SeqCst) + 1) }
            });
            count.name("count").await.map_err(BoxError::from)
        }
    };
    DurableTestRunner::builder("counts", counts)
}

#[tokio::test]
async fn a_step_that_may_not_run_twice_is_found() {
    let report = lambdura_testing::crash_everywhere(|| counts(Arc::default()), &()).await;
    let report = report.expect("it runs");
    let differences = report.differences();
    assert!(!differences.is_empty(), "{report}");
    let first = &differences[0];
    assert!(first.contains("it came to SUCCEEDED 2"), "{first}");
    assert!(first.contains("without a crash: SUCCEEDED 1"), "{first}");
    let in_step = "the process died in step `count`, when its code had run";
    assert!(
        differences.iter().any(|it| it.starts_with(in_step)),
        "{differences:?}"
    );
    let panicked = std::panic::catch_unwind(|| drop(report.assert_same().to_string()));
    let said = panicked.expect_err("it differs");
    let said = said.downcast_ref::<String>().expect("a text");
    assert!(
        said.starts_with("the process of `counts` died at"),
        "{said}"
    );
}

#[tokio::test]
async fn members_that_differ_in_every_run_are_left_out() {
    let number = Arc::new(AtomicU32::new(0));
    let stamps = move |(): (), _: DurableContext| {
        let number = number.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, BoxError>(serde_json::json!({ "a": [{ "at": number }], "b": 1 })) }
    };
    let runner = DurableTestRunner::builder("stamps", stamps)
        .open()
        .await
        .expect("it opens");
    let report = runner.crash_everywhere(&()).await.expect("it runs");
    assert!(!report.differences().is_empty());
    report.ignoring(["at"]).assert_same();
}

#[tokio::test]
async fn each_point_is_a_world_of_its_own() {
    let begun = Arc::<AtomicU32>::default();
    let counted = Arc::clone(&begun);
    let notes = move |(): (), _: DurableContext| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, BoxError>(()) }
    };
    let runner = DurableTestRunner::builder("notes", notes)
        .open()
        .await
        .expect("it opens");
    let report = runner.crash_everywhere(&()).await.expect("it runs");
    report.assert_same();
    // It runs once without a crash, and in a new world for each point, without the records of another.
    let begun = begun.load(Ordering::SeqCst) as usize;
    assert!(begun > report.points(), "{begun} for {report}");
}

#[tokio::test]
async fn without_an_end_there_is_nothing_to_compare_with() {
    let runner = DurableTestRunner::builder("charges", charges)
        .open()
        .await
        .expect("it opens");
    let said = runner
        .crash_everywhere(&10)
        .await
        .map(|_| ())
        .expect_err("it waits")
        .to_string();
    assert!(
        said.starts_with("without any crash it comes to no end"),
        "{said}"
    );
    assert!(said.contains("it waits for callback `discount`"), "{said}");
}

#[test]
fn points_are_told_in_words() {
    let point = CrashPoint::AfterCommit {
        number: 2,
        records: "StepStarted `charge`".to_owned(),
    };
    assert_eq!(point.to_string(), "after commit 2 (StepStarted `charge`)");
}
