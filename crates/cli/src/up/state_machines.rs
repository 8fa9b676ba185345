//! State machines of a template: functions whose code is a definition, and whose program is this one.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use asl::Definition;
use serde_json::Value;
use server::{
    Elsewhere, STATE_MACHINE_DEFINITION as DEFINITION, STATE_MACHINE_PROGRAM as PROGRAM,
    state_machine_bootstrap, unreachable,
};
use stack::Stack;
use state_machine::{Settings, StateMachine};

use crate::exit::CliError;

/// Writes state machines below `<data dir>/state-machines`, and lets their functions point there. One whose definition
/// is wrong, or that calls a service which nobody answers for, is left out of the deployment, with everything that is wrong
/// as the reason. Without `elsewhere` it is not known where services are called.
///
/// # Errors
/// When a file cannot be written.
pub fn place(
    stack: &mut Stack,
    data_dir: &Path,
    elsewhere: Option<&Elsewhere>,
) -> Result<(), CliError> {
    for function in &mut stack.functions {
        let Some(definition) = &function.state_machine else {
            continue;
        };
        if let Err(reason) = check(&function.name, definition, elsewhere) {
            function.cannot_run = Some(reason);
            continue;
        }
        let folder = data_dir.join("state-machines").join(&function.logical_id);
        write(&folder, definition).with_context(|| {
            format!("cannot write the state machine into `{}`", folder.display())
        })?;
        // Each server puts in the program that it is itself.
        function
            .environment
            .insert(PROGRAM.to_owned(), String::from("lambdura"));
        function.code_path = folder;
    }
    Ok(())
}

/// Everything that is in the way of running a definition.
fn check(name: &str, definition: &Value, elsewhere: Option<&Elsewhere>) -> Result<(), String> {
    let read = Definition::from_value(definition);
    let problems = match read {
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
        Ok(definition) => match StateMachine::new(name, definition.clone(), Settings::default()) {
            Ok(_) => match elsewhere {
                Some(Elsewhere::Nowhere) => unreachable(&definition),
                _ => return Ok(()),
            },
            Err(unsupported) => unsupported
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        },
    };
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!(
        "its definition cannot be run: {}",
        problems.join("; ")
    ))
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

    #[test]
    fn what_is_in_the_way_is_said() {
        let sound = json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } });
        let nowhere = Some(&Elsewhere::Nowhere);
        assert_eq!(check("m", &sound, nowhere), Ok(()));
        let lost = json!({ "StartAt": "B", "States": { "A": { "Type": "Succeed" } } });
        let reason = check("m", &lost, nowhere).unwrap_err();
        assert!(
            reason.contains("there is no state `B` here (at /StartAt)"),
            "{reason}"
        );
        let task = |resource: &str| {
            let resource = format!("arn:aws:states:::{resource}");
            json!({ "StartAt": "A", "States": { "A": { "Type": "Task", "Resource": resource, "End": true } } })
        };
        let reason = check("m", &task("http:invoke"), None).unwrap_err();
        assert!(
            reason.contains("`arn:aws:states:::http:invoke`, which is not supported"),
            "{reason}"
        );
        let reason = check("m", &task("sns:publish"), nowhere).unwrap_err();
        assert!(
            reason.contains("calls Amazon SNS (`arn:aws:states:::sns:publish`)"),
            "{reason}"
        );
        assert_eq!(check("m", &task("sns:publish"), None), Ok(()));
        // The template's own secrets are answered for without anybody else.
        let secret = task("aws-sdk:secretsmanager:getSecretValue");
        assert_eq!(check("m", &secret, nowhere), Ok(()));
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
