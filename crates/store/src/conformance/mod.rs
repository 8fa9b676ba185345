//! The suite that every store passes: named cases, each on a store of its own, driven by real
//! transitions of the engine; and a walk that compares two stores step by step.
//!
//! A store's tests call [`check_store`] and [`check_logs`] with a way to make an empty one, and
//! [`Walk`] with random choices.

mod subject;

mod commit;
mod deployment;
mod exact;
mod history;
mod list;
mod logs;
mod queue;
mod schedule;
mod search;

mod walk;

use std::future::Future;
use std::pin::Pin;

use crate::{LogStore, Store};

pub use subject::Subject;
pub use walk::{Choice, Walk};

type Run<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One promise, and how to see it kept.
struct Case<S: ?Sized> {
    name: &'static str,
    run: for<'a> fn(&'a S) -> Run<'a>,
}

macro_rules! cases {
    ($($module:ident::$case:ident),+ $(,)?) => {
        &[$(Case {
            name: concat!(stringify!($module), "::", stringify!($case)),
            run: |store| Box::pin($module::$case(store)),
        }),+]
    };
}

const STORE_CASES: &[Case<dyn Store>] = cases![
    commit::unknown_executions_are_absent,
    commit::a_start_is_read_back,
    commit::a_second_start_of_the_same_id_is_refused,
    commit::a_name_is_taken_within_its_function_only,
    commit::a_stale_transition_is_refused_and_leaves_nothing,
    commit::a_refused_transition_leaves_its_neighbours_alone,
    commit::a_write_that_fails_takes_nobody_elses_with_it,
    commit::a_transition_that_changes_nothing_is_fenced,
    commit::writes_that_are_not_awaited_keep_their_order,
    commit::a_future_that_is_dropped_does_not_undo_its_write,
    commit::a_removed_execution_leaves_nothing_and_frees_its_name,
    commit::a_closed_store_refuses_and_says_so,
    exact::every_type_of_operation_survives,
    exact::every_way_to_end_survives,
    exact::payloads_survive_byte_by_byte,
    exact::errors_survive_member_by_member,
    exact::everything_that_is_optional_survives,
    history::pages_go_both_ways_and_join_without_gap,
    history::pages_end_at_their_bytes,
    list::filters_select_what_they_say,
    list::cursors_walk_through_everything_once,
    search::filters_select_what_they_say,
    search::cursors_walk_through_everything_once,
    search::a_bound_on_the_work_makes_partial_answers,
    search::counts_follow_every_change,
    search::callbacks_and_timers_are_listed_while_they_are_open,
    search::the_time_of_invocations_adds_up,
    search::recent_inputs_are_those_that_people_can_read,
    schedule::deadlines_come_soonest_first,
    schedule::what_has_ended_wakes_nobody,
    schedule::executions_that_owe_work_are_found_oldest_first,
    schedule::executions_that_are_set_aside_are_left_alone_until_taken_back,
    queue::accepted_invocations_wait_until_they_are_done,
    queue::what_is_given_up_is_kept_as_a_dead_letter,
    queue::schedules_keep_how_far_they_have_come,
    queue::a_reading_of_dead_letters_ends_at_its_bytes,
    deployment::versions_and_aliases_are_kept,
    deployment::what_is_deleted_is_gone_and_its_neighbours_stay,
    deployment::versions_are_needed_as_long_as_something_is_open,
];

const LOG_CASES: &[Case<dyn LogStore>] = cases![
    logs::lines_are_seen_in_order_by_who_asks_after_them,
    logs::queries_select_what_they_say,
    logs::pages_end_at_their_bytes_and_can_be_gone_on_from,
    logs::segments_are_found_by_trace,
];

/// Runs every case on an empty store of its own.
///
/// # Panics
/// When a promise is broken. The last name that was printed is the case.
pub async fn check_store<S: Store>(mut empty: impl FnMut() -> S) {
    for case in STORE_CASES {
        eprintln!("conformance: {}", case.name);
        (case.run)(&empty()).await;
    }
}

/// Runs every case for log stores on an empty one of its own.
///
/// # Panics
/// As [`check_store`].
pub async fn check_logs<S: LogStore>(mut empty: impl FnMut() -> S) {
    for case in LOG_CASES {
        eprintln!("conformance: {}", case.name);
        (case.run)(&empty()).await;
    }
}
