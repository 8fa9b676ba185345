//! The record that a destination receives when an asynchronous invocation has ended.
//!
//! Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations": the JSON of an
//! invocation record.

use model::Timestamp;
use runtime::{EndedInvocation, PlainOutcome};
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationRecord<'a> {
    version: &'static str,
    timestamp: String,
    request_context: RequestContext<'a>,
    request_payload: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_payload: Option<Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    request_id: &'a str,
    function_arn: &'a str,
    condition: &'static str,
    approximate_invoke_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext<'a> {
    status_code: u16,
    executed_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_error: Option<&'static str>,
}

/// The record, as JSON.
pub(crate) fn invocation_record(ended: &EndedInvocation<'_>) -> Vec<u8> {
    let invocation = ended.invocation;
    let version = invocation.version.to_string();
    let answered = match ended.outcome {
        Some(PlainOutcome::Succeeded(payload)) => Some((payload.as_slice(), None)),
        Some(PlainOutcome::FunctionError { payload, .. }) => {
            Some((payload.as_slice(), Some("Unhandled")))
        }
        Some(PlainOutcome::Throttled(_) | PlainOutcome::Unavailable(_)) | None => None,
    };
    let is_success = matches!(ended.outcome, Some(PlainOutcome::Succeeded(_)));
    let record = InvocationRecord {
        version: "1.0",
        timestamp: instant(ended.at),
        request_context: RequestContext {
            request_id: invocation.request_id.as_str(),
            function_arn: &invocation.invoked_arn,
            condition: ended.condition,
            approximate_invoke_count: invocation.attempts + u32::from(is_success),
        },
        request_payload: json(&invocation.payload),
        response_context: answered.map(|(_, function_error)| ResponseContext {
            status_code: 200,
            executed_version: &version,
            function_error,
        }),
        response_payload: answered.map(|(payload, _)| json(payload)),
    };
    serde_json::to_vec(&record).expect("texts, numbers and JSON are JSON")
}

/// A payload as it is, or as a text if it is not JSON.
fn json(payload: &[u8]) -> Box<RawValue> {
    if payload.is_empty() {
        return RawValue::NULL.to_owned();
    }
    serde_json::from_slice(payload).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(payload);
        serde_json::value::to_raw_value(&text).expect("a text is JSON")
    })
}

fn instant(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    format!("{instant:.3}")
}

#[cfg(test)]
mod tests {
    use model::{ErrorObject, FunctionName, RequestId, Version};
    use serde_json::json;
    use store::AsyncInvocation;

    use super::*;

    fn record(condition: &'static str, outcome: Option<&PlainOutcome>) -> serde_json::Value {
        let at = Timestamp::from_millis(1_732_500_000_123);
        let invocation = AsyncInvocation {
            request_id: RequestId::parse("r-1").expect("it is an id"),
            function: FunctionName::parse("orders").expect("it is a name"),
            version: Version::Latest,
            invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:orders".to_owned(),
            payload: br#"{"n": 1}"#.to_vec(),
            client_context: None,
            trace_header: None,
            tenant_id: None,
            accepted_at: at,
            attempts: if condition == "Success" { 0 } else { 3 },
            not_before: at,
        };
        let ended = EndedInvocation {
            invocation: &invocation,
            condition,
            outcome,
            at,
        };
        serde_json::from_slice(&invocation_record(&ended)).expect("it is JSON")
    }

    #[test]
    fn a_failure_has_the_error_and_how_often_it_was_tried() {
        let failed = PlainOutcome::FunctionError {
            error: ErrorObject::new("Broken", "it is"),
            payload: br#"{"errorType": "Broken"}"#.to_vec(),
        };
        let expected = json!({
            "version": "1.0",
            "timestamp": "2024-11-25T02:00:00.123Z",
            "requestContext": {
                "requestId": "r-1",
                "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:orders",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": {"n": 1},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorType": "Broken"},
        });
        assert_eq!(record("RetriesExhausted", Some(&failed)), expected);
    }

    #[test]
    fn a_success_has_the_answer_and_an_old_event_has_none() {
        let answered = PlainOutcome::Succeeded(b"not JSON".to_vec());
        let success = record("Success", Some(&answered));
        assert_eq!(success["responsePayload"], "not JSON");
        assert_eq!(success["requestContext"]["approximateInvokeCount"], 1);
        let old = record("EventAgeExceeded", None);
        assert_eq!(old.get("responseContext"), None);
        assert_eq!(old.get("responsePayload"), None);
    }
}
