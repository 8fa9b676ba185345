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

/// The condition that nobody has written since the counts were read. A workflow that was started without the API makes
/// its item with the first entry.
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
