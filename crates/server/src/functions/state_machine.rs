//! State machines are functions: how they are recognized, and the settings that a machine has beside its function.

use std::collections::{BTreeMap, BTreeSet};

use lambda_api::FunctionConfiguration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The variable that every state machine's function has: the program that runs definitions. The stored value does not
/// count: each server replaces it by its own program.
pub const STATE_MACHINE_PROGRAM: &str = "LAMBDURA_PROGRAM";
/// The variable with the machine's role, which each server sets.
pub const STATE_MACHINE_ROLE: &str = "LAMBDURA_STATE_MACHINE_ROLE";
/// The file in its code that holds its definition.
pub const STATE_MACHINE_DEFINITION: &str = "definition.asl.json";
/// The variable with its type, as `CreateStateMachine` spells it.
pub const STATE_MACHINE_TYPE: &str = "LAMBDURA_STATE_MACHINE_TYPE";

/// The script that starts the process of a state machine. The program is named by a variable instead of a path: so the
/// same definition gives the same code, wherever the command is installed.
#[must_use]
pub fn state_machine_bootstrap() -> String {
    format!(
        "#!/bin/sh\nexec \"${STATE_MACHINE_PROGRAM}\" asl function \"$LAMBDA_TASK_ROOT/{STATE_MACHINE_DEFINITION}\"\n"
    )
}

/// The type of the state machine with this configuration, as `CreateStateMachine` spells it; `None` for a function that
/// is no state machine.
#[must_use]
pub fn state_machine_type(configuration: &FunctionConfiguration) -> Option<&'static str> {
    let variables = &configuration.environment.as_ref()?.variables;
    variables.get(STATE_MACHINE_PROGRAM)?;
    Some(match variables.get(STATE_MACHINE_TYPE) {
        Some(kind) if kind == "EXPRESS" => "EXPRESS",
        _ => "STANDARD",
    })
}

/// Settings of a machine that Step Functions has and Lambda has no place for. Instants are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StateMachineSettings {
    /// Zero for machines of templates.
    pub created_at: i64,
    /// As it was given.
    pub logging: Option<Value>,
    pub is_traced: bool,
    /// The tags that a template gave: they are removed when the template no longer has them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags_from_template: BTreeSet<String>,
    /// Its versions, with numbers of their own: each revision of the machine is a version of its function.
    pub versions: BTreeMap<u64, MachineVersion>,
    /// The highest version number so far: numbers are not used again.
    pub last_version: u64,
    pub aliases: BTreeMap<String, MachineAlias>,
    /// Executions that were redriven, by name: each redrive is a durable execution of its own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub redriven: BTreeMap<String, Vec<MachineRedrive>>,
}

/// A redrive of an execution that did not succeed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MachineRedrive {
    pub at: i64,
    /// The token of the request: a request with the same token gets the same answer.
    pub token: Option<String>,
}

/// A version of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MachineVersion {
    pub function_version: u64,
    pub description: String,
    pub created_at: i64,
}

/// An alias of a machine: one or two of its versions, and how many of a hundred executions each gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MachineAlias {
    pub description: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub routes: Vec<MachineRoute>,
}

/// A part of an alias.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MachineRoute {
    pub version: u64,
    pub weight: u64,
}

impl MachineAlias {
    /// The version for one execution; `draw` is from 0 up to 1.
    pub fn choose(&self, draw: f64) -> Option<u64> {
        let mut left = draw * 100.0;
        for route in &self.routes {
            #[expect(clippy::cast_precision_loss, reason = "it is 100 at the most")]
            let weight = route.weight as f64;
            if left < weight {
                return Some(route.version);
            }
            left -= weight;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use lambda_api::EnvironmentResponse;

    use super::*;

    #[test]
    fn the_type_is_what_was_said_whatever_the_timeout_is() {
        let of = |variables: &[(&str, &str)]| {
            let variables = variables.iter();
            let variables =
                variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let environment = EnvironmentResponse {
                variables: variables.collect(),
            };
            state_machine_type(&FunctionConfiguration {
                environment: Some(environment),
                durable_config: Some(lambda_api::DurableConfig {
                    execution_timeout: Some(60),
                    retention_period_in_days: Some(90),
                }),
                ..FunctionConfiguration::default()
            })
        };
        let program = (STATE_MACHINE_PROGRAM, "lambdura");
        assert_eq!(
            of(&[program, (STATE_MACHINE_TYPE, "STANDARD")]),
            Some("STANDARD")
        );
        assert_eq!(
            of(&[program, (STATE_MACHINE_TYPE, "EXPRESS")]),
            Some("EXPRESS")
        );
        assert_eq!(of(&[program]), Some("STANDARD"));
        assert_eq!(of(&[(STATE_MACHINE_TYPE, "EXPRESS")]), None);
    }

    #[test]
    fn an_alias_divides_executions_by_weight() {
        let routes = [(1, 90), (2, 10)].map(|(version, weight)| MachineRoute { version, weight });
        let alias = MachineAlias {
            routes: routes.to_vec(),
            ..MachineAlias::default()
        };
        let chosen = [0.0, 0.89, 0.91, 0.999].map(|draw| alias.choose(draw));
        assert_eq!(chosen, [Some(1), Some(1), Some(2), Some(2)]);
        assert_eq!(MachineAlias::default().choose(0.5), None);
    }
}
