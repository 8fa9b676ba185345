//! The resources that a definition calls, determined before it runs.

use std::collections::BTreeSet;
use std::fmt;

use asl::{Definition, State, StateKind, States, Template};
use serde_json::Value;

use crate::resource::{RESULT_WRITER, Resource, Source, bare_name};

/// A Task whose resource cannot be called here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedResource {
    /// The state.
    pub state: String,
    /// Its resource.
    pub resource: String,
    /// The reason, as the end of a sentence about the resource.
    pub reason: String,
}

impl fmt::Display for UnsupportedResource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            state,
            resource,
            reason,
        } = self;
        write!(
            formatter,
            "the state `{state}` has the resource `{resource}`, which {reason}"
        )
    }
}

impl std::error::Error for UnsupportedResource {}

/// The tasks of a definition whose resources cannot be called.
pub(crate) fn unsupported(definition: &Definition) -> Vec<UnsupportedResource> {
    let mut unsupported = Vec::new();
    each_state(&definition.states, &mut |state| {
        let (resource, reason) = match &state.kind {
            StateKind::Task(task) => {
                let reason = match Resource::parse(&task.resource) {
                    Err(reason) => Some(reason),
                    Ok(resource) => unknown_parameter(&resource, state.flow.arguments.as_ref()),
                };
                (&task.resource, reason)
            }
            StateKind::Map(map) => match &map.reader {
                Some(reader) => (&reader.resource, Source::of(reader).err()),
                None => return,
            },
            _ => return,
        };
        unsupported.extend(reason.map(|reason| UnsupportedResource {
            state: state.name.clone(),
            resource: resource.clone(),
            reason,
        }));
    });
    unsupported
}

/// Why a resource cannot be called with these parameters: a misspelled one would have no effect.
fn unknown_parameter(resource: &Resource, arguments: Option<&Template>) -> Option<String> {
    let known = resource.parameters()?;
    let given: Vec<&str> = match arguments? {
        Template::Value(Value::Object(members)) => members.keys().map(String::as_str).collect(),
        Template::Object(members) => members.iter().map(|(name, _)| name.as_str()).collect(),
        _ => return None,
    };
    let unknown = given.into_iter().find(|name| !known.contains(name))?;
    let known = known.join("`, `");
    Some(format!(
        "takes no `{unknown}`: its parameters are `{known}`"
    ))
}

/// The names of functions, activities and state machines that a definition calls, as far as they are literals.
#[must_use]
pub fn functions(definition: &Definition) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each_state(&definition.states, &mut |state| {
        let StateKind::Task(task) = &state.kind else {
            return;
        };
        let member = match Resource::parse(&task.resource) {
            Ok(Resource::Function(arn)) => {
                names.insert(bare_name(&arn).to_owned());
                return;
            }
            Ok(Resource::Activity(name)) => {
                names.insert(name);
                return;
            }
            Ok(Resource::Invoke | Resource::InvokeAndWaitForToken) => "FunctionName",
            Ok(Resource::Execution | Resource::ExecutionWithJson) => "StateMachineArn",
            Ok(
                Resource::StartExecution
                | Resource::StartExecutionAndWaitForToken
                | Resource::Service { .. },
            )
            | Err(_) => return,
        };
        let value = match &state.flow.arguments {
            Some(Template::Value(arguments)) => arguments.get(member),
            Some(Template::Object(members)) => {
                members.iter().find_map(|(name, value)| match value {
                    Template::Value(value) if name == member => Some(value),
                    _ => None,
                })
            }
            _ => None,
        };
        if let Some(name) = value.and_then(Value::as_str) {
            names.insert(bare_name(name).to_owned());
        }
    });
    names
}

/// A Task that calls a service which is not part of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledElsewhere {
    /// The state.
    pub state: String,
    /// Its resource.
    pub resource: String,
    /// The service name in signatures of its requests.
    pub signing_name: &'static str,
}

/// The calls of a definition that need an emulator, or an account of AWS.
#[must_use]
pub fn called_elsewhere(definition: &Definition) -> Vec<CalledElsewhere> {
    let mut calls = Vec::new();
    each_state(&definition.states, &mut |state| {
        let mut call = |resource: &str, signing_name| {
            calls.push(CalledElsewhere {
                state: state.name.clone(),
                resource: resource.to_owned(),
                signing_name,
            });
        };
        match &state.kind {
            StateKind::Task(task) => {
                if let Ok(Resource::Service { integration, .. }) = Resource::parse(&task.resource)
                    && !integration.is_here()
                    && !integration.is_answered_here()
                {
                    call(&task.resource, integration.service.signing_name);
                }
            }
            StateKind::Map(map) => {
                if let Some(reader) = &map.reader {
                    call(&reader.resource, "s3");
                }
                if map.writer.as_ref().is_some_and(|it| it.arguments.is_some()) {
                    call(RESULT_WRITER, "s3");
                }
            }
            _ => {}
        }
    });
    calls
}

/// Calls `each` with every state, including nested ones.
fn each_state<'d>(states: &'d States, each: &mut dyn FnMut(&'d State)) {
    for state in states.states.values() {
        each(state);
        match &state.kind {
            StateKind::Parallel { branches } => {
                for branch in branches {
                    each_state(branch, each);
                }
            }
            StateKind::Map(map) => each_state(&map.processor, each),
            _ => {}
        }
    }
}
