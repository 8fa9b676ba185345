//! The tasks' entries in the progress table. An entry has a key, under which it is written once, even if its task is
//! invoked several times.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use lambdura::BoxError;
use loan::attribute::{from_attribute, from_json, to_attribute};
use loan::{Level, LogEntry, Stage, Status, timestamp_text};
use serde_json::Value;

/// The table and the client that reaches it.
pub(super) struct TaskProgress {
    /// Made once per process.
    pub client: Client,
    /// Name of the table.
    pub table: String,
}

/// An entry.
pub(super) struct Told {
    pub stage: Stage,
    pub status: Status,
    pub level: Level,
    pub message: String,
    pub result: Option<Value>,
}

impl Told {
    /// Progress.
    pub fn news(stage: Stage, message: impl Into<String>) -> Self {
        Self::end(stage, Status::Processing, Level::Info, message.into(), None)
    }

    /// How the application ended.
    pub fn end(
        stage: Stage,
        status: Status,
        level: Level,
        message: String,
        result: Option<Value>,
    ) -> Self {
        Self {
            stage,
            status,
            level,
            message,
            result,
        }
    }
}

/// The table could not be reached, or refused the update.
#[derive(Debug, thiserror::Error)]
#[error("{attempting} application {application_id}")]
pub(super) struct TaskProgressError {
    attempting: &'static str,
    application_id: String,
    #[source]
    cause: BoxError,
}

impl TaskProgress {
    /// Writes entries, unless they were written before. Atomic. The last entry determines the application's state.
    pub async fn tell(
        &self,
        application_id: &str,
        key: &str,
        told: Vec<Told>,
    ) -> Result<(), TaskProgressError> {
        let failed = |cause| TaskProgressError {
            attempting: "write progress of",
            application_id: application_id.to_owned(),
            cause,
        };
        let Some(last) = told.last() else {
            return Ok(());
        };
        let at = timestamp_text(Timestamp::now());
        let entries: Vec<LogEntry> = told
            .iter()
            .map(|told| LogEntry {
                timestamp: at.clone(),
                step: told.stage,
                message: told.message.clone(),
                level: told.level,
            })
            .collect();
        let entries = to_attribute(&entries).map_err(|error| failed(error.into()))?;
        let mut expression =
            "ADD told :keys SET #logs = list_append(if_not_exists(#logs, :none), :entries), \
            updated_at = :at, #status = :status, current_step = :stage"
                .to_owned();
        let mut request = self
            .item(application_id)
            .condition_expression("attribute_not_exists(told) OR NOT contains(told, :key)")
            .expression_attribute_names("#logs", "logs")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":key", text(key))
            .expression_attribute_values(":keys", AttributeValue::Ss(vec![key.to_owned()]))
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":entries", entries)
            .expression_attribute_values(":at", text(&at))
            .expression_attribute_values(":status", text(last.status.as_str()))
            .expression_attribute_values(":stage", text(last.stage.as_str()));
        if let Some(result) = &last.result {
            expression.push_str(", #result = :result");
            request = request
                .expression_attribute_names("#result", "result")
                .expression_attribute_values(":result", from_json(result.clone()));
        }
        if last.status != Status::PendingApproval {
            expression.push_str(" REMOVE callback_id");
        }
        applied(request.update_expression(expression))
            .await
            .map_err(failed)
    }

    /// Puts the manager's token where the API finds it, if the application still waits for the manager. Atomic.
    pub async fn offer_token(
        &self,
        application_id: &str,
        task_token: &str,
    ) -> Result<(), TaskProgressError> {
        let request = self
            .item(application_id)
            .update_expression("SET callback_id = :token")
            .condition_expression("#status = :pending")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":token", text(task_token))
            .expression_attribute_values(":pending", text(Status::PendingApproval.as_str()));
        applied(request).await.map_err(|cause| TaskProgressError {
            attempting: "store the manager's token of",
            application_id: application_id.to_owned(),
            cause,
        })
    }

    /// The stage of an application.
    pub async fn stage(&self, application_id: &str) -> Result<Stage, TaskProgressError> {
        let failed = |cause| TaskProgressError {
            attempting: "read the stage of",
            application_id: application_id.to_owned(),
            cause,
        };
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("application_id", text(application_id))
            .projection_expression("current_step")
            .consistent_read(true);
        let answer = get.send().await;
        let answer = answer.map_err(|error| failed(error.into_service_error().into()))?;
        let item = answer.item.unwrap_or_default();
        let stage = item.get("current_step").map(from_attribute);
        stage
            .unwrap_or(Ok(Stage::Submitted))
            .map_err(|error| failed(error.into()))
    }

    fn item(&self, application_id: &str) -> UpdateItemFluentBuilder {
        let key = text(application_id);
        let update = self.client.update_item().table_name(&self.table);
        update.key("application_id", key)
    }
}

/// Makes an update; its condition rejects one that was made before.
async fn applied(request: UpdateItemFluentBuilder) -> Result<(), BoxError> {
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.into_service_error() {
            error if error.is_conditional_check_failed_exception() => Ok(()),
            error => Err(error.into()),
        },
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
