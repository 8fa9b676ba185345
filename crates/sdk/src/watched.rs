//! Notifies plugins of the events of an execution; the hooks themselves are in [`crate::plugin`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use lambda_api::OperationType;

use crate::execution::{Execution, State};
use crate::machine_time::instant;
use crate::operation::{Operation, is_open};
use crate::operation_id::OperationSpec;
use crate::plugin::{
    OperationChange, OperationInfo, Operations, RecordedOperations, Standing, UserFunctionEnd,
    UserFunctionInfo,
};

impl Execution {
    /// Operations that changed since the last invocation and not by this function.
    pub(crate) fn updated_operations(&self) -> Vec<Arc<Operation>> {
        let state = self.state();
        let updated = self
            .updated
            .iter()
            .filter_map(|id| state.operations.get(id));
        in_order(updated.filter(|operation| !is_execution(operation)))
    }

    /// Notifies plugins of the operations that ended since the last invocation, and of those that have not ended.
    pub(crate) fn announce_recorded(&self, updated: &[OperationInfo<'_>]) {
        if self.plugins.is_empty() {
            return;
        }
        for info in updated {
            self.plugins.operation_changed(Standing::Open, info);
        }
        for operation in self.operations_in_order() {
            if is_open(&operation) {
                let info = self.info(&operation);
                self.plugins.each(|plugin| plugin.on_operation_start(&info));
            }
        }
    }

    /// The current records of operations, which [`announce`](Self::announce) compares with later ones.
    pub(crate) fn recorded_of<'a>(
        state: &State,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> BTreeMap<String, Option<Arc<Operation>>> {
        ids.into_iter()
            .map(|id| (id.to_owned(), state.operations.get(id).cloned()))
            .collect()
    }

    /// Notifies plugins of operations whose records differ from those in `before`.
    pub(crate) fn announce(&self, before: BTreeMap<String, Option<Arc<Operation>>>) {
        let changed: Vec<_> = before
            .into_iter()
            .filter_map(|(id, before)| Some((before, self.operation(&id)?)))
            .filter(|(before, now)| before.as_ref() != Some(now))
            .collect();
        let infos: Vec<_> = changed.iter().map(|(_, now)| self.info(now)).collect();
        for ((before, _), info) in changed.iter().zip(&infos) {
            let before = Standing::of(before.as_deref());
            self.plugins.operation_changed(before, info);
        }
        if !infos.is_empty() {
            let change = OperationChange {
                execution_arn: &self.arn,
                updated_operations: &infos,
                operations: Operations::of(self),
            };
            self.plugins
                .each(|plugin| plugin.on_operation_change(&change));
        }
    }

    /// The description of a recorded operation for plugins.
    pub(crate) fn info<'a>(&'a self, operation: &'a Operation) -> OperationInfo<'a> {
        let is_replay = self.known_at_start.contains(&operation.id);
        OperationInfo::of(&self.arn, operation, is_replay)
    }

    /// An operation by its id; the execution itself does not count as one.
    fn operation(&self, id: &str) -> Option<Arc<Operation>> {
        let operation = self.state().operations.get(id).cloned();
        operation.filter(|operation| !is_execution(operation))
    }

    /// All operations, in the order in which they started.
    fn operations_in_order(&self) -> Vec<Arc<Operation>> {
        let state = self.state();
        in_order(
            state
                .operations
                .values()
                .filter(|operation| !is_execution(operation)),
        )
    }

    /// When the execution began.
    pub(crate) fn started_at(&self) -> Option<SystemTime> {
        let state = self.state();
        let started_by = state
            .operations
            .values()
            .find(|operation| is_execution(operation))?;
        instant(started_by.start_timestamp?)
    }

    /// Notifies plugins that user code of the operation begins; the returned value notifies them of its end.
    pub(crate) fn begin_user_function<'a>(
        &'a self,
        spec: &'a OperationSpec,
        attempt: u32,
        is_replaying_children: bool,
    ) -> Option<WatchedFunction<'a>> {
        if self.plugins.is_empty() {
            return None;
        }
        let watched = WatchedFunction {
            execution: self,
            spec,
            recorded: self.recorded(spec),
            attempt,
            is_replaying_children,
            started_at: self.time.now(),
        };
        let function = watched.info();
        self.plugins
            .each(|plugin| plugin.on_user_function_start(&function));
        Some(watched)
    }
}

impl RecordedOperations for Execution {
    fn count(&self) -> usize {
        let state = self.state();
        let operations = state.operations.values();
        operations
            .filter(|operation| !is_execution(operation))
            .count()
    }

    fn contains(&self, operation_id: &str) -> bool {
        self.operation(operation_id).is_some()
    }

    fn each(&self, look: &mut dyn FnMut(&OperationInfo<'_>)) {
        for operation in self.operations_in_order() {
            look(&self.info(&operation));
        }
    }
}

/// User code whose start plugins were notified of.
pub(crate) struct WatchedFunction<'a> {
    execution: &'a Execution,
    spec: &'a OperationSpec,
    recorded: Option<Arc<Operation>>,
    attempt: u32,
    is_replaying_children: bool,
    started_at: SystemTime,
}

impl WatchedFunction<'_> {
    fn info(&self) -> UserFunctionInfo<'_> {
        let operation = match &self.recorded {
            Some(recorded) => self.execution.info(recorded),
            None => OperationInfo::unrecorded(&self.execution.arn, self.spec),
        };
        UserFunctionInfo {
            operation,
            attempt: self.attempt,
            started_at: self.started_at,
            is_replaying_children: self.is_replaying_children,
        }
    }

    /// Notifies plugins that the code is over.
    pub(crate) fn end(self, error_message: Option<&str>) {
        let end = UserFunctionEnd {
            function: self.info(),
            error_message,
            ended_at: self.execution.time.now(),
        };
        let plugins = &self.execution.plugins;
        plugins.each(|plugin| plugin.on_user_function_end(&end));
    }
}

fn is_execution(operation: &Operation) -> bool {
    operation.r#type == OperationType::Execution
}

fn in_order<'a>(operations: impl Iterator<Item = &'a Arc<Operation>>) -> Vec<Arc<Operation>> {
    let mut operations: Vec<_> = operations.cloned().collect();
    operations.sort_by_cached_key(|operation| (operation.start_timestamp, operation.id.clone()));
    operations
}
