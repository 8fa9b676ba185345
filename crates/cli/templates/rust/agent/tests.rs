//! The agent with its colleague, who answers by rule.

use lambdura::BoxError;
use lambdura_testing::{Answer, DurableTestRunner, Run, callback, days, hours};
use serde_json::{Value, json};

use crate::workflow::handler;

const BROKEN_LAMP: &str = include_str!("../events/broken-lamp.json");
const UNKNOWN_ORDER: &str = include_str!("../events/unknown-order.json");

async fn runner(answer: Answer) -> Result<DurableTestRunner, BoxError> {
    Ok(DurableTestRunner::builder("{{NAME}}", handler)
        .answer(answer)
        .open()
        .await?)
}

async fn run(event: &str, answer: Answer) -> Result<Run, BoxError> {
    let event: Value = serde_json::from_str(event)?;
    Ok(runner(answer).await?.run(&event).await?)
}

#[tokio::test]
async fn a_confirmed_refund_is_paid() -> Result<(), BoxError> {
    let yes = callback("confirm-refund")
        .after(hours(6))
        .succeeds(&json!({"confirmed": true}));
    let run = run(BROKEN_LAMP, yes).await?;
    let answer = "Dear Ada, we have refunded 39 for order 1042.";
    assert_eq!(
        run.result::<Value>()?,
        json!({"status": "ANSWERED", "answer": answer, "turns": 3})
    );
    assert_eq!(run.took(), hours(6));
    Ok(())
}

#[tokio::test]
async fn without_confirmation_nothing_is_paid() -> Result<(), BoxError> {
    let no = callback("confirm-refund").succeeds(&json!({"confirmed": false}));
    let run = run(BROKEN_LAMP, no).await?;
    assert!(
        run.result::<Value>()?["answer"]
            .to_string()
            .contains("a colleague will call you")
    );
    assert!(run.find_operation("refund-2").is_none(), "{}", run.tree());
    Ok(())
}

#[tokio::test]
async fn silence_is_a_no() -> Result<(), BoxError> {
    let run = run(BROKEN_LAMP, callback("confirm-refund").never()).await?;
    assert!(
        run.result::<Value>()?["answer"]
            .to_string()
            .contains("a colleague will call you")
    );
    assert_eq!(run.took(), days(3));
    Ok(())
}

#[tokio::test]
async fn the_agent_gives_up_after_eight_turns() -> Result<(), BoxError> {
    let run = run(UNKNOWN_ORDER, callback("*").never()).await?;
    assert_eq!(
        run.result::<Value>()?,
        json!({"status": "GAVE_UP", "turns": 8})
    );
    Ok(())
}

#[tokio::test]
async fn whenever_the_process_dies_the_answer_is_the_same() -> Result<(), BoxError> {
    let yes = callback("confirm-refund").succeeds(&json!({"confirmed": true}));
    let event: Value = serde_json::from_str(BROKEN_LAMP)?;
    runner(yes)
        .await?
        .crash_everywhere(&event)
        .await?
        .assert_same();
    Ok(())
}
