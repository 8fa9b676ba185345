//! A state machine as a handler.

use asl::{StateKind, States, Variables};
use lambdura::{DurableContext, NamedError};
use serde_json::{Value, json};

use crate::entry::{Entry, Given, enter};
use crate::failure::named;
use crate::machine::StateMachine;
use crate::middle::{ItemRun, Redrive};
use crate::name;
use crate::walk::Walk;

/// An execution and its machine, under their names in Step Functions.
struct Arns {
    machine: String,
    execution: String,
    /// The execution's own name.
    name: String,
    /// The role of a machine without a role of its own.
    role: String,
}

impl Arns {
    /// From the durable execution's ARN: `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION/durable-execution/…`.
    fn of(durable: &str, machine: &str) -> Self {
        let mut parts = durable.split(':').skip(1);
        let partition = parts.next().unwrap_or("aws");
        let region = parts.nth(1).unwrap_or_default();
        let account = parts.next().unwrap_or_default();
        let name = name::read(durable.split('/').nth(2).unwrap_or_default());
        let machine = name::read(machine);
        let states = format!("arn:{partition}:states:{region}:{account}");
        // The names of Express executions end in a number: see `server::states::name`.
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

impl StateMachine {
    /// Runs an execution, or an item of one: the handler of a durable function.
    ///
    /// # Errors
    ///
    /// The failure of a state that no catcher handled: its name is the error type, and its cause the message.
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
        let started = enter(&context, Entry::START, None).await?;
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
