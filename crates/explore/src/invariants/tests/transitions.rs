//! Transitions spoilt by hand.

use engine::{Answer, Effect};
use model::{EventKind, Timestamp};

use super::{Made, check_complete, find, made, world};
use crate::invariants::of_transitions;
use crate::moves::{Ending, Move, Says};
use crate::pair::Slot::{First, Second};
use crate::update::Action;

const BEGIN: Move = Move::Checkpoint(First, Action::Start);
const LOST: Move = Move::Ends(Ending::Lost);
const PENDING: Move = Move::Ends(Ending::Pending);

type Case = (&'static str, Vec<Move>, fn(&mut Made));

/// All cases, with a wait and a callback.
fn cases() -> Vec<Case> {
    let mut cases = about_the_end();
    cases.extend(about_tokens());
    cases.extend(about_invocations());
    cases.extend(about_callbacks());
    cases.extend(about_the_rest());
    cases
}

fn about_the_end() -> Vec<Case> {
    let rest = "what_has_ended_is_at_rest";
    let overtaken = || vec![Move::Stop, Move::Ends(Ending::Succeeded)];
    vec![
        (rest, overtaken(), |made| {
            made.transition.state.outcome = None
        }),
        (rest, overtaken(), |made| {
            made.transition.state.ended_at = None
        }),
        (rest, overtaken(), |made| made.transition.removes = true),
        (rest, overtaken(), |made| {
            made.transition.effects.push(Effect::Closed);
        }),
        (rest, overtaken(), |made| {
            made.transition.events[0].kind = EventKind::StepStarted;
        }),
        (rest, overtaken(), |made| {
            let first = made.before.execution.operations().next().cloned();
            made.transition.operations.extend(first);
        }),
        (rest, overtaken(), |made| {
            made.input = made.before.request(Move::Resume).1.expect("an input");
        }),
        (
            "terminal_operations_never_change",
            vec![BEGIN, Move::Deadline],
            |made| made.before = made.after.clone(),
        ),
    ]
}

fn about_tokens() -> Vec<Case> {
    let valid = "only_the_valid_token_writes";
    let new = "an_accepted_checkpoint_gives_a_new_token";
    vec![
        (valid, vec![Move::Poll], |made| made.before.token = None),
        (valid, vec![Move::Poll, Move::Poll], |made| {
            made.before.token = made.before.last_token.clone();
        }),
        (valid, vec![BEGIN, Move::CheckpointAgain], |made| {
            made.before.repeatable = None;
        }),
        (valid, vec![BEGIN, Move::CheckpointAgain], |made| {
            made.input = made.before.request(Move::Poll).1.expect("an input");
        }),
        (valid, vec![BEGIN, Move::CheckpointAgain], |made| {
            answered(made).0.take();
        }),
        (valid, vec![BEGIN, Move::CheckpointAgain], |made| {
            answered(made).1.clear();
        }),
        (new, vec![Move::Poll], |made| {
            let presented = made.before.token.clone().expect("one is held");
            *answered(made).0 = Some(presented.text);
        }),
        (new, vec![Move::Poll, Move::Poll], |made| {
            let old = made.before.first_token.clone().expect("one is old");
            *answered(made).0 = Some(old.text);
        }),
        (new, vec![Move::Poll], |made| *answered(made).0 = None),
        (new, vec![Move::Poll], |made| {
            made.transition.answer = Answer::Done
        }),
    ]
}

fn about_invocations() -> Vec<Case> {
    let one = "one_invocation_at_a_time";
    let effects = "effects_are_what_the_records_ask_for";
    let resume = "a_resume_brings_what_was_held_back";
    let cut_short = "an_invocation_cut_short_is_made_up_for";
    let elapsed = || vec![BEGIN, PENDING, Move::Pause, Move::Deadline, Move::Resume];
    vec![
        (one, vec![LOST], |made| {
            made.input = made.before.request(Move::Stop).1.expect("an input");
        }),
        (one, vec![LOST], |made| {
            made.transition.effects.push(Effect::Invoke)
        }),
        (effects, vec![LOST], |made| made.transition.effects.clear()),
        (effects, vec![Move::Stop], |made| {
            made.transition.effects.push(Effect::Invoke);
        }),
        ("a_pause_holds_invocations_back", vec![LOST], |made| {
            let paused = world("wait,wait", &[Move::Pause]);
            made.transition.state.pause = paused.execution.state.pause;
        }),
        (resume, elapsed(), |made| made.transition.effects.clear()),
        (resume, elapsed(), |made| {
            made.transition.state.pause = made.before.execution.state.pause.clone();
        }),
        (cut_short, vec![Move::Pause, Move::Poll, PENDING], |made| {
            let pause = made.transition.state.pause.as_mut();
            pause.expect("it is paused").owes_invocation = false;
        }),
        (
            cut_short,
            vec![Move::Pause, Move::Poll, Move::Resume, PENDING],
            |made| made.transition.effects.clear(),
        ),
        (cut_short, vec![Move::Ends(Ending::NotStarted)], |made| {
            made.transition.effects.clear();
        }),
    ]
}

fn about_callbacks() -> Vec<Case> {
    let open = "only_an_open_callback_is_answered";
    let begin = Move::Checkpoint(Second, Action::Start);
    let answered = || vec![begin, Move::Callback(Second, Says::Succeeded)];
    let alive = || vec![begin, Move::Callback(Second, Says::Heartbeat)];
    vec![
        (open, answered(), |made| made.before = made.after.clone()),
        (open, answered(), |made| {
            let forged = Move::Callback(Second, Says::Forged);
            made.input = made.before.request(forged).1.expect("an input");
        }),
        (open, answered(), |made| {
            let stopped = made.before.after(Move::Stop);
            made.before.execution = stopped.expect("it runs").execution;
        }),
        (open, alive(), |made| {
            let late = made.before.after(Move::Late);
            made.after.now = late.expect("time passes").now;
        }),
    ]
}

fn about_the_rest() -> Vec<Case> {
    let version = "the_version_counts_transitions";
    let events = "events_are_numbered_and_dated";
    let told = "the_function_is_told_of_every_change";
    let due = "what_is_due_is_done";
    let recorded = "what_was_accepted_is_in_the_history";
    vec![
        (recorded, vec![BEGIN], |made| made.transition.events.clear()),
        (recorded, vec![LOST], |made| made.transition.events.clear()),
        (recorded, vec![Move::Stop], |made| {
            made.transition.events.clear()
        }),
        (recorded, vec![BEGIN, Move::Deadline], |made| {
            made.transition.events.clear();
        }),
        (version, vec![Move::Poll], |made| {
            made.transition.state.version += 1
        }),
        (version, vec![Move::Poll], |made| {
            made.transition.from_version += 1
        }),
        (version, vec![BEGIN, Move::CheckpointAgain], |made| {
            made.transition.effects.push(Effect::Invoke);
        }),
        (version, vec![BEGIN, Move::CheckpointAgain], |made| {
            made.transition.state.bytes += 1;
        }),
        (events, vec![BEGIN], |made| {
            made.transition.events[0].id += 1
        }),
        (events, vec![BEGIN], |made| {
            made.transition.events[0].at = Timestamp::default();
        }),
        (events, vec![BEGIN], |made| {
            made.transition.state.event_id_last += 1
        }),
        (told, vec![BEGIN, Move::Deadline], |made| {
            made.after = made.before.clone();
        }),
        (told, vec![BEGIN, Move::Late, Move::Poll], |made| {
            answered(made).1.clear();
        }),
        (told, vec![BEGIN, PENDING, Move::Deadline], |made| {
            made.transition.effects.clear();
        }),
        (due, vec![BEGIN, Move::Deadline], |made| {
            let next = made.transition.state.next_deadline.as_mut();
            next.expect("the execution times out").at = made.after.now;
        }),
        (due, vec![BEGIN, Move::Late, Move::Poll], |made| {
            let next = made.transition.state.next_deadline.as_mut();
            next.expect("the execution times out").at = made.after.now;
        }),
    ]
}

/// The token and the operations in the answer to a checkpoint.
fn answered(
    made: &mut Made,
) -> (
    &mut Option<model::CheckpointToken>,
    &mut Vec<std::sync::Arc<model::Operation>>,
) {
    match &mut made.transition.answer {
        Answer::Checkpoint { token, operations } => (token, operations),
        other => panic!("a checkpoint is not answered {other:?}"),
    }
}

#[test]
fn every_invariant_rejects_a_spoilt_transition() {
    let cases = cases();
    let verdict = |name, made: &Made| find(of_transitions(), name)(&made.accepted());
    for (place, (name, moves, spoil)) in cases.iter().enumerate() {
        let mut made = made("wait,callback", moves);
        assert_eq!(verdict(name, &made), Ok(()), "{name}, case {place}");
        spoil(&mut made);
        assert!(verdict(name, &made).is_err(), "{name} accepts case {place}");
    }
    let names: Vec<_> = cases.iter().map(|(name, ..)| *name).collect();
    check_complete(of_transitions(), &names);
}
