//! Maps and parallels.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambdura::{
    BatchOutcome, BatchProgress, BatchStatus, BoxError, CompletionConfig, CompletionReason,
    DurableContext, ItemProgress, Nesting, RetryStrategy, StepContext, branch,
};

use crate::support::{TestExecution, failed, ok, succeeded};

async fn number(ctx: DurableContext, number: u32) -> Result<u32, BoxError> {
    let step = ctx.step(move |_: StepContext| async move { ok(number * 10) });
    Ok(step.name(format!("n{number}")).await?)
}

#[tokio::test]
async fn parallel_records_a_context_per_branch() {
    let handler = async |(): (), ctx: DurableContext| {
        let results = ctx
            .parallel([
                branch(|ctx| number(ctx, 1)).name("first"),
                branch(|ctx| number(ctx, 2)),
            ])
            .name("both")
            .await?;
        assert_eq!(results.completion_reason(), CompletionReason::AllCompleted);
        ok(results.into_results()?)
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "[10,20]");
    assert_eq!(
        execution.service.outline(),
        "both Parallel SUCCEEDED\n\
         \x20 first ParallelBranch SUCCEEDED\n\
         \x20   n1 Step SUCCEEDED\n\
         \x20 parallel-branch-1 ParallelBranch SUCCEEDED\n\
         \x20   n2 Step SUCCEEDED\n"
    );
    assert_eq!(
        execution.service.calls().len(),
        2,
        "one call for the steps, one for all the results: {:?}",
        execution.service.calls()
    );
    let stored = execution.service.operation("both").context_details;
    assert_eq!(
        stored.unwrap().result.as_deref(),
        Some(
            r#"{"all":[{"result":10,"index":0,"status":"SUCCEEDED"},{"result":20,"index":1,"status":"SUCCEEDED"}],"completionReason":"ALL_COMPLETED"}"#
        )
    );
    // A replay gives the same result, and records nothing again.
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "[10,20]");
    assert_eq!(execution.service.calls().len(), 2);
}

#[tokio::test]
async fn branch_ids_are_drawn_from_the_batch() {
    let execution = TestExecution::new(());
    execution
        .run(async |(): (), ctx: DurableContext| {
            ctx.step(|_: StepContext| async { ok(()) }).await?;
            ctx.parallel([branch(|ctx| number(ctx, 1))]).await?;
            ok(())
        })
        .await;
    let id = execution.service.operation("parallel-branch-0").id;
    assert!(id.starts_with("e2433ac3278279ac"), "path 2-1, not {id}");
}

#[tokio::test]
async fn suspended_branch_does_not_hold_back_the_others() {
    let handler = async |(): (), ctx: DurableContext| {
        let results = ctx.map([1, 2, 3], |ctx, item| async move {
            if item == 2 {
                ctx.wait(Duration::from_secs(30)).await?;
            }
            number(ctx, item).await
        });
        ok(results.name("items").await?.into_results()?)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    assert_eq!(
        execution.service.outline(),
        "items Map STARTED\n\
         \x20 map-item-0 MapIteration SUCCEEDED\n\
         \x20   n1 Step SUCCEEDED\n\
         \x20 map-item-1 MapIteration STARTED\n\
         \x20   - Wait STARTED\n\
         \x20 map-item-2 MapIteration SUCCEEDED\n\
         \x20   n3 Step SUCCEEDED\n"
    );
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "[10,20,30]");
}

#[tokio::test]
async fn maximum_concurrency_holds_and_a_suspended_item_keeps_its_place() {
    let under_way = AtomicUsize::new(0);
    let peak = AtomicUsize::new(0);
    let handler = async |(): (), ctx: DurableContext| {
        let batch = ctx.map(0..5, |ctx, item| {
            let (under_way, peak) = (&under_way, &peak);
            async move {
                peak.fetch_max(
                    under_way.fetch_add(1, Ordering::SeqCst) + 1,
                    Ordering::SeqCst,
                );
                let result = number(ctx, item).await;
                under_way.fetch_sub(1, Ordering::SeqCst);
                result
            }
        });
        ok(batch.max_concurrency(2).await?.success_count())
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "5");
    assert_eq!(peak.load(Ordering::SeqCst), 2);

    let handler = async |(): (), ctx: DurableContext| {
        let batch = ctx.map(0..3, |ctx, _| async move {
            ctx.wait(Duration::from_secs(10)).await?;
            ok(())
        });
        ok(batch.max_concurrency(1).await?.success_count())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let outline = execution.service.outline();
    assert_eq!(outline.matches("MapIteration").count(), 1, "{outline}");
    succeeded(&execution.run(&handler).await);
}

async fn fail_on(ctx: DurableContext, item: u32, broken: u32) -> Result<u32, BoxError> {
    let step = ctx.step(move |_: StepContext| async move {
        if item == broken {
            return Err(BoxError::from(format!("item {item} is broken")));
        }
        Ok(item)
    });
    Ok(step.retry(RetryStrategy::none()).await?)
}

#[tokio::test]
async fn first_failure_ends_the_batch_which_still_succeeds_as_a_context() {
    let handler = async |(): (), ctx: DurableContext| {
        let results = ctx
            .map(0..4, |ctx, item| async move {
                if item == 3 {
                    ctx.wait(Duration::from_secs(600)).await?;
                }
                fail_on(ctx, item, 1).await
            })
            .name("items")
            .await?;
        assert_eq!(
            results.completion_reason(),
            CompletionReason::FailureToleranceExceeded
        );
        assert!(results.has_failure());
        assert_eq!(results.started_count(), 1);
        let last = &results.items()[3];
        assert!(matches!(last.outcome, BatchOutcome::Started));
        ok(results.into_results()?)
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(failed(&output), ("BatchError", "item 1 is broken"));
    let outline = execution.service.outline();
    assert!(outline.starts_with("items Map SUCCEEDED\n"), "{outline}");
    let output = execution.run(&handler).await;
    assert_eq!(failed(&output), ("BatchError", "item 1 is broken"));
}

#[tokio::test]
async fn enough_successes_end_the_batch_and_abandon_the_rest() {
    let handler = async |(): (), ctx: DurableContext| {
        let results = ctx
            .map(0..3, |ctx, item| async move {
                if item == 0 {
                    ctx.wait(Duration::from_secs(600)).await?;
                }
                fail_on(ctx, item, 9).await
            })
            .completion(CompletionConfig::first_successful())
            .await?;
        assert_eq!(
            results.completion_reason(),
            CompletionReason::MinSuccessfulReached
        );
        ctx.wait(Duration::from_secs(1)).await?;
        ok(results.results().copied().collect::<Vec<_>>())
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "[1]");
}

#[tokio::test]
async fn tolerated_failures_do_not_end_the_batch() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let results = ctx
                .map(0..4, |ctx, item| fail_on(ctx, item, 1))
                .completion(CompletionConfig::default().tolerated_failure_count(1))
                .await?;
            assert_eq!(results.completion_reason(), CompletionReason::AllCompleted);
            assert_eq!(results.status(), BatchStatus::Failed);
            assert_eq!(results.total_count(), 4);
            ok((results.success_count(), results.failure_count()))
        })
        .await;
    assert_eq!(succeeded(&output), "[3,1]");
}

#[tokio::test]
async fn empty_batch_is_complete() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let none: [u32; 0] = [];
            let results = ctx.map(none, number).name("none").await?;
            ok(results.into_results()?)
        })
        .await;
    assert_eq!(succeeded(&output), "[]");
    assert_eq!(execution.service.calls(), [["START none", "SUCCEED none"]]);
}

#[tokio::test]
async fn concurrency_of_zero_is_refused_before_anything_is_recorded() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            ctx.map([1], number).max_concurrency(0).await?;
            ok(())
        })
        .await;
    assert_eq!(failed(&output).0, "BatchError");
    assert!(execution.service.calls().is_empty());
}

#[tokio::test]
async fn large_batch_is_stored_as_a_summary_and_rebuilt() {
    let handler = async |(): (), ctx: DurableContext| {
        let results = ctx
            .map(0..4, |ctx, item| async move {
                let text = ctx
                    .step(move |_: StepContext| async move { ok("x".repeat(100 * 1024)) })
                    .await?;
                ok(text.len() + item).map(|_| text)
            })
            .name("large")
            .await?;
        ctx.wait(Duration::from_secs(60)).await?;
        let lengths: Vec<_> = results.results().map(String::len).collect();
        ok(lengths)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let details = execution.service.operation("large").context_details;
    let details = details.unwrap();
    assert_eq!(details.replay_children, Some(true));
    let summary = details.result.unwrap();
    assert!(
        summary.starts_with(r#"{"type":"MapResult","totalCount":4,"successCount":4"#)
            && summary.ends_with(r#""itemStatuses":"SSSS"}"#),
        "{summary}"
    );
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "[102400,102400,102400,102400]");
}

#[tokio::test]
async fn flat_items_leave_no_record_of_their_own() {
    let handler = async |(): (), ctx: DurableContext| {
        let results = ctx.map([1, 2, 3], |ctx, item| async move {
            if item == 2 {
                ctx.wait(Duration::from_secs(30)).await?;
            }
            let nested = ctx.run_in_child_context("inside", |ctx| number(ctx, item));
            ok(nested.await?)
        });
        let results = results.name("items").nesting(Nesting::Flat).await?;
        ctx.wait(Duration::from_secs(60)).name("after").await?;
        ok(results.into_results()?)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    assert_eq!(
        execution.service.outline(),
        "items Map STARTED\n\
         \x20 inside RunInChildContext SUCCEEDED\n\
         \x20   n1 Step SUCCEEDED\n\
         \x20 - Wait STARTED\n\
         \x20 inside RunInChildContext SUCCEEDED\n\
         \x20   n3 Step SUCCEEDED\n"
    );
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "[10,20,30]");
}

#[tokio::test]
async fn flat_item_keeps_its_place_in_the_ids() {
    let handler = async |(): (), ctx: DurableContext| {
        let batch = ctx.parallel([branch(|ctx| number(ctx, 1)), branch(|ctx| number(ctx, 2))]);
        batch.name("flat").nesting(Nesting::Flat).await?;
        let batch = ctx.parallel([branch(|ctx| number(ctx, 3)), branch(|ctx| number(ctx, 4))]);
        batch.name("nested").await?;
        ok(())
    };
    let execution = TestExecution::new(());
    execution.run(&handler).await;
    let operation = |name| execution.service.operation(name);
    let flat = operation("flat").id;
    for name in ["n1", "n2"] {
        assert_eq!(operation(name).parent_id.as_deref(), Some(flat.as_str()));
    }
    assert_ne!(operation("n1").id, operation("n2").id);
    assert_ne!(operation("n3").parent_id, operation("n4").parent_id);
}

#[tokio::test]
async fn flat_failures_and_panics_are_the_items_own() {
    let handler = async |(): (), ctx: DurableContext| {
        let batch = ctx.map(0..3, |ctx, item| async move {
            assert_ne!(item, 2, "item 2 panics");
            fail_on(ctx, item, 1).await
        });
        let batch = batch.completion(CompletionConfig::all_completed());
        let results = batch.nesting(Nesting::Flat).await?;
        let errors: Vec<_> = results
            .errors()
            .map(|error| error.message().len())
            .collect();
        ctx.wait(Duration::from_secs(60)).await?;
        ok((results.success_count(), errors.len()))
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "[1,2]");
}

#[tokio::test]
async fn large_flat_batch_is_rebuilt_from_what_is_inside_its_items() {
    let handler = async |(): (), ctx: DurableContext| {
        let batch = ctx.map(0..4, |ctx, item| async move {
            let text = ctx
                .step(move |_: StepContext| async move { ok("x".repeat(100 * 1024 + item)) })
                .await?;
            ok(text)
        });
        let results = batch.nesting(Nesting::Flat).name("large").await?;
        ctx.wait(Duration::from_secs(60)).await?;
        let lengths: Vec<_> = results.results().map(String::len).collect();
        ok(lengths)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let details = execution.service.operation("large").context_details;
    assert_eq!(details.unwrap().replay_children, Some(true));
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "[102400,102401,102402,102403]");
}

/// The first two of three must agree, or the third and any other.
fn majority(progress: &BatchProgress) -> Option<BatchStatus> {
    if progress.success_count() >= 2 {
        return Some(BatchStatus::Succeeded);
    }
    (progress.failure_count() >= 2).then_some(BatchStatus::Failed)
}

#[tokio::test]
async fn rule_of_the_users_own_completes_the_batch() {
    let handler = async |broken: u32, ctx: DurableContext| {
        let asked = AtomicUsize::new(0);
        let batch = ctx.map(0..3, |ctx, item| async move {
            if item == 2 {
                ctx.wait(Duration::from_secs(600)).await?;
            }
            match item {
                item if item < broken => Err(BoxError::from("no")),
                item => Ok(item),
            }
        });
        let results = batch.complete_when(|progress| {
            if asked.fetch_add(1, Ordering::SeqCst) == 0 {
                assert_eq!(progress.items(), [ItemProgress::Waiting; 3]);
            }
            majority(progress)
        });
        let results = results.await?;
        ctx.wait(Duration::from_secs(1)).await?;
        let is_replayed = asked.load(Ordering::SeqCst) == 0;
        assert!(
            is_replayed,
            "the rule is not asked again once it has decided"
        );
        ok((results.status(), results.completion_reason()))
    };
    let cases = [
        (0, r#"["SUCCEEDED","CUSTOM_COMPLETION_SUCCEEDED"]"#),
        (2, r#"["FAILED","CUSTOM_COMPLETION_FAILED"]"#),
    ];
    for (broken, expected) in cases {
        let execution = TestExecution::new(broken);
        assert_eq!(succeeded(&execution.run(&handler).await), expected);
    }
}

#[tokio::test]
async fn batch_without_failed_items_can_be_called_a_failure() {
    let handler = async |(): (), ctx: DurableContext| {
        let batch = ctx.map([1, 2], number).name("doomed");
        let batch = batch.complete_when(|_| Some(BatchStatus::Failed));
        ok(batch.await?.into_results()?)
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    let expected = "the batch was completed as a failure";
    assert_eq!(failed(&output), ("BatchError", expected));
}
