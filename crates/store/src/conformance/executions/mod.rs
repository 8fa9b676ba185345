//! Executions: how they are committed, read back and listed.

mod commit;
mod exact;
mod list;
mod whole;

use super::Suite;
use crate::Store;

/// The promises of [`Executions`](crate::Executions).
pub const EXECUTIONS: Suite<dyn Store> = suite![executions:
    commit::unknown_executions_are_absent,
    commit::a_start_is_read_back,
    commit::a_second_start_of_the_same_id_is_refused,
    commit::a_name_is_taken_within_its_function_only,
    commit::a_stale_transition_is_refused_and_leaves_nothing,
    commit::a_refused_transition_leaves_its_neighbours_alone,
    commit::a_transition_that_changes_nothing_is_fenced,
    commit::writes_that_are_not_awaited_keep_their_order,
    commit::a_future_that_is_dropped_does_not_undo_its_write,
    commit::a_removed_execution_leaves_nothing_and_frees_its_name,
    exact::every_type_of_operation_survives,
    exact::every_way_to_end_survives,
    exact::payloads_survive_byte_by_byte,
    exact::errors_survive_member_by_member,
    exact::everything_that_is_optional_survives,
    list::filters_select_what_they_say,
    list::cursors_walk_through_everything_once,
    whole::a_whole_execution_is_written_as_it_stands,
];
