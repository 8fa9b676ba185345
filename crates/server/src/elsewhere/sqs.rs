//! The operations of Amazon SQS that are needed to process a queue.
//!
//! Source: botocore's model `sqs` 2012-11-05, protocol awsJson1.0, read 2026-11-28.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{AwsClient, CallError, JsonService};

pub(crate) const SQS: JsonService = JsonService {
    name: "sqs",
    target: "AmazonSQS",
    content_type: "application/x-amz-json-1.0",
};

/// Entries of one request, at most.
pub(crate) const ENTRIES_MAX: usize = 10;

/// A message as a queue delivers it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Message {
    pub message_id: String,
    pub receipt_handle: String,
    pub body: String,
    #[serde(rename = "MD5OfBody")]
    pub md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes")]
    pub md5_of_message_attributes: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub message_attributes: BTreeMap<String, MessageAttribute>,
}

/// A sender's attribute of a message.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct MessageAttribute {
    pub data_type: String,
    pub string_value: Option<String>,
    /// Base64.
    pub binary_value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Messages {
    messages: Option<Vec<Message>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Entries {
    failed: Vec<FailedEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct FailedEntry {
    code: String,
    message: String,
}

/// Region and name in the ARN of a queue; none for other texts. The region becomes part of a host's name, so only the
/// characters of regions are allowed.
pub(crate) fn of_arn(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "sqs", region, account, name] = parts.as_slice() else {
        return None;
    };
    let is_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_queue = consists_of(region, is_region)
        && consists_of(account, |byte| byte.is_ascii_alphanumeric())
        && consists_of(name, is_name);
    is_queue.then_some((region, name))
}

fn consists_of(text: &str, is_fit: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(is_fit)
}

/// A queue that functions process.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    region: String,
    url: String,
}

impl Queue {
    /// Finds the queue with this ARN.
    ///
    /// # Errors
    /// When the queue does not exist, or the service does not answer.
    pub async fn find(client: &AwsClient, arn: &str) -> Result<Self, CallError> {
        let Some((region, name)) = of_arn(arn) else {
            return Err(CallError::NotSet(format!("`{arn}` is not a queue")));
        };
        let account = arn.split(':').nth(4).unwrap_or_default();
        let mut request = json!({ "QueueName": name });
        // Emulators have only one account, and its id may differ.
        if client.emulator().is_none() {
            request["QueueOwnerAWSAccountId"] = account.into();
        }
        let answer: Value = client.json(&SQS, region, "GetQueueUrl", &request).await?;
        let url = answer["QueueUrl"].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            region: region.to_owned(),
            url,
        })
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        client: &AwsClient,
        operation: &str,
        mut request: Value,
    ) -> Result<T, CallError> {
        request["QueueUrl"] = self.url.as_str().into();
        client.json(&SQS, &self.region, operation, &request).await
    }

    /// How long a received message stays hidden.
    pub async fn visibility_timeout(&self, client: &AwsClient) -> Result<Duration, CallError> {
        let request = json!({ "AttributeNames": ["VisibilityTimeout"] });
        let answer: Value = self.call(client, "GetQueueAttributes", request).await?;
        let seconds = answer["Attributes"]["VisibilityTimeout"].as_str();
        let seconds = seconds.and_then(|text| text.parse().ok());
        Ok(Duration::from_secs(seconds.unwrap_or(30)))
    }

    /// Receives messages as soon as there is one; none after so many seconds.
    pub async fn receive(
        &self,
        client: &AwsClient,
        most: usize,
        seconds: u64,
    ) -> Result<Vec<Message>, CallError> {
        let request = json!({
            "MaxNumberOfMessages": most.clamp(1, ENTRIES_MAX),
            "WaitTimeSeconds": seconds,
            "MessageSystemAttributeNames": ["All"],
            // The older name, which some emulators need.
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let answer: Messages = self.call(client, "ReceiveMessage", request).await?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Deletes messages, by their receipt handles.
    pub async fn delete(&self, client: &AwsClient, handles: &[String]) -> Result<(), CallError> {
        let entry =
            |id: usize, handle: &String| json!({ "Id": id.to_string(), "ReceiptHandle": handle });
        self.batch(client, "DeleteMessageBatch", handles, entry)
            .await
    }

    /// Hides messages for this time from now on.
    pub async fn hide(
        &self,
        client: &AwsClient,
        handles: &[String],
        time: Duration,
    ) -> Result<(), CallError> {
        let seconds = time.as_secs();
        let entry = |id: usize, handle: &String| json!({ "Id": id.to_string(), "ReceiptHandle": handle, "VisibilityTimeout": seconds });
        self.batch(client, "ChangeMessageVisibilityBatch", handles, entry)
            .await
    }

    async fn batch(
        &self,
        client: &AwsClient,
        operation: &str,
        handles: &[String],
        entry: impl Fn(usize, &String) -> Value,
    ) -> Result<(), CallError> {
        let mut refused = Ok(());
        for handles in handles.chunks(ENTRIES_MAX) {
            let entries = handles.iter().enumerate();
            let entries: Vec<Value> = entries.map(|(id, handle)| entry(id, handle)).collect();
            let answer: Entries = self
                .call(client, operation, json!({ "Entries": entries }))
                .await?;
            if let Some(failed) = answer.failed.into_iter().next() {
                let FailedEntry { code, message } = failed;
                refused = Err(CallError::Refused { code, message });
            }
        }
        refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_queues_are_told_from_others() {
        let arn = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo";
        assert_eq!(of_arn(arn), Some(("eu-west-1", "orders.fifo")));
        for other in [
            "arn:aws:kinesis:eu-west-1:123456789012:stream/x",
            "arn:aws:sqs:::orders",
            "arn:aws:sqs:eu-west-1:123456789012:orders:x",
            "arn:aws:sqs:evil.example/x:123456789012:orders",
            "arn:aws:sqs:eu-west-1@evil.example#:123456789012:orders",
            "arn:aws:sqs:eu-west-1:1/2:orders",
            "arn:aws:sqs:eu-west-1:123456789012:orders/x",
            "orders",
            "",
        ] {
            assert_eq!(of_arn(other), None, "{other}");
        }
    }
}
