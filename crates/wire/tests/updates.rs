//! Updates that are read in place give the same result as owned ones, or are refused in the same words.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lambda_api::{BorrowedCheckpoint, CheckpointDurableExecutionRequest};
use model::{ChainedTarget, ErrorObject, FunctionName, OperationUpdate, Payload, Version};

struct Plain;

impl wire::Targets for Plain {
    fn resolve(&self, function_name: &str) -> Result<ChainedTarget, ErrorObject> {
        match FunctionName::parse(function_name) {
            Ok(function) => Ok(ChainedTarget::Plain {
                function,
                version: Version::Latest,
            }),
            Err(error) => Err(ErrorObject::new("Unknown", error.to_string())),
        }
    }
}

/// The updates of a body, read both ways.
fn read(body: &str) -> Result<Vec<OperationUpdate>, String> {
    let owned: CheckpointDurableExecutionRequest = serde_json::from_str(body).unwrap();
    let borrowed: BorrowedCheckpoint<'_, Payload> = serde_json::from_str(body).unwrap();
    let owned = wire::updates(owned.updates, &Plain);
    let borrowed = wire::updates(borrowed.updates, &Plain);
    let borrowed = borrowed.map_err(|error| format!("{:?} {}", error.code, error.message));
    let owned = owned.map_err(|error| format!("{:?} {}", error.code, error.message));
    assert_eq!(borrowed, owned, "{body}");
    borrowed
}

#[test]
fn every_member_is_taken_over() {
    let body = r#"{"CheckpointToken":"t","Updates":[
        {"Id":"1","ParentId":"p","Name":"a \"name\"","Type":"STEP","SubType":"Step","Action":"RETRY",
         "Payload":"{\"a\":\"\\u00e9\\n\"}","StepOptions":{"NextAttemptDelaySeconds":3},"Unknown":[{"x":1}],
         "Error":{"ErrorMessage":"m","ErrorType":"T","ErrorData":"d","StackTrace":["one","two"]}},
        {"Id":"\u0032","Type":"CHAINED_INVOKE","Action":"START","Payload":"plain","Name":null,
         "ChainedInvokeOptions":{"FunctionName":"f","TenantId":"t","XAmznTraceId":"no header"}},
        {"Id":"3","Type":"CALLBACK","Action":"START","CallbackOptions":{"TimeoutSeconds":0}},
        {"Id":"4","Type":"CONTEXT","Action":"SUCCEED","Payload":"","ContextOptions":{"ReplayChildren":true}},
        {"Id":"5","Type":"WAIT","Action":"START","WaitOptions":{"WaitSeconds":31622400}}]}"#;
    let updates = read(body).unwrap();
    let payloads = updates.iter().map(|it| it.payload.as_ref());
    let payloads: Vec<_> = payloads.map(|it| it.map(Payload::as_str)).collect();
    let escaped = r#"{"a":"\u00e9\n"}"#;
    assert_eq!(
        payloads,
        [Some(escaped), Some("plain"), None, Some(""), None]
    );
    assert_eq!(updates[0].name.as_deref(), Some("a \"name\""));
    assert_eq!(updates[0].next_attempt_delay_seconds, Some(3));
    assert_eq!(updates[1].id.as_str(), "2");
    let invoke = updates[1].chained_invoke.as_ref().unwrap();
    assert!(invoke.target.is_ok());
    assert_eq!(invoke.tenant_id.as_deref(), Some("t"));
    assert_eq!(invoke.trace_header, None);
    assert_eq!(updates[4].wait_seconds, Some(31_622_400));
}

#[test]
fn violations_come_in_the_order_of_members() {
    let body = r#"{"Updates":[
        {"Id":"1","Type":"STEP","Action":"START"},
        {"Id":"a b","ParentId":"","Name":"\u00e9","SubType":"\n","Type":"TELEPORT","Action":"EXPLODE",
         "StepOptions":{"NextAttemptDelaySeconds":0},"WaitOptions":{"WaitSeconds":-1},
         "CallbackOptions":{"TimeoutSeconds":100000000,"HeartbeatTimeoutSeconds":-1},
         "ChainedInvokeOptions":{"FunctionName":"","TenantId":"!"}},
        {}]}"#;
    let refused = read(body).unwrap_err();
    let at = refused.split("; ").map(|violation| {
        let (_, rest) = violation.split_once("at '").unwrap();
        rest.split('\'').next().unwrap()
    });
    let at: Vec<_> = at.collect();
    assert_eq!(
        at,
        [
            "updates.2.member.id",
            "updates.2.member.parentId",
            "updates.2.member.name",
            "updates.2.member.subType",
            "updates.2.member.type",
            "updates.2.member.action",
            "updates.2.member.stepOptions.nextAttemptDelaySeconds",
            "updates.2.member.waitOptions.waitSeconds",
            "updates.2.member.callbackOptions.timeoutSeconds",
            "updates.2.member.callbackOptions.heartbeatTimeoutSeconds",
            "updates.2.member.chainedInvokeOptions.functionName",
            "updates.2.member.chainedInvokeOptions.tenantId",
            "updates.3.member.id",
            "updates.3.member.type",
            "updates.3.member.action",
        ]
    );
    assert!(refused.starts_with(
        "Validation 15 validation errors detected: Value 'a b' at 'updates.2.member.id' failed to \
         satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+; Value '' \
         at 'updates.2.member.parentId' failed to satisfy constraint: Member must have length greater \
         than or equal to 1; "
    ));
    assert!(refused.ends_with(
        "Value '' at 'updates.3.member.action' failed to satisfy constraint: Member must satisfy enum \
         value set: [START, SUCCEED, FAIL, RETRY, CANCEL]"
    ));
}

#[test]
fn a_payload_is_as_long_as_its_text() {
    let refused = |length: usize| {
        let payload = "\\n".repeat(length);
        let body = format!(
            r#"{{"Updates":[{{"Id":"1","Type":"STEP","Action":"SUCCEED","Payload":"{payload}"}}]}}"#
        );
        read(&body).err()
    };
    assert_eq!(refused(6_291_456), None);
    assert_eq!(
        refused(6_291_457).as_deref(),
        Some(
            "Validation 1 validation error detected: Value at 'updates.1.member.payload' failed to \
             satisfy constraint: Member must have length less than or equal to 6291456"
        )
    );
}
