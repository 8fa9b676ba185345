//! `nodejs*`: a small runtime client of ours on the machine's Node.js.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::interpreter::{
    Candidate, Interpreter, InterpreterVersion, NamedVersion, Places, ask, nearest,
};
use super::node_packages;
use super::preparation::{PrepareRuntimeError, PreparedRuntime, RuntimeCommand, Task};
use crate::function::Debugger;
use crate::unix;

/// The client, without dependencies: the lookup of packages, and the program that is started, which comes last.
const CLIENT: [(&str, &str); 3] = [
    ("packages.mjs", include_str!("node/packages.mjs")),
    ("sources.mjs", include_str!("node/sources.mjs")),
    ("runtime.mjs", include_str!("node/runtime.mjs")),
];

/// Names the client's folder; must be changed with the client.
const EDITION: &str = "4";

/// The variable that gives the client the folder with packages that Lambda includes.
const PACKAGES_VARIABLE: &str = "LAMBDURA_NODE_PACKAGES";

/// Older versions lack language features that AWS's durable execution SDK uses.
const OLDEST: InterpreterVersion = InterpreterVersion {
    major: 18,
    minor: 0,
};

pub(super) fn prepare(task: &Task<'_>) -> Result<PreparedRuntime, PrepareRuntimeError> {
    let found = find(task.runtime, task.wanted)?;
    let folder = task.dir.join(format!("nodejs-{EDITION}"));
    for (name, content) in CLIENT {
        let file = folder.join(name);
        if fs::read_to_string(&file).is_ok_and(|present| present == content) {
            continue;
        }
        unix::create_private_dir(&folder).map_err(task.io(&folder))?;
        let partial = folder.join(format!("{name}.partial-{}", std::process::id()));
        fs::write(&partial, content).map_err(task.io(&partial))?;
        fs::rename(&partial, &file).map_err(task.io(&file))?;
    }
    let packages = node_packages::current(task.dir);
    let command = RuntimeCommand {
        program: found.program,
        arguments: vec![folder.join("runtime.mjs").display().to_string()],
        environment: BTreeMap::from([(
            PACKAGES_VARIABLE.to_owned(),
            packages.display().to_string(),
        )]),
        search_path: None,
        version: found.version,
    };
    Ok(PreparedRuntime {
        command: Arc::new(command),
        stands_in_for: (found.version != task.wanted).then_some(task.wanted),
    })
}

/// The interpreter that functions of a runtime get.
pub(super) fn find(
    runtime: &str,
    wanted: InterpreterVersion,
) -> Result<Interpreter, PrepareRuntimeError> {
    let found = nearest(wanted, candidates(), identify_supported);
    found.ok_or_else(|| PrepareRuntimeError::NoInterpreter {
        runtime: runtime.to_owned(),
        wanted: "Node.js 18 or later",
        program: "node",
    })
}

/// The first major version of which every release has `--inspect-wait`. Earlier ones stop at the first line instead.
const INSPECT_WAIT: u32 = 22;

/// The variable that gives the client the folder with the developer's own sources.
const SOURCES_VARIABLE: &str = "LAMBDURA_DEBUG_SOURCES";

/// The same command under Node.js's own debugger.
pub(super) fn debugged(command: &RuntimeCommand, debugger: &Debugger) -> RuntimeCommand {
    let mut command = command.clone();
    let option = match debugger.waits {
        true if command.version.major >= INSPECT_WAIT => "--inspect-wait",
        true => "--inspect-brk",
        false => "--inspect",
    };
    let inspect = format!("{option}=127.0.0.1:{}", debugger.port);
    let before = [inspect, "--enable-source-maps".to_owned()];
    command.arguments.splice(0..0, before).for_each(drop);
    let sources = debugger.sources.display().to_string();
    command
        .environment
        .insert(SOURCES_VARIABLE.to_owned(), sources);
    command
}

fn candidates() -> Vec<Candidate> {
    let places = Places {
        managers: &[".nvm/versions/node", ".local/share/fnm/node-versions"],
        reads: |name| matches!(name, "node" | "nodejs").then_some(NamedVersion::Silent),
    };
    places.candidates()
}

/// The interpreter behind a candidate, unless it is too old.
fn identify_supported(candidate: &PathBuf) -> Option<Interpreter> {
    identify(candidate).filter(|interpreter| interpreter.version >= OLDEST)
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
