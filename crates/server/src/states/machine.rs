//! Finds, lists and shows state machines.

use std::sync::Arc;

use lambda_api::FunctionConfiguration;
use model::{FunctionName, Timestamp, Version};
use serde_json::{Value, json};
use state_machine::Key;

use super::error::{StatesError, required};
use super::included_data::is_metadata_only;
use super::name::{function, machine, machine_arn, shown as shown_name};
use super::page::page;
use crate::app::App;
use crate::functions::{
    FunctionSettings, FunctionVersion, StateMachineSettings, state_machine_type,
};

/// Longest execution of an Express machine, in seconds. Source: Step Functions service quotas.
pub(super) const EXPRESS_SECONDS: u32 = 300;

/// A state machine, by one version of its function.
pub(super) struct Machine {
    pub name: FunctionName,
    pub version: Arc<FunctionVersion>,
    pub settings: Arc<FunctionSettings>,
    /// The version or alias in the request.
    pub qualifier: Option<String>,
}

/// All state machines, by name.
pub(super) fn all(app: &App) -> Vec<Machine> {
    let names = app.registry.names().into_iter();
    names.filter_map(|name| newest(app, name)).collect()
}

/// The newest revision of a machine.
pub(super) fn newest(app: &App, name: FunctionName) -> Option<Machine> {
    let version = app.registry.newest(&name)?;
    version.is_state_machine().then(|| Machine {
        settings: app.registry.settings(&name),
        name,
        version,
        qualifier: None,
    })
}

/// The state machine of this ARN, at its version or alias; for an alias with two versions, at the first.
pub(super) fn find(app: &App, arn: &str) -> Result<Machine, StatesError> {
    find_at(app, arn, 0.0)
}

/// As [`find`], for one execution: an alias with two versions chooses anew each time.
pub(super) fn find_for_execution(app: &App, arn: &str) -> Result<Machine, StatesError> {
    find_at(app, arn, app.registry.draw())
}

fn find_at(app: &App, arn: &str, draw: f64) -> Result<Machine, StatesError> {
    let missing = || StatesError::no_machine(arn);
    let reference = machine(arn)?;
    let name = function(reference.name).ok_or_else(missing)?;
    let found = newest(app, name).ok_or_else(missing)?;
    let Some(qualifier) = reference.qualifier else {
        return Ok(found);
    };
    let kept = found.kept();
    let number = match qualifier.parse() {
        Ok(number) => Some(number),
        Err(_) => kept.aliases.get(qualifier).and_then(|it| it.choose(draw)),
    };
    let number = number.and_then(|number: u64| kept.versions.get(&number));
    let number = number.ok_or_else(missing)?.function_version;
    let at = found.at(app, &Version::Published(number));
    Ok(Machine {
        qualifier: Some(qualifier.to_owned()),
        ..at.ok_or_else(missing)?
    })
}

/// The function versions of the version or alias in the request; empty if it has none.
pub(super) fn versions_of(app: &App, machine: &Machine) -> Vec<Version> {
    let Some(qualifier) = &machine.qualifier else {
        return Vec::new();
    };
    let kept = app
        .registry
        .settings(&machine.name)
        .machine
        .clone()
        .unwrap_or_default();
    let Some(alias) = kept.aliases.get(qualifier) else {
        return vec![machine.version.version.clone()];
    };
    let routes = alias.routes.iter();
    let versions = routes.filter_map(|route| kept.versions.get(&route.version));
    let mut versions: Vec<_> = versions.map(|it| it.function_version).collect();
    // A revision that was published twice is one version.
    versions.dedup();
    versions.into_iter().map(Version::Published).collect()
}

/// As [`find`], for an ARN without version or alias.
pub(super) fn find_whole(app: &App, arn: &str) -> Result<Machine, StatesError> {
    if machine(arn)?.qualifier.is_some() {
        return Err(StatesError::validation(format!(
            "'{arn}' is a version or an alias: this operation takes the ARN of the state machine."
        )));
    }
    find(app, arn)
}

/// Refuses a machine that is being deleted.
pub(super) fn check_stays(machine: &Machine, arn: &str) -> Result<(), StatesError> {
    match machine.settings.deleting {
        true => Err(StatesError::deleting(arn)),
        false => Ok(()),
    }
}

impl Machine {
    /// The same machine at another version of its function.
    pub fn at(&self, app: &App, version: &Version) -> Option<Self> {
        let version = app.registry.version(&self.name, version)?;
        Some(Self {
            name: self.name.clone(),
            version,
            settings: Arc::clone(&self.settings),
            qualifier: None,
        })
    }

    /// The qualified function for starting executions: with the alias that follows the newest revision, or with the
    /// named version.
    pub fn qualified(&self) -> String {
        match &self.qualifier {
            None => format!("{}:live", self.name),
            Some(_) => format!("{}:{}", self.name, self.version.version),
        }
    }

    pub fn arn(&self, app: &App) -> String {
        machine_arn(&app.registry.home, self.name.as_str())
    }

    /// Proves inputs that its interpreter wrote for itself.
    pub fn key(&self, app: &App) -> Key {
        app.registry.machine_key(self.name.as_str())
    }

    /// The settings of the machine that are stored beside its function.
    pub fn kept(&self) -> StateMachineSettings {
        self.settings.machine.clone().unwrap_or_default()
    }

    /// The machine's version number for this revision, if it was published.
    pub fn published(&self) -> Option<u64> {
        let Version::Published(number) = self.version.version else {
            return None;
        };
        let kept = self.kept();
        let mut versions = kept.versions.iter();
        versions
            .find(|(_, it)| it.function_version == number)
            .map(|(number, _)| *number)
    }

    pub fn is_express(&self) -> bool {
        kind_of(&self.version.configuration) == "EXPRESS"
    }

    fn kind(&self) -> &'static str {
        kind_of(&self.version.configuration)
    }

    pub fn definition(&self) -> Result<String, StatesError> {
        self.version.definition().map_err(|error| {
            let message = format!("the definition of {} cannot be read: {error}", self.name);
            StatesError::new("InternalServerException", message)
        })
    }

    /// When it was created, in seconds since 1970; for a machine of a template, when its newest revision was.
    pub fn created(&self) -> f64 {
        match self.kept().created_at {
            0 => modified(&self.version.configuration),
            millis => seconds(Timestamp::from_millis(millis)),
        }
    }

    pub fn role(&self) -> String {
        let role = self.version.configuration.role.clone();
        role.unwrap_or_else(|| String::from("arn:aws:iam::000000000000:role/lambdura"))
    }
}

/// The type of a machine, by the configuration of its function.
pub(super) fn kind_of(configuration: &FunctionConfiguration) -> &'static str {
    state_machine_type(configuration).unwrap_or("STANDARD")
}

/// When a configuration was made, in seconds since 1970.
pub(super) fn modified(configuration: &FunctionConfiguration) -> f64 {
    let text = configuration.last_modified.as_deref();
    let at = text.and_then(|text| text.replace("+0000", "Z").parse::<jiff::Timestamp>().ok());
    at.map_or(0.0, |at| at.as_duration().as_secs_f64())
}

/// An instant in this API's form, in seconds since 1970.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are exact for longer than anybody lives"
)]
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_millis() as f64 / 1000.0
}

pub(super) fn list(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let machines = all(app).into_iter().map(|it| {
        json!({
            "stateMachineArn": it.arn(app), "name": shown_name(it.name.as_str()), "type": it.kind(), "creationDate": it.created(),
        })
    });
    page(input, "stateMachines", machines.collect())
}

pub(super) fn describe(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineArn")?;
    let machine = find(app, arn)?;
    let mut shown = shown(app, &machine, is_metadata_only(input)?)?;
    shown["stateMachineArn"] = json!(arn);
    if machine.qualifier.is_some()
        && let Some(number) = machine.published()
        && let Some(version) = machine.kept().versions.get(&number)
    {
        shown["description"] = json!(version.description);
        shown["creationDate"] = json!(seconds(Timestamp::from_millis(version.created_at)));
    }
    Ok(shown)
}

/// A machine in an answer.
pub(super) fn shown(
    app: &App,
    machine: &Machine,
    is_metadata_only: bool,
) -> Result<Value, StatesError> {
    let kept = machine.kept();
    let off = || json!({ "level": "OFF", "includeExecutionData": false });
    let mut shown = json!({
        "stateMachineArn": machine.arn(app),
        "name": shown_name(machine.name.as_str()),
        "status": if machine.settings.deleting { "DELETING" } else { "ACTIVE" },
        // Source: API reference, `definition`.
        "definition": match is_metadata_only {
            true => String::from("{}"),
            false => machine.definition()?,
        },
        "roleArn": machine.role(),
        "type": machine.kind(),
        "creationDate": machine.created(),
        "loggingConfiguration": kept.logging.unwrap_or_else(off),
        "tracingConfiguration": { "enabled": kept.is_traced },
    });
    if let Some(revision) = &machine.version.configuration.revision_id {
        shown["revisionId"] = json!(revision);
    }
    Ok(shown)
}
