//! Looking for executions in memory: one after the other, newest first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::{
    ChainedTarget, Event, EventKind, ExecutionId, ExecutionStatus, FunctionName, OperationDetails,
    OperationId, Outcome, Version,
};

use super::{Stored, Tables, take_events};
use crate::{
    CallbackCursor, EXECUTION_WORK, EventPage, ExecutionCount, ExecutionSearch, ExecutionSummary,
    OpenCallback, OpenTimer, RECENT_INPUT_BYTES_MAX, RecentInput, SearchCursor, SearchPage,
    event_head,
};

impl Tables {
    pub(super) fn search(&self, search: &ExecutionSearch) -> SearchPage {
        let mut page = SearchPage {
            executions: Vec::new(),
            next: None,
            complete: true,
        };
        let before = search.after.map_or(i64::MAX, |after| after.sequence);
        let mut work = 0;
        for (sequence, id) in self.sequences.range(..before).rev() {
            if page.executions.len() >= search.limit.max(1) {
                return page;
            }
            if work >= search.work_max {
                page.complete = false;
                return page;
            }
            let stored = &self.executions[id];
            work += EXECUTION_WORK;
            if search.text.is_some() {
                work += searched_bytes(stored);
            }
            if matches(stored, search) {
                page.executions
                    .push(ExecutionSummary::of(&stored.execution));
            }
            page.next = Some(SearchCursor {
                started_at: stored.execution.spec.started_at,
                sequence: *sequence,
            });
        }
        page.next = None;
        page
    }

    pub(super) fn counts(&self) -> Vec<ExecutionCount> {
        let mut counts = BTreeMap::new();
        for stored in self.executions.values() {
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

    pub(super) fn versions_needed(&self) -> Vec<(FunctionName, Version)> {
        let mut needed = BTreeSet::new();
        let executions = self.executions.values().map(|stored| &stored.execution);
        for execution in executions.filter(|one| !one.state.status().is_terminal()) {
            let arn = &execution.spec.arn;
            needed.insert((arn.function.name.clone(), arn.version.clone()));
            for operation in execution.operations().filter(|it| it.ended_at.is_none()) {
                if let OperationDetails::ChainedInvoke {
                    target:
                        ChainedTarget::Durable {
                            function, version, ..
                        }
                        | ChainedTarget::Plain { function, version },
                    ..
                } = &operation.details
                {
                    needed.insert((function.clone(), version.clone()));
                }
            }
        }
        let queued = self.queue.values();
        needed.extend(queued.map(|queued| (queued.function.clone(), queued.version.clone())));
        needed.into_iter().collect()
    }

    pub(super) fn open_callbacks(
        &self,
        function: Option<&FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> Vec<OpenCallback> {
        let executions = self.sequences.iter().map(|(sequence, id)| {
            let stored = &self.executions[id];
            (*sequence, stored)
        });
        let callbacks = executions.flat_map(|(execution, stored)| {
            let operations = stored.execution.operations().enumerate();
            operations.filter_map(move |(place, operation)| {
                let is_open = operation.ended_at.is_none()
                    && matches!(operation.details, OperationDetails::Callback { .. });
                is_open.then(|| OpenCallback {
                    cursor: CallbackCursor {
                        execution,
                        operation: i64::try_from(place).unwrap_or(i64::MAX),
                    },
                    arn: stored.execution.spec.arn.clone(),
                    execution_status: stored.execution.state.status(),
                    operation: Arc::clone(operation),
                })
            })
        });
        callbacks
            .filter(|callback| after.is_none_or(|after| callback.cursor > after))
            .filter(|callback| function.is_none_or(|name| *name == callback.arn.function.name))
            // Those of an execution that has ended can no longer be answered.
            .filter(|callback| !callback.execution_status.is_terminal())
            .take(limit.max(1))
            .collect()
    }

    pub(super) fn open_timers(&self, limit: usize) -> Vec<OpenTimer> {
        let open = self.deadlines.iter().filter_map(|(_, id)| {
            let stored = &self.executions[id];
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

    pub(super) fn recent_inputs(&self, function: &FunctionName, limit: usize) -> Vec<RecentInput> {
        let newest = self
            .sequences
            .values()
            .rev()
            .map(|id| &self.executions[id].execution.spec);
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

    pub(super) fn event_heads(&self, id: &ExecutionId, page: EventPage) -> Vec<Event> {
        self.page(id, page, event_head)
    }

    pub(super) fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> Vec<Event> {
        let about = |event: &&Event| {
            let subject = event.subject.as_ref();
            subject.is_some_and(|subject| subject.id == *operation_id)
        };
        let after = page.after.unwrap_or(0);
        let events = self.history(id).filter(|event| event.id > after);
        take_events(events.filter(about).cloned(), page)
    }

    pub(super) fn invocation_time(&self, id: &ExecutionId) -> Duration {
        let times = self.history(id).filter_map(|event| match event.kind {
            EventKind::InvocationCompleted {
                started_at,
                ended_at,
                ..
            } => u64::try_from(ended_at.as_millis() - started_at.as_millis()).ok(),
            _ => None,
        });
        Duration::from_millis(times.sum())
    }

    fn history(&self, id: &ExecutionId) -> impl Iterator<Item = &Event> {
        let stored = self.executions.get(id).into_iter();
        stored.flat_map(|stored| &stored.events)
    }
}

fn matches(stored: &Stored, search: &ExecutionSearch) -> bool {
    let ExecutionSearch {
        function,
        version,
        name,
        name_contains,
        text,
        statuses,
        started_after,
        started_before,
        after: _,
        limit: _,
        work_max: _,
    } = search;
    let spec = &stored.execution.spec;
    let arn = &spec.arn;
    let status: ExecutionStatus = stored.execution.state.status();
    function
        .as_ref()
        .is_none_or(|name| *name == arn.function.name)
        && version
            .as_ref()
            .is_none_or(|version| *version == arn.version)
        && name.as_ref().is_none_or(|name| *name == arn.name)
        && name_contains
            .as_ref()
            .is_none_or(|part| contains(arn.name.as_str(), part))
        && (statuses.is_empty() || statuses.contains(&status))
        && started_after.is_none_or(|after| spec.started_at > after)
        && started_before.is_none_or(|before| spec.started_at < before)
        && text
            .as_ref()
            .is_none_or(|text| searched(stored).any(|place| contains(place, text)))
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
