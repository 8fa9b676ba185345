//! `wait_for_condition`.

use std::time::Duration;

use lambdura::{BoxError, DurableContext, StepContext, WaitDecision, wait_strategy};

use crate::support::{TestExecution, failed, ok, succeeded};

#[tokio::test]
async fn state_survives_from_check_to_check() {
    let handler = async |(): (), ctx: DurableContext| {
        ctx.wait_for_condition(
            0,
            |count: u32, step: StepContext| async move {
                assert_eq!(step.attempt(), count + 1);
                ok(count + 1)
            },
            |count: &u32, attempt| {
                assert_eq!(*count, attempt);
                match count {
                    3 => WaitDecision::Stop,
                    _ => WaitDecision::ContinueAfter(Duration::from_secs(2)),
                }
            },
        )
        .name("count to three")
        .await
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "3");
    let name = "count to three";
    assert_eq!(
        execution.service.calls(),
        [
            [format!("START {name}"), format!("RETRY {name}")],
            [format!("START {name}"), format!("RETRY {name}")],
            [format!("START {name}"), format!("SUCCEED {name}")]
        ]
    );
    assert_eq!(
        execution.service.outline(),
        "count to three WaitForCondition SUCCEEDED\n"
    );
}

#[tokio::test]
async fn exhausted_condition_fails_unless_the_last_check_meets_it() {
    for (goal, is_met) in [(3, true), (4, false)] {
        let execution = TestExecution::new(());
        let output = execution
            .run(async |(): (), ctx: DurableContext| {
                ctx.wait_for_condition(
                    0,
                    |count: u32, _: StepContext| async move { ok(count + 1) },
                    wait_strategy(move |count: &u32| *count >= goal).max_attempts(3),
                )
                .await
            })
            .await;
        if is_met {
            assert_eq!(succeeded(&output), "3");
        } else {
            let message = "condition not met after 3 checks";
            assert_eq!(failed(&output), ("WaitForConditionError", message));
        }
    }
}

#[tokio::test]
async fn failing_check_is_not_repeated() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            ctx.wait_for_condition(
                0,
                |_: u32, _: StepContext| async { Err::<u32, BoxError>("lost".into()) },
                wait_strategy(|_: &u32| true),
            )
            .name("c")
            .await
        })
        .await;
    assert_eq!(failed(&output), ("WaitForConditionError", "lost"));
    assert_eq!(execution.service.calls(), [["START c", "FAIL c"]]);
}
