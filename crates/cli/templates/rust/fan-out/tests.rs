//! The invoices: some may fail, too many may not.

use lambdura::BoxError;
use lambdura_testing::{DurableTestRunner, RunStatus};
use serde_json::{Value, json};

use crate::workflow::handler;

fn january() -> Value {
    serde_json::from_str(include_str!("../events/january.json")).expect("the event is JSON")
}

#[tokio::test]
async fn one_that_fails_is_named_in_the_summary() -> Result<(), BoxError> {
    let runner = DurableTestRunner::builder("{{NAME}}", handler)
        .open()
        .await?;
    let run = runner.run(&january()).await?;
    let expected = json!({"month": "2027-01", "sent": 5, "total": 6320, "failed": ["Alan"]});
    assert_eq!(run.result::<Value>()?, expected);
    Ok(())
}

#[tokio::test]
async fn too_many_failures_fail_the_execution() -> Result<(), BoxError> {
    let event: Value = serde_json::from_str(include_str!("../events/no-addresses.json"))?;
    let runner = DurableTestRunner::builder("{{NAME}}", handler)
        .open()
        .await?;
    let run = runner.run(&event).await?;
    assert_eq!(run.status(), RunStatus::Failed);
    let message = run.error().and_then(|error| error.error_message.as_deref());
    assert_eq!(message, Some("no invoices for Ada, Grace, Alan"));
    Ok(())
}

#[tokio::test]
async fn whenever_the_process_dies_the_summary_is_the_same() -> Result<(), BoxError> {
    let runner = DurableTestRunner::builder("{{NAME}}", handler)
        .open()
        .await?;
    runner.crash_everywhere(&january()).await?.assert_same();
    Ok(())
}
