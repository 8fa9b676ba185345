//! What holds in every state, after every transition, after every refusal and after every retry.
//!
//! Each invariant is one function with one sentence. It says what it has seen when it does not hold.

mod retry;
mod state;
#[cfg(test)]
mod tests;
mod transition;

use std::fmt::Debug;

use engine::{Input, Rejection, Transition};

use crate::world::World;

/// An accepted input: the world before it, what it came to, the world after it.
pub struct Accepted<'a> {
    /// The world before.
    pub before: &'a World,
    /// What happened.
    pub input: &'a Input,
    /// What it came to.
    pub transition: &'a Transition,
    /// The world after.
    pub after: &'a World,
}

/// The same request once more, right after it was accepted.
pub struct Retry<'a> {
    /// The request, the first time.
    pub first: &'a Accepted<'a>,
    /// What it comes to the second time.
    pub second: &'a Result<Transition, Rejection>,
}

/// An input that the engine refused.
pub struct Refused<'a> {
    /// The world, in which nothing has changed.
    pub world: &'a World,
    /// What was refused.
    pub input: &'a Input,
    /// Why.
    pub rejection: &'a Rejection,
}

/// What an invariant says: what was seen, when it does not hold.
pub type Verdict = Result<(), String>;

/// An invariant with its name.
pub type Invariant<T> = (&'static str, fn(&T) -> Verdict);

macro_rules! named {
    ($($module:ident::$name:ident),* $(,)?) => {
        &[$((stringify!($name), $module::$name)),*]
    };
}

/// Hold in every state.
pub const fn in_states<'a>() -> &'a [Invariant<World>] {
    named![
        state::history_folds_to_the_records,
        state::counters_match_the_operations,
        state::deadlines_follow_from_the_records,
        state::a_store_would_give_the_same_back,
        state::the_process_in_flight_is_the_active_invocation,
        state::the_function_holds_the_valid_token,
        state::nothing_is_stuck,
        state::whatever_is_pending_has_a_mover,
        state::a_replay_is_complete_and_in_order,
    ]
}

/// Hold between the state before an accepted input and the one after it.
pub const fn of_transitions<'a>() -> &'a [Invariant<Accepted<'a>>] {
    named![
        transition::the_version_counts_transitions,
        transition::what_has_ended_is_at_rest,
        transition::terminal_operations_never_change,
        transition::only_the_valid_token_writes,
        transition::an_accepted_checkpoint_gives_a_new_token,
        transition::one_invocation_at_a_time,
        transition::effects_are_what_the_records_ask_for,
        transition::events_are_numbered_and_dated,
        transition::a_pause_holds_invocations_back,
        transition::a_resume_brings_what_was_held_back,
        transition::an_invocation_cut_short_is_made_up_for,
        transition::the_function_is_told_of_every_change,
        transition::what_was_accepted_is_in_the_history,
        transition::only_an_open_callback_is_answered,
        transition::what_is_due_is_done,
    ]
}

/// Hold when an accepted request is sent once more.
pub const fn of_retries<'a>() -> &'a [Invariant<Retry<'a>>] {
    named![
        retry::a_retry_changes_nothing,
        retry::a_retry_with_a_client_token_is_answered_alike,
    ]
}

/// Hold when an input is refused.
pub const fn of_refusals<'a>() -> &'a [Invariant<Refused<'a>>] {
    named![
        retry::the_valid_token_is_not_refused,
        retry::the_running_invocation_may_end,
    ]
}

fn hold(condition: bool, seen: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(seen()) }
}

fn same<T: PartialEq + Debug>(seen: &T, expected: &T, of: &str) -> Verdict {
    hold(seen == expected, || {
        format!("{of}: expected {expected:?}, seen {seen:?}")
    })
}
