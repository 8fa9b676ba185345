//! The event history in the log, for machines whose `loggingConfiguration` asks for it.
//!
//! It is written when an execution has ended, by the server that saw the end, as lines of the machine's function: its
//! destinations are not used. As with AWS's delivery to CloudWatch, lines may be missing: a server that dies at that
//! moment, or sees more ends than it can read, leaves lines out.
//!
//! Source: Step Functions developer guide, "Using CloudWatch Logs to log execution history", read 2026-11-30.

use std::sync::Arc;

use model::{ExecutionId, Timestamp};
use serde_json::{Map, Value, json};
use state_machine::ItemRun;
use store::{LogLine, LogStream, StoreFault};

use super::error::StatesError;
use super::execution_read::events;
use super::history::{History, written};
use super::machine::{Machine, newest};
use super::name::execution_arn;
use crate::app::App;

/// Lines that are stored at a time.
const LINES_MAX: usize = 500;

/// Which events are written. Source: as above, "Log levels for Step Functions execution events".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    All,
    Error,
    Fatal,
}

/// Writes until the server shuts down. While no machine asks for it, it does not follow executions.
pub(crate) async fn run(app: Arc<App>) {
    let app = &app;
    loop {
        if is_wanted(app) {
            break;
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.registry.settings_changed() => {}
        }
    }
    let mut ends = app.driver.ends();
    loop {
        let id = tokio::select! {
            () = app.shutdown.cancelled() => return,
            ended = ends.next() => match ended {
                Some(id) => id,
                None => return,
            },
        };
        // Other servers write the executions that end there.
        if let Err(error) = write(app, &id).await {
            tracing::warn!(execution = %id, %error, "the history of an execution is not in the log");
        }
    }
}

fn is_wanted(app: &App) -> bool {
    let mut names = app.registry.names().into_iter();
    names.any(|name| {
        let settings = app.registry.settings(&name);
        let logging = settings.machine.as_ref().and_then(|it| it.logging.as_ref());
        logging.and_then(level).is_some()
    })
}

fn level(logging: &Value) -> Option<Level> {
    match logging.get("level")?.as_str()? {
        "ALL" => Some(Level::All),
        "ERROR" => Some(Level::Error),
        "FATAL" => Some(Level::Fatal),
        _ => None,
    }
}

/// Why a history could not be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error("it cannot be read")]
    Store(#[from] StoreFault),
    #[error("it cannot be made: {0}")]
    States(String),
}

impl From<StatesError> for WriteError {
    fn from(error: StatesError) -> Self {
        Self::States(error.body().to_string())
    }
}

async fn write(app: &Arc<App>, id: &ExecutionId) -> Result<(), WriteError> {
    let Some(execution) = app.driver.store().summary(id).await? else {
        return Ok(());
    };
    let arn = &execution.spec.arn;
    let machine = newest(app, arn.function.name.clone());
    let Some(machine) = machine.and_then(|it| it.at(app, &arn.version)) else {
        return Ok(());
    };
    let Some((level, with_data)) = asked(&machine) else {
        return Ok(());
    };
    let durable = arn.to_string();
    let shown = execution_arn(
        &app.registry.home,
        arn.function.name.as_str(),
        arn.name.as_str(),
    );
    let events = events(app, &durable, &shown).await?;
    // The execution of a distributed Map's item is a part of another execution.
    let key = machine.key(app);
    let input = execution.spec.input.as_ref();
    if input.is_some_and(|text| ItemRun::of_text(text.as_str(), &key).is_some()) {
        return Ok(());
    }
    let definition: Value = serde_json::from_str(&machine.definition()?).unwrap_or_default();
    let history = History {
        definition: &definition,
        home: &app.registry.home,
        machine: machine.name.as_str(),
        role: &machine.role(),
        key: &key,
        with_data,
    };
    let told = [(arn.name.as_str(), events)];
    let lines = written(&history, &told)
        .into_iter()
        .filter(|it| level.has(it));
    let lines = lines.map(|event| LogLine {
        function: arn.function.name.clone(),
        version: arn.version.clone(),
        request_id: None,
        execution_id: Some(id.clone()),
        at: at(&event),
        stream: LogStream::Stdout,
        text: line(&event, &shown).to_string(),
    });
    let lines: Vec<LogLine> = lines.collect();
    for part in lines.chunks(LINES_MAX) {
        app.runner.logs.store().append(part.to_vec());
    }
    Ok(())
}

fn asked(machine: &Machine) -> Option<(Level, bool)> {
    let logging = machine.kept().logging?;
    let with_data = logging.get("includeExecutionData").and_then(Value::as_bool);
    Some((level(&logging)?, with_data == Some(true)))
}

impl Level {
    fn has(self, event: &Value) -> bool {
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_failure = ["Failed", "TimedOut", "Aborted"]
            .iter()
            .any(|end| kind.ends_with(end));
        match self {
            Self::All => true,
            Self::Error => is_failure || kind == "FailStateEntered",
            Self::Fatal => is_failure && kind.starts_with("Execution"),
        }
    }
}

fn at(event: &Value) -> Timestamp {
    let seconds = event.get("timestamp").and_then(Value::as_f64);
    Timestamp::from_millis((seconds.unwrap_or_default() * 1000.0).round() as i64)
}

/// An event as AWS writes it to a log.
fn line(event: &Value, execution: &str) -> Value {
    let text = |name: &str| {
        event
            .get(name)
            .map(|it| it.to_string().trim_matches('"').to_owned())
    };
    let details = event.as_object().into_iter().flatten();
    let details = details.filter(|(name, _)| name.ends_with("EventDetails"));
    let details = details.map(|(_, details)| details.clone()).next();
    json!({
        "id": text("id"),
        "type": text("type"),
        "details": details.unwrap_or_else(|| Value::Object(Map::new())),
        "previous_event_id": text("previousEventId"),
        "event_timestamp": at(event).as_millis().to_string(),
        "execution_arn": execution,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_their_events() {
        let has = |level: Level| {
            let kinds = [
                "ExecutionStarted",
                "TaskFailed",
                "FailStateEntered",
                "ExecutionFailed",
                "ExecutionAborted",
            ];
            let kinds = kinds.into_iter();
            let kinds = kinds.filter(|kind| level.has(&json!({ "type": kind })));
            kinds.collect::<Vec<_>>()
        };
        assert_eq!(has(Level::All).len(), 5);
        let errors = [
            "TaskFailed",
            "FailStateEntered",
            "ExecutionFailed",
            "ExecutionAborted",
        ];
        assert_eq!(has(Level::Error), errors);
        assert_eq!(has(Level::Fatal), ["ExecutionFailed", "ExecutionAborted"]);
        assert_eq!(level(&json!({ "level": "OFF" })), None);
    }

    #[test]
    fn a_line_is_an_event_in_the_words_of_logs() {
        let event = json!({
            "timestamp": 1.5, "type": "PassStateEntered", "id": 2, "previousEventId": 0,
            "stateEnteredEventDetails": { "name": "A" },
        });
        assert_eq!(
            line(&event, "arn"),
            json!({
                "id": "2", "type": "PassStateEntered", "details": { "name": "A" },
                "previous_event_id": "0", "event_timestamp": "1500", "execution_arn": "arn",
            })
        );
    }
}
