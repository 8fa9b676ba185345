//! State machines that call services which are not here.

use asl::Definition;

use super::refusal::{WHAT_TO_DO, full_name};

/// A call of a state to a service that nobody would answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnansweredCall {
    /// The state's name.
    pub state: String,
    /// What people call the service.
    pub service: String,
    /// The state's resource.
    pub resource: String,
}

/// Every call of a definition to a service that nobody would answer, where neither an emulator nor an account is named.
#[must_use]
pub fn unanswered_calls(definition: &Definition) -> Vec<UnansweredCall> {
    let calls = state_machine::called_elsewhere(definition).into_iter();
    let unanswered = calls.map(|call| UnansweredCall {
        service: full_name(call.signing_name),
        state: call.state,
        resource: call.resource,
    });
    unanswered.collect()
}

/// The [`unanswered_calls`] as problems of a definition.
pub(super) fn unreachable(definition: &Definition) -> Vec<String> {
    let calls = unanswered_calls(definition).into_iter();
    let mut problems: Vec<String> = calls
        .map(|call| {
            let UnansweredCall {
                state,
                service,
                resource,
            } = call;
            format!("the state `{state}` calls {service} (`{resource}`), which is not served here")
        })
        .collect();
    if !problems.is_empty() {
        problems.push(WHAT_TO_DO.to_owned());
    }
    problems
}
