//! Invariants of a transition: the allowed effects of an accepted input.

use engine::{Answer, Effect, Input, InvocationOutcome};
use model::{DeadlineReason, EventKind, Invocation, OperationId, OperationStatus, OperationType};

use super::subject::Accepted;
use super::verdict::{Verdict, hold, same};

/// The version grows by one with every transition that writes; a transition that writes nothing has no effect at all.
pub fn the_version_counts_transitions(accepted: &Accepted<'_>) -> Verdict {
    let transition = accepted.transition;
    let version = accepted.before.execution.state.version;
    same(&transition.from_version, &version, "the version it is from")?;
    if !transition.is_empty() {
        return same(&transition.state.version, &(version + 1), "the version");
    }
    let before = &accepted.before.execution.state;
    same(&transition.state, before, "the state after nothing")?;
    let written = transition.operations.len() + transition.events.len();
    same(&written, &0, "records after nothing")?;
    same(&transition.effects.len(), &0, "effects after nothing")
}

/// An execution that has ended keeps its outcome and its operations. It accepts only its removal and the end of the
/// invocation that it overtook, with the terminal event that this may still write.
pub fn what_has_ended_is_at_rest(accepted: &Accepted<'_>) -> Verdict {
    let before = &accepted.before.execution.state;
    let transition = accepted.transition;
    if before.outcome.is_none() || transition.is_empty() {
        return Ok(());
    }
    same(&transition.state.outcome, &before.outcome, "the outcome")?;
    same(&transition.state.ended_at, &before.ended_at, "the end")?;
    same(&transition.operations.len(), &0, "operations changed")?;
    same(&transition.effects, &Vec::new(), "effects")?;
    let removes = match accepted.input {
        Input::InvocationEnded { .. } => false,
        Input::Delete | Input::DeadlineReached => true,
        other => return Err(format!("it took {other:?}")),
    };
    same(&transition.removes, &removes, "whether it is removed")?;
    let allowed = transition.events.iter().all(|event| match event.kind {
        EventKind::InvocationCompleted { .. } => !removes,
        EventKind::ExecutionSucceeded { .. }
        | EventKind::ExecutionFailed { .. }
        | EventKind::ExecutionTimedOut { .. }
        | EventKind::ExecutionStopped { .. } => !removes && before.terminal_event_owed,
        _ => false,
    });
    hold(allowed, || format!("events: {:?}", transition.events))
}

/// An operation that has ended is never written again.
pub fn terminal_operations_never_change(accepted: &Accepted<'_>) -> Verdict {
    for operation in &accepted.transition.operations {
        let before = accepted.before.execution.operation(&operation.id);
        let had_ended = before.is_some_and(|before| before.status.is_terminal());
        hold(!had_ended, || format!("{before:?} became {operation:?}"))?;
    }
    Ok(())
}

/// An old token is never accepted. The one exception is a repetition of the last checkpoint with its client token: it
/// writes nothing, and gets the same token and the same operations as answer.
pub fn only_the_valid_token_writes(accepted: &Accepted<'_>) -> Verdict {
    let Input::Checkpoint {
        token,
        client_token,
        ..
    } = accepted.input
    else {
        return Ok(());
    };
    if !accepted.transition.is_empty() {
        let valid = accepted.before.token.as_ref().map(|token| &token.text);
        return same(&Some(token), &valid, "the token that wrote");
    }
    let repeatable = accepted.before.repeatable.as_ref();
    let repeatable = repeatable.ok_or("a token from the past was accepted")?;
    let key = |input: &Input| match input {
        Input::Checkpoint {
            token,
            client_token,
            ..
        } => Some((token.clone(), client_token.clone())),
        _ => None,
    };
    let presented = Some((token.clone(), client_token.clone()));
    same(&presented, &key(&repeatable.input), "what was repeated")?;
    let answered = |answer: &Answer| match answer {
        Answer::Checkpoint { token, operations } => {
            let ids = operations.iter().map(|operation| operation.id.clone());
            Some((token.clone(), ids.collect::<Vec<_>>()))
        }
        Answer::Done | Answer::Stopped { .. } => None,
    };
    let (seen, expected) = (&accepted.transition.answer, &repeatable.answer);
    same(&answered(seen), &answered(expected), "the repeated answer")
}

/// An accepted checkpoint returns a token that was never given before. If the execution has ended or is paused, it
/// returns none.
pub fn an_accepted_checkpoint_gives_a_new_token(accepted: &Accepted<'_>) -> Verdict {
    let (Input::Checkpoint { token, .. }, false) = (accepted.input, accepted.transition.is_empty())
    else {
        return Ok(());
    };
    let Answer::Checkpoint { token: next, .. } = &accepted.transition.answer else {
        return Err(format!("answered {:?}", accepted.transition.answer));
    };
    let state = &accepted.transition.state;
    let stops = state.outcome.is_some() || state.is_paused();
    same(&next.is_none(), &stops, "whether there is no next token")?;
    let given = [&accepted.before.first_token, &accepted.before.last_token];
    let given = given.into_iter().flatten().map(|token| &token.text);
    let is_old = given
        .chain([token])
        .any(|given| Some(given) == next.as_ref());
    hold(!is_old, || format!("given before: {next:?}"))
}

/// A function is invoked only when no invocation is in flight, or when the current one ends in this transition.
pub fn one_invocation_at_a_time(accepted: &Accepted<'_>) -> Verdict {
    let invokes = invokes(accepted);
    hold(invokes <= 1, || format!("{invokes} at once"))?;
    let (Some(process), 1) = (&accepted.before.process, invokes) else {
        return Ok(());
    };
    let ends = matches!(
        accepted.input,
        Input::InvocationEnded { request_id, .. } if *request_id == process.request_id
    );
    hold(ends, || format!("{} is in flight", process.request_id))
}

/// There is an effect for each new invocation, for each new chained invoke, and for the end, and no other effect.
pub fn effects_are_what_the_records_ask_for(accepted: &Accepted<'_>) -> Verdict {
    let transition = accepted.transition;
    let mut expected = Vec::new();
    for operation in &transition.operations {
        let is_new = accepted.before.execution.operation(&operation.id).is_none();
        if is_new && operation.is_open_chained_invoke() {
            expected.push(Effect::StartChainedInvoke(operation.id.clone()));
        }
    }
    let active = active(&transition.state.invocation);
    if active.is_some() && active != self::active(&accepted.before.execution.state.invocation) {
        expected.push(Effect::Invoke);
    }
    let had_ended = accepted.before.execution.state.outcome.is_some();
    if !had_ended && transition.state.outcome.is_some() {
        expected.push(Effect::Closed);
    }
    let mut seen = transition.effects.clone();
    let order = |effect: &Effect| match effect {
        Effect::StartChainedInvoke(id) => (0, Some(id.clone())),
        Effect::Invoke => (1, None),
        Effect::Closed => (2, None),
    };
    seen.sort_by_key(order);
    expected.sort_by_key(order);
    same(&seen, &expected, "the effects")
}

/// Events are numbered from the last one on, and have the time at which they were recorded.
pub fn events_are_numbered_and_dated(accepted: &Accepted<'_>) -> Verdict {
    let mut last = accepted.before.execution.state.event_id_last;
    for event in &accepted.transition.events {
        last += 1;
        same(&event.id, &last, "an event's id")?;
        same(&event.at, &accepted.after.now, "an event's time")?;
    }
    let seen = accepted.transition.state.event_id_last;
    same(&seen, &last, "the last event's id")
}

/// While a pause is requested or in effect, the function is not invoked.
pub fn a_pause_holds_invocations_back(accepted: &Accepted<'_>) -> Verdict {
    let paused = accepted.transition.state.pause.is_some();
    hold(!(paused && invokes(accepted) > 0), || {
        format!("invoked under {:?}", accepted.transition.state.pause)
    })
}

/// A resume invokes the function if the pause held back an invocation, or if something happened in the meantime that
/// the function was not told. An invocation that is still in flight, cut short, ends first.
pub fn a_resume_brings_what_was_held_back(accepted: &Accepted<'_>) -> Verdict {
    let before = &accepted.before.execution;
    let (Input::Resume { .. }, Some(pause)) = (accepted.input, &before.state.pause) else {
        return Ok(());
    };
    let state = &accepted.transition.state;
    same(&state.pause, &None, "the pause after the resume")?;
    let untold = before.untold_operations().next().is_some();
    let held_back = pause.owes_invocation || untold;
    if state.outcome.is_some() || accepted.before.process.is_some() || !held_back {
        return Ok(());
    }
    same(&invokes(accepted), &1, "invocations")
}

/// When an invocation ends that a pause has cut short, the function is invoked again: at once, or after the pause. The
/// same applies to the end of an invocation that no process received.
pub fn an_invocation_cut_short_is_made_up_for(accepted: &Accepted<'_>) -> Verdict {
    let Input::InvocationEnded { outcome, .. } = accepted.input else {
        return Ok(());
    };
    let before = &accepted.before.execution.state;
    let unfinished = before.is_cut_short() || *outcome == InvocationOutcome::NotStarted;
    if before.outcome.is_some() || !unfinished {
        return Ok(());
    }
    let state = &accepted.transition.state;
    let owed = state.pause.as_ref().map(|pause| pause.owes_invocation);
    let made_up = state.outcome.is_some() || invokes(accepted) == 1 || owed == Some(true);
    hold(made_up, || format!("owed: {owed:?}, effects: none"))
}

/// The function is told of every change that it did not make itself: by the answer to the current checkpoint, by the
/// invocation that begins, or later, and until then the change counts as untold.
pub fn the_function_is_told_of_every_change(accepted: &Accepted<'_>) -> Verdict {
    let own: Vec<&OperationId> = match accepted.input {
        Input::Checkpoint { updates, .. } => updates.iter().map(|update| &update.id).collect(),
        _ => Vec::new(),
    };
    let after = &accepted.after.execution;
    if after.state.outcome.is_some() {
        return Ok(());
    }
    for operation in &accepted.transition.operations {
        let before = accepted.before.execution.operation(&operation.id);
        let status_before = before.map(|before| before.status);
        if own.contains(&&operation.id) || status_before == Some(operation.status) {
            continue;
        }
        let answered = match &accepted.transition.answer {
            Answer::Checkpoint { operations, .. } => operations.contains(operation),
            Answer::Done | Answer::Stopped { .. } => false,
        };
        let begins = invokes(accepted) == 1;
        let told = answered || begins;
        let mut listed: Box<dyn Iterator<Item = _>> = match told {
            true => Box::new(after.unsettled_operations()),
            false => Box::new(after.untold_operations()),
        };
        hold(listed.any(|id| *id == operation.id), || {
            format!("`{}` became {:?}", operation.id, operation.status)
        })?;
    }
    Ok(())
}

/// A timer that fires performs everything that is due, and so does a checkpoint.
pub fn what_is_due_is_done(accepted: &Accepted<'_>) -> Verdict {
    let looks = match accepted.input {
        Input::Checkpoint { .. } => !accepted.transition.is_empty(),
        Input::DeadlineReached => true,
        _ => false,
    };
    let state = &accepted.transition.state;
    if !looks || accepted.transition.removes || state.outcome.is_some() {
        return Ok(());
    }
    let next = state.next_deadline.as_ref();
    let is_due = next.is_some_and(|next| next.at <= accepted.after.now);
    hold(!is_due, || format!("still due: {next:?}"))
}

/// Every input that writes leaves an event, except those without an event in AWS's protocol: an empty checkpoint, a
/// result that the end of the invocation will report, a heartbeat, a step that becomes READY, a repetition or removal
/// that is due, an invocation that was never started, a pause that is only requested or is cancelled, a removal.
pub fn what_was_accepted_is_in_the_history(accepted: &Accepted<'_>) -> Verdict {
    let before = &accepted.before.execution;
    let silent = match accepted.input {
        Input::Checkpoint { updates, .. } => updates
            .iter()
            .all(|update| update.operation_type == OperationType::Execution),
        Input::InvocationEnded { outcome, .. } => *outcome == InvocationOutcome::NotStarted,
        Input::DeadlineReached => {
            let due = before.deadlines();
            let mut due = due.filter(|deadline| deadline.at <= accepted.after.now);
            due.all(|deadline| match deadline.reason {
                DeadlineReason::StepRetry(_)
                | DeadlineReason::InvocationRetry
                | DeadlineReason::RetentionElapsed => true,
                DeadlineReason::ExecutionTimeout
                | DeadlineReason::WaitElapsed(_)
                | DeadlineReason::CallbackTimeout(_)
                | DeadlineReason::CallbackHeartbeat(_) => false,
            })
        }
        Input::Pause { .. } => !accepted.transition.state.is_paused(),
        Input::Resume { .. } => !before.state.is_paused(),
        Input::CallbackHeartbeat { .. } | Input::Delete => true,
        Input::CallbackSucceeded { .. }
        | Input::CallbackFailed { .. }
        | Input::ChainedInvokeEnded { .. }
        | Input::Stop { .. } => false,
    };
    let told = !accepted.transition.events.is_empty();
    hold(told || silent || accepted.transition.is_empty(), || {
        format!("no event tells of {:?}", accepted.input)
    })
}

/// A callback is answered only while it is open and in time, only under its own id, and only while the execution runs,
/// even if the timer is late.
pub fn only_an_open_callback_is_answered(accepted: &Accepted<'_>) -> Verdict {
    let (Input::CallbackSucceeded {
        operation_id,
        callback_id,
        ..
    }
    | Input::CallbackFailed {
        operation_id,
        callback_id,
        ..
    }
    | Input::CallbackHeartbeat {
        operation_id,
        callback_id,
    }) = accepted.input
    else {
        return Ok(());
    };
    let mut told = accepted.before.history.operations.iter();
    let told = told.find(|told| told.id == *operation_id);
    let told = told.ok_or_else(|| format!("`{operation_id}` has not begun"))?;
    same(&Some(callback_id), &told.callback_id.as_ref(), "the id")?;
    same(&told.status, &OperationStatus::Started, "its status")?;
    let runs = accepted.before.execution.state.outcome.is_none();
    hold(runs, || "the execution has ended".to_owned())?;
    for deadline in accepted.before.execution.deadlines() {
        let concerns = deadline.reason == DeadlineReason::ExecutionTimeout
            || deadline.reason.operation_id() == Some(operation_id);
        hold(!concerns || deadline.at > accepted.after.now, || {
            format!("it is too late: {deadline:?}")
        })?;
    }
    Ok(())
}

fn invokes(accepted: &Accepted<'_>) -> usize {
    let effects = accepted.transition.effects.iter();
    effects.filter(|effect| **effect == Effect::Invoke).count()
}

fn active(invocation: &Invocation) -> Option<&model::RequestId> {
    match invocation {
        Invocation::Active { request_id, .. } => Some(request_id),
        Invocation::Idle | Invocation::BackingOff { .. } => None,
    }
}
