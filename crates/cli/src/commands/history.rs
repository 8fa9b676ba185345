//! `lambdura history`.

use lambda_api::{ErrorObject, Event, EventPayload, EventType, GetDurableExecutionHistoryResponse};
use owo_colors::{OwoColorize, Style};
use unicode_width::UnicodeWidthStr;

use crate::args::HistoryArguments;
use crate::client::Client;
use crate::duration_text::{duration, setting};
use crate::execution_selector;
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::preview::preview;
use crate::screen::Screen;

pub async fn run(
    client: &Client,
    arguments: HistoryArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = arguments.function.as_deref();
    let arn = execution_selector::find(client, &arguments.execution, function).await?;
    let events = client.history(&arn).await?;
    if screen.is_json() {
        screen.json(&GetDurableExecutionHistoryResponse {
            events,
            next_marker: None,
        })?;
        return Ok(());
    }
    let width = (!arguments.full).then(|| screen.width());
    for line in lines(&events, width) {
        screen.line(line)?;
    }
    Ok(())
}

/// One line per event; without a `width`, data is not cut.
fn lines(events: &[Event], width: Option<usize>) -> Vec<String> {
    let Some(first) = events.first() else {
        return Vec::new();
    };
    let started = first.event_timestamp.as_millis();
    let number_width = events.len().to_string().len();
    let cells: Vec<(String, String)> = events
        .iter()
        .map(|event| {
            let since = event.event_timestamp.as_millis() - started;
            (format!("+{}", duration(since)), subject(event))
        })
        .collect();
    let time_width = cells
        .iter()
        .map(|(time, _)| time.width())
        .max()
        .unwrap_or(0);
    let name_width = cells
        .iter()
        .map(|(_, name)| name.width())
        .max()
        .unwrap_or(0)
        .min(40);
    events
        .iter()
        .zip(&cells)
        .map(|(event, (time, name))| {
            let name = crate::preview::fit(name, name_width);
            let data = details(event).join("  ");
            let used = number_width + time_width + 21 + name_width + 8;
            let data = match width {
                Some(width) => preview(&data, width.saturating_sub(used).max(20)),
                None => neutral(&data).into_owned(),
            };
            let padding = " ".repeat(name_width - name.width());
            let kind = format!("{:21}", preview(event.event_type.as_str(), 32));
            let line = format!(
                "{}  {time:>time_width$}  {}  {}{padding}  {data}",
                format!("{:>number_width$}", event.event_id).dimmed(),
                kind.style(style(&event.event_type)),
                name.bold(),
            );
            line.trim_end().to_owned()
        })
        .collect()
}

/// The operation's name or id; nothing for events of the execution as a whole.
fn subject(event: &Event) -> String {
    if event.event_type.as_str().starts_with("Execution") {
        return String::new();
    }
    let name = event.name.as_deref().filter(|name| !name.is_empty());
    preview(
        name.or(event.sub_type.as_deref())
            .or(event.id.as_deref())
            .unwrap_or_default(),
        256,
    )
}

/// The details of an event besides its type.
fn details(event: &Event) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(it) = &event.execution_started_details {
        all.push(format!("timeout {}", setting(it.execution_timeout)));
        all.extend(payload(&it.input));
    }
    if let Some(it) = &event.wait_started_details {
        all.push(format!("for {}", setting(it.duration)));
    }
    if let Some(it) = &event.callback_started_details {
        let seconds =
            |name: &str, value: Option<i64>| value.map(|it| format!("{name} {}", setting(it)));
        all.extend(seconds("timeout", it.timeout));
        all.extend(seconds("heartbeat", it.heartbeat_timeout));
        all.push(it.callback_id.clone());
    }
    if let Some(it) = &event.chained_invoke_started_details {
        all.push(it.function_name.clone());
        all.extend(it.durable_execution_arn.clone());
        all.extend(it.input.as_ref().and_then(payload));
    }
    if let Some(it) = &event.invocation_completed_details {
        let ran = it.end_timestamp.as_millis() - it.start_timestamp.as_millis();
        all.push(format!("ran {}", duration(ran)));
        all.extend(it.error.as_ref().and_then(error));
        all.push(it.request_id.clone());
    }
    let retry = event
        .step_succeeded_details
        .as_ref()
        .map(|it| &it.retry_details)
        .or(event
            .step_failed_details
            .as_ref()
            .map(|it| &it.retry_details));
    if let Some(retry) = retry {
        let attempt = retry.current_attempt.filter(|attempt| *attempt > 1);
        all.extend(attempt.map(|attempt| format!("attempt {attempt}")));
        let delay = retry.next_attempt_delay_seconds;
        all.extend(delay.map(|it| format!("again in {}", setting(it))));
    }
    all.extend(result(event));
    all.extend(failure(event));
    all
}

fn result(event: &Event) -> Option<String> {
    let step = event.step_succeeded_details.as_ref().map(|it| &it.result);
    let other = event
        .execution_succeeded_details
        .as_ref()
        .or(event.context_succeeded_details.as_ref())
        .or(event.chained_invoke_succeeded_details.as_ref())
        .or(event.callback_succeeded_details.as_ref())
        .map(|it| &it.result);
    step.or(other).and_then(payload)
}

fn failure(event: &Event) -> Option<String> {
    let step = event.step_failed_details.as_ref().map(|it| &it.error);
    let required = event
        .execution_failed_details
        .as_ref()
        .or(event.execution_stopped_details.as_ref())
        .or(event.context_failed_details.as_ref())
        .or(event.chained_invoke_failed_details.as_ref())
        .or(event.chained_invoke_timed_out_details.as_ref())
        .or(event.chained_invoke_stopped_details.as_ref())
        .or(event.callback_failed_details.as_ref())
        .or(event.callback_timed_out_details.as_ref())
        .map(|it| &it.error);
    let optional = event
        .execution_timed_out_details
        .as_ref()
        .or(event.wait_cancelled_details.as_ref())
        .and_then(|it| it.error.as_ref());
    step.or(required).or(optional).and_then(error)
}

fn payload(payload: &EventPayload<String>) -> Option<String> {
    payload.payload.clone()
}

fn error(error: &EventPayload<ErrorObject>) -> Option<String> {
    let error = error.payload.as_ref()?;
    match (&error.error_type, &error.error_message) {
        (Some(error_type), Some(message)) => Some(format!("{error_type}: {message}")),
        (Some(text), None) | (None, Some(text)) => Some(text.clone()),
        (None, None) => None,
    }
}

fn style(event_type: &EventType) -> Style {
    let style = Style::new();
    match event_type.as_str() {
        it if it.ends_with("Succeeded") => style.green(),
        it if it.ends_with("Failed") || it.ends_with("TimedOut") => style.red(),
        it if it.ends_with("Started") => style.blue(),
        _ => style.dimmed(),
    }
}
