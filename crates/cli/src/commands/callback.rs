//! `lambdura callback succeed|fail|heartbeat`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_api::ErrorObject;
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::args::{CallbackAction, CallbackArguments};
use crate::client::{CallbackCompletion, Client};
use crate::execution_selector;
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::operations::{Activity, ExecutionTrace, OperationTrace};
use crate::payload_argument;
use crate::screen::Screen;

pub async fn run(
    client: &Client,
    arguments: CallbackArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let (callback, completion, done) = match arguments.action {
        CallbackAction::Succeed {
            callback,
            result,
            text,
        } => {
            let result = result.as_deref().map(payload_argument::read_json);
            let text = text.as_deref().map(payload_argument::read);
            let result = result.or(text).transpose()?;
            (callback, CallbackCompletion::Succeed(result), "succeeded")
        }
        CallbackAction::Fail {
            callback,
            error_type,
            error_message,
            error_data,
        } => {
            let error = ErrorObject {
                error_message,
                error_type,
                error_data,
                stack_trace: None,
            };
            (callback, CallbackCompletion::Fail(error), "failed")
        }
        CallbackAction::Heartbeat { callback } => {
            (callback, CallbackCompletion::Heartbeat, "kept alive")
        }
    };
    let callback_id = find(client, &callback).await?;
    client.complete_callback(&callback_id, completion).await?;
    if screen.is_json() {
        screen.json(&Completed {
            callback_id: &callback_id,
        })?;
    } else {
        screen.line(format!("{} callback {done}", "✓".green()))?;
    }
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Completed<'a> {
    callback_id: &'a str,
}

/// Finds the id of the callback that a person means.
async fn find(client: &Client, callback: &str) -> Result<String, CliError> {
    let Some((selector, operation)) = split(callback) else {
        return Ok(callback.to_owned());
    };
    let arn = match execution_selector::find(client, selector, None).await {
        Ok(arn) => arn,
        // Base64 may look like an execution; the service says whether it is a callback id.
        Err(CliError::NotFound { .. }) if is_base64(callback) => return Ok(callback.to_owned()),
        Err(error) => return Err(error),
    };
    let trace = ExecutionTrace::from_events(&client.history(&arn).await?);
    choose(&trace, selector, operation)
}

/// Whether the text may be a callback id. Ours have at least two ids and a nonce in them.
fn is_base64(text: &str) -> bool {
    const SHORTEST: usize = 24;
    text.len() >= SHORTEST && STANDARD.decode(text).is_ok()
}

/// Takes apart `EXECUTION` and `EXECUTION/OPERATION`; `None` for what can only be a callback id.
fn split(callback: &str) -> Option<(&str, Option<&str>)> {
    let is_selector = |text: &str| {
        text.strip_prefix('@')
            .unwrap_or(text)
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && (1..=64).contains(&text.len())
    };
    if callback.starts_with("arn:") {
        // Function ARN and version, `durable-execution`, name, id: then the operation.
        return match callback.match_indices('/').nth(3) {
            Some((at, _)) => Some((&callback[..at], Some(&callback[at + 1..]))),
            None => Some((callback, None)),
        };
    }
    match callback.split_once('/') {
        Some((selector, operation)) => {
            // Execution names and ids are shorter than any callback id's first part is likely to be.
            is_selector(selector).then_some((selector, Some(operation)))
        }
        None => is_selector(callback).then_some((callback, None)),
    }
}

fn choose(
    trace: &ExecutionTrace,
    execution: &str,
    operation: Option<&str>,
) -> Result<String, CliError> {
    let open: Vec<&OperationTrace> = trace
        .operations
        .iter()
        .filter(|it| it.callback_id.is_some())
        .filter(|it| matches!(it.doing, Some((Activity::Waiting, _))))
        .collect();
    let wanted: Vec<&&OperationTrace> = open
        .iter()
        .filter(|it| operation.is_none_or(|name| trace.is_callback_named(it, name)))
        .collect();
    let names = || {
        let names: Vec<String> = open
            .iter()
            .take(10)
            .map(|it| format!("'{execution}/{}'", trace.callback_label(it)))
            .collect();
        names.join(", ")
    };
    match wanted.as_slice() {
        [only] => Ok(only
            .callback_id
            .clone()
            .expect("only operations with a callback id were kept")),
        [] if open.is_empty() => Err(CliError::not_found(
            format!("`{execution}` waits for no callback"),
            format!("see what it does with `lambdura show {execution}`"),
        )),
        [] => Err(CliError::not_found(
            format!(
                "`{execution}` waits for no callback `{}`",
                neutral(operation.unwrap_or_default())
            ),
            format!("it waits for {}", names()),
        )),
        [_, _, ..] => Err(CliError::usage(
            format!("`{execution}` waits for {} callbacks", wanted.len()),
            format!("say which: {}", names()),
        )),
    }
}

impl ExecutionTrace {
    /// A callback's name for people: `wait_for_callback` gives the name to the context around the callback.
    pub fn callback_label(&self, callback: &OperationTrace) -> String {
        let own = callback.name.as_deref();
        let context = callback
            .parent
            .map(|parent| &self.operations[parent])
            .filter(|parent| parent.sub_type.as_deref() == Some("WaitForCallback"))
            .and_then(|parent| parent.name.as_deref());
        neutral(context.or(own).unwrap_or(&callback.id)).into_owned()
    }

    fn is_callback_named(&self, callback: &OperationTrace, name: &str) -> bool {
        callback.id == name
            || callback.name.as_deref() == Some(name)
            || self.callback_label(callback) == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_ids_and_executions_are_told_apart() {
        assert_eq!(split("@last"), Some(("@last", None)));
        assert_eq!(
            split("loan-1/manager-approval"),
            Some(("loan-1", Some("manager-approval")))
        );
        assert_eq!(split("loan-1/a/b"), Some(("loan-1", Some("a/b"))));
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:F:1/durable-execution/n/i";
        assert_eq!(split(arn), Some((arn, None)));
        assert_eq!(split(&format!("{arn}/op/x")), Some((arn, Some("op/x"))));
        assert_eq!(split("eyJh+cm4=="), None);
        assert_eq!(split(&"a".repeat(100)), None);
    }
}
