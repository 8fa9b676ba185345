//! Whole executions through the SDK's real invoker, against a durable service and a table in memory: how the profiles
//! end, which operations are recorded, and that a death at any checkpoint changes neither result nor log.

mod service;

use std::sync::Mutex;

use lambdura::{BoxError, InvocationContext, Invoker};
use serde_json::{Value, json};

use super::*;
use crate::progress_log::tests::FakeTable;
use service::{Kill, Service};

/// Notes its requests; the test answers through the callback.
#[derive(Default)]
struct FakeFraudService {
    requests: Mutex<Vec<FraudCheckRequest>>,
}

impl FraudService for FakeFraudService {
    async fn request(&self, request: FraudCheckRequest) -> Result<(), BoxError> {
        self.requests.lock().unwrap().push(request);
        Ok(())
    }
}

/// How the outside world answers callbacks.
#[derive(Clone)]
struct Answers {
    manager: Answer,
    fraud_check: Answer,
}

#[derive(Clone)]
enum Answer {
    Result(Value),
    TimesOut,
}

impl Answers {
    fn favourable() -> Self {
        Self {
            manager: Answer::Result(json!({ "approved": true })),
            fraud_check: Answer::Result(
                json!({ "fraud_check": "passed", "risk_indicators": 0, "checked_by": "F-v2" }),
            ),
        }
    }
}

struct World {
    workflow: Workflow<FakeTable, FakeFraudService>,
    service: Service,
}

/// Invocations that a test allows; an execution that needs more makes no progress.
const INVOCATIONS_MAX: usize = 50;

impl World {
    fn new(application: &Value) -> Self {
        let workflow = Workflow {
            table: FakeTable::default(),
            fraud_service: FakeFraudService::default(),
            pace: Pace::parse("0").unwrap(),
        };
        Self {
            workflow,
            service: Service::new(application),
        }
    }

    /// Runs the execution to its end: invokes, and answers the callback that it waits for.
    async fn run(&self, answers: &Answers) -> Result<Value, String> {
        let handler = |application: LoanApplication, ctx: DurableContext| async move {
            self.workflow
                .run(application, &ctx)
                .await
                .map_err(|error| -> BoxError { error.into() })
        };
        for number in 0..INVOCATIONS_MAX {
            let invoker = Invoker::new(self.service.clone());
            let invocation = InvocationContext {
                request_id: format!("request-{number}"),
                remaining_time: None,
            };
            let Ok(output) = invoker
                .invoke(&handler, self.service.input(), invocation)
                .await
            else {
                // Killed: everything that the process did not record is lost, and the service invokes again.
                continue;
            };
            if let Some(error) = output.error {
                return Err(error.error_message.unwrap_or_default());
            }
            if let Some(result) = output.result {
                return Ok(serde_json::from_str(&result).unwrap());
            }
            self.answer(answers);
        }
        panic!(
            "no end after {INVOCATIONS_MAX} invocations: {:#?}",
            self.service.tree()
        );
    }

    fn answer(&self, answers: &Answers) {
        let (name, callback_id) = self
            .service
            .open_callback()
            .expect("a suspended workflow waits for a callback");
        let (offered, answer) = match name.as_str() {
            "manager-approval create callback id" => {
                let item = self.workflow.table.item.lock().unwrap().clone();
                let standing = item.standing.unwrap();
                assert_eq!(
                    (standing.status, standing.stage),
                    (Status::PendingApproval, Stage::ManagerApproval)
                );
                (item.callback_id.unwrap(), &answers.manager)
            }
            "fraud-check create callback id" => {
                let requests = self.workflow.fraud_service.requests.lock().unwrap();
                let AnswerTo::CallbackId(callback_id) = &requests.last().unwrap().answer_to else {
                    panic!("a durable function has no task token");
                };
                (callback_id.clone(), &answers.fraud_check)
            }
            other => panic!("nobody answers {other}"),
        };
        assert_eq!(
            offered, callback_id,
            "the outside world knows the callback that is waited for"
        );
        match answer {
            Answer::Result(result) => self
                .service
                .complete_callback(&callback_id, &result.to_string()),
            Answer::TimesOut => self.service.time_callback_out(&callback_id),
        }
    }

    fn fresh_messages(&self) -> Vec<String> {
        self.workflow.table.fresh_messages()
    }

    fn standing(&self) -> (Status, Stage) {
        let standing = self
            .workflow
            .table
            .item
            .lock()
            .unwrap()
            .standing
            .clone()
            .unwrap();
        (standing.status, standing.stage)
    }
}

fn application(name: &str, sin: &str, loan_amount: f64) -> Value {
    json!({
        "application_id": "LOAN-1700000000-AB12", "applicant_name": name, "sin": sin, "loan_amount": loan_amount,
    })
}

fn alice() -> Value {
    application("Alice Johnson", "1111", 150_000.0)
}

#[tokio::test]
async fn alice_is_approved_over_seventeen_operations() {
    let world = World::new(&alice());
    let result = world.run(&Answers::favourable()).await.unwrap();
    let expected = json!({
        "status": "approved", "application_id": "LOAN-1700000000-AB12", "applicant_name": "Alice Johnson",
        "offer_id": result["offer_id"], "loan_amount": 150_000.0, "annual_rate": 5.25, "monthly_payment": 2_847.9,
        "term_months": 60, "disbursement_ref": result["disbursement_ref"],
    });
    assert_eq!(result, expected);
    let tree = [
        "Step validate_application",
        "Parallel",
        "  ParallelBranch parallel-branch-0",
        "    Step pull_credit_report",
        "  ParallelBranch parallel-branch-1",
        "    Step pull_credit_report",
        "  ParallelBranch parallel-branch-2",
        "    Step pull_credit_report",
        "Step calculate_risk_score",
        "WaitForCallback manager-approval",
        "  Callback manager-approval create callback id",
        "  Step manager-approval submitter",
        "WaitForCallback fraud-check",
        "  Callback fraud-check create callback id",
        "  Step fraud-check submitter",
        "Step generate_loan_offer",
        "Step disburse_funds",
    ];
    assert_eq!(world.service.tree(), tree);
    assert_eq!(world.standing(), (Status::Approved, Stage::Complete));
    let item = world.workflow.table.item.lock().unwrap().clone();
    assert_eq!(item.standing.unwrap().result, Some(result));
    assert_eq!(item.callback_id, None);

    let replays = item
        .entries
        .iter()
        .filter(|entry| entry.level == Level::Replay);
    assert!(
        replays
            .clone()
            .all(|entry| entry.message.starts_with("[REPLAY] "))
    );
    // Seven entries from before the manager's decision are replayed after it; these and two more after the fraud check.
    assert_eq!(replays.count(), 7 + 9);
}

#[tokio::test]
async fn applicants_end_as_the_demo_says() {
    for (name, sin, amount, status) in [
        ("Bob Martinez", "2222", 50_000.0, "denied"),
        ("Charlie Wilson", "3333", 25_000.0, "approved"),
        ("Charlie Wilson", "3333", 25_001.0, "denied"),
        ("Alice Johnson", "1111", 99_999.0, "approved"),
    ] {
        let world = World::new(&application(name, sin, amount));
        let result = world.run(&Answers::favourable()).await.unwrap();
        assert_eq!(result["status"], status, "{result}");
        assert_eq!(result["reason"].is_string(), status == "denied", "{result}");
        let asked_manager = world
            .service
            .tree()
            .iter()
            .any(|line| line.contains("manager"));
        assert!(
            !asked_manager,
            "only loans of $100,000 and more need one: {name} {amount}"
        );
    }
}

#[tokio::test]
async fn manager_denies_with_a_reason_or_by_silence() {
    for (manager, expected) in [
        (
            Answer::Result(json!({ "approved": false, "reason": "too much" })),
            "too much",
        ),
        (
            Answer::Result(json!({ "approved": false })),
            "Manager denied the application",
        ),
        (
            Answer::TimesOut,
            "No manager decided within 30 minutes; please apply again",
        ),
    ] {
        let world = World::new(&alice());
        let result = world
            .run(&Answers {
                manager,
                ..Answers::favourable()
            })
            .await
            .unwrap();
        assert_eq!(
            (&result["status"], &result["reason"]),
            (&json!("denied"), &json!(expected))
        );
        assert_eq!(world.standing(), (Status::Denied, Stage::ManagerApproval));
        assert!(
            world
                .workflow
                .fraud_service
                .requests
                .lock()
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn fraud_check_decides_too() {
    let failed_check = Answer::Result(json!({ "fraud_check": "failed" }));
    let world = World::new(&application("Charlie Wilson", "3333", 25_000.0));
    let result = world
        .run(&Answers {
            fraud_check: failed_check,
            ..Answers::favourable()
        })
        .await
        .unwrap();
    assert_eq!(result["status"], "denied");

    let world = World::new(&application("Charlie Wilson", "3333", 25_000.0));
    let error = world
        .run(&Answers {
            fraud_check: Answer::TimesOut,
            ..Answers::favourable()
        })
        .await
        .unwrap_err();
    assert_eq!(error, "the fraud check did not answer within 5 minutes");
    assert_eq!(world.standing(), (Status::Failed, Stage::FraudCheck));
}

#[tokio::test]
async fn what_cannot_be_validated_fails_at_once() {
    let world = World::new(&application("Alice Johnson", "11", 1.0));
    let error = world.run(&Answers::favourable()).await.unwrap_err();
    assert_eq!(error, "the SIN must be its last four digits");
    assert_eq!(world.standing(), (Status::Failed, Stage::Validating));
    assert_eq!(world.service.tree(), ["Step validate_application"]);
}

#[tokio::test]
async fn death_at_any_checkpoint_changes_neither_result_nor_log() {
    let undisturbed = World::new(&alice());
    let expected = undisturbed.run(&Answers::favourable()).await.unwrap();
    let checkpoints = undisturbed.service.checkpoints();
    assert!(checkpoints > 5, "{checkpoints}");
    for number in 0..checkpoints {
        for kill in [Kill::Before(number), Kill::After(number)] {
            let world = World::new(&alice());
            world.service.kill(kill);
            let result = world.run(&Answers::favourable()).await.unwrap();
            assert_eq!(result, expected, "{kill:?}");
            assert_eq!(
                world.fresh_messages(),
                undisturbed.fresh_messages(),
                "{kill:?}"
            );
            assert_eq!(world.service.tree(), undisturbed.service.tree(), "{kill:?}");
            assert!(world.service.is_killed(), "{kill:?} happened");
        }
    }
}
