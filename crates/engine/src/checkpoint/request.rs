//! One checkpoint request: token, updates, due timers, answer.

use model::{
    CheckpointToken, ClientToken, ErrorObject, Invocation, LastCheckpoint, OperationType,
    OperationUpdate, Outcome,
};

use super::{batch, callback, chained_invoke, context, execution, step, wait};
use crate::close::TerminalEvent;
use crate::draft::{ChangedOperations, Draft, unchanged};
use crate::rejection::invalid;
use crate::token::TokenParts;
use crate::{Answer, Context, Execution, Rejection, Transition, checkpoint_token};

/// Accepts or refuses a checkpoint request.
pub(crate) fn checkpoint(
    base: &Execution,
    token: &CheckpointToken,
    client_token: Option<ClientToken>,
    updates: Vec<OperationUpdate>,
    context: Context<'_>,
) -> Result<Transition, Rejection> {
    let presented = check_invocation(base, token)?;
    if let Some(repeated) = repeated_answer(base, presented, client_token.as_ref()) {
        return Ok(unchanged(base, repeated));
    }
    if presented != base.state.token_sequence {
        return Err(Rejection::invalid_token());
    }
    batch::check(&updates)?;
    let mut draft = Draft::new(base, context);
    for update in updates {
        apply_update(&mut draft, update)?;
    }
    if draft.state.outcome.is_none() {
        draft.fire_due();
    }
    if draft.state.outcome.is_none() {
        close_over_quota(&mut draft);
    }
    // The function's updates stand; it gets no token to go on with.
    let cut_short = draft.is_pausing();
    if cut_short {
        draft.take_pause_into_effect(true);
    }
    if cut_short {
        return Ok(answer_without_token(draft));
    }
    Ok(answer(draft, presented, client_token))
}

/// The sequence number that the token presents, once it is known to be of the running invocation.
fn check_invocation(base: &Execution, token: &CheckpointToken) -> Result<u64, Rejection> {
    let parts = TokenParts::decode(token).ok_or_else(Rejection::invalid_token)?;
    if parts.execution_id != base.spec.arn.id {
        return invalid("Checkpoint token is not valid for the durable execution ARN");
    }
    match base.state.invocation {
        Invocation::Active { number, nonce, .. }
            if base.state.outcome.is_none()
                && !base.state.is_cut_short()
                && parts.invocation == number
                && parts.nonce == nonce =>
        {
            Ok(parts.sequence)
        }
        Invocation::Active { .. } | Invocation::Idle | Invocation::BackingOff { .. } => {
            Err(Rejection::invalid_token())
        }
    }
}

/// The answer to a retry of the last accepted request: its updates are not applied again.
fn repeated_answer(
    base: &Execution,
    presented: u64,
    client_token: Option<&ClientToken>,
) -> Option<Answer> {
    let last = base.state.last_checkpoint.as_ref()?;
    if last.token_sequence != presented || Some(&last.client_token) != client_token {
        return None;
    }
    let operations = last
        .answered
        .iter()
        .filter_map(|id| base.operation(id).cloned())
        .collect();
    Some(Answer::Checkpoint {
        token: checkpoint_token(&base.spec, &base.state),
        operations,
    })
}

fn apply_update(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    batch::check_error_size(&update, draft.limits)?;
    if update.operation_type != OperationType::Execution {
        batch::check_parent(draft, &update)?;
        batch::check_consistency(draft, &update)?;
    }
    let payload = update.payload.as_ref().map_or(0, |payload| payload.len());
    let error = update.error.as_ref().map_or(0, ErrorObject::len);
    draft.state.bytes += (payload + error) as u64;
    match update.operation_type {
        OperationType::Execution => execution::apply(draft, update),
        OperationType::Context => context::apply(draft, update),
        OperationType::Step => step::apply(draft, update),
        OperationType::Wait => wait::apply(draft, update),
        OperationType::Callback => callback::apply(draft, update),
        OperationType::ChainedInvoke => chained_invoke::apply(draft, update),
    }
}

/// Fails an execution that has outgrown its quota. The updates that broke it stay on record, and
/// the answer carries no token, so that the function stops.
fn close_over_quota(draft: &mut Draft<'_>) {
    let message = if draft.state.operation_count > draft.limits.operations_max {
        let max = draft.limits.operations_max;
        format!("The execution has exceeded the maximum of {max} durable operations.")
    } else if draft.state.bytes > draft.limits.execution_bytes_max {
        let max = draft.limits.execution_bytes_max;
        format!("The execution has exceeded the maximum of {max} bytes of recorded data.")
    } else {
        return;
    };
    let error = ErrorObject::new("ServiceQuotaExceededException", message);
    draft.close(Outcome::Failed(error), TerminalEvent::AfterInvocation);
}

/// The answer to a checkpoint that meets a pause: empty. The invocation after the resume is told what this one missed.
fn answer_without_token(mut draft: Draft<'_>) -> Transition {
    draft.state.token_sequence = 0;
    draft.state.last_checkpoint = None;
    draft.finish(|_| Answer::Checkpoint {
        token: None,
        operations: Vec::new(),
    })
}

fn answer(mut draft: Draft<'_>, presented: u64, client_token: Option<ClientToken>) -> Transition {
    // Earlier changes come first, unless the request changed the operation again.
    let untold = draft.base.untold_operations().cloned();
    let mut answered: Vec<_> = untold.filter(|id| !draft.is_changed(id)).collect();
    answered.extend(draft.changed());
    draft.tell_changes();
    if draft.state.outcome.is_none() {
        draft.state.token_sequence += 1;
        draft.state.last_checkpoint = client_token.map(|client_token| LastCheckpoint {
            client_token,
            token_sequence: presented,
            answered: answered.clone(),
        });
    } else {
        // The request that closes an execution cannot be answered twice: its token is dead.
        draft.state.last_checkpoint = None;
    }
    let spec = std::sync::Arc::clone(&draft.base.spec);
    draft.finish(|changed: &ChangedOperations<'_>| Answer::Checkpoint {
        token: checkpoint_token(&spec, changed.state),
        operations: answered
            .iter()
            .filter_map(|id| changed.operation(id))
            .collect(),
    })
}
