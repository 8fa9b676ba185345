//! STEP updates: attempts of user code.

use model::{
    EventKind, Operation, OperationDetails, OperationStatus, OperationUpdate, RetryDetails,
    UpdateAction,
};

use super::batch::{check_payload_size, forbid_error, forbid_payload, invalid_action, started};
use crate::Rejection;
use crate::draft::{Changed, Draft};
use crate::rejection::invalid;

pub(super) fn apply(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    match update.action {
        UpdateAction::Start => start(draft, update),
        UpdateAction::Succeed => succeed(draft, update),
        UpdateAction::Fail => fail(draft, update),
        UpdateAction::Retry => retry(draft, update),
        UpdateAction::Cancel => invalid_action(),
    }
}

const BLANK: OperationDetails = OperationDetails::Step {
    attempt: 0,
    next_attempt_at: None,
    result: None,
    error: None,
};

fn start(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    forbid_payload(&update, "START")?;
    forbid_error(&update, "START")?;
    if update.next_attempt_delay_seconds.is_some() {
        return invalid("Invalid StepOptions for the given action.");
    }
    let operation = match draft.operation(&update.id) {
        None => started(draft, update, BLANK),
        Some(recorded) if recorded.status == OperationStatus::Ready => Operation {
            status: OperationStatus::Started,
            ..recorded.clone()
        },
        Some(_) => return invalid("Invalid current STEP state to start."),
    };
    draft.event(&operation, EventKind::StepStarted);
    draft.put(operation, Changed::ByFunction);
    Ok(())
}

/// The step whose attempt ends, with that attempt counted. A step may end without a START: the SDK
/// may send both as one.
fn attempt_ended(
    draft: &Draft<'_>,
    update: &OperationUpdate,
    refusal: &str,
) -> Result<(Operation, u32), Rejection> {
    let mut operation = match draft.operation(&update.id) {
        None => started(draft, update.clone(), BLANK),
        Some(recorded)
            if matches!(
                recorded.status,
                OperationStatus::Started | OperationStatus::Ready
            ) =>
        {
            recorded.clone()
        }
        Some(_) => return invalid(refusal),
    };
    let current = match &mut operation.details {
        OperationDetails::Step { attempt, .. } => {
            *attempt += 1;
            *attempt
        }
        _ => unreachable!("the type of a recorded operation was checked against the update's"),
    };
    Ok((operation, current))
}

fn succeed(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    forbid_error(&update, "SUCCEED")?;
    check_payload_size(&update, "STEP output", draft.limits.step_payload_bytes_max)?;
    let (mut operation, attempt) =
        attempt_ended(draft, &update, "Invalid current STEP state to close.")?;
    operation.status = OperationStatus::Succeeded;
    operation.ended_at = Some(draft.now);
    let result = update.payload;
    operation.details = OperationDetails::Step {
        attempt,
        next_attempt_at: None,
        result: result.clone(),
        error: None,
    };
    let retry = RetryDetails {
        current_attempt: attempt,
        next_attempt_delay_seconds: None,
    };
    draft.event(&operation, EventKind::StepSucceeded { result, retry });
    draft.put(operation, Changed::ByFunction);
    Ok(())
}

fn fail(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    forbid_payload(&update, "FAIL")?;
    let (mut operation, attempt) =
        attempt_ended(draft, &update, "Invalid current STEP state to close.")?;
    operation.status = OperationStatus::Failed;
    operation.ended_at = Some(draft.now);
    let error = update.error.unwrap_or_default();
    operation.details = OperationDetails::Step {
        attempt,
        next_attempt_at: None,
        result: None,
        error: Some(error.clone()),
    };
    let retry = RetryDetails {
        current_attempt: attempt,
        next_attempt_delay_seconds: None,
    };
    draft.event(&operation, EventKind::StepFailed { error, retry });
    draft.put(operation, Changed::ByFunction);
    Ok(())
}

/// Another attempt after a delay. With an error it is a failed attempt; without one it is a poll of
/// `wait_for_condition`, whose payload is the state for the next check.
fn retry(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    if update.error.is_some() && update.payload.is_some() {
        return invalid("Cannot provide both error and payload to RETRY a STEP.");
    }
    check_payload_size(&update, "STEP output", draft.limits.step_payload_bytes_max)?;
    let Some(delay_seconds) = update.next_attempt_delay_seconds else {
        return invalid("Invalid StepOptions for the given action.");
    };
    let (mut operation, attempt) =
        attempt_ended(draft, &update, "Invalid current STEP state to re-attempt.")?;
    operation.status = OperationStatus::Pending;
    operation.details = OperationDetails::Step {
        attempt,
        next_attempt_at: Some(draft.now.plus_seconds(delay_seconds)),
        result: update.payload.clone(),
        error: update.error.clone(),
    };
    let retry = RetryDetails {
        current_attempt: attempt,
        next_attempt_delay_seconds: Some(delay_seconds),
    };
    let kind = match update.error {
        Some(error) => EventKind::StepFailed { error, retry },
        None => EventKind::StepSucceeded {
            result: update.payload,
            retry,
        },
    };
    draft.event(&operation, kind);
    draft.put(operation, Changed::ByFunction);
    Ok(())
}
