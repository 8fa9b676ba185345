//! State machines of a template: functions whose code is a definition, and whose program is this one.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use asl::Definition;
use serde::de::IgnoredAny;
use serde_json::Value;
use server::{
    Elsewhere, STATE_MACHINE_DEFINITION as DEFINITION, STATE_MACHINE_PROGRAM as PROGRAM,
    STATE_MACHINE_TYPE, UnansweredCall, state_machine_bootstrap, unanswered_calls,
};
use stack::{DefinitionSource, Stack, Warning};
use state_machine::{Settings, StateMachine};

use crate::exit::CliError;

/// Writes state machines below `<data dir>/state-machines`, and lets their functions point there. A machine whose
/// definition is wrong is left out of the deployment, with all problems as the reason. A machine that calls a service
/// that is not served starts with a warning: the state fails, as a function's call would. Without `elsewhere`, the
/// place of services is not known.
///
/// # Errors
/// When a file cannot be written.
pub fn place(
    stack: &mut Stack,
    data_dir: &Path,
    elsewhere: Option<&Elsewhere>,
) -> Result<(), CliError> {
    let template = stack.template_path.display().to_string();
    for function in &mut stack.functions {
        let Some(definition) = &function.state_machine else {
            continue;
        };
        let kind = function.environment.get(STATE_MACHINE_TYPE);
        let wanted = Wanted {
            source: function.machine.as_ref().and_then(|it| it.source.as_ref()),
            is_express: kind.is_some_and(|kind| kind == "EXPRESS"),
            elsewhere,
        };
        let unanswered = match check(&function.name, definition, &wanted) {
            Ok(unanswered) => unanswered,
            Err(reason) => {
                function.cannot_run = Some(reason);
                continue;
            }
        };
        let id = function.logical_id.as_str();
        let warnings = unanswered.iter().map(|call| warning(id, call, &template));
        stack.warnings.extend(warnings);
        let folder = data_dir.join("state-machines").join(&function.logical_id);
        write(&folder, definition).with_context(|| {
            format!("cannot write the state machine into `{}`", folder.display())
        })?;
        // Each server replaces this with its own program.
        function
            .environment
            .insert(PROGRAM.to_owned(), String::from("lambdura"));
        function.code_path = folder;
    }
    Ok(())
}

/// The machine of a definition.
#[derive(Default)]
struct Wanted<'w> {
    source: Option<&'w DefinitionSource>,
    is_express: bool,
    elsewhere: Option<&'w Elsewhere>,
}

fn warning(logical_id: &str, call: &UnansweredCall, template: &str) -> Warning {
    let UnansweredCall {
        state,
        service,
        resource: _,
    } = call;
    Warning {
        logical_id: logical_id.to_owned(),
        resource_type: "states of state machines".to_owned(),
        property: Some(format!("States.{state}")),
        meaning: format!(
            "{service} is not served here: the state fails; `lambdura up --aws-endpoint URL` sends its calls to an \
             emulator (LocalStack, MiniStack), `--aws-credentials` to your account"
        ),
        file: template.to_owned(),
        line: 0,
        column: 0,
    }
}

/// The calls that no service will answer; or, as an error, all reasons why the definition cannot be run.
fn check(
    name: &str,
    definition: &Value,
    wanted: &Wanted<'_>,
) -> Result<Vec<UnansweredCall>, String> {
    // A text of JSON has lines and columns: those of the file, before anything was put into it.
    let json = wanted
        .source
        .filter(|it| serde_json::from_str::<IgnoredAny>(&it.text).is_ok());
    let read = match json {
        Some(source) => Definition::parse(&source.text),
        None => Definition::from_value(definition),
    };
    let read = read.and_then(|definition| {
        let problems = if wanted.is_express {
            definition.not_express()
        } else {
            Vec::new()
        };
        if problems.is_empty() {
            Ok(definition)
        } else {
            Err(problems)
        }
    });
    let problems: Vec<String> = match read {
        Err(problems) => problems.iter().map(|it| shown(it, json)).collect(),
        Ok(definition) => match StateMachine::new(name, definition.clone(), Settings::default()) {
            Ok(_) => match wanted.elsewhere {
                Some(Elsewhere::Nowhere) => return Ok(unanswered_calls(&definition)),
                _ => return Ok(Vec::new()),
            },
            Err(unsupported) => unsupported.iter().map(ToString::to_string).collect(),
        },
    };
    Err(format!(
        "its definition cannot be run: {}",
        problems.join("; ")
    ))
}

fn shown(problem: &asl::Problem, source: Option<&DefinitionSource>) -> String {
    let (Some(source), Some(position)) = (source, problem.position) else {
        return problem.to_string();
    };
    let (line, column) = source.written_at(position.line, position.column);
    let problem = asl::Problem {
        position: None,
        ..problem.clone()
    };
    format!("{}:{line}:{column}: {problem}", source.name)
}

fn write(folder: &Path, definition: &Value) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let script = folder.join("bootstrap");
    std::fs::write(&script, state_machine_bootstrap())?;
    std::fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    let text = serde_json::to_string_pretty(definition).map_err(io::Error::other)?;
    std::fs::write(folder.join(DEFINITION), text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_it(definition: &Value) -> Result<(), String> {
        check("m", definition, &Wanted::default()).map(|_| ())
    }

    #[test]
    fn an_express_machine_does_not_wait_for_others() {
        let waits = json!({ "StartAt": "A", "States": { "A": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": { "FunctionName": "f", "Payload": { "t.$": "$$.Task.Token" } }, "End": true
        } } });
        assert_eq!(check_it(&waits), Ok(()));
        let express = Wanted {
            is_express: true,
            ..Wanted::default()
        };
        let reason = check("m", &waits, &express).unwrap_err();
        assert!(
            reason.contains("does not support '.waitForTaskToken'"),
            "{reason}"
        );
    }

    #[test]
    fn what_is_in_the_way_is_said() {
        let sound = json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } });
        assert_eq!(check_it(&sound), Ok(()));
        let lost = json!({ "StartAt": "B", "States": { "A": { "Type": "Succeed" } } });
        let reason = check_it(&lost).unwrap_err();
        assert!(
            reason.contains("there is no state `B` here (at /StartAt)"),
            "{reason}"
        );
        let task = |resource: &str| {
            let resource = format!("arn:aws:states:::{resource}");
            json!({ "StartAt": "A", "States": { "A": { "Type": "Task", "Resource": resource, "End": true } } })
        };
        let reason = check_it(&task("http:invoke")).unwrap_err();
        assert!(
            reason.contains("`arn:aws:states:::http:invoke`, which is not supported"),
            "{reason}"
        );
        let nowhere = Wanted {
            elsewhere: Some(&Elsewhere::Nowhere),
            ..Wanted::default()
        };
        let unanswered = check("m", &task("sns:publish"), &nowhere).unwrap();
        let noted = warning("M", &unanswered[0], "t.yaml").to_string();
        assert!(
            noted.starts_with("`States.A` of `M`: Amazon SNS is not served here: the state fails"),
            "{noted}"
        );
        assert_eq!(check_it(&task("sns:publish")), Ok(()));
        // The server itself answers for the template's own secrets.
        let secret = task("aws-sdk:secretsmanager:getSecretValue");
        assert_eq!(check("m", &secret, &nowhere), Ok(Vec::new()));
    }

    #[test]
    fn a_state_machine_is_a_script_and_a_definition() {
        let folder = tempfile::tempdir().unwrap();
        let definition = json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } });
        write(folder.path(), &definition).unwrap();
        let script = std::fs::metadata(folder.path().join("bootstrap")).unwrap();
        assert_eq!(script.permissions().mode() & 0o777, 0o755);
        let written = std::fs::read_to_string(folder.path().join(DEFINITION)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), definition);
    }
}
