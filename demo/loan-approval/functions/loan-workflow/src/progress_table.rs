//! The progress table in DynamoDB.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use loan::Status;
use loan::attribute::{from_attribute, from_json, to_attribute};

use crate::progress_log::{Applied, Counts, ProgressStore, StoreProgressError, Update};

/// The table and the client that reaches it.
pub struct ProgressTable {
    /// Made once per process.
    pub client: Client,
    /// Name of the table.
    pub table: String,
}

impl ProgressStore for ProgressTable {
    async fn counts(&self, application_id: &str) -> Result<Counts, StoreProgressError> {
        let failed = |cause| StoreProgressError {
            attempting: format!(
                "read how much of the progress of application {application_id} is written"
            ),
            cause,
        };
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("application_id", text(application_id))
            .projection_expression("progress, replayed")
            .consistent_read(true);
        let answer = get
            .send()
            .await
            .map_err(|error| failed(error.into_service_error().into()))?;
        let item = answer.item.unwrap_or_default();
        let count = |name: &str| {
            item.get(name)
                .map_or(Ok(0), from_attribute)
                .map_err(|error| failed(error.into()))
        };
        Ok(Counts {
            progress: count("progress")?,
            replayed: count("replayed")?,
        })
    }

    async fn update(
        &self,
        application_id: &str,
        update: &Update,
    ) -> Result<Applied, StoreProgressError> {
        let failed = |cause| StoreProgressError {
            attempting: format!("write progress of application {application_id}"),
            cause,
        };
        let entries = to_attribute(&update.entries).map_err(|error| failed(error.into()))?;
        let mut expression =
            "SET #logs = list_append(if_not_exists(#logs, :none), :entries), updated_at = :at, \
                              progress = :progress, replayed = :replayed"
                .to_owned();
        let mut request = self
            .item(application_id)
            .condition_expression(unchanged(update.expected))
            .expression_attribute_names("#logs", "logs")
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":entries", entries)
            .expression_attribute_values(":at", text(&update.at))
            .expression_attribute_values(":progress", count(update.counts.progress))
            .expression_attribute_values(":replayed", count(update.counts.replayed))
            .expression_attribute_values(":progress_read", count(update.expected.progress))
            .expression_attribute_values(":replayed_read", count(update.expected.replayed));
        if let Some(standing) = &update.standing {
            expression.push_str(", #status = :status, current_step = :stage");
            request = request
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", text(standing.status.as_str()))
                .expression_attribute_values(":stage", text(standing.stage.as_str()));
            if let Some(result) = &standing.result {
                expression.push_str(", #result = :result");
                request = request
                    .expression_attribute_names("#result", "result")
                    .expression_attribute_values(":result", from_json(result.clone()));
            }
            if standing.status != Status::PendingApproval {
                expression.push_str(" REMOVE callback_id");
            }
        }
        applied(request.update_expression(expression))
            .await
            .map_err(failed)
    }

    async fn offer_callback(
        &self,
        application_id: &str,
        callback_id: &str,
        progress: u64,
    ) -> Result<Applied, StoreProgressError> {
        let request = self
            .item(application_id)
            .update_expression("SET callback_id = :callback")
            .condition_expression("progress = :progress")
            .expression_attribute_values(":callback", text(callback_id))
            .expression_attribute_values(":progress", count(progress));
        applied(request).await.map_err(|cause| StoreProgressError {
            attempting: format!("store the manager's callback of application {application_id}"),
            cause,
        })
    }
}

impl ProgressTable {
    fn item(&self, application_id: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("application_id", text(application_id))
    }
}

async fn applied(
    request: UpdateItemFluentBuilder,
) -> Result<Applied, Box<dyn std::error::Error + Send + Sync>> {
    match request.send().await {
        Ok(_) => Ok(Applied::Yes),
        Err(error) => match error.into_service_error() {
            error if error.is_conditional_check_failed_exception() => Ok(Applied::Overtaken),
            error => Err(error.into()),
        },
    }
}

/// The condition that the item has not been written since the counts were read. A workflow that was started without the
/// API creates its item with the first entry.
fn unchanged(expected: Counts) -> &'static str {
    if expected == Counts::default() {
        "attribute_not_exists(progress) OR (progress = :progress_read AND replayed = :replayed_read)"
    } else {
        "progress = :progress_read AND replayed = :replayed_read"
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn count(count: u64) -> AttributeValue {
    AttributeValue::N(count.to_string())
}

#[cfg(test)]
mod tests {
    use loan::attribute::to_json;
    use loan::testing::{TABLE, progress_table};
    use loan::{Level, Stage};
    use serde_json::{Value, json};

    use super::*;
    use crate::progress_log::ProgressLog;

    async fn table() -> ProgressTable {
        ProgressTable {
            client: progress_table().await,
            table: TABLE.to_owned(),
        }
    }

    async fn item(table: &ProgressTable) -> Value {
        let get = table
            .client
            .get_item()
            .table_name(TABLE)
            .key("application_id", text("LOAN-1"));
        let item = get.send().await.unwrap().item.unwrap();
        item.iter()
            .map(|(name, value)| (name.clone(), to_json(value)))
            .collect()
    }

    #[tokio::test]
    async fn progress_is_written_replayed_and_ended() {
        let table = table().await;
        assert_eq!(
            table.counts("LOAN-1").await.unwrap(),
            Counts::default(),
            "there is no item yet"
        );
        let mut log = ProgressLog::open(&table, "LOAN-1").await.unwrap();
        log.tell(Stage::Validating, Status::Processing, "validating");
        log.flush_news().await.unwrap();
        log.tell(Stage::ManagerApproval, Status::PendingApproval, "asking");
        log.flush().await.unwrap();
        assert_eq!(
            table
                .offer_callback("LOAN-1", "callback-1", 1)
                .await
                .unwrap(),
            Applied::Overtaken
        );
        assert_eq!(
            table
                .offer_callback("LOAN-1", "callback-1", 2)
                .await
                .unwrap(),
            Applied::Yes
        );
        let pending = item(&table).await;
        assert_eq!(
            (&pending["callback_id"], &pending["status"]),
            (&json!("callback-1"), &json!("pending_approval"))
        );

        let mut log = ProgressLog::open(&table, "LOAN-1").await.unwrap();
        log.tell(Stage::Validating, Status::Processing, "validating");
        log.tell(Stage::ManagerApproval, Status::PendingApproval, "asking");
        log.flush().await.unwrap();
        assert_eq!(
            item(&table).await["callback_id"],
            "callback-1",
            "a replay takes nothing away"
        );
        let result = json!({ "status": "approved", "monthly_payment": 2847.9 });
        log.tell_end(
            Stage::Complete,
            Status::Approved,
            Level::Info,
            "done".to_owned(),
            Some(result.clone()),
        );
        log.flush().await.unwrap();

        let ended = item(&table).await;
        assert_eq!(ended.get("callback_id"), None);
        assert_eq!(
            (&ended["status"], &ended["current_step"]),
            (&json!("approved"), &json!("complete"))
        );
        assert_eq!(
            (&ended["progress"], &ended["replayed"], &ended["result"]),
            (&json!(3), &json!(2), &result)
        );
        let messages: Vec<_> = ended["logs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["message"].clone())
            .collect();
        assert_eq!(
            messages,
            [
                "validating",
                "asking",
                "[REPLAY] validating",
                "[REPLAY] asking",
                "done"
            ]
        );
        assert_eq!(ended["logs"][2]["level"], "replay");
    }

    #[tokio::test]
    async fn older_invocation_cannot_set_the_application_back() {
        let table = table().await;
        let mut old = ProgressLog::open(&table, "LOAN-1").await.unwrap();
        let mut new = ProgressLog::open(&table, "LOAN-1").await.unwrap();
        for log in [&mut new, &mut old] {
            log.tell(Stage::Validating, Status::Processing, "validating");
        }
        new.tell_end(
            Stage::Validating,
            Status::Failed,
            Level::Error,
            "failed".to_owned(),
            None,
        );
        new.flush().await.unwrap();
        old.flush().await.unwrap();
        let item = item(&table).await;
        assert_eq!(
            (&item["status"], &item["progress"]),
            (&json!("failed"), &json!(2))
        );
        assert_eq!(item["logs"].as_array().unwrap().len(), 2, "{item}");
    }
}
