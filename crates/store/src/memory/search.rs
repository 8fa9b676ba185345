//! Looking for executions in memory: one after the other, newest first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{ExecutionId, FunctionName, OperationDetails, Outcome};

use super::MemoryStore;
use super::executions::matches;
use super::tables::{ExecutionTables, Stored};
use crate::search::name_in;
use crate::{
    CallbackCursor, EXECUTION_WORK, ExecutionCount, ExecutionFilter, ExecutionSearch,
    ExecutionSummary, OFFER, OpenCallback, OpenTimer, RECENT_INPUT_BYTES_MAX, RecentInput, Search,
    SearchCursor, SearchPage, StoreFuture,
};

impl Search for MemoryStore {
    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, SearchPage> {
        self.call("look for executions", |tables| {
            tables.executions.search(&search)
        })
    }

    fn summary(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionSummary>> {
        self.call("read an execution", |tables| {
            let stored = tables.executions.by_id.get(id);
            stored.map(|stored| ExecutionSummary::of(&stored.execution, &stored.events))
        })
    }

    fn counts(&self) -> StoreFuture<'_, Vec<ExecutionCount>> {
        self.call("count executions", |tables| tables.executions.counts())
    }

    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        self.call("read open callbacks", |tables| {
            let executions = &tables.executions;
            executions.open_callbacks(function.as_ref(), after, limit)
        })
    }

    fn offers(
        &self,
        name: &str,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        self.call("read offers", |tables| {
            let all = tables.executions.open_callbacks(None, after, usize::MAX);
            let is_meant = |callback: &OpenCallback| {
                name.starts_with(OFFER) && callback.operation.name.as_deref() == Some(name)
            };
            let offers = all.into_iter().filter(is_meant);
            offers.take(limit.max(1)).collect()
        })
    }

    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Vec<OpenTimer>> {
        self.call("read what comes due", |tables| {
            tables.executions.open_timers(limit)
        })
    }

    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Duration> {
        self.call("read the time of invocations", |tables| {
            tables.executions.invocation_time(id)
        })
    }

    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Vec<RecentInput>> {
        self.call("read recent inputs", |tables| {
            tables.executions.recent_inputs(function, limit)
        })
    }
}

impl ExecutionTables {
    fn search(&self, search: &ExecutionSearch) -> SearchPage {
        let mut page = SearchPage {
            executions: Vec::new(),
            next: None,
            complete: true,
        };
        let before = search.after.map_or(i64::MAX, |after| after.sequence);
        let filter = filter(search);
        let mut work = 0;
        for (sequence, id) in self.sequences.range(..before).rev() {
            if page.executions.len() >= search.limit.max(1) {
                return page;
            }
            if work >= search.work_max {
                page.complete = false;
                return page;
            }
            let stored = &self.by_id[id];
            work += EXECUTION_WORK;
            if search.text.is_some() {
                work += searched_bytes(stored);
            }
            if matches(&stored.head(), &filter) && has_texts(stored, search) {
                page.executions
                    .push(ExecutionSummary::of(&stored.execution, &stored.events));
            }
            page.next = Some(SearchCursor {
                started_at: stored.execution.spec.started_at,
                sequence: *sequence,
            });
        }
        page.next = None;
        page
    }

    fn counts(&self) -> Vec<ExecutionCount> {
        let mut counts = BTreeMap::new();
        for stored in self.by_id.values() {
            let arn = &stored.execution.spec.arn;
            let status = stored.execution.state.status();
            let key = (arn.function.name.clone(), arn.version.clone(), status);
            *counts.entry(key).or_insert(0) += 1;
        }
        let count = |((function, version, status), count)| ExecutionCount {
            function,
            version,
            status,
            count,
        };
        counts.into_iter().map(count).collect()
    }

    fn open_callbacks(
        &self,
        function: Option<&FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> Vec<OpenCallback> {
        let executions = self.sequences.iter().map(|(sequence, id)| {
            let stored = &self.by_id[id];
            (*sequence, stored)
        });
        let callbacks = executions.flat_map(|(execution, stored)| {
            let operations = stored.execution.operations().enumerate();
            operations.filter_map(move |(place, operation)| {
                let is_open = operation.ended_at.is_none()
                    && matches!(operation.details, OperationDetails::Callback { .. });
                let named = || {
                    let mut operation = (**operation).clone();
                    name_in(&stored.execution, &mut operation);
                    Arc::new(operation)
                };
                is_open.then(|| OpenCallback {
                    cursor: CallbackCursor {
                        execution,
                        operation: i64::try_from(place).unwrap_or(i64::MAX),
                    },
                    arn: stored.execution.spec.arn.clone(),
                    execution_status: stored.execution.state.status(),
                    operation: named(),
                })
            })
        });
        callbacks
            .filter(|callback| after.is_none_or(|after| callback.cursor > after))
            .filter(|callback| function.is_none_or(|name| *name == callback.arn.function.name))
            // Callbacks of an execution that has ended can no longer be answered.
            .filter(|callback| !callback.execution_status.is_terminal())
            .take(limit.max(1))
            .collect()
    }

    fn open_timers(&self, limit: usize) -> Vec<OpenTimer> {
        let open = self.deadlines.iter().filter_map(|(_, id)| {
            let stored = &self.by_id[id];
            let state = &stored.execution.state;
            let deadline = state.next_deadline.clone()?;
            if state.status().is_terminal() {
                return None;
            }
            let operation = deadline.reason.operation_id();
            let operation = operation.and_then(|id| stored.execution.operation(id));
            Some(OpenTimer {
                arn: stored.execution.spec.arn.clone(),
                operation_name: operation.and_then(|operation| operation.name.clone()),
                deadline,
            })
        });
        open.take(limit.max(1)).collect()
    }

    fn recent_inputs(&self, function: &FunctionName, limit: usize) -> Vec<RecentInput> {
        let newest = self
            .sequences
            .values()
            .rev()
            .map(|id| &self.by_id[id].execution.spec);
        let inputs = newest.filter_map(|spec| {
            let input = spec.input.clone()?;
            let is_wanted =
                spec.arn.function.name == *function && input.len() <= RECENT_INPUT_BYTES_MAX;
            is_wanted.then(|| RecentInput {
                started_at: spec.started_at,
                name: spec.arn.name.clone(),
                input,
            })
        });
        inputs.take(limit.max(1)).collect()
    }
}

/// The part of a search that a list can filter by.
fn filter(search: &ExecutionSearch) -> ExecutionFilter {
    let ExecutionSearch {
        function,
        version,
        name,
        name_contains: _,
        text: _,
        statuses,
        started_after,
        started_before,
        after: _,
        limit,
        work_max: _,
    } = search;
    ExecutionFilter {
        function: function.clone(),
        version: version.clone(),
        name: name.clone(),
        statuses: statuses.clone(),
        started_after: *started_after,
        started_before: *started_before,
        oldest_first: false,
        after: None,
        limit: *limit,
    }
}

fn has_texts(stored: &Stored, search: &ExecutionSearch) -> bool {
    let name = stored.execution.spec.arn.name.as_str();
    let part = search.name_contains.as_ref();
    let text = search.text.as_ref();
    part.is_none_or(|part| contains(name, part))
        && text.is_none_or(|text| searched(stored).any(|place| contains(place, text)))
}

fn contains(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase()
        .contains(&part.to_ascii_lowercase())
}

/// Where a text is looked for.
fn searched(stored: &Stored) -> impl Iterator<Item = &str> {
    let outcome = stored.execution.state.outcome.as_ref();
    let error = outcome.and_then(Outcome::error);
    let input = stored.execution.spec.input.as_ref();
    let result = outcome.and_then(Outcome::result);
    let payloads = input.into_iter().chain(result).map(|text| text.as_str());
    let errors = error
        .into_iter()
        .flat_map(|error| [error.error_type.as_deref(), error.message.as_deref()])
        .flatten();
    payloads.chain(errors)
}

fn searched_bytes(stored: &Stored) -> u64 {
    searched(stored).map(|place| place.len() as u64).sum()
}
