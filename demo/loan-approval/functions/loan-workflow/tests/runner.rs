//! The loan approval in the test's own process: days of waiting, deaths at every point, and histories of earlier
//! versions.
//!
//! `RECORD_HISTORIES=1` records the histories in `tests/histories` anew.

mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambdura::{BoxError, DurableContext};
use lambdura_testing::{
    Answer, Builder, DurableTestRunner, Run, RunStatus, callback, crash_everywhere, days, minutes,
    replays, seconds,
};
use loan::{LoanApplication, Pace};
use loan_workflow::fraud_service::{FraudCheckRequest, FraudService};
use loan_workflow::outcome::Outcome;
use loan_workflow::workflow::{Workflow, WorkflowError};
use serde_json::{Value, json};
use table::Table;

/// A fraud service that gives no answer itself: rules answer its callbacks.
struct Silent;

impl FraudService for Silent {
    async fn request(&self, _: FraudCheckRequest) -> Result<(), BoxError> {
        Ok(())
    }
}

type Loan = Workflow<Table, Silent>;

fn workflow() -> Arc<Loan> {
    Arc::new(Workflow {
        table: Table::default(),
        fraud_service: Silent,
        pace: Pace::parse("0").expect("no time at all is a pace"),
    })
}

async fn approve(
    workflow: Arc<Loan>,
    application: LoanApplication,
    ctx: DurableContext,
) -> Result<Outcome, BoxError> {
    match workflow.run(application, &ctx).await {
        Ok(outcome) => Ok(outcome),
        Err(WorkflowError::Operation(error)) => Err(error),
        Err(WorkflowError::Progress(error)) => Err(error.into()),
    }
}

/// The workflow with a table of its own.
fn loan() -> Builder {
    let workflow = workflow();
    let handler = move |application, ctx| approve(Arc::clone(&workflow), application, ctx);
    DurableTestRunner::builder("loan-workflow", handler).starts_at("2026-01-05T09:00:00Z")
}

fn manager_says_yes() -> Answer {
    callback("manager-approval")
        .after(minutes(29))
        .succeeds(&json!({ "approved": true }))
}

fn fraud_check_passes() -> Answer {
    callback("fraud-check")
        .after(seconds(30))
        .succeeds(&json!({ "fraud_check": "passed" }))
}

/// An applicant with good scores, and a loan that a manager must decide on.
fn alice() -> Value {
    json!({
        "application_id": "LOAN-1", "applicant_name": "Alice Johnson", "sin": "1111", "loan_amount": 150_000.0,
    })
}

async fn run(builder: Builder) -> Run {
    let runner = builder.open().await.expect("the test opens");
    runner
        .run(&alice())
        .await
        .expect("the loan comes to an end")
}

#[tokio::test]
async fn the_manager_says_yes_in_the_last_minute() {
    let run = run(loan()
        .answer(manager_says_yes())
        .answer(fraud_check_passes()))
    .await;
    assert_eq!(
        run.result::<Value>().expect("a decision")["status"],
        "approved"
    );
    assert_eq!(run.took(), minutes(29) + seconds(30));
    let expected = "\
loan-workflow SUCCEEDED +29m 30s
  Step validate_application SUCCEEDED +0s
  Parallel SUCCEEDED +0s
    ParallelBranch parallel-branch-0 SUCCEEDED +0s
      Step pull_credit_report SUCCEEDED +0s
    ParallelBranch parallel-branch-1 SUCCEEDED +0s
      Step pull_credit_report SUCCEEDED +0s
    ParallelBranch parallel-branch-2 SUCCEEDED +0s
      Step pull_credit_report SUCCEEDED +0s
  Step calculate_risk_score SUCCEEDED +0s
  WaitForCallback manager-approval SUCCEEDED +0s to +29m
    Callback manager-approval create callback id SUCCEEDED +0s to +29m
    Step manager-approval submitter SUCCEEDED +0s
  WaitForCallback fraud-check SUCCEEDED +29m to +29m 30s
    Callback fraud-check create callback id SUCCEEDED +29m to +29m 30s
    Step fraud-check submitter SUCCEEDED +29m
  Step generate_loan_offer SUCCEEDED +29m 30s
  Step disburse_funds SUCCEEDED +29m 30s
";
    assert_eq!(run.tree().to_string(), expected);
}

#[tokio::test]
async fn a_manager_who_needs_three_days_is_two_days_and_more_too_late() {
    let late = callback("manager-approval")
        .after(days(3))
        .succeeds(&json!({ "approved": true }));
    let run = run(loan().answer(late)).await;
    let decided: Value = run.result().expect("a decision");
    assert_eq!(
        decided["reason"],
        "No manager decided within 30 minutes; please apply again"
    );
    assert_eq!(run.took(), minutes(30));
}

#[tokio::test]
async fn the_manager_says_no() {
    let no = json!({ "approved": false, "reason": "too much" });
    let run = run(loan().answer(callback("manager-*").succeeds(&no))).await;
    let decided: Value = run.result().expect("a decision");
    assert_eq!(
        (&decided["status"], &decided["reason"]),
        (&json!("denied"), &json!("too much"))
    );
    assert!(
        run.find_operation("fraud-check").is_none(),
        "{}",
        run.tree()
    );
}

#[tokio::test]
async fn a_fraud_check_that_never_answers_fails_the_loan_and_not_the_manager() {
    let silent = callback("fraud-check").never();
    let run = run(loan().answer(manager_says_yes()).answer(silent)).await;
    assert_eq!(run.status(), RunStatus::Failed);
    let error = run.error().and_then(|it| it.error_message.as_deref());
    assert_eq!(
        error,
        Some("the fraud check did not answer within 5 minutes")
    );
    assert_eq!(run.took(), minutes(34));
}

#[tokio::test]
async fn whenever_the_process_dies_the_loan_is_the_same() {
    let describe = || {
        loan()
            .answer(manager_says_yes())
            .answer(fraud_check_passes())
    };
    let report = crash_everywhere(describe, &alice())
        .await
        .expect("the loan comes to an end");
    report.assert_same();
    assert_eq!(report.unreached(), 0, "{report}");
    // The outside effects of a step must tolerate a second run, and no more.
    assert!(
        report.in_flight().iter().all(|it| it.ran_at_most == 2),
        "{report}"
    );
    assert_eq!(
        report
            .in_flight()
            .iter()
            .filter(|it| it.step == "disburse_funds")
            .count(),
        1
    );
}

fn histories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories")
}

/// The answers to the recorded loans' callbacks.
fn recorded() -> [(&'static str, Builder); 3] {
    let no = callback("manager-approval").succeeds(&json!({ "approved": false }));
    [
        (
            "approved",
            loan()
                .answer(manager_says_yes())
                .answer(fraud_check_passes()),
        ),
        ("denied", loan().answer(no)),
        (
            "waits-for-the-fraud-check",
            loan().answer(manager_says_yes()),
        ),
    ]
}

#[tokio::test]
async fn todays_code_goes_on_with_what_yesterdays_recorded() {
    if std::env::var_os("RECORD_HISTORIES").is_some() {
        for (name, builder) in recorded() {
            let file = histories().join(name).with_extension("json");
            run(builder)
                .await
                .save_history(file)
                .expect("the history is written");
        }
    }
    let workflow = workflow();
    let handler = |application, ctx| approve(Arc::clone(&workflow), application, ctx);
    let replayed = replays(histories(), handler).await.expect("it replays");
    let ended: Vec<_> = replayed.files().iter().map(|it| it.ended).collect();
    assert_eq!(ended, [true, true, false], "{replayed}");
}
