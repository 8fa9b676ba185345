//! State machines that call services which are not here.

use asl::Definition;

use super::refusal::{WHAT_TO_DO, full_name};

/// Every call of a definition to a service that nobody would answer, where neither an emulator nor an account is named.
#[must_use]
pub fn unreachable(definition: &Definition) -> Vec<String> {
    let calls = state_machine::called_elsewhere(definition).into_iter();
    let mut problems: Vec<String> = calls
        .map(|call| {
            let name = full_name(call.signing_name);
            let (state, resource) = (call.state, call.resource);
            format!("the state `{state}` calls {name} (`{resource}`), which is not served here")
        })
        .collect();
    if !problems.is_empty() {
        problems.push(WHAT_TO_DO.to_owned());
    }
    problems
}
