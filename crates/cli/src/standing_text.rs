//! Where an execution stands, in a few words.

use crate::client::{ErrorHead, OpenOperation, Standing};
use crate::duration_text::duration;
use crate::neutral::neutral_line;

/// Its current activity, or its error; empty where its status says everything.
pub fn sentence(standing: &Standing, now: i64) -> String {
    if let Some(error) = &standing.error {
        return error_text(error);
    }
    let Some(activity) = &standing.activity else {
        return String::new();
    };
    if let Some(error) = &standing.invocation_error {
        let times = match standing.failed_invocations {
            0 | 1 => String::new(),
            times => format!("{times} times: "),
        };
        return format!("failing: {times}{}", error_text(error));
    }
    match (activity.kind.as_str(), activity.operations.first()) {
        ("PAUSED", _) => match &activity.reason {
            Some(reason) => format!("paused: {}", neutral_line(reason)),
            None => String::new(),
        },
        (_, Some(operation)) => {
            let more = match activity.operations.len() {
                0 | 1 => String::new(),
                several => format!(" and {} more", several - 1),
            };
            format!("{}{more}", operation_text(operation, now))
        }
        ("RUNNING", None) => "runs".to_owned(),
        _ => "waits".to_owned(),
    }
}

/// `Type: message`.
pub fn error_text(error: &ErrorHead) -> String {
    let parts = [&error.error_type, &error.message];
    let parts: Vec<String> = parts
        .into_iter()
        .flatten()
        .map(|text| neutral_line(text).into_owned())
        .collect();
    parts.join(": ")
}

/// A callback's name for people: its name in the code, without the suffix that the SDKs add, or else its id.
pub fn callback_label<'c>(name: Option<&'c str>, operation_id: &'c str) -> &'c str {
    let name = name.map(|name| name.strip_suffix(" create callback id").unwrap_or(name));
    name.unwrap_or(operation_id)
}

fn operation_text(operation: &OpenOperation, now: i64) -> String {
    let name = callback_label(operation.name.as_deref(), &operation.operation_id);
    let name = neutral_line(name);
    let due = match operation.due_at {
        Some(due) if due > now => format!(", {} to go", duration(due - now)),
        Some(_) | None => String::new(),
    };
    match operation.operation_type.as_str() {
        "WAIT" => format!("wait {name}{due}"),
        "CALLBACK" => format!("callback {name}{due}"),
        "CHAINED_INVOKE" => match &operation.function {
            Some(function) => format!("invoke {name} of {}", neutral_line(function)),
            None => format!("invoke {name}"),
        },
        _ if operation.status == "PENDING" => format!("next attempt of {name}{due}"),
        _ => format!("step {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(json: &str) -> Standing {
        let whole = format!(r#"{{"arn": "arn:x", "name": "x", {json}}}"#);
        serde_json::from_str(&whole).expect("it is an execution")
    }

    #[test]
    fn what_it_waits_for_is_said() {
        let said = |json| sentence(&standing(json), 1_000);
        let operation = |rest: &str| {
            format!(
                r#""activity": {{"kind": "WAITING", "operations": [
                    {{"operation_id": "1", "name": "approve", "status": "STARTED", {rest}}}]}}"#
            )
        };
        let callback = operation(r#""type": "CALLBACK", "due_at": 61000"#);
        assert_eq!(said(&callback), "callback approve, 1 min to go");
        let by_sdk = callback.replace("approve", "approve create callback id");
        assert_eq!(said(&by_sdk), "callback approve, 1 min to go");
        let attempt = operation(r#""type": "STEP", "status": "PENDING", "due_at": 500"#);
        let attempt = attempt.replacen(r#""status": "STARTED", "#, "", 1);
        assert_eq!(said(&attempt), "next attempt of approve");
        let invoke = operation(r#""type": "CHAINED_INVOKE", "function": "Ship""#);
        assert_eq!(said(&invoke), "invoke approve of Ship");
        assert_eq!(said(r#""activity": {"kind": "RUNNING"}"#), "runs");
        assert_eq!(said(r#""failed_invocations": 0"#), "");
    }

    #[test]
    fn a_failure_comes_before_what_it_waits_for() {
        let failing = standing(
            r#""activity": {"kind": "BACKING_OFF"}, "failed_invocations": 3,
               "invocation_error": {"type": "Runtime.ImportModuleError", "message": "no app"}"#,
        );
        let text = sentence(&failing, 0);
        assert_eq!(text, "failing: 3 times: Runtime.ImportModuleError: no app");
        let failed = standing(r#""error": {"type": "Broken", "message": "it is"}"#);
        assert_eq!(sentence(&failed, 0), "Broken: it is");
    }
}
