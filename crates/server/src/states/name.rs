//! Names and ARNs of state machines and their executions.
//!
//! Functions and durable executions have names as [`state_machine::name`] spells them; clients see the name itself.
//! Executions of Express machines have the name `NAME:UUID`: each is unique, even if its name is used again.

use model::{ExecutionName, FunctionName};
use state_machine::name::{read, spelled};

use super::error::StatesError;
use crate::functions::Home;

/// Longest name of a machine or an execution. Source: Step Functions API reference, `StartExecution`, `name`.
const NAME_MAX: usize = 80;
/// Longest spelling of an execution's name: with room for the UUID of an Express one.
const SPELLED_MAX: usize = 200;

/// An execution by its machine and its name.
pub(super) struct ExecutionReference<'a> {
    pub machine: &'a str,
    pub name: &'a str,
}

/// A state machine by its name, and the version or alias of it.
pub(super) struct MachineReference<'a> {
    pub name: &'a str,
    pub qualifier: Option<&'a str>,
}

/// The ARN of a state machine, by its name or that of its function.
pub(super) fn machine_arn(home: &Home, name: &str) -> String {
    let Home { region, account_id } = home;
    let name = read(name);
    format!("arn:aws:states:{region}:{account_id}:stateMachine:{name}")
}

/// The ARN of an execution, by its name or that of its durable execution.
pub(super) fn execution_arn(home: &Home, machine: &str, name: &str) -> String {
    let Home { region, account_id } = home;
    let (machine, name) = (read(machine), read(name));
    let kind = if name.contains(':') {
        "express"
    } else {
        "execution"
    };
    format!("arn:aws:states:{region}:{account_id}:{kind}:{machine}:{name}")
}

/// The name of an execution as clients know it, by its name or that of its durable execution.
pub(super) fn shown(name: &str) -> String {
    let name = read(name);
    let own = name.split_once(':').map_or(name.as_ref(), |(own, _)| own);
    own.to_owned()
}

/// The function of the machine of this name.
pub(super) fn function(name: &str) -> Option<FunctionName> {
    FunctionName::parse(&spelled(name)).ok()
}

/// The ARN of an activity.
pub(super) fn activity_arn(home: &Home, name: &str) -> String {
    let Home { region, account_id } = home;
    format!("arn:aws:states:{region}:{account_id}:activity:{name}")
}

/// The name in the ARN of an activity.
pub(super) fn activity(arn: &str) -> Result<&str, StatesError> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "states", _, _, "activity", name] if !name.is_empty() => Ok(name),
        _ => Err(invalid(arn)),
    }
}

/// The name in the ARN of a state machine, and the version or alias if it has one.
pub(super) fn machine(arn: &str) -> Result<MachineReference<'_>, StatesError> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "states", _, _, "stateMachine", name] if !name.is_empty() => {
            Ok(MachineReference {
                name,
                qualifier: None,
            })
        }
        ["arn", _, "states", _, _, "stateMachine", name, qualifier]
            if !name.is_empty() && !qualifier.is_empty() =>
        {
            Ok(MachineReference {
                name,
                qualifier: Some(qualifier),
            })
        }
        _ => Err(invalid(arn)),
    }
}

/// The error for a text that is no ARN of the wanted kind.
pub(super) fn invalid(arn: &str) -> StatesError {
    StatesError::new("InvalidArn", format!("Invalid Arn: 'Invalid ARN: {arn}'"))
}

/// The names in the ARN of an execution.
pub(super) fn execution(arn: &str) -> Result<ExecutionReference<'_>, StatesError> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "states", _, _, "execution", machine, name]
            if !machine.is_empty() && !name.is_empty() =>
        {
            // An item's execution has the label of its map run with the machine's name.
            let machine = machine.split('/').next().unwrap_or(machine);
            Ok(ExecutionReference { machine, name })
        }
        // AWS refuses ARNs of executions that it does not keep in the same way.
        ["arn", _, "states", _, _, "express", ..] => {
            let message = "Invalid Arn: 'Resource type not valid in this context: express'";
            Err(StatesError::new("InvalidArn", message))
        }
        _ => Err(invalid(arn)),
    }
}

/// The function and the name of the durable execution behind this execution's ARN.
#[must_use]
pub fn durable_name(arn: &str) -> Option<(FunctionName, ExecutionName)> {
    let reference = execution(arn).ok()?;
    let name = ExecutionName::parse(&spelled(reference.name)).ok()?;
    Some((function(reference.machine)?, name))
}

/// Checks the name of an execution or a machine.
pub(super) fn check(name: &str) -> Result<(), StatesError> {
    let is_valid = (1..=NAME_MAX).contains(&name.chars().count())
        && name.chars().all(asl::is_of_names)
        // A name that looks like a spelling would be read as another name.
        && read(name) == name
        && spelled(name).len() <= SPELLED_MAX;
    if is_valid {
        return Ok(());
    }
    let message = format!("Invalid Name: '{name}'");
    Err(StatesError::new("InvalidName", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_read_and_written() {
        let home = Home {
            region: String::from("eu-west-1"),
            account_id: String::from("000000000000"),
        };
        let arn = machine_arn(&home, "orders");
        let read = machine(&arn).expect("it is one");
        assert_eq!((read.name, read.qualifier), ("orders", None));
        let qualified = format!("{arn}:live");
        let read = machine(&qualified).expect("it is one");
        assert_eq!((read.name, read.qualifier), ("orders", Some("live")));
        assert!(machine(&format!("{arn}:")).is_err());
        let arn = execution_arn(&home, "orders", "one");
        let read = execution(&arn).expect("it is one");
        assert_eq!((read.machine, read.name), ("orders", "one"));
        for wrong in [
            "orders",
            "arn:aws:lambda:eu-west-1:000000000000:function:orders",
            "",
        ] {
            assert!(
                machine(wrong).is_err() && execution(wrong).is_err(),
                "{wrong}"
            );
        }
        let long = "n".repeat(80);
        for name in ["a-b_1", "order.2026", "a@b", "a+b=c", "ä", &long] {
            assert!(check(name).is_ok(), "{name}");
            let arn = execution_arn(&home, "orders", &spelled(name));
            assert_eq!(arn, execution_arn(&home, "orders", name));
            assert_eq!(execution(&arn).expect("it is one").name, name);
        }
        let longer = "n".repeat(81);
        for name in [
            "",
            "a b",
            "_xa_2eb",
            "a:b",
            "a/b",
            "a*",
            "a#b",
            "a\u{7f}",
            &longer,
            &"€".repeat(80),
        ] {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn executions_of_express_machines_are_not_looked_at() {
        let home = Home {
            region: String::from("eu-west-1"),
            account_id: String::from("000000000000"),
        };
        let arn = execution_arn(&home, "quick", "one:7f");
        assert_eq!(
            arn,
            "arn:aws:states:eu-west-1:000000000000:express:quick:one:7f"
        );
        assert_eq!(execution_arn(&home, "quick", &spelled("one:7f")), arn);
        assert_eq!(shown(&spelled("one:7f")), "one");
        assert!(execution(&arn).is_err());
    }
}
