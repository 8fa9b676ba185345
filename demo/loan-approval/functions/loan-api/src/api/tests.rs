//! Whole requests against a fake table and a fake workflow, faults included.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use loan::{Engine, Stage, Status};
use powertools::{MemorySink, Settings};
use serde_json::Value;

use super::*;
use crate::answer::StatusView;

/// A table in memory whose writes can be made to fail.
#[derive(Default)]
struct FakeApplications {
    items: RefCell<HashMap<String, StoredApplication>>,
    ids_taken: Cell<u32>,
    forget_fails: Cell<bool>,
}

impl Applications for FakeApplications {
    async fn create(
        &self,
        application: &LoanApplication,
        engine: Engine,
        created_at: &str,
    ) -> Result<Created, Fault> {
        if self.ids_taken.get() > 0 {
            self.ids_taken.set(self.ids_taken.get() - 1);
            return Ok(Created::IdTaken);
        }
        let view = StatusView {
            application_id: application.application_id.clone(),
            engine,
            status: Status::Submitted,
            current_step: Stage::Submitted,
            applicant_name: application.applicant_name.clone(),
            loan_amount: json!(application.loan_amount),
            logs: Vec::new(),
            result: Value::Null,
            created_at: created_at.to_owned(),
            updated_at: created_at.to_owned(),
        };
        let stored = StoredApplication {
            view,
            callback_id: None,
        };
        self.items
            .borrow_mut()
            .insert(application.application_id.clone(), stored);
        Ok(Created::New)
    }

    async fn load(&self, id: &ApplicationId) -> Result<Option<StoredApplication>, Fault> {
        Ok(self.items.borrow().get(id.as_str()).cloned())
    }

    async fn forget_callback(&self, id: &ApplicationId, callback_id: &str) -> Result<(), Fault> {
        if self.forget_fails.get() {
            return Err(Fault::new(
                "take the completed callback out",
                "table is gone",
            ));
        }
        let mut items = self.items.borrow_mut();
        if let Some(item) = items.get_mut(id.as_str())
            && item.callback_id.as_deref() == Some(callback_id)
        {
            item.callback_id = None;
        }
        Ok(())
    }

    async fn record_start_failure(&self, id: &ApplicationId, _at: &str) -> Result<(), Fault> {
        let mut items = self.items.borrow_mut();
        items.get_mut(id.as_str()).unwrap().view.status = Status::Failed;
        Ok(())
    }
}

/// A workflow that notes its calls; a callback takes one answer, as on Lambda.
#[derive(Default)]
struct FakeWorkflow {
    started: RefCell<Vec<(LoanApplication, Engine)>>,
    decisions: RefCell<Vec<(AnswerTo, Value)>>,
    start_fails: Cell<bool>,
    decide_fails: Cell<bool>,
}

impl Workflow for FakeWorkflow {
    async fn start(&self, application: &LoanApplication, engine: Engine) -> Result<(), Fault> {
        if self.start_fails.get() {
            return Err(Fault::new("start the workflow", "secret inside: throttled"));
        }
        let started = (application.clone(), engine);
        self.started.borrow_mut().push(started);
        Ok(())
    }

    async fn decide(
        &self,
        answer_to: &AnswerTo,
        decision: &Value,
    ) -> Result<CallbackAnswer, Fault> {
        if self.decide_fails.get() {
            return Err(Fault::new("hand the decision to the workflow", "throttled"));
        }
        // Other tasks run here, as they would while the request is on its way.
        tokio::task::yield_now().await;
        let mut decisions = self.decisions.borrow_mut();
        if decisions.iter().any(|(it, _)| it == answer_to) {
            return Ok(CallbackAnswer::Closed);
        }
        decisions.push((answer_to.clone(), decision.clone()));
        Ok(CallbackAnswer::Accepted)
    }
}

struct World {
    api: Api<FakeApplications, FakeWorkflow>,
    sink: MemorySink,
}

impl World {
    fn new() -> Self {
        let settings = Settings::from_lookup(|name| match name {
            "POWERTOOLS_METRICS_NAMESPACE" => Some("Loans".to_owned()),
            "POWERTOOLS_SERVICE_NAME" => Some("LoanApi".to_owned()),
            _ => None,
        });
        let sink = MemorySink::new();
        let tools = powertools::Powertools::new(settings, sink.clone());
        let api = Api {
            applications: FakeApplications::default(),
            workflow: FakeWorkflow::default(),
            metrics: tools.metrics,
            tracer: tools.tracer,
        };
        Self { api, sink }
    }

    async fn request(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            request_id: "gateway-1".to_owned(),
            body: Body::Bytes(body),
        };
        let response = self.api.handle(&request).await;
        assert_eq!(response.headers["content-type"], "application/json");
        let value: Value = serde_json::from_str(&response.body).unwrap();
        if response.status_code >= 400 {
            assert_eq!(value["statusCode"], response.status_code, "{value}");
            assert!(
                value["message"].is_string() && value.as_object().unwrap().len() == 2,
                "{value}"
            );
        }
        (response.status_code, value)
    }

    async fn apply(&self) -> String {
        let body = json!({ "name": "Alice", "address": "", "phone": "", "sin": "1111", "loan_amount": "150000" });
        let (status, value) = self.request("POST", "/apply", &body).await;
        assert_eq!(status, 200, "{value}");
        value["application_id"].as_str().unwrap().to_owned()
    }

    /// An application whose workflow waits for the manager.
    async fn pending(&self) -> String {
        let id = self.apply().await;
        self.api
            .applications
            .items
            .borrow_mut()
            .get_mut(&id)
            .unwrap()
            .callback_id = Some("callback-1".to_owned());
        id
    }

    fn metric(&self, name: &str) -> Option<Value> {
        self.api.metrics.flush().unwrap();
        self.sink
            .lines()
            .iter()
            .find_map(|line| line.get(name).cloned())
    }
}

#[tokio::test]
async fn application_is_stored_started_and_counted() {
    let world = World::new();
    world.api.applications.ids_taken.set(2);
    let id = world.apply().await;
    assert!(ApplicationId::parse(&id).is_some(), "{id}");
    let started = world.api.workflow.started.borrow().clone();
    assert_eq!(started.len(), 1);
    assert_eq!(
        (
            started[0].0.application_id.as_str(),
            started[0].0.loan_amount
        ),
        (id.as_str(), 150_000.0)
    );
    assert_eq!(started[0].1, Engine::Durable);
    assert_eq!(world.metric("ApplicationsSubmitted"), Some(json!([1.0])));

    let (status, view) = world
        .request("GET", &format!("/status/{id}"), &Value::Null)
        .await;
    assert_eq!(
        (status, &view["status"], &view["applicant_name"]),
        (200, &json!("submitted"), &json!("Alice"))
    );
}

#[tokio::test]
async fn workflow_that_does_not_start_leaves_a_failed_application() {
    let world = World::new();
    world.api.workflow.start_fails.set(true);
    let body = json!({ "name": "Alice", "sin": "1111", "loan_amount": 1 });
    let (status, value) = world.request("POST", "/apply", &body).await;
    assert_eq!(status, 500);
    assert!(
        !value.to_string().contains("secret inside"),
        "the cause is for the log: {value}"
    );
    let statuses: Vec<Status> = world
        .api
        .applications
        .items
        .borrow()
        .values()
        .map(|item| item.view.status)
        .collect();
    assert_eq!(statuses, [Status::Failed]);
    assert_eq!(world.metric("ApplicationsSubmitted"), None);
}

#[tokio::test]
async fn endless_collisions_end_in_a_fault() {
    let world = World::new();
    world.api.applications.ids_taken.set(u32::MAX);
    let body = json!({ "name": "Alice", "sin": "1111", "loan_amount": 1 });
    assert_eq!(world.request("POST", "/apply", &body).await.0, 500);
}

#[tokio::test]
async fn decision_reaches_the_workflow_once() {
    for (body, result) in [
        (json!({ "approved": true }), json!({ "approved": true })),
        (
            json!({ "approved": false, "reason": "no" }),
            json!({ "approved": false, "reason": "no" }),
        ),
    ] {
        let world = World::new();
        let path = format!("/approve/{}", world.pending().await);
        let (status, value) = world.request("POST", &path, &body).await;
        assert_eq!((status, &value["status"]), (200, &json!("approval_sent")));
        assert_eq!(
            *world.api.workflow.decisions.borrow(),
            [(AnswerTo::CallbackId("callback-1".to_owned()), result)]
        );
        assert_eq!(
            world.request("POST", &path, &body).await.0,
            409,
            "a second decision is refused"
        );
        assert_eq!(world.metric("ApprovalsProcessed"), Some(json!([1.0])));
    }
}

#[tokio::test]
async fn state_machine_is_started_and_answered_by_its_token() {
    let world = World::new();
    let body =
        json!({ "name": "Alice", "sin": "1111", "loan_amount": 1, "engine": "state-machine" });
    let (_, value) = world.request("POST", "/apply", &body).await;
    let id = value["application_id"].as_str().unwrap().to_owned();
    assert_eq!(
        world.api.workflow.started.borrow()[0].1,
        Engine::StateMachine
    );
    let wait = |items: &mut HashMap<String, StoredApplication>| {
        items.get_mut(&id).unwrap().callback_id = Some("token-1".to_owned());
    };
    wait(&mut world.api.applications.items.borrow_mut());
    let approve = json!({ "approved": true });
    let path = format!("/approve/{id}");
    assert_eq!(world.request("POST", &path, &approve).await.0, 200);
    assert_eq!(
        world.api.workflow.decisions.borrow()[0].0,
        AnswerTo::TaskToken("token-1".to_owned())
    );
    let path = format!("/status/{id}");
    let (_, view) = world.request("GET", &path, &Value::Null).await;
    assert_eq!(view["engine"], "state-machine");
}

#[tokio::test]
async fn of_two_decisions_at_once_exactly_one_counts() {
    let world = World::new();
    let path = format!("/approve/{}", world.pending().await);
    let (approve, deny) = (json!({ "approved": true }), json!({ "approved": false }));
    let (first, second) = tokio::join!(
        world.request("POST", &path, &approve),
        world.request("POST", &path, &deny)
    );
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(world.api.workflow.decisions.borrow().len(), 1);
}

#[tokio::test]
async fn decision_survives_a_crash_before_the_table_is_told() {
    let world = World::new();
    let id = world.pending().await;
    world.api.applications.forget_fails.set(true);
    let path = format!("/approve/{id}");
    assert_eq!(
        world
            .request("POST", &path, &json!({ "approved": true }))
            .await
            .0,
        200,
        "the decision stands"
    );
    world.api.applications.forget_fails.set(false);
    assert_eq!(
        world
            .request("POST", &path, &json!({ "approved": false }))
            .await
            .0,
        409
    );
    assert_eq!(world.api.workflow.decisions.borrow().len(), 1);
    let callback = world.api.applications.items.borrow()[&id]
        .callback_id
        .clone();
    assert_eq!(callback, None, "the second request healed the table");
}

#[tokio::test]
async fn decision_that_did_not_get_through_can_be_given_again() {
    let world = World::new();
    let path = format!("/approve/{}", world.pending().await);
    world.api.workflow.decide_fails.set(true);
    assert_eq!(
        world
            .request("POST", &path, &json!({ "approved": true }))
            .await
            .0,
        500
    );
    world.api.workflow.decide_fails.set(false);
    assert_eq!(
        world
            .request("POST", &path, &json!({ "approved": true }))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn refusals_have_their_statuses() {
    let world = World::new();
    let id = world.apply().await;
    for (method, path, body, expected) in [
        ("POST", "/apply".to_owned(), Value::Null, 400),
        ("POST", "/apply".to_owned(), json!({ "name": "A" }), 400),
        ("GET", "/status/LOAN-1-AAAA".to_owned(), Value::Null, 404),
        ("GET", "/status/nonsense".to_owned(), Value::Null, 404),
        ("GET", "/elsewhere".to_owned(), Value::Null, 404),
        ("PUT", "/apply".to_owned(), Value::Null, 405),
        (
            "POST",
            "/approve/LOAN-1-AAAA".to_owned(),
            json!({ "approved": true }),
            404,
        ),
        ("POST", format!("/approve/{id}"), json!({}), 400),
        (
            "POST",
            format!("/approve/{id}"),
            json!({ "approved": true }),
            409,
        ),
    ] {
        let (status, value) = world.request(method, &path, &body).await;
        assert_eq!(status, expected, "{method} {path} {body}: {value}");
    }
    assert_eq!(
        world.api.workflow.started.borrow().len(),
        1,
        "only the good application started a workflow"
    );
}

/// A client that sees a pending approval can decide: the table has that status a moment before the callback exists, and
/// after it, and the API hides it then.
#[tokio::test]
async fn approval_is_pending_only_while_it_can_be_given() {
    let world = World::new();
    let id = world.pending().await;
    let path = format!("/status/{id}");
    let set = |callback_id: Option<&str>| {
        let mut items = world.api.applications.items.borrow_mut();
        let stored = items.get_mut(&id).unwrap();
        stored.view.status = Status::PendingApproval;
        stored.callback_id = callback_id.map(str::to_owned);
    };
    for (callback_id, shown) in [
        (None, "processing"),
        (Some("callback-1"), "pending_approval"),
    ] {
        set(callback_id);
        let (_, value) = world.request("GET", &path, &json!({})).await;
        assert_eq!(value["status"], shown);
    }
}
