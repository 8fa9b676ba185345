//! The progress table in DynamoDB.
//!
//! An item has the data of `GET /status`, and attributes for the functions alone: `callback_id` while a manager must
//! decide, which is a task token in a state machine; the counters of the durable function, `progress` and `replayed`
//! (see the workflow's `progress_log.rs`); and the keys of the entries that the state machine's tasks have written,
//! `told`.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use loan::attribute::{from_attribute, number, to_attribute, to_json};
use loan::{Engine, Level, LoanApplication, LogEntry, Stage, Status};
use serde_json::Value;

use crate::answer::StatusView;
use crate::application_id::ApplicationId;
use crate::ports::{Applications, Created, Fault, StoredApplication};

/// The table and the client that reaches it.
pub struct ProgressTable {
    /// Made once per process.
    pub client: Client,
    /// Name of the table.
    pub table: String,
}

impl Applications for ProgressTable {
    async fn create(
        &self,
        application: &LoanApplication,
        engine: Engine,
        created_at: &str,
    ) -> Result<Created, Fault> {
        let attempting = || format!("store application {}", application.application_id);
        let item = new_item(application, engine, created_at)
            .map_err(|cause| Fault::new(attempting(), cause))?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item));
        match put
            .condition_expression("attribute_not_exists(application_id)")
            .send()
            .await
        {
            Ok(_) => Ok(Created::New),
            Err(error) => match error.into_service_error() {
                error if error.is_conditional_check_failed_exception() => Ok(Created::IdTaken),
                error => Err(Fault::new(attempting(), error)),
            },
        }
    }

    async fn load(&self, id: &ApplicationId) -> Result<Option<StoredApplication>, Fault> {
        let attempting = || format!("read application {id}");
        let key = AttributeValue::S(id.as_str().to_owned());
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("application_id", key)
            .consistent_read(true);
        let answer = get
            .send()
            .await
            .map_err(|error| Fault::new(attempting(), error.into_service_error()))?;
        match answer.item {
            Some(item) => stored(id, &item)
                .map(Some)
                .map_err(|cause| Fault::new(attempting(), cause)),
            None => Ok(None),
        }
    }

    async fn forget_callback(&self, id: &ApplicationId, callback_id: &str) -> Result<(), Fault> {
        let update = self
            .update(id)
            .update_expression("REMOVE callback_id")
            .condition_expression("callback_id = :callback");
        match update
            .expression_attribute_values(":callback", AttributeValue::S(callback_id.to_owned()))
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) => match error.into_service_error() {
                // Another caller was faster; the callback is gone, as intended.
                error if error.is_conditional_check_failed_exception() => Ok(()),
                error => Err(Fault::new(
                    format!("take the completed callback out of application {id}"),
                    error,
                )),
            },
        }
    }

    async fn record_start_failure(&self, id: &ApplicationId, at: &str) -> Result<(), Fault> {
        let attempting = || format!("note that the workflow of application {id} did not start");
        let message = "The workflow could not be started; please apply again";
        let entry =
            entry(at, message, Level::Error).map_err(|cause| Fault::new(attempting(), cause))?;
        let update = self
            .update(id)
            .update_expression(
                "SET #status = :failed, updated_at = :at, #logs = list_append(#logs, :entries)",
            )
            .condition_expression("#status = :submitted AND progress = :zero")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#logs", "logs")
            .expression_attribute_values(
                ":failed",
                AttributeValue::S(Status::Failed.as_str().to_owned()),
            )
            .expression_attribute_values(
                ":submitted",
                AttributeValue::S(Status::Submitted.as_str().to_owned()),
            )
            .expression_attribute_values(":zero", number(0.0))
            .expression_attribute_values(":at", AttributeValue::S(at.to_owned()))
            .expression_attribute_values(":entries", AttributeValue::L(vec![entry]));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.into_service_error() {
                // The workflow did start, and only the answer was lost.
                error if error.is_conditional_check_failed_exception() => Ok(()),
                error => Err(Fault::new(attempting(), error)),
            },
        }
    }
}

impl ProgressTable {
    fn update(
        &self,
        id: &ApplicationId,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        let key = AttributeValue::S(id.as_str().to_owned());
        self.client
            .update_item()
            .table_name(&self.table)
            .key("application_id", key)
    }
}

fn entry(at: &str, message: &str, level: Level) -> Result<AttributeValue, serde_json::Error> {
    to_attribute(&LogEntry {
        timestamp: at.to_owned(),
        step: Stage::Submitted,
        message: message.to_owned(),
        level,
    })
}

fn new_item(
    application: &LoanApplication,
    engine: Engine,
    created_at: &str,
) -> Result<HashMap<String, AttributeValue>, serde_json::Error> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let entry = entry(created_at, "Application received", Level::Info)?;
    Ok(HashMap::from([
        (
            "application_id".to_owned(),
            text(&application.application_id),
        ),
        ("engine".to_owned(), text(engine.as_str())),
        ("status".to_owned(), text(Status::Submitted.as_str())),
        ("current_step".to_owned(), text(Stage::Submitted.as_str())),
        (
            "applicant_name".to_owned(),
            text(&application.applicant_name),
        ),
        ("loan_amount".to_owned(), number(application.loan_amount)),
        ("logs".to_owned(), AttributeValue::L(vec![entry])),
        ("result".to_owned(), AttributeValue::Null(true)),
        ("created_at".to_owned(), text(created_at)),
        ("updated_at".to_owned(), text(created_at)),
        ("progress".to_owned(), number(0.0)),
        ("replayed".to_owned(), number(0.0)),
    ]))
}

/// Reads an item. An item that the workflow created, because it was invoked without the API, lacks some attributes.
fn stored(
    id: &ApplicationId,
    item: &HashMap<String, AttributeValue>,
) -> Result<StoredApplication, serde_json::Error> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let view = StatusView {
        application_id: id.as_str().to_owned(),
        engine: item
            .get("engine")
            .map_or(Ok(Engine::default()), from_attribute)?,
        status: item
            .get("status")
            .map_or(Ok(Status::Submitted), from_attribute)?,
        current_step: item
            .get("current_step")
            .map_or(Ok(Stage::Submitted), from_attribute)?,
        applicant_name: text("applicant_name").unwrap_or_default(),
        loan_amount: item.get("loan_amount").map_or(Value::Null, to_json),
        logs: item.get("logs").map_or(Ok(Vec::new()), from_attribute)?,
        result: item.get("result").map_or(Value::Null, to_json),
        created_at: text("created_at").unwrap_or_default(),
        updated_at: text("updated_at").unwrap_or_default(),
    };
    Ok(StoredApplication {
        view,
        callback_id: text("callback_id"),
    })
}

#[cfg(test)]
mod tests {
    use loan::testing::{TABLE, progress_table};
    use serde_json::json;

    use super::*;

    fn application() -> LoanApplication {
        LoanApplication {
            application_id: "LOAN-1700000000-AB12".to_owned(),
            applicant_name: "Alice Johnson".to_owned(),
            sin: "1111".to_owned(),
            loan_amount: 150_000.0,
            address: "1 Main St".to_owned(),
            phone: String::new(),
        }
    }

    #[test]
    fn new_item_is_read_back_as_submitted() {
        let id = ApplicationId::parse("LOAN-1700000000-AB12").unwrap();
        let mut item =
            new_item(&application(), Engine::Durable, "2026-11-23T12:00:00.000Z").unwrap();
        let stored_application = stored(&id, &item).unwrap();
        assert_eq!(stored_application.callback_id, None);
        let expected = json!({
            "application_id": "LOAN-1700000000-AB12",
            "engine": "durable", "status": "submitted", "current_step": "submitted",
            "applicant_name": "Alice Johnson", "loan_amount": 150_000,
            "logs": [{
                "timestamp": "2026-11-23T12:00:00.000Z", "step": "submitted",
                "message": "Application received", "level": "info",
            }],
            "result": null, "created_at": "2026-11-23T12:00:00.000Z", "updated_at": "2026-11-23T12:00:00.000Z",
        });
        assert_eq!(
            serde_json::to_value(&stored_application.view).unwrap(),
            expected
        );

        item.insert(
            "callback_id".to_owned(),
            AttributeValue::S("secret".to_owned()),
        );
        let with_callback = stored(&id, &item).unwrap();
        assert_eq!(with_callback.callback_id.as_deref(), Some("secret"));
        assert!(
            !with_callback.view.response().body.contains("secret"),
            "clients never see the callback id"
        );
    }

    #[tokio::test]
    async fn application_lives_in_the_table() {
        let client = progress_table().await;
        let table = ProgressTable {
            client,
            table: TABLE.to_owned(),
        };
        let id = ApplicationId::parse("LOAN-1700000000-AB12").unwrap();
        assert_eq!(table.load(&id).await.unwrap(), None);
        let created_at = "2026-11-23T12:00:00.000Z";
        assert_eq!(
            table
                .create(&application(), Engine::StateMachine, created_at)
                .await
                .unwrap(),
            Created::New
        );
        assert_eq!(
            table
                .create(&application(), Engine::StateMachine, created_at)
                .await
                .unwrap(),
            Created::IdTaken
        );
        let submitted = table.load(&id).await.unwrap().unwrap();
        assert_eq!(
            (submitted.view.status, submitted.view.loan_amount),
            (Status::Submitted, json!(150_000))
        );

        let callback = AttributeValue::S("callback-1".to_owned());
        let offer = table
            .update(&id)
            .update_expression("SET callback_id = :callback");
        offer
            .expression_attribute_values(":callback", callback)
            .send()
            .await
            .unwrap();
        let callback_id = async || table.load(&id).await.unwrap().unwrap().callback_id;
        table.forget_callback(&id, "another").await.unwrap();
        assert_eq!(
            callback_id().await.as_deref(),
            Some("callback-1"),
            "another callback is not this one"
        );
        table.forget_callback(&id, "callback-1").await.unwrap();
        table.forget_callback(&id, "callback-1").await.unwrap();
        assert_eq!(callback_id().await, None);
    }

    #[tokio::test]
    async fn failed_start_is_noted_unless_the_workflow_began_after_all() {
        let client = progress_table().await;
        let table = ProgressTable {
            client,
            table: TABLE.to_owned(),
        };
        let id = ApplicationId::parse("LOAN-1700000000-AB12").unwrap();
        table
            .create(&application(), Engine::Durable, "2026-11-23T12:00:00.000Z")
            .await
            .unwrap();
        table
            .record_start_failure(&id, "2026-11-23T12:00:01.000Z")
            .await
            .unwrap();
        table
            .record_start_failure(&id, "2026-11-23T12:00:02.000Z")
            .await
            .unwrap();
        let failed = table.load(&id).await.unwrap().unwrap().view;
        assert_eq!((failed.status, failed.logs.len()), (Status::Failed, 2));
        assert_eq!(
            failed.updated_at, "2026-11-23T12:00:01.000Z",
            "it is noted once"
        );

        let begin = table
            .update(&id)
            .update_expression("SET #status = :processing, progress = :one");
        begin
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":processing", AttributeValue::S("processing".to_owned()))
            .expression_attribute_values(":one", number(1.0))
            .send()
            .await
            .unwrap();
        table
            .record_start_failure(&id, "2026-11-23T12:00:03.000Z")
            .await
            .unwrap();
        assert_eq!(
            table.load(&id).await.unwrap().unwrap().view.status,
            Status::Processing
        );
    }

    #[test]
    fn item_keeps_what_identifies_a_person_out() {
        let item = new_item(&application(), Engine::Durable, "2026-11-23T12:00:00.000Z").unwrap();
        assert!(
            !["sin", "address", "phone"]
                .iter()
                .any(|name| item.contains_key(*name))
        );
    }
}
