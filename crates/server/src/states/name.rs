//! ARNs of state machines and their executions.

use super::error::StatesError;
use crate::functions::Home;

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

/// The ARN of a state machine.
pub(super) fn machine_arn(home: &Home, name: &str) -> String {
    let Home { region, account_id } = home;
    format!("arn:aws:states:{region}:{account_id}:stateMachine:{name}")
}

/// The ARN of an execution.
pub(super) fn execution_arn(home: &Home, machine: &str, name: &str) -> String {
    let Home { region, account_id } = home;
    format!("arn:aws:states:{region}:{account_id}:execution:{machine}:{name}")
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

/// The refusal of what is not an ARN, or one of something else.
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
            // The execution of an item has the label of its map run with the machine's name.
            let machine = machine.split('/').next().unwrap_or(machine);
            Ok(ExecutionReference { machine, name })
        }
        _ => Err(invalid(arn)),
    }
}

/// Checks the name of an execution or a machine, which is that of a durable one: AWS takes a few more characters.
pub(super) fn check(name: &str) -> Result<(), StatesError> {
    let is_valid = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_valid {
        return Ok(());
    }
    let message = format!(
        "Invalid Name: '{name}': 1 to 64 letters, digits, hyphens and underscores are taken here"
    );
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
        assert!(check("a-b_1").is_ok() && check("a b").is_err() && check("").is_err());
    }
}
