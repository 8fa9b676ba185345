//! States of every type.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::Fields;
use super::reader::kind;
use super::values::jsonata;
use super::{choice, integration, map, reach};
use crate::definition::{State, StateKind, States, Task, Transition, Wait};
use crate::error::ALL;
use crate::flow::{Flow, ResultPath};
use crate::language::Language;
use crate::retry::{Catcher, Jitter, Retrier};
use crate::template::Template;

/// Deepest nesting of branches.
const DEPTH_MAX: usize = 32;
/// Longest time of a task, in seconds. Source: Amazon States Language specification.
pub(super) const SECONDS_MAX: f64 = 99_999_999.0;

/// `StartAt` and `States`, of a machine, a branch or an item processor.
pub(super) fn states(fields: &Fields<'_>, language: Language, depth: usize) -> States {
    let start_at = fields.required_text("StartAt", "what has states");
    let mut states = BTreeMap::new();
    if fields.get("States").is_none() {
        fields.missing("States", "what has states");
    }
    if depth > DEPTH_MAX {
        fields.wrong("States", format!("branches nest deeper than {DEPTH_MAX}"));
    } else if let Some(object) = fields.object("States") {
        for (name, value) in object.members() {
            let at = object.at(name);
            fields.reader.name(&at, name);
            if let Some(members) = fields.reader.object(&at, value, "a state") {
                let fields = Fields::new(fields.reader, &at, members);
                if let Some(state) = state(&fields, name, language, depth) {
                    states.insert(name.clone(), state);
                }
            }
        }
        if object.members().next().is_none() {
            fields.wrong("States", "there is at least one state");
        }
        reach::check(fields, &object, start_at.as_deref(), &states);
    }
    States {
        start_at: start_at.unwrap_or_default(),
        states,
    }
}

fn state(fields: &Fields<'_>, name: &str, outer: Language, depth: usize) -> Option<State> {
    let type_name = fields.required_text("Type", "a state")?;
    let language = fields.language(outer);
    let comment = fields.text("Comment");
    let flow = flow(fields, &type_name, language);
    let kind = match type_name.as_str() {
        "Task" => StateKind::Task(task(fields, language)),
        "Pass" => StateKind::Pass {
            result: match language {
                Language::JsonPath => fields.get("Result").cloned(),
                Language::Jsonata => None,
            },
        },
        "Choice" => choice::read(fields, language),
        "Wait" => StateKind::Wait(wait(fields, language)),
        "Parallel" => parallel(fields, language, depth),
        "Map" => map::read(fields, language, depth),
        "Succeed" => StateKind::Succeed,
        "Fail" => fail(fields, language),
        other => {
            let message = format!(
                "there are states of the types Task, Pass, Choice, Wait, Parallel, Map, Succeed and Fail, not `{other}`"
            );
            fields.wrong("Type", message);
            return None;
        }
    };
    let is_work = matches!(type_name.as_str(), "Task" | "Parallel" | "Map");
    let (retry, catch) = if is_work {
        (retry(fields), catch(fields, language))
    } else {
        (Vec::new(), Vec::new())
    };
    let next = match type_name.as_str() {
        "Choice" | "Succeed" | "Fail" => Transition::End,
        _ => transition(fields, &type_name),
    };
    finish(fields, &type_name, language);
    Some(State {
        name: name.to_owned(),
        comment,
        language,
        kind,
        flow,
        next,
        retry,
        catch,
    })
}

/// Reports fields that the state does not support, and says where they would belong.
fn finish(fields: &Fields<'_>, type_name: &str, language: Language) {
    const JSONPATH: [&str; 10] = [
        "InputPath",
        "OutputPath",
        "Parameters",
        "ResultSelector",
        "ResultPath",
        "ItemsPath",
        "SecondsPath",
        "TimestampPath",
        "Result",
        "MaxConcurrencyPath",
    ];
    const JSONATA: [&str; 4] = ["Arguments", "Output", "Items", "Condition"];
    for (name, _) in fields.members() {
        if fields.asked(name) {
            continue;
        }
        let message = match language {
            Language::Jsonata if JSONPATH.contains(&name.as_str()) => {
                format!("`{name}` is JSONPath, and this state is written in JSONata")
            }
            Language::JsonPath if JSONATA.contains(&name.as_str()) => {
                format!(
                    "`{name}` is JSONata, and this state is written in JSONPath: set `QueryLanguage`"
                )
            }
            _ => format!("there is no field `{name}` in a {type_name} state"),
        };
        fields.wrong(name, message);
    }
}

fn flow(fields: &Fields<'_>, type_name: &str, language: Language) -> Flow {
    let mut flow = Flow {
        language,
        ..Flow::default()
    };
    if type_name == "Fail" {
        return flow;
    }
    if type_name != "Succeed" {
        flow.assign = fields.assign(language);
    }
    let is_work = matches!(type_name, "Task" | "Parallel" | "Map");
    match language {
        Language::JsonPath => {
            flow.input_path = fields.selected("InputPath");
            flow.output_path = fields.selected("OutputPath");
            if is_work || type_name == "Pass" {
                flow.result_path = fields.result_path();
                // A Map state's `Parameters` is the former name of `ItemSelector`; it is read there.
                if type_name != "Map" {
                    flow.arguments = fields.template("Parameters", language);
                }
            }
            if is_work {
                flow.result_selector = fields.template("ResultSelector", language);
                if let Some(value) = fields.get("ResultSelector")
                    && !value.is_object()
                {
                    let message = format!("`ResultSelector` is an object, not {}", kind(value));
                    fields.wrong("ResultSelector", message);
                }
            }
        }
        Language::Jsonata => {
            flow.output = fields.template("Output", language);
            if matches!(type_name, "Task" | "Parallel") {
                flow.arguments = fields.template("Arguments", language);
            }
        }
    }
    flow
}

fn transition(fields: &Fields<'_>, type_name: &str) -> Transition {
    match (fields.text("Next"), fields.boolean("End")) {
        (Some(next), None | Some(false)) => return Transition::Next(next),
        (None, Some(true)) => {}
        (Some(_), Some(true)) => {
            fields.wrong(
                "End",
                "a state has either `Next` or `\"End\": true`, not both",
            );
        }
        (None, None | Some(false)) => {
            let message = format!("a {type_name} state needs `Next`, or `\"End\": true`");
            fields.reader.wrong(&fields.pointer, message);
        }
    }
    Transition::End
}

fn task(fields: &Fields<'_>, language: Language) -> Task {
    let resource = fields.required_text("Resource", "a Task state");
    if let Some(resource) = &resource
        && !resource.starts_with("arn:")
    {
        fields.wrong(
            "Resource",
            format!("`Resource` is an ARN, which `{resource}` is not"),
        );
    }
    if let Some(resource) = &resource {
        integration::check(fields, resource, language);
    }
    // Accepted without effect here: the role of a task is chosen where functions run.
    fields.object("Credentials");
    let seconds = (1.0, SECONDS_MAX);
    let timeout = fields.number(
        "TimeoutSeconds",
        Some("TimeoutSecondsPath"),
        language,
        seconds,
    );
    let heartbeat = fields.number(
        "HeartbeatSeconds",
        Some("HeartbeatSecondsPath"),
        language,
        seconds,
    );
    if let (Some(Template::Value(heartbeat)), timeout) = (&heartbeat, &timeout) {
        let timeout = match timeout {
            Some(Template::Value(timeout)) => timeout.as_f64(),
            Some(_) => None,
            None => Some(SECONDS_MAX),
        };
        if let (Some(heartbeat), Some(timeout)) = (heartbeat.as_f64(), timeout)
            && heartbeat >= timeout
        {
            fields.wrong(
                "HeartbeatSeconds",
                "`HeartbeatSeconds` is less than `TimeoutSeconds`",
            );
        }
    }
    Task {
        resource: resource.unwrap_or_default(),
        timeout_seconds: timeout,
        heartbeat_seconds: heartbeat,
    }
}

fn wait(fields: &Fields<'_>, language: Language) -> Wait {
    let names = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
    let given = names.iter().filter(|name| fields.has(name)).count();
    if given != 1 {
        let message = match language {
            Language::JsonPath => {
                "a Wait state has exactly one of `Seconds`, `SecondsPath`, `Timestamp` and `TimestampPath`"
            }
            Language::Jsonata => "a Wait state has exactly one of `Seconds` and `Timestamp`",
        };
        fields.reader.wrong(&fields.pointer, message);
    }
    if let Some(seconds) =
        fields.number("Seconds", Some("SecondsPath"), language, (0.0, SECONDS_MAX))
    {
        return Wait::Seconds(seconds);
    }
    if language == Language::JsonPath
        && let Some(text) = fields.text("TimestampPath")
    {
        return Wait::Timestamp(fields.reference("TimestampPath", &text));
    }
    let Some(text) = fields.text("Timestamp") else {
        return Wait::Seconds(Template::Value(Value::from(0)));
    };
    let template = match language {
        Language::Jsonata => jsonata(fields.reader, &fields.at("Timestamp"), &text),
        Language::JsonPath => Template::Value(Value::from(text)),
    };
    if let Template::Value(value) = &template
        && crate::choice::timestamp(value).is_none()
    {
        let message = "`Timestamp` is an instant such as `2026-01-31T12:00:00Z`";
        fields.wrong("Timestamp", message);
    }
    Wait::Timestamp(template)
}

fn parallel(fields: &Fields<'_>, language: Language, depth: usize) -> StateKind {
    if fields.get("Branches").is_none() {
        fields.missing("Branches", "a Parallel state");
    }
    let mut branches = Vec::new();
    let at = fields.at("Branches");
    for (index, value) in fields.list("Branches").into_iter().flatten().enumerate() {
        let at = crate::position::below(&at, &index.to_string());
        if let Some(members) = fields.reader.object(&at, value, "a branch") {
            let branch = Fields::new(fields.reader, &at, members);
            branch.text("Comment");
            branches.push(states(&branch, language, depth + 1));
            branch.finish("a branch");
        }
    }
    if fields.list("Branches").is_some_and(Vec::is_empty) {
        fields.wrong("Branches", "there is at least one branch");
    }
    StateKind::Parallel { branches }
}

fn fail(fields: &Fields<'_>, language: Language) -> StateKind {
    let part = |name: &'static str, path_name: &'static str| match language {
        Language::Jsonata => {
            let text = fields.text(name)?;
            Some(jsonata(fields.reader, &fields.at(name), &text))
        }
        Language::JsonPath => match (fields.text(name), fields.text(path_name)) {
            (Some(_), Some(_)) => {
                fields.wrong(
                    path_name,
                    format!("`{name}` and `{path_name}` cannot both be there"),
                );
                None
            }
            (Some(text), None) => Some(Template::Value(Value::from(text))),
            (None, Some(text)) => Some(fields.reference_or_call(path_name, &text)),
            (None, None) => None,
        },
    };
    StateKind::Fail {
        error: part("Error", "ErrorPath"),
        cause: part("Cause", "CausePath"),
    }
}

/// `ErrorEquals` of each member of a list, with the member's other fields.
fn handlers<'r>(fields: &Fields<'r>, name: &'static str) -> Vec<(Fields<'r>, Vec<String>)> {
    let mut handlers = Vec::new();
    let Some(list) = fields.list(name) else {
        return handlers;
    };
    for (index, value) in list.iter().enumerate() {
        let at = crate::position::below(&fields.at(name), &index.to_string());
        let Some(members) = fields
            .reader
            .object(&at, value, &format!("each element of `{name}`"))
        else {
            continue;
        };
        let handler = Fields::new(fields.reader, &at, members);
        handler.text("Comment");
        if handler.get("ErrorEquals").is_none() {
            handler.missing("ErrorEquals", &format!("an element of `{name}`"));
        }
        let mut names = Vec::new();
        for error in handler.list("ErrorEquals").into_iter().flatten() {
            match error.as_str() {
                Some(error) => names.push(error.to_owned()),
                None => handler.wrong("ErrorEquals", "names of errors are texts"),
            }
        }
        if names.is_empty() && handler.has("ErrorEquals") {
            handler.wrong("ErrorEquals", "there is at least one name of an error");
        }
        // The specification reserves names that begin with `States.`; AWS accepts any, and its own samples have some.
        if names.iter().any(|error| error == ALL) && (names.len() > 1 || index + 1 < list.len()) {
            let message = format!("`{ALL}` stands alone, and in the last element of `{name}`");
            handler.wrong("ErrorEquals", message);
        }
        handlers.push((handler, names));
    }
    handlers
}

fn retry(fields: &Fields<'_>) -> Vec<Retrier> {
    let retriers = handlers(fields, "Retry")
        .into_iter()
        .map(|(fields, error_equals)| {
            let backoff_rate = fields.get("BackoffRate").map(|value| {
                let rate = value.as_f64().filter(|rate| *rate >= 1.0);
                rate.unwrap_or_else(|| {
                    fields.wrong(
                        "BackoffRate",
                        format!("`BackoffRate` is a number of at least 1, not `{value}`"),
                    );
                    1.0
                })
            });
            let jitter = match fields.text("JitterStrategy").as_deref() {
                None | Some("NONE") => Jitter::None,
                Some("FULL") => Jitter::Full,
                Some(other) => {
                    let message = format!("`JitterStrategy` is `FULL` or `NONE`, not `{other}`");
                    fields.wrong("JitterStrategy", message);
                    Jitter::None
                }
            };
            // Source: Amazon States Language specification, errors: defaults and limits.
            let retrier = Retrier {
                error_equals,
                interval_seconds: fields.whole("IntervalSeconds", 1, 99_999_999).unwrap_or(1),
                max_attempts: fields.whole("MaxAttempts", 0, 99_999_999).unwrap_or(3),
                backoff_rate: backoff_rate.unwrap_or(2.0),
                max_delay_seconds: fields.whole("MaxDelaySeconds", 1, 31_622_400),
                jitter,
            };
            if retrier
                .max_delay_seconds
                .is_some_and(|max| max <= retrier.interval_seconds)
            {
                fields.wrong(
                    "MaxDelaySeconds",
                    "`MaxDelaySeconds` is more than `IntervalSeconds`",
                );
            }
            fields.finish("an element of `Retry`");
            retrier
        });
    retriers.collect()
}

fn catch(fields: &Fields<'_>, language: Language) -> Vec<Catcher> {
    let catchers = handlers(fields, "Catch")
        .into_iter()
        .map(|(fields, error_equals)| {
            let catcher = Catcher {
                error_equals,
                next: fields
                    .required_text("Next", "an element of `Catch`")
                    .unwrap_or_default(),
                result_path: match language {
                    Language::JsonPath => fields.result_path(),
                    Language::Jsonata => ResultPath::Whole,
                },
                output: match language {
                    Language::JsonPath => None,
                    Language::Jsonata => fields.template("Output", language),
                },
                assign: fields.assign(language),
            };
            fields.finish("an element of `Catch`");
            catcher
        });
    catchers.collect()
}
