//! The invariants of every state, every transition, every refusal and every retry.
//!
//! Each invariant is one function, described by one sentence. If it does not hold, it returns what it has seen.

mod retry;
mod state;
mod subject;
#[cfg(test)]
mod tests;
mod transition;
mod verdict;

use crate::world::World;

pub use subject::{Accepted, Refused, Retry};
pub use verdict::Verdict;

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

/// Hold when an accepted request is sent again.
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
