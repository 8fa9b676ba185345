//! A state machine as a handler.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use asl::{Definition, State, StateKind, States, Template, Variables};
use lambdura::{DurableContext, NamedError, StepContext};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::failure::{IntoStateError as _, named};
use crate::frame::{Entered, Entry, Given, enter};
use crate::name;
use crate::proof::Key;
use crate::reading::Source;
use crate::resource::Resource;
use crate::services::Services;
use crate::task::bare_name;
use crate::walk::Walk;
use crate::writing;

/// What a machine needs from where it runs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names of functions and state machines that can be called, if that is known: then calls of others fail.
    pub callable: Option<BTreeSet<String>>,
    /// The version or alias of other state machines that are run, where functions have one.
    pub machine_qualifier: String,
    /// Where `ItemReader` finds its files, and `ResultWriter` puts them: `<folder>/<Bucket>/<Key>`.
    pub files: Option<PathBuf>,
    /// The role of the machine, as its executions see it.
    pub role: Option<String>,
    /// What calls other services; without it, such a Task fails.
    pub services: Option<Arc<dyn Services>>,
    /// What proves inputs that begin in the middle of the machine: the same in every process that runs its executions.
    /// Without it, one is drawn, and items of a distributed Map do not outlive the program.
    pub key: Option<Key>,
}

/// A state machine that can be run.
#[derive(Clone, Debug)]
pub struct StateMachine {
    pub(crate) name: String,
    pub(crate) definition: Arc<Definition>,
    pub(crate) settings: Settings,
    pub(crate) key: Key,
}

/// A Task whose resource cannot be called here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedResource {
    /// The state.
    pub state: String,
    /// Its resource.
    pub resource: String,
    /// Why, as the end of a sentence about the resource.
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

/// The only member of an input that is an item of a distributed Map state.
const ITEM_RUN: &str = "lambdura:item";

/// An item of a distributed Map state, which has an execution of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ItemRun {
    /// Names of the states that lead to the Map state, itself the last; a number before one is a branch.
    pub place: Vec<String>,
    /// What is worked on.
    pub input: Value,
    /// `$$.Map` of the item.
    pub item: Value,
    /// `$$.Execution` of the execution that the item belongs to.
    pub execution: Value,
}

impl ItemRun {
    /// The input of its execution.
    pub(crate) fn event(&self, key: &Key) -> Value {
        key.prove(ITEM_RUN, "", self)
    }

    /// What an input says, if it is one of these.
    #[must_use]
    pub fn of(event: &Value, key: &Key) -> Option<Self> {
        key.proven(ITEM_RUN, "", event)
    }

    /// As [`of`](Self::of), of an input as it is recorded.
    #[must_use]
    pub fn of_text(event: &str, key: &Key) -> Option<Self> {
        // Most inputs are none of these, and large ones are not parsed for that.
        let event = looks_like_item(event).then_some(event)?;
        Self::of(&serde_json::from_str(event).ok()?, key)
    }
}

/// Whether an input begins as that of an item does. Anybody may write such a one: only the key tells.
#[must_use]
pub fn looks_like_item(event: &str) -> bool {
    let begins = event.trim_start_matches(['{', ' ', '\n', '\r', '\t', '"']);
    begins.starts_with(ITEM_RUN)
}

/// An execution and its machine, as Step Functions names them.
struct Arns {
    machine: String,
    execution: String,
    /// The execution's own name.
    name: String,
    /// The role of a machine that was given none.
    role: String,
}

impl Arns {
    /// From the ARN of the durable execution: `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION/durable-execution/…`.
    fn of(durable: &str, machine: &str) -> Self {
        let mut parts = durable.split(':').skip(1);
        let partition = parts.next().unwrap_or("aws");
        let region = parts.nth(1).unwrap_or_default();
        let account = parts.next().unwrap_or_default();
        let name = name::read(durable.split('/').nth(2).unwrap_or_default());
        let machine = name::read(machine);
        let states = format!("arn:{partition}:states:{region}:{account}");
        // Those of Express machines have a number behind their name: see `server::states::name`.
        let (kind, own) = match name.split_once(':') {
            Some((own, _)) => ("express", own),
            None => ("execution", name.as_ref()),
        };
        Self {
            machine: format!("{states}:stateMachine:{machine}"),
            execution: format!("{states}:{kind}:{machine}:{name}"),
            name: own.to_owned(),
            role: format!("arn:{partition}:iam::{account}:role/lambdura"),
        }
    }
}

/// The only member of an input that goes on with an execution that did not end well.
const REDRIVE: &str = "lambdura:redrive";

/// An execution that goes on from a state, where another one did not end well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Redrive {
    /// The state, one of the outermost.
    pub state: String,
    /// What comes into it.
    pub input: Value,
    /// What was assigned until then.
    pub variables: Variables,
    /// What came of branches or items of the state that went well: they are not done again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub done: BTreeMap<usize, Value>,
    /// `$$.Execution`
    pub execution: Value,
}

impl Redrive {
    /// The input of its execution, which has this name and no other.
    #[must_use]
    pub fn event(&self, name: &str, key: &Key) -> Value {
        key.prove(REDRIVE, name, self)
    }

    /// What the input of the execution of this name says, if it is one of these.
    #[must_use]
    pub fn of(event: &Value, name: &str, key: &Key) -> Option<Self> {
        key.proven(REDRIVE, name, event)
    }
}

impl StateMachine {
    /// A state machine of this name.
    ///
    /// # Errors
    ///
    /// Those of its tasks whose resources cannot be called.
    ///
    /// # Panics
    ///
    /// When a key has to be drawn, and the operating system gives no randomness.
    pub fn new(
        name: impl Into<String>,
        definition: Definition,
        settings: Settings,
    ) -> Result<Self, Vec<UnsupportedResource>> {
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
        if !unsupported.is_empty() {
            return Err(unsupported);
        }
        let key = settings.key.clone();
        let key = key.unwrap_or_else(|| Key::draw().expect("there is randomness"));
        Ok(Self {
            name: name.into(),
            definition: Arc::new(definition),
            settings,
            key,
        })
    }

    /// Runs an execution, or an item of one: the handler of a durable function.
    ///
    /// # Errors
    ///
    /// What a state failed with that nothing caught: its name is the error type, and its cause the message.
    pub async fn run(self, input: Value, context: DurableContext) -> Result<Value, NamedError> {
        let arns = Arns::of(context.execution_arn(), &self.name);
        if let Some(item) = ItemRun::of(&input, &self.key) {
            return self.run_item(item, &arns, context).await;
        }
        if let Some(redrive) = Redrive::of(&input, &arns.name, &self.key) {
            let walk = Walk {
                machine: &self,
                machine_arn: &arns.machine,
                execution: &redrive.execution,
                item: None,
                variables: redrive.variables,
                place: Vec::new(),
                done: Some(&redrive.done),
                given: Some(Given::Content),
            };
            let states = &self.definition.states;
            let going = walk.run_from(states, redrive.state, redrive.input, context);
            return going.await.map_err(named);
        }
        let started = self.enter(&context, Entry::START, None).await?;
        let execution = json!({
            "Id": arns.execution,
            "Input": input,
            "Name": arns.name,
            "RoleArn": self.settings.role.as_deref().unwrap_or(&arns.role),
            "StartTime": started.text(),
            "RedriveCount": 0,
        });
        let walk = Walk {
            machine: &self,
            machine_arn: &arns.machine,
            execution: &execution,
            item: None,
            variables: Variables::new(),
            place: Vec::new(),
            done: None,
            given: None,
        };
        let states = &self.definition.states;
        walk.run(states, input, context).await.map_err(named)
    }

    async fn run_item(
        self,
        item: ItemRun,
        arns: &Arns,
        context: DurableContext,
    ) -> Result<Value, NamedError> {
        let place: Vec<&str> = item.place.iter().map(String::as_str).collect();
        let Some(states) = find(&self.definition.states, &place) else {
            let place = item.place.join("/");
            return Err(NamedError::new(
                asl::RUNTIME,
                format!("there is no Map state `{place}`"),
            ));
        };
        let walk = Walk {
            machine: &self,
            machine_arn: &arns.machine,
            execution: &item.execution,
            item: Some(item.item),
            variables: Variables::new(),
            place: item.place,
            done: None,
            given: Some(Given::Content),
        };
        walk.run(states, item.input, context).await.map_err(named)
    }

    /// Draws and records what a state needs of the world.
    pub(crate) async fn enter(
        &self,
        context: &DurableContext,
        name: &str,
        input: Option<Given>,
    ) -> Result<Entered, NamedError> {
        let entered = context.step(move |step: StepContext| {
            let input = input.clone();
            async move { enter(step.now(), input) }
        });
        let entered: Result<Entry, _> = entered.name(name).await;
        entered
            .map(|entry| entry.entered)
            .map_err(|error| named(error.into_state_error()))
    }
}

/// Why a resource cannot be called with these parameters: a misspelled one would be without effect.
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

/// The names of functions, activities and state machines that a definition calls, as far as it names them itself.
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

/// A Task that calls a service which is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledElsewhere {
    /// The state.
    pub state: String,
    /// Its resource.
    pub resource: String,
    /// What requests to the service are signed for.
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
                    call(writing::RESOURCE, "s3");
                }
            }
            _ => {}
        }
    });
    calls
}

/// Calls `each` with every state, those within others included.
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

/// The states of the item processor at a place.
fn find<'m>(states: &'m States, place: &[&str]) -> Option<&'m States> {
    let (first, rest) = place.split_first()?;
    match &states.states.get(*first)?.kind {
        StateKind::Map(map) if rest.is_empty() => Some(&map.processor),
        StateKind::Map(map) => find(&map.processor, rest),
        StateKind::Parallel { branches } => {
            let (branch, rest) = rest.split_first()?;
            find(branches.get(branch.parse::<usize>().ok()?)?, rest)
        }
        _ => None,
    }
}
