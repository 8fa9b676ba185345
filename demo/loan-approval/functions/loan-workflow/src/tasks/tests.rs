//! Tasks against a table with DynamoDB's own behaviour, and against the definition that calls them.

use std::sync::Mutex;

use loan::attribute::to_json;
use loan::testing::{TABLE, progress_table};

use super::*;
use crate::decision::{FRAUD_CHECK_TIMEOUT, MANAGER_AMOUNT_MIN, MANAGER_TIMEOUT, no_fraud_report};

const ID: &str = "LOAN-1700000000-AB12";

#[derive(Default)]
struct FraudRequests(Mutex<Vec<FraudCheckRequest>>);

impl FraudService for FraudRequests {
    async fn request(&self, request: FraudCheckRequest) -> Result<(), BoxError> {
        self.0.lock().unwrap().push(request);
        Ok(())
    }
}

async fn tasks() -> Tasks<FraudRequests> {
    Tasks {
        progress: TaskProgress {
            client: progress_table().await,
            table: TABLE.to_owned(),
        },
        fraud_service: FraudRequests::default(),
        pace: Pace::parse("0").unwrap(),
    }
}

async fn item(tasks: &Tasks<FraudRequests>) -> Value {
    let key = aws_sdk_dynamodb::types::AttributeValue::S(ID.to_owned());
    let get = tasks.progress.client.get_item().table_name(TABLE);
    let answer = get.key("application_id", key).send().await.unwrap();
    let item = answer.item.unwrap();
    item.iter()
        .filter(|(name, _)| *name != "told")
        .map(|(name, value)| (name.clone(), to_json(value)))
        .collect()
}

fn messages(item: &Value) -> Vec<&str> {
    let entries = item["logs"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["message"].as_str().unwrap())
        .collect()
}

fn application() -> Value {
    json!({
        "application_id": ID, "applicant_name": "Alice Johnson", "sin": "1111", "loan_amount": 150_000,
        "status": "validated", "validated_at": "",
    })
}

#[tokio::test]
async fn alices_tasks_tell_everything_once_however_often_they_are_invoked() {
    let tasks = tasks().await;
    let done = async |task: Value| {
        let first = tasks.handle(task.clone()).await.unwrap();
        tasks.handle(task).await.unwrap();
        first
    };
    let validated = done(json!({ "task": "validate", "application": application() })).await;
    let mut reports = Vec::new();
    for bureau in credit::BUREAUS {
        let task = json!({ "task": "credit-report", "application": validated, "bureau": bureau });
        reports.push(done(task).await);
    }
    let task = json!({ "task": "risk", "application": validated, "reports": reports });
    let risk = done(task).await;
    assert_eq!(risk["risk_tier"], "prime");

    let ask =
        |token| json!({ "task": "ask-manager", "application": validated, "task_token": token });
    done(ask("first")).await;
    done(ask("second")).await;
    let pending = item(&tasks).await;
    assert_eq!(pending["status"], "pending_approval");
    assert_eq!(
        pending["callback_id"], "second",
        "a task that is tried again has another token"
    );

    let task = json!({
        "task": "request-fraud-check", "application": validated, "manager_approved": true, "task_token": "t",
    });
    done(task).await;
    done(ask("late")).await;
    let going_on = item(&tasks).await;
    assert_eq!(going_on.get("callback_id"), None, "{going_on}");
    let requests = tasks.fraud_service.0.lock().unwrap().clone();
    assert_eq!(requests[0].answer_to, AnswerTo::TaskToken("t".to_owned()));

    let fraud = json!({ "fraud_check": "passed", "checked_by": "tests" });
    let task = json!({ "task": "offer", "application": validated, "risk": risk, "fraud": fraud });
    let offer = done(task).await;
    let task = json!({ "task": "disburse", "application": validated, "offer": offer });
    let outcome = done(task).await;
    assert_eq!(outcome["monthly_payment"], 2847.9);

    let ended = item(&tasks).await;
    assert_eq!(
        (
            &ended["status"],
            &ended["current_step"],
            &ended["result"]["offer_id"]
        ),
        (&json!("approved"), &json!("complete"), &outcome["offer_id"])
    );
    let told = messages(&ended);
    assert_eq!(told.len(), 14, "{told:?}");
    assert_eq!((told[0], told[13]), (say::VALIDATING, say::APPROVED));
}

#[tokio::test]
async fn an_end_that_was_told_stays() {
    let tasks = tasks().await;
    let task = json!({
        "task": "deny", "application": application(), "because": { "manager": { "approved": false, "reason": "no" } },
    });
    let outcome = tasks.handle(task).await.unwrap();
    assert_eq!(outcome["reason"], "no");
    let silent =
        json!({ "task": "deny", "application": application(), "because": { "manager": null } });
    let silence = tasks.handle(silent).await.unwrap();
    assert_eq!(silence["reason"], json!(no_manager()));
    let failed =
        json!({ "task": "fail", "application_id": ID, "cause": "{\"errorMessage\":\"broken\"}" });
    tasks.handle(failed).await.unwrap();
    let item = item(&tasks).await;
    assert_eq!(
        (&item["status"], &item["result"]),
        (&json!("denied"), &outcome)
    );
    assert_eq!(messages(&item), ["Application denied: no"]);
}

#[tokio::test]
async fn a_failure_says_what_the_function_said() {
    let tasks = tasks().await;
    let failed =
        json!({ "task": "fail", "application_id": ID, "cause": "{\"errorMessage\":\"broken\"}" });
    tasks.handle(failed).await.unwrap();
    let item = item(&tasks).await;
    assert_eq!(messages(&item), [say::failed("broken")]);
    assert_eq!(item["status"], "failed");
}

#[tokio::test]
async fn what_is_wrong_has_a_kind_that_the_definition_names() {
    let tasks = tasks().await;
    let mut nobody = application();
    nobody["sin"] = json!("12");
    let task = json!({ "task": "validate", "application": nobody });
    let error = tasks.handle(task).await.unwrap_err();
    assert_eq!(error.kind(), "ValidationError");
    let error = tasks.handle(json!({ "task": "dance" })).await.unwrap_err();
    assert_eq!(error.kind(), "TaskError");
    let approved = assess(&credit::reports("1111"), "1111", 1.0).unwrap();
    let task =
        json!({ "task": "deny", "application": application(), "because": { "risk": approved } });
    assert_eq!(tasks.handle(task).await.unwrap_err().kind(), "TaskError");
}

/// The definition must repeat some of the rules.
#[test]
fn the_definition_has_the_same_rules() {
    let text = include_str!("../../../../state-machine/loan.asl.json");
    let definition: Value = serde_json::from_str(text).unwrap();
    let states = &definition["States"];
    assert_eq!(states["PullCreditReports"]["Items"], json!(credit::BUREAUS));
    let condition = format!("{{% $application.loan_amount >= {MANAGER_AMOUNT_MIN} %}}");
    assert_eq!(states["WhoDecides"]["Choices"][1]["Condition"], condition);
    assert_eq!(
        states["AskManager"]["TimeoutSeconds"],
        MANAGER_TIMEOUT.as_secs()
    );
    assert_eq!(
        states["CheckForFraud"]["TimeoutSeconds"],
        FRAUD_CHECK_TIMEOUT.as_secs()
    );
    assert_eq!(
        states["CheckForFraud"]["Catch"][0]["Output"]["Cause"],
        no_fraud_report()
    );
}
