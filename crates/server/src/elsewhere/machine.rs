//! State machines that call services which this server does not have.

use asl::Definition;

use super::refusal::{WHAT_TO_DO, full_name};

/// A state's call of a service that is not configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnansweredCall {
    /// The state's name.
    pub state: String,
    /// The service's usual name.
    pub service: String,
    /// The state's resource.
    pub resource: String,
}

/// All calls of a definition that no service would answer if neither an emulator nor an account is configured.
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
