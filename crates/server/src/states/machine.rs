//! State machines, as they are listed and shown.

use std::sync::Arc;

use model::FunctionName;
use serde_json::{Value, json};

use super::error::{StatesError, required};
use super::name::{machine, machine_arn};
use crate::app::App;
use crate::functions::FunctionVersion;

/// The variable that every state machine's function has: `lambdura up` puts it there.
pub const STATE_MACHINE_PROGRAM: &str = "LAMBDURA_PROGRAM";
/// The file of its code that is its definition.
pub const STATE_MACHINE_DEFINITION: &str = "definition.asl.json";

/// Longest execution of an Express machine, in seconds: who may take no longer is one.
const EXPRESS_SECONDS: u32 = 300;

/// A state machine, by the newest version of its function.
pub(super) struct Machine {
    pub name: FunctionName,
    pub version: Arc<FunctionVersion>,
}

/// All state machines, by name.
pub(super) fn all(app: &App) -> Vec<Machine> {
    let names = app.registry.names().into_iter();
    names.filter_map(|name| find_newest(app, name)).collect()
}

fn find_newest(app: &App, name: FunctionName) -> Option<Machine> {
    let version = app.registry.newest(&name)?;
    let is_machine = version
        .config
        .environment
        .contains_key(STATE_MACHINE_PROGRAM);
    is_machine.then_some(Machine { name, version })
}

/// The state machine of this ARN.
pub(super) fn find(app: &App, arn: &str) -> Result<Machine, StatesError> {
    let name = FunctionName::parse(machine(arn)?).ok();
    let found = name.and_then(|name| find_newest(app, name));
    found.ok_or_else(|| StatesError::no_machine(arn))
}

impl Machine {
    /// The function with the alias that starts executions.
    pub fn qualified(&self) -> String {
        format!("{}:live", self.name)
    }

    pub fn arn(&self, app: &App) -> String {
        machine_arn(&app.registry.home, self.name.as_str())
    }

    pub fn is_express(&self) -> bool {
        let settings = self.version.durable;
        settings.is_some_and(|it| it.execution_timeout_seconds <= EXPRESS_SECONDS)
    }

    fn kind(&self) -> &'static str {
        if self.is_express() {
            "EXPRESS"
        } else {
            "STANDARD"
        }
    }

    /// The definition, as it lies beside its `bootstrap`.
    pub fn definition(&self) -> Result<String, StatesError> {
        let path = self.version.config.code_dir.join(STATE_MACHINE_DEFINITION);
        std::fs::read_to_string(path).map_err(|error| {
            let message = format!("the definition of {} cannot be read: {error}", self.name);
            StatesError::new("InternalServerException", message)
        })
    }

    /// When its newest version was made, in seconds since 1970.
    fn created(&self) -> f64 {
        let modified = self.version.configuration.last_modified.as_deref();
        let at =
            modified.and_then(|text| text.replace("+0000", "Z").parse::<jiff::Timestamp>().ok());
        at.map_or(0.0, |at| at.as_duration().as_secs_f64())
    }
}

pub(super) fn list(app: &Arc<App>, _: &Value) -> Result<Value, StatesError> {
    let machines = all(app).into_iter().map(|it| {
        json!({
            "stateMachineArn": it.arn(app), "name": it.name.as_str(), "type": it.kind(), "creationDate": it.created(),
        })
    });
    Ok(json!({ "stateMachines": machines.collect::<Vec<_>>() }))
}

pub(super) fn describe(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let machine = find(app, required(input, "stateMachineArn")?)?;
    shown(app, &machine)
}

/// A machine as it is shown.
pub(super) fn shown(app: &App, machine: &Machine) -> Result<Value, StatesError> {
    Ok(json!({
        "stateMachineArn": machine.arn(app),
        "name": machine.name.as_str(),
        "status": "ACTIVE",
        "definition": machine.definition()?,
        "roleArn": machine.version.configuration.role.clone().unwrap_or_else(|| String::from("arn:aws:iam::000000000000:role/lambdura")),
        "type": machine.kind(),
        "creationDate": machine.created(),
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
    }))
}
