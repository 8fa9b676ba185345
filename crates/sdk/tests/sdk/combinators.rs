//! Combinators: the winner, its record, and the fate of the other inputs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_api::{ErrorCode, InvocationStatus, OperationStatus};
use lambdura::{
    BoxError, CombinatorErrorKind, DurableContext, FailureKind, RetryDecision, RetryStrategy,
    Settled, StepContext,
};

use crate::support::{Refusal, TestExecution, failed, ok, succeeded};

#[derive(Debug, thiserror::Error)]
#[error("card {0} refused")]
struct CardRefused(u32);

/// The record of an operation: its result, or its error's type and message.
fn record(execution: &TestExecution, name: &str) -> Result<String, (String, String)> {
    let details = execution.service.operation(name).context_details.unwrap();
    match details.error {
        None => Ok(details.result.unwrap_or_default()),
        Some(error) => Err((error.error_type.unwrap(), error.error_message.unwrap())),
    }
}

#[tokio::test]
async fn race_is_won_by_the_first_that_ends_and_stays_won() {
    let after_the_race = AtomicUsize::new(0);
    let handler = async |(): (), ctx: DurableContext| {
        let approval = ctx.create_callback::<u32>().name("approval").await?;
        let won = ctx
            .race([
                ctx.wait(Duration::from_secs(60))
                    .name("timeout")
                    .future()
                    .map(|()| None),
                approval.future().map(Some),
            ])
            .name("which")
            .await?;
        after_the_race.fetch_add(1, Ordering::Relaxed);
        ctx.step(|_: StepContext| async { ok(()) })
            .name("next")
            .await?;
        ctx.wait(Duration::from_secs(600)).name("long").await?;
        ok(won)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    assert_eq!(
        execution.service.outline(),
        "approval Callback STARTED\nwhich RunInChildContext STARTED\ntimeout Wait STARTED\n"
    );
    execution
        .service
        .complete("approval", OperationStatus::Succeeded, Some("7"));
    execution.suspends(&handler).await;
    assert_eq!(record(&execution, "which"), Ok("7".to_owned()));
    // The wait has ended as well by now, and comes first among the inputs.
    execution.service.skip_to_next_timer();
    execution.suspends(&handler).await;
    let wait = execution.service.operation("timeout");
    assert_eq!(wait.status, OperationStatus::Succeeded, "the loser went on");
    execution.service.skip_to_next_timer();
    assert_eq!(succeeded(&execution.run(&handler).await), "7");
    assert_eq!(after_the_race.into_inner(), 3);
}

#[tokio::test]
async fn recorded_winner_is_not_run_again_and_losers_do_not_start() {
    let runs = AtomicUsize::new(0);
    let handler = async |(): (), ctx: DurableContext| {
        let quick = |number: u32| {
            let runs = &runs;
            ctx.step(move |_: StepContext| async move {
                runs.fetch_add(1, Ordering::Relaxed);
                if number == 2 {
                    std::future::pending::<()>().await;
                }
                ok(number)
            })
            .name(format!("s{number}"))
        };
        let won = ctx.race([quick(2), quick(1)]).await?;
        ctx.wait(Duration::from_secs(1)).await?;
        ok(won)
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "1");
    assert_eq!(runs.into_inner(), 2, "each once, in the first invocation");
    assert_eq!(
        execution.service.outline(),
        "- RunInChildContext SUCCEEDED\ns2 Step STARTED\ns1 Step SUCCEEDED\n- Wait SUCCEEDED\n"
    );
}

#[tokio::test]
async fn race_fails_as_its_first_does_in_every_invocation() {
    let handler = async |(): (), ctx: DurableContext| {
        let charge = ctx
            .step(|_: StepContext| async { Err::<(), _>(CardRefused(1)) })
            .name("charge")
            .retry(RetryStrategy::none());
        let error = ctx
            .race([charge.future(), ctx.wait(Duration::from_secs(60)).future()])
            .name("which")
            .await
            .unwrap_err();
        assert_eq!(
            error.combinator_kind(),
            CombinatorErrorKind::FirstSettledFailed
        );
        let failures = error.failures();
        assert_eq!(failures[0].error_type(), Some("CardRefused"));
        assert_eq!(failures[0].operation(), Some("charge"));
        assert_eq!(failures[0].message(), "card 1 refused");
        ctx.wait(Duration::from_secs(1)).await?;
        Err::<(), BoxError>(error.into())
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(failed(&output), ("CombinatorError", "card 1 refused"));
    let (error_type, message) = record(&execution, "which").unwrap_err();
    assert_eq!(error_type, "CombinatorError.FirstSettledFailed");
    assert_eq!(message, "card 1 refused");
}

#[tokio::test]
async fn select_ok_passes_over_failures() {
    let handler = async |input: Vec<u32>, ctx: DurableContext| {
        let operations = input.into_iter().map(|number| {
            ctx.step(move |_: StepContext| async move {
                if number == 0 {
                    Err(CardRefused(number))
                } else {
                    Ok(number)
                }
            })
            .retry(RetryStrategy::none())
        });
        let won = ctx.select_ok(operations).name("any").await;
        ctx.wait(Duration::from_secs(1)).await?;
        match won {
            Ok(won) => ok(won),
            Err(error) => {
                let texts: Vec<_> = error.failures().iter().map(ToString::to_string).collect();
                Err(format!("{:?} {texts:?} {error}", error.combinator_kind()).into())
            }
        }
    };
    let execution = TestExecution::new([0, 5]);
    assert_eq!(succeeded(&execution.run(&handler).await), "5");
    assert_eq!(record(&execution, "any"), Ok("5".to_owned()));

    let execution = TestExecution::new([0, 0]);
    let output = execution.run(&handler).await;
    assert_eq!(
        failed(&output).1,
        "AllFailed [\"card 0 refused\", \"card 0 refused\"] all 2 operations failed: [0] card 0 refused; [1] card 0 refused"
    );
    let (error_type, _) = record(&execution, "any").unwrap_err();
    assert_eq!(error_type, "CombinatorError.AllFailed");

    let execution = TestExecution::new([0; 0]);
    let output = execution.run(&handler).await;
    assert_eq!(
        failed(&output).1,
        "EmptyInput [] there is nothing to choose from"
    );
}

#[tokio::test]
async fn join_all_awaits_every_one_and_keeps_what_became_of_it() {
    let handler = async |(): (), ctx: DurableContext| {
        let failing = ctx
            .step(|_: StepContext| async { Err::<u32, _>(CardRefused(9)) })
            .name("charge")
            .retry(RetryStrategy::none());
        let operations = [
            failing.future(),
            ctx.wait(Duration::from_secs(60))
                .name("pause")
                .future()
                .map(|()| 2),
            ctx.invoke("pricing:live", "book").name("price").future(),
        ];
        let settled: Vec<Settled<u32>> = ctx.join_all(operations).name("all").await?;
        ctx.wait(Duration::from_secs(1)).await?;
        let outcome = |settled: Settled<u32>| match settled.into_result() {
            Ok(value) => format!("{value}"),
            Err(error) => format!("{:?} {:?} {error}", error.kind(), error.error_type()),
        };
        ok(settled.into_iter().map(outcome).collect::<Vec<_>>())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    execution
        .service
        .fail("price", OperationStatus::TimedOut, "Slow", "too slow");
    let output = execution.run(&handler).await;
    assert_eq!(
        succeeded(&output),
        r#"["Failed Some(\"CardRefused\") card 9 refused","2","TimedOut Some(\"Slow\") too slow"]"#
    );
    assert_eq!(
        record(&execution, "all").unwrap(),
        r#"[{"status":"rejected","message":"card 9 refused","error_type":"CardRefused","operation":"charge"},{"status":"fulfilled","value":2},{"status":"rejected","message":"too slow","error_type":"Slow","operation":"price","kind":"TIMED_OUT"}]"#
    );
}

#[tokio::test]
async fn try_join_all_fails_with_the_first_failure_and_its_index() {
    let handler = async |fails: bool, ctx: DurableContext| {
        let wait = ctx.wait(Duration::from_secs(60)).future().map(|()| 0);
        let steps = [1, 2].map(|number| {
            ctx.step(move |_: StepContext| async move {
                if fails && number == 2 {
                    Err(CardRefused(number))
                } else {
                    Ok(number)
                }
            })
            .retry(RetryStrategy::none())
            .future()
        });
        let joined = ctx
            .try_join_all([wait].into_iter().chain(steps))
            .name("all")
            .await;
        ctx.wait(Duration::from_secs(1)).await?;
        if let Err(error) = &joined {
            assert_eq!(error.combinator_kind(), CombinatorErrorKind::JoinFailed(2));
            assert_eq!(error.kind(), FailureKind::Failed);
        }
        ok(joined?)
    };
    let execution = TestExecution::new(false);
    assert_eq!(succeeded(&execution.run(&handler).await), "[0,1,2]");
    assert_eq!(record(&execution, "all"), Ok("[0,1,2]".to_owned()));
    let execution = TestExecution::new(true);
    assert_eq!(failed(&execution.run(&handler).await).1, "card 2 refused");
    let (error_type, _) = record(&execution, "all").unwrap_err();
    assert_eq!(error_type, "CombinatorError.JoinFailed.2");
}

#[tokio::test]
async fn joining_nothing_is_an_empty_list() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let none: [lambdura::DurableFuture<'_, u32>; 0] = [];
            let joined = ctx.try_join_all(none).await?;
            let none: [lambdura::DurableFuture<'_, u32>; 0] = [];
            ok(joined.len() + ctx.join_all(none).await?.len())
        })
        .await;
    assert_eq!(succeeded(&output), "0");
}

#[tokio::test]
async fn large_result_is_taken_from_the_winner_again() {
    const BYTES: usize = 300 * 1024;
    let runs = AtomicUsize::new(0);
    let handler = async |(): (), ctx: DurableContext| {
        let large = ctx.step(|_: StepContext| async {
            runs.fetch_add(1, Ordering::Relaxed);
            ok("x".repeat(BYTES))
        });
        let slow = ctx
            .wait(Duration::from_secs(1))
            .future()
            .map(|()| String::new());
        let won = ctx.race([slow, large.future()]).name("which").await?;
        ctx.wait(Duration::from_secs(60)).await?;
        let joined = ctx
            .join_all([ctx.step(|_: StepContext| async { ok("y".repeat(BYTES)) })])
            .name("all")
            .await?;
        ctx.wait(Duration::from_secs(60)).await?;
        ok(won.len()
            + joined
                .into_iter()
                .map(|it| it.into_result().unwrap().len())
                .sum::<usize>())
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), (2 * BYTES).to_string());
    assert_eq!(
        record(&execution, "which"),
        Ok(r#"{"winner":1}"#.to_owned())
    );
    assert_eq!(record(&execution, "all"), Ok(String::new()));
    let details = execution
        .service
        .operation("which")
        .context_details
        .unwrap();
    assert_eq!(details.replay_children, Some(true));
    assert_eq!(runs.into_inner(), 1);
}

#[tokio::test]
async fn combinators_take_combinators() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let number = |number: u32| ctx.step(move |_: StepContext| async move { ok(number) });
            let both = ctx
                .try_join_all([number(1), number(2)])
                .future()
                .map(|it| it.len());
            let wait = ctx.wait(Duration::from_secs(60)).future().map(|()| 0);
            ok(ctx.race([wait, both]).await?)
        })
        .await;
    assert_eq!(succeeded(&output), "2");
}

#[tokio::test]
async fn block_is_retried_as_a_whole_with_operations_of_its_own() {
    let fetched = AtomicUsize::new(0);
    let handler = async |failures: usize, ctx: DurableContext| {
        let fetched = &fetched;
        let receipt = ctx
            .with_retry(move |ctx| async move {
                let quote = ctx
                    .step(move |_: StepContext| async move {
                        ok(fetched.fetch_add(1, Ordering::Relaxed) + 1)
                    })
                    .name("quote")
                    .await?;
                ctx.step(move |_: StepContext| async move {
                    if quote <= failures {
                        Err(CardRefused(u32::try_from(quote).unwrap()))
                    } else {
                        Ok(quote)
                    }
                })
                .name("book")
                .retry(RetryStrategy::none())
                .await
                .map_err(BoxError::from)
            })
            .name("reserve")
            .retry(RetryStrategy::fixed(Duration::from_secs(2)).max_attempts(3))
            .await;
        ctx.wait(Duration::from_secs(1)).await?;
        ok(receipt?)
    };
    let execution = TestExecution::new(1);
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "2", "every attempt fetched once");
    assert_eq!(
        execution.service.outline(),
        "reserve RunInChildContext SUCCEEDED\n\
         \x20 attempt-1 RunInChildContext FAILED\n\
         \x20   quote Step SUCCEEDED\n\
         \x20   book Step FAILED\n\
         \x20 retry-delay-1 Wait SUCCEEDED\n\
         \x20 attempt-2 RunInChildContext SUCCEEDED\n\
         \x20   quote Step SUCCEEDED\n\
         \x20   book Step SUCCEEDED\n\
         - Wait SUCCEEDED\n"
    );
    fetched.store(0, Ordering::Relaxed);
    let execution = TestExecution::new(9);
    let output = execution.run(&handler).await;
    assert_eq!(failed(&output), ("ChildContextError", "card 3 refused"));
    assert_eq!(fetched.into_inner(), 3);
}

#[tokio::test]
async fn strategy_of_a_block_sees_the_same_error_in_a_replay() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let handler = async |(): (), ctx: DurableContext| {
        let block = ctx.with_retry(|ctx| async move {
            let called = ctx.invoke::<_, ()>("slow:live", &()).name("call");
            called.await.map_err(BoxError::from)
        });
        let noted = Arc::clone(&seen);
        let strategy = RetryStrategy::from_fn(move |error, attempt| {
            noted.lock().unwrap().push((attempt, error.clone()));
            RetryDecision::Fail
        });
        let error = block.name("block").retry(strategy).await.unwrap_err();
        assert_eq!(error.message(), "too slow");
        ctx.wait(Duration::from_secs(1)).await?;
        ok(())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    execution
        .service
        .fail("call", OperationStatus::TimedOut, "Slow", "too slow");
    // The answer to the block's failure is lost: the next invocation decides again, by the record.
    execution
        .service
        .refuse(2, Refusal::Error(ErrorCode::Service, "oops"));
    execution.invoke(&handler).await.unwrap_err();
    succeeded(&execution.run(&handler).await);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn combinator_in_the_place_of_another_operation_is_noticed() {
    let raced = AtomicBool::new(true);
    let handler = async |(): (), ctx: DurableContext| {
        let wait = ctx.wait(Duration::from_secs(1));
        if raced.load(Ordering::Relaxed) {
            ctx.race([wait]).name("race").await?;
        } else {
            wait.await?;
            ctx.step(|_: StepContext| async { ok(()) }).await?;
        }
        ok(())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    raced.store(false, Ordering::Relaxed);
    execution.service.skip_to_next_timer();
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(output.status, InvocationStatus::Failed);
    assert_eq!(failed(&output).0, "NonDeterministicExecutionError");
}

#[tokio::test]
async fn settled_values_are_read_as_any_other_result_is() {
    // In JSON, keys that are numbers exist only as text.
    let handler = async |(): (), ctx: DurableContext| {
        let step = ctx.step(|_: StepContext| async { ok(BTreeMap::from([(7_u32, Some(()))])) });
        let settled = ctx.join_all([step]).await?;
        ok(settled[0].is_fulfilled())
    };
    let output = TestExecution::new(()).run(&handler).await;
    assert_eq!(succeeded(&output), "true");
}
