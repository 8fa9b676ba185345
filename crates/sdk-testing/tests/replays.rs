//! Today's code against recorded histories.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lambdura::{BoxError, DurableContext, RetryStrategy, StepContext, branch};
use lambdura_testing::{DurableTestRunner, TestError, callback, days, replays};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Runs the code of a version, whose plan lists its operations in order: names of steps, or `wait`.
async fn does(plan: &[&'static str], ctx: &DurableContext) -> Result<usize, BoxError> {
    for part in plan.iter().copied() {
        if part == "wait" {
            ctx.wait(days(1)).await?;
        } else if part == "ask" {
            let _: u32 = ctx.create_callback::<u32>().name("ask").await?.await?;
        } else {
            let step = ctx.step(|_: StepContext| async { Ok::<_, BoxError>(1_u32) });
            let _: u32 = step.name(part).await?;
        }
    }
    Ok(7)
}

/// Records a run of a version into a new folder.
async fn recorded(plan: &'static [&'static str]) -> TempDir {
    let handler = move |(): (), ctx: DurableContext| async move { does(plan, &ctx).await };
    let runner = DurableTestRunner::builder("old", handler)
        .open()
        .await
        .expect("it opens");
    let run = runner.run(&()).await.expect("it runs");
    let folder = tempfile::tempdir().expect("there is room");
    run.save_history(folder.path().join("old.json"))
        .expect("it is written");
    folder
}

/// Replays it with another version, in which no code of a step may run.
async fn replayed(
    folder: &Path,
    plan: &'static [&'static str],
) -> Result<lambdura_testing::Replays, TestError> {
    let handler = move |(): (), ctx: DurableContext| async move {
        for part in plan.iter().copied() {
            match part {
                "wait" => ctx.wait(days(1)).await?,
                "ask" => drop(ctx.create_callback::<u32>().name("ask").await?.await?),
                part => {
                    let step = ctx.step(|_: StepContext| async move {
                        panic!("the code of step `{part}` runs in a replay");
                        #[expect(unreachable_code, reason = "it says what the step returns")]
                        Ok::<u32, BoxError>(1)
                    });
                    let _: u32 = step.name(part).await?;
                }
            }
        }
        Ok::<_, BoxError>(7)
    };
    replays(folder, handler).await
}

#[tokio::test]
async fn the_same_code_replays_an_ended_execution() {
    let folder = recorded(&["a", "wait", "b"]).await;
    let replays = replayed(folder.path(), &["a", "wait", "b"])
        .await
        .expect("it is the same");
    let [one] = replays.files() else {
        panic!("one history: {replays}");
    };
    assert!(one.ended);
    assert_eq!((one.operations, one.goes_on_with.len()), (3, 0));
}

#[tokio::test]
async fn a_difference_names_the_file_and_both_operations() {
    let folder = recorded(&["a", "wait", "b"]).await;
    for (plan, said) in [
        (
            &["a", "b"] as &[_],
            "old.json: operation STEP/Step b at 2: its type is recorded as WAIT",
        ),
        (
            &["a", "wait", "c"],
            "operation STEP/Step c at 3: its name is recorded as b",
        ),
        (
            &["a", "wait"],
            "Step `b` is recorded, and the code does not call it any more",
        ),
        (
            &["a", "wait", "b", "c"],
            "STEP/Step c at 4 is asked for, where nothing is recorded",
        ),
    ] {
        let error = replayed(folder.path(), plan)
            .await
            .expect_err(said)
            .to_string();
        assert!(error.contains(said), "{plan:?}: {error}");
    }
}

#[tokio::test]
async fn another_result_is_a_difference() {
    let folder = recorded(&["a"]).await;
    let handler = |(): (), ctx: DurableContext| async move {
        let step = ctx.step(|_: StepContext| async { Ok::<_, BoxError>(1_u32) });
        Ok::<_, BoxError>(step.name("a").await? + 1)
    };
    let said = replays(folder.path(), handler)
        .await
        .expect_err("it differs")
        .to_string();
    assert!(
        said.ends_with("it is recorded that it returned 7, and today's code returned 2"),
        "{said}"
    );
}

#[tokio::test]
async fn what_had_not_ended_may_go_on_with_something_new() {
    let folder = recorded(&["a", "ask"]).await;
    let same = replayed(folder.path(), &["a", "ask", "new"])
        .await
        .expect("it is the same so far");
    assert!(!same.files()[0].ended);
    assert_eq!(same.files()[0].goes_on_with, [] as [&str; 0]);
    let sooner = replayed(folder.path(), &["a"])
        .await
        .expect_err("it waits for nobody any more");
    assert!(
        sooner
            .to_string()
            .contains("it had not ended, and today's code returned 7"),
        "{sooner}"
    );
    let missed = replayed(folder.path(), &[])
        .await
        .expect_err("a step has ended")
        .to_string();
    assert!(
        missed.contains("Step `a` is recorded, and the code does not call it any more"),
        "{missed}"
    );
}

#[tokio::test]
async fn answers_are_a_part_of_what_is_recorded() {
    let asks = |(): (), ctx: DurableContext| async move {
        let asked = ctx.create_callback::<Value>().name("ask").await?;
        Ok::<_, BoxError>(asked.await?)
    };
    let runner = DurableTestRunner::builder("asks", asks)
        .answer(callback("ask").succeeds(&json!({"yes": 1})))
        .open()
        .await
        .expect("it opens");
    let run = runner.run(&()).await.expect("it runs");
    let folder = tempfile::tempdir().expect("there is room");
    run.save_history(folder.path().join("asks.json"))
        .expect("it is written");
    let replayed = replays(folder.path(), asks).await.expect("it is the same");
    assert!(replayed.files()[0].ended);
}

#[tokio::test]
async fn code_of_a_step_that_had_not_ended_does_not_run() {
    let ran = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&ran);
    let fails = move |(): (), ctx: DurableContext| {
        let ran = Arc::clone(&counted);
        async move {
            let step = ctx.step(|_: StepContext| {
                let ran = Arc::clone(&ran);
                async move {
                    ran.fetch_add(1, Ordering::SeqCst);
                    Err::<u32, _>(BoxError::from("not yet"))
                }
            });
            let retry = RetryStrategy::fixed(days(1));
            step.name("try").retry(retry).await.map_err(BoxError::from)
        }
    };
    let runner = DurableTestRunner::builder("fails", fails.clone());
    let runner = runner.open().await.expect("it opens");
    let execution = runner.start(&()).await.expect("it starts");
    let run = execution
        .look()
        .await
        .expect("it waits for its second attempt");
    let folder = tempfile::tempdir().expect("there is room");
    run.save_history(folder.path().join("fails.json"))
        .expect("it is written");
    let replayed = replays(folder.path(), fails).await.expect("it is the same");
    assert!(!replayed.files()[0].ended);
    assert_eq!(ran.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_context_with_a_result_too_large_to_record_is_run_on_what_is_within() {
    let large = |(): (), ctx: DurableContext| async move {
        let twice = |ctx: DurableContext| async move {
            let step = ctx.step(|_: StepContext| async { Ok::<_, BoxError>("x".repeat(200_000)) });
            let text: String = step.name("text").await?;
            Ok::<_, BoxError>(text.repeat(2))
        };
        let text = ctx.run_in_child_context("twice", twice).await?;
        let halves = [1, 2].map(|_| {
            branch(|ctx: DurableContext| async move {
                let step =
                    ctx.step(|_: StepContext| async { Ok::<_, BoxError>("y".repeat(200_000)) });
                step.name("half").await
            })
        });
        let halves: Vec<String> = ctx.parallel(halves).await?.into_results()?;
        Ok::<_, BoxError>(text.len() + halves.concat().len())
    };
    let runner = DurableTestRunner::builder("large", large)
        .open()
        .await
        .expect("it opens");
    let run = runner.run(&()).await.expect("it runs");
    assert_eq!(run.result::<usize>().expect("a result"), 800_000);
    let folder = tempfile::tempdir().expect("there is room");
    run.save_history(folder.path().join("large.json"))
        .expect("it is written");
    let replayed = replays(folder.path(), large).await.expect("it is the same");
    assert!(replayed.files()[0].ended);
}

#[tokio::test]
async fn what_is_no_history_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path();
    let none = replayed(path, &[])
        .await
        .expect_err("it is empty")
        .to_string();
    assert!(
        none.contains("save one by `run.save_history(..)`"),
        "{none}"
    );
    let nowhere = replayed(&path.join("nowhere"), &[])
        .await
        .expect_err("there is none");
    assert!(
        nowhere.to_string().starts_with("read the histories in"),
        "{nowhere}"
    );

    let started = r#"{"EventType": "ExecutionStarted", "EventId": 1, "EventTimestamp": 1.0, "Id": "e",
        "ExecutionStartedDetails": {"Input": {"Truncated": true}, "ExecutionTimeout": 1}}"#;
    let page = format!(r#"{{"Events": [{started}], "NextMarker": "x"}}"#);
    let bare = format!(r#"{{"Events": [{started}]}}"#);
    let late = r#"[{"EventType": "StepStarted", "EventId": 2, "EventTimestamp": 1.0, "Id": "s"}]"#;
    for (text, said) in [
        ("no", "it is not a history"),
        ("{}", "it has no member `Events`"),
        ("[]", "the history has no events"),
        (late, "the first event is StepStarted"),
        (page.as_str(), "the first page of a history only"),
        (bare.as_str(), "event 1 (ExecutionStarted) has no data"),
    ] {
        fs::write(path.join("x.json"), text).expect("it is written");
        let error = replayed(path, &[]).await.expect_err(said).to_string();
        assert!(
            error.contains(said) && error.contains("x.json: "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn code_that_fails_where_it_had_not_ended_is_found() {
    let folder = recorded(&["book", "ask"]).await;
    let fails = |(): (), ctx: DurableContext| async move {
        let step = ctx.step(|_: StepContext| async { Ok::<_, BoxError>(1_u32) });
        let _: u32 = step.name("book").await?;
        Err::<usize, BoxError>("the event has another form".into())
    };
    let said = replays(folder.path(), fails).await.expect_err("it fails");
    assert!(
        said.to_string()
            .contains("had not ended, and today's code failed"),
        "{said}"
    );
    let forgets = |(): (), ctx: DurableContext| async move {
        let step = ctx.step(|_: StepContext| async { Ok::<_, BoxError>(1_u32) });
        let _: u32 = step.name("book").await?;
        Ok::<_, BoxError>(7_usize)
    };
    let said = replays(folder.path(), forgets)
        .await
        .expect_err("it asks nobody");
    assert!(
        said.to_string()
            .contains("had not ended, and today's code returned 7"),
        "{said}"
    );
}

#[tokio::test]
async fn branches_go_on_beside_one_that_asks_for_something_new() {
    async fn two((): (), ctx: DurableContext) -> Result<u32, BoxError> {
        let parts = ["a", "b"].map(|part| {
            branch(move |ctx: DurableContext| async move {
                // The second branch is not as far yet when the first one makes its call.
                if part == "b" {
                    tokio::task::yield_now().await;
                }
                let step = ctx.step(|_: StepContext| async { Ok::<_, BoxError>(1_u32) });
                let _: u32 = step.name(part).await?;
                let ask = ctx.create_callback::<u32>().name(format!("ask {part}"));
                Ok::<_, BoxError>(ask.await?.await?)
            })
        });
        Ok(ctx.parallel(parts).await?.into_results()?.into_iter().sum())
    }
    let runner = DurableTestRunner::builder("two", two).open().await;
    let run = runner.expect("it opens").run(&()).await.expect("it runs");
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("two.json");
    run.save_history(&file).expect("it is written");
    // As if the first branch had not reached its callback.
    let text = fs::read_to_string(&file).expect("it is there");
    let mut history: Value = serde_json::from_str(&text).expect("it is JSON");
    let events = history["Events"].as_array_mut().expect("events");
    let before = events.len();
    events.retain(|event| event["Name"] != "ask a");
    assert_eq!(events.len(), before - 1);
    fs::write(&file, history.to_string()).expect("it is written");
    let replayed = replays(folder.path(), two).await.expect("it is the same");
    assert_eq!(replayed.files()[0].goes_on_with.len(), 1, "{replayed:?}");
}
