//! The approval with its days of waiting, which are over at once: nothing here waits for real time.

use lambdura::BoxError;
use lambdura_testing::{Builder, DurableTestRunner, Run, callback, days, hours};
use serde_json::{Value, json};

use crate::workflow::handler;

fn approval() -> Builder {
    DurableTestRunner::builder("{{NAME}}", handler)
}

fn expense() -> Value {
    serde_json::from_str(include_str!("../events/expense.json")).expect("the event is JSON")
}

async fn run(builder: Builder) -> Result<Run, BoxError> {
    Ok(builder.open().await?.run(&expense()).await?)
}

#[tokio::test]
async fn the_manager_approves_on_the_first_day() -> Result<(), BoxError> {
    let answer = callback("ask-manager")
        .after(hours(4))
        .succeeds(&json!({"approved": true}));
    let run = run(approval().answer(answer)).await?;
    assert_eq!(run.result::<Value>()?["status"], "PAID");
    assert_eq!(run.took(), hours(4));
    Ok(())
}

#[tokio::test]
async fn the_manager_is_reminded_after_two_days() -> Result<(), BoxError> {
    let silence = callback("ask-manager").never();
    let answer = callback("remind-manager")
        .after(days(1))
        .succeeds(&json!({"approved": true}));
    let run = run(approval().answer(silence).answer(answer)).await?;
    assert_eq!(run.result::<Value>()?["status"], "PAID");
    assert_eq!(
        run.operation("remind-manager").started_at,
        run.started_at() + days(2)
    );
    assert_eq!(run.took(), days(3));
    Ok(())
}

#[tokio::test]
async fn nobody_answers() -> Result<(), BoxError> {
    let run = run(approval().answer(callback("*-manager").never())).await?;
    assert_eq!(
        run.result::<Value>()?["reason"],
        "nobody answered within a week"
    );
    assert_eq!(run.took(), days(7));
    Ok(())
}

#[tokio::test]
async fn whenever_the_process_dies_the_expense_is_paid() -> Result<(), BoxError> {
    let answer = callback("ask-manager").succeeds(&json!({"approved": true}));
    let runner = approval().answer(answer).open().await?;
    // References are drawn by chance, and payments hold them.
    let report = runner
        .crash_everywhere(&expense())
        .await?
        .ignoring(["reference", "payment"]);
    report.assert_same();
    Ok(())
}
