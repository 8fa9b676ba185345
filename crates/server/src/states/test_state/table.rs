//! A Task that calls the stack's tables, as the machine would call them.

use std::sync::Arc;

use asl::StateError;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::Request;
use serde_json::Value;

use crate::app::App;
use crate::http::RequestBody;

/// The tables require a signature, and do not check it: the caller of the test has been admitted already.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
    SignedHeaders=host;x-amz-date, Signature=0";

/// Operations with an integration of their own.
const OPTIMIZED: [&str; 4] = ["getItem", "putItem", "updateItem", "deleteItem"];

/// The table operation of a resource, and the prefix of its errors.
pub(super) fn operation(resource: &str) -> Option<(String, &'static str)> {
    let (_, action) = resource.split_once(":::")?;
    let (operation, prefix) = match action.strip_prefix("aws-sdk:dynamodb:") {
        Some(operation) => (operation, "DynamoDb"),
        None => {
            let operation = action.strip_prefix("dynamodb:")?;
            (
                OPTIMIZED.contains(&operation).then_some(operation)?,
                "DynamoDB",
            )
        }
    };
    let mut letters = operation.chars();
    let first = letters.next()?.to_ascii_uppercase();
    Some((format!("{first}{}", letters.as_str()), prefix))
}

/// Calls the operation, and returns its answer, or its error in a Task's form.
pub(super) async fn call(
    app: &Arc<App>,
    operation: &str,
    prefix: &str,
    arguments: &Value,
) -> Result<Value, StateError> {
    let failed = |message: String| StateError::new(format!("{prefix}.SdkClientException"), message);
    let request = Request::builder()
        .method("POST")
        .uri("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", SIGNATURE)
        .body(RequestBody::whole(Bytes::from(arguments.to_string())))
        .map_err(|error| failed(error.to_string()))?;
    let (parts, body) = app.tables.handle(request).await.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|error| failed(error.to_string()))?.to_bytes();
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if parts.status.is_success() {
        return Ok(answer);
    }
    let text = |names: [&str; 2]| {
        let mut names = names.iter();
        names.find_map(|name| answer.get(name)?.as_str())
    };
    let code = text(["__type", "code"]).unwrap_or("Unknown");
    let code = code.rsplit('#').next().unwrap_or(code);
    let message = text(["message", "Message"]).unwrap_or_default();
    Err(StateError::new(format!("{prefix}.{code}"), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_those_that_a_machine_calls() {
        let of = |name: &str| operation(&format!("arn:aws:states:::{name}"));
        assert_eq!(
            of("dynamodb:getItem"),
            Some((String::from("GetItem"), "DynamoDB"))
        );
        assert_eq!(
            of("aws-sdk:dynamodb:query"),
            Some((String::from("Query"), "DynamoDb"))
        );
        assert_eq!(of("dynamodb:query"), None);
        assert_eq!(of("lambda:invoke"), None);
    }
}
