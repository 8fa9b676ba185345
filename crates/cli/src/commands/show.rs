//! `lambdura show`.

use lambda_api::{ApiOperation, ErrorObject, GetDurableExecutionResponse};
use owo_colors::OwoColorize;
use serde::Serialize;

use super::docs;
use super::ls::status_style;
use super::wait::is_terminal;
use crate::args::ShowArguments;
use crate::client::Client;
use crate::duration_text::{date_time, duration};
use crate::execution_selector;
use crate::exit::CliError;
use crate::function_selector::FunctionReference;
use crate::neutral::neutral;
use crate::operations::{Activity, ExecutionTrace, OperationTrace};
use crate::preview::preview;
use crate::screen::{Screen, note};
use crate::timeline::{Timeline, invocations};
use crate::tree::{self, TreeOptions};

pub async fn run(
    client: &Client,
    arguments: ShowArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = arguments.function.as_deref();
    let arn = execution_selector::find(client, &arguments.execution, function).await?;
    let execution = client.get_execution(&arn).await?;
    let trace = ExecutionTrace::from_events(&client.history(&arn).await?);
    if screen.is_json() {
        screen.json(&Shown {
            execution,
            operations: trace.api_operations(),
        })?;
        return Ok(());
    }
    let now = client.now_ms().await;
    for line in text(&execution, &trace, now, screen.width(), arguments.full) {
        screen.line(line)?;
    }
    for line in next(&execution, &trace) {
        note(line.dimmed());
    }
    Ok(())
}

/// The output of `--output json`: AWS's answer to `GetDurableExecution`, and AWS's `Operation` for each operation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    execution: GetDurableExecutionResponse,
    operations: Vec<ApiOperation>,
}

fn text(
    execution: &GetDurableExecutionResponse,
    trace: &ExecutionTrace,
    now: i64,
    width: usize,
    full: bool,
) -> Vec<String> {
    let started = execution.start_timestamp.as_millis();
    let ended = is_terminal(&execution.status);
    let end = execution
        .end_timestamp
        .map_or(now, |timestamp| timestamp.as_millis());
    let options = TreeOptions {
        width,
        full,
        timeline: Timeline {
            from: started,
            to: end,
        },
        ended,
        now: end,
    };
    let mut lines = vec![
        format!(
            "{}  {}  {}",
            preview(&execution.durable_execution_name, 64).bold(),
            preview(execution.status.as_str(), 16).style(status_style(&execution.status)),
            duration(end - started)
        ),
        String::new(),
    ];
    let shown = |text: &str| {
        if full {
            neutral(text).into_owned()
        } else {
            preview(text, width.saturating_sub(14).max(40))
        }
    };
    let mut facts = vec![
        ("function", function(execution)),
        (
            "arn",
            neutral(&execution.durable_execution_arn).into_owned(),
        ),
        ("started", date_time(started)),
    ];
    if execution.end_timestamp.is_some() {
        facts.push(("ended", date_time(end)));
    }
    facts.push(("invocations", invocation_facts(trace, options)));
    if let Some(input) = &execution.input_payload {
        facts.push(("input", shown(input)));
    }
    if let Some(result) = &execution.result {
        facts.push(("result", shown(result)));
    }
    for (name, value) in facts {
        lines.push(format!("  {}  {value}", format!("{name:11}").dimmed()));
    }
    let failing = trace.invocation_error.as_ref().filter(|_| !ended);
    if let Some(error) = failing.filter(|error| **error != Default::default()) {
        lines.push(red_fact("failing", error, options));
        let name = neutral(&execution.durable_execution_name);
        let next = format!("fix the code, then: lambdura retry {name} --now");
        lines.push(format!("  {}  {next}", format!("{:11}", "next").dimmed()));
    }
    if let Some(error) = &execution.error {
        lines.push(red_fact("error", error, options));
        let stack = error.stack_trace.iter().flatten().filter(|_| full);
        lines.extend(stack.map(|frame| format!("                 {}", neutral(frame).dimmed())));
    }
    let operations = tree::lines(trace, options);
    if !operations.is_empty() {
        lines.push(String::new());
        lines.extend(operations);
    }
    lines
}

fn red_fact(name: &str, error: &ErrorObject, options: TreeOptions) -> String {
    let text = tree::error_text(error, options);
    format!("  {}  {}", format!("{name:11}").dimmed(), text.red())
}

fn function(execution: &GetDurableExecutionResponse) -> String {
    let function = FunctionReference::parse(&execution.function_arn);
    let version = execution.version.clone().or(function.qualifier);
    let version = version.map_or_else(String::new, |it| format!(", version {it}"));
    preview(&format!("{}{version}", function.name), 256)
}

fn invocation_facts(trace: &ExecutionTrace, options: TreeOptions) -> String {
    let open = usize::from(trace.invocation_since.is_some() && !options.ended);
    let whole = options.timeline.to - options.timeline.from;
    let ran = invocations(trace, options.now).length().min(whole);
    format!(
        "{}, ran {}, waited {}",
        trace.invocations_ended + open,
        duration(ran),
        duration(whole - ran)
    )
}

/// Commands that may be useful now.
fn next(execution: &GetDurableExecutionResponse, trace: &ExecutionTrace) -> Vec<String> {
    let ended = is_terminal(&execution.status);
    let failing = trace.invocation_error.as_ref().filter(|_| !ended);
    let error = execution.error.as_ref().or(failing);
    let mut next: Vec<String> = error
        .and_then(|error| docs::error_page(error.error_type.as_deref()?))
        .map(|page| format!("what it means: lambdura docs {page}"))
        .into_iter()
        .collect();
    if ended {
        return next;
    }
    let name = neutral(&execution.durable_execution_name);
    let callbacks = trace
        .operations
        .iter()
        .filter(|it| is_open_callback(it))
        .take(3)
        .map(|callback| {
            let label = trace.callback_label(callback);
            format!("complete it: lambdura callback succeed '{name}/{label}' --result JSON")
        });
    next.extend(callbacks);
    next
}

fn is_open_callback(operation: &OperationTrace) -> bool {
    operation.callback_id.is_some() && matches!(operation.doing, Some((Activity::Waiting, _)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_explains_an_error_is_named() {
        let ended = |status: &str, error_type: &str| {
            let execution = format!(
                r#"{{"DurableExecutionArn": "arn:x", "DurableExecutionName": "x", "FunctionArn": "arn:f",
                    "StartTimestamp": 1, "Status": "{status}", "Error": {{"ErrorType": "{error_type}"}}}}"#
            );
            let execution = serde_json::from_str(&execution).expect("it is an execution");
            next(&execution, &ExecutionTrace::default())
        };
        assert_eq!(
            ended("FAILED", "States.Timeout"),
            ["what it means: lambdura docs States.Timeout"]
        );
        assert_eq!(ended("FAILED", "OrderError"), [""; 0]);
    }

    #[test]
    fn so_is_that_of_an_execution_which_keeps_failing() {
        let execution = r#"{"DurableExecutionArn": "arn:x", "DurableExecutionName": "x", "FunctionArn": "arn:f",
            "StartTimestamp": 1, "Status": "RUNNING"}"#;
        let execution = serde_json::from_str(execution).expect("it is an execution");
        let trace = ExecutionTrace {
            invocation_error: Some(ErrorObject {
                error_type: Some("Sandbox.Timedout".to_owned()),
                ..ErrorObject::default()
            }),
            ..ExecutionTrace::default()
        };
        assert_eq!(
            next(&execution, &trace),
            ["what it means: lambdura docs Sandbox.Timedout"]
        );
    }
}
