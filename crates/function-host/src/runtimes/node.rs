//! `nodejs*`: a small runtime client of ours on the machine's Node.js.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::interpreter::{Interpreter, InterpreterVersion, Places, ask, nearest};
use super::preparation::{PrepareRuntimeError, PreparedRuntime, RuntimeCommand, Task};
use crate::unix;

/// The client: one file without dependencies.
const CLIENT: &str = include_str!("node/runtime.mjs");

/// Names the client's folder; to be changed with the client.
const EDITION: &str = "3";

/// Older ones lack what AWS's durable execution SDK is written in.
const OLDEST: InterpreterVersion = InterpreterVersion {
    major: 18,
    minor: 0,
};

pub(super) fn prepare(task: &Task<'_>) -> Result<PreparedRuntime, PrepareRuntimeError> {
    let found =
        nearest(task.wanted, interpreters()).ok_or_else(|| PrepareRuntimeError::NoInterpreter {
            runtime: task.runtime.to_owned(),
            wanted: "Node.js 18 or later",
            program: "node",
        })?;
    let folder = task.dir.join(format!("nodejs-{EDITION}"));
    let client = folder.join("runtime.mjs");
    if fs::read_to_string(&client).is_ok_and(|present| present != CLIENT) || !client.is_file() {
        unix::create_private_dir(&folder).map_err(task.io(&folder))?;
        let partial = folder.join(format!("runtime.partial-{}", std::process::id()));
        fs::write(&partial, CLIENT).map_err(task.io(&partial))?;
        fs::rename(&partial, &client).map_err(task.io(&client))?;
    }
    let command = RuntimeCommand {
        program: found.program,
        arguments: vec![client.display().to_string()],
        environment: BTreeMap::new(),
        search_path: None,
        version: found.version,
    };
    Ok(PreparedRuntime {
        command: Arc::new(command),
        stands_in_for: (found.version != task.wanted).then_some(task.wanted),
    })
}

fn interpreters() -> impl Iterator<Item = Interpreter> {
    let places = Places {
        managers: &[".nvm/versions/node", ".local/share/fnm/node-versions"],
        is_candidate: |name| name == "node" || name == "nodejs",
    };
    places
        .candidates()
        .into_iter()
        .filter_map(|candidate| identify(&candidate))
        .filter(|interpreter| interpreter.version >= OLDEST)
}

fn identify(candidate: &PathBuf) -> Option<Interpreter> {
    let script = "console.log(process.versions.node.split('.')[0], process.execPath)";
    let answer = ask(candidate, &["-e", script])?;
    let (major, program) = answer.split_once(' ')?;
    Some(Interpreter {
        version: InterpreterVersion {
            major: major.parse().ok()?,
            minor: 0,
        },
        program: PathBuf::from(program),
    })
}
