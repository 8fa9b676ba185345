//! The event with a queue's messages for a function, and which messages the function's answer reports as failed.
//!
//! Source: Lambda developer guide, "Using Lambda with Amazon SQS" and "Handling errors for an SQS event source in
//! Lambda", read 2026-11-28.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::elsewhere::{Message, MessageAttribute};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: &'a str,
    attributes: &'a BTreeMap<String, String>,
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<&'a str>,
    md5_of_body: &'a str,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    aws_region: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attribute<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<&'a str>,
    string_list_values: [&'static str; 0],
    binary_list_values: [&'static str; 0],
    data_type: &'a str,
}

impl<'a> From<&'a MessageAttribute> for Attribute<'a> {
    fn from(attribute: &'a MessageAttribute) -> Self {
        Self {
            string_value: attribute.string_value.as_deref(),
            binary_value: attribute.binary_value.as_deref(),
            string_list_values: [],
            binary_list_values: [],
            data_type: &attribute.data_type,
        }
    }
}

/// A message as one of the event's records.
pub(super) fn record(message: &Message, queue_arn: &str, region: &str) -> Box<RawValue> {
    let attributes = message.message_attributes.iter();
    let record = Record {
        message_id: &message.message_id,
        receipt_handle: &message.receipt_handle,
        body: &message.body,
        attributes: &message.attributes,
        message_attributes: attributes
            .map(|(name, attribute)| (name.as_str(), attribute.into()))
            .collect(),
        md5_of_message_attributes: message.md5_of_message_attributes.as_deref(),
        md5_of_body: &message.md5_of_body,
        event_source: "aws:sqs",
        event_source_arn: queue_arn,
        aws_region: region,
    };
    serde_json::value::to_raw_value(&record).expect("texts are JSON")
}

/// The event.
pub(super) fn event(records: &[&RawValue]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Event<'a> {
        #[serde(rename = "Records")]
        records: &'a [&'a RawValue],
    }
    serde_json::to_vec(&Event { records }).expect("JSON is JSON")
}

/// A record as patterns see it: a body that holds a JSON object is parsed.
pub(super) fn filtered(record: &RawValue) -> Value {
    let mut value: Value = serde_json::from_str(record.get()).unwrap_or_default();
    let body = value["body"].as_str().unwrap_or_default();
    if let Ok(object @ Value::Object(_)) = serde_json::from_str(body) {
        value["body"] = object;
    }
    value
}

/// Which messages of a batch failed, by the answer of a function that reports failures; `None` when all of them failed.
pub(super) fn failures(answer: &[u8], ids: &BTreeSet<&str>) -> Option<BTreeSet<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        #[serde(default)]
        batch_item_failures: Option<Vec<Failure>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure {
        item_identifier: String,
    }
    if answer.trim_ascii().is_empty() {
        return Some(BTreeSet::new());
    }
    let answer: Option<Answer> = serde_json::from_slice(answer).ok()?;
    let failures = answer.and_then(|answer| answer.batch_item_failures);
    let failures = failures.unwrap_or_default().into_iter();
    let failures: BTreeSet<String> = failures.map(|it| it.item_identifier).collect();
    let are_known = failures.iter().all(|id| ids.contains(id.as_str()));
    are_known.then_some(failures)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_has_lambdas_members() {
        let message: Message = serde_json::from_value(json!({
            "MessageId": "m-1", "ReceiptHandle": "r-1", "Body": "{\"n\": 1}", "MD5OfBody": "d5",
            "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1764338000000"},
            "MessageAttributes": {
                "kind": {"DataType": "String", "StringValue": "new"},
                "raw": {"DataType": "Binary", "BinaryValue": "AAE="},
            },
        }))
        .expect("it is a message");
        let arn = "arn:aws:sqs:us-east-1:000000000000:jobs";
        let record = record(&message, arn, "us-east-1");
        let event: Value = serde_json::from_slice(&event(&[&record])).expect("it is JSON");
        let expected = json!({"Records": [{
            "messageId": "m-1",
            "receiptHandle": "r-1",
            "body": "{\"n\": 1}",
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1764338000000"},
            "messageAttributes": {
                "kind": {
                    "stringValue": "new", "stringListValues": [], "binaryListValues": [], "dataType": "String",
                },
                "raw": {
                    "binaryValue": "AAE=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary",
                },
            },
            "md5OfBody": "d5",
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": "us-east-1",
        }]});
        assert_eq!(event, expected);
        assert_eq!(filtered(&record)["body"], json!({"n": 1}));
    }

    #[test]
    fn an_answer_names_the_messages_that_failed() {
        let ids = BTreeSet::from(["a", "b"]);
        let failed = |answer: &str| {
            let failed = failures(answer.as_bytes(), &ids)?;
            Some(failed.into_iter().collect::<Vec<_>>().join(","))
        };
        let one = r#"{"batchItemFailures": [{"itemIdentifier": "b"}]}"#;
        assert_eq!(failed(one).as_deref(), Some("b"));
        for all_well in [
            "",
            "null",
            "{}",
            r#"{"batchItemFailures": []}"#,
            r#"{"batchItemFailures": null}"#,
        ] {
            assert_eq!(failed(all_well).as_deref(), Some(""), "{all_well}");
        }
        for none_well in [
            "\"done\"",
            "{",
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"id": "a"}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "c"}]}"#,
        ] {
            assert_eq!(failed(none_well), None, "{none_well}");
        }
    }
}
