//! Invariants of a repeated request, and of refusals.

use engine::{Answer, Input, Rejection};

use super::subject::{Refused, Retry};
use super::verdict::{Verdict, hold, same};

/// A repeated request changes nothing: it is refused, or is answered and writes nothing.
pub fn a_retry_changes_nothing(retry: &Retry<'_>) -> Verdict {
    match retry.second {
        Ok(transition) => hold(transition.is_empty(), || {
            format!(
                "it wrote: {:?}, {:?}",
                transition.operations, transition.events
            )
        }),
        Err(_) => Ok(()),
    }
}

/// A repeated request with the same client token gets the same answer. Excepted are requests that the first one
/// invalidated: a checkpoint that got no token to continue with, a resume after which the execution ran into its
/// timeout.
pub fn a_retry_with_a_client_token_is_answered_alike(retry: &Retry<'_>) -> Verdict {
    let state = &retry.first.after.execution.state;
    let first = &retry.first.transition.answer;
    let alike = match retry.first.input {
        Input::Checkpoint { client_token, .. } => {
            let goes_on = matches!(first, Answer::Checkpoint { token: Some(_), .. });
            client_token.is_some() && goes_on
        }
        Input::Pause { client_token, .. } | Input::Resume { client_token, .. } => {
            client_token.is_some() && state.outcome.is_none()
        }
        Input::Stop { .. } => true,
        Input::InvocationEnded { .. }
        | Input::DeadlineReached
        | Input::CallbackSucceeded { .. }
        | Input::CallbackFailed { .. }
        | Input::CallbackHeartbeat { .. }
        | Input::ChainedInvokeEnded { .. }
        | Input::Delete => false,
    };
    if !alike {
        return Ok(());
    }
    match retry.second {
        Ok(transition) => same(&transition.answer, first, "the answer"),
        Err(rejection) => Err(format!("it was refused: {rejection}")),
    }
}

/// The function that holds the valid token is never told that its token is invalid.
pub fn the_valid_token_is_not_refused(refused: &Refused<'_>) -> Verdict {
    let Input::Checkpoint { token, .. } = refused.input else {
        return Ok(());
    };
    let is_valid = refused.world.token.as_ref().map(|token| &token.text) == Some(token);
    let invalid = *refused.rejection == Rejection::invalid_token();
    hold(!(is_valid && invalid), || refused.rejection.to_string())
}

/// The end of the invocation in flight is never refused: otherwise it would run forever.
pub fn the_running_invocation_may_end(refused: &Refused<'_>) -> Verdict {
    let Input::InvocationEnded { request_id, .. } = refused.input else {
        return Ok(());
    };
    let process = refused.world.process.as_ref();
    let runs = process.is_some_and(|process| process.request_id == *request_id);
    hold(!runs, || refused.rejection.to_string())
}
