//! A transition in the making: the execution as it was, overlaid with what has changed so far.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use model::{
    Deadline, Event, EventKind, EventSubject, ExecutionState, ExecutionStatus, Limits, Operation,
    OperationId, Owner, Timestamp,
};

use crate::execution::deadlines_of;
use crate::{Answer, Chance, Context, Effect, Execution, Transition};

/// The cause of an operation's change: decides whether the running invocation still has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// The function itself, by a checkpoint: its answer tells it.
    ByFunction,
    /// A timer, an outside party, another execution.
    ByService,
    /// The running invocation need not be told: a heartbeat.
    Quietly,
}

pub(crate) struct Draft<'a> {
    pub base: &'a Execution,
    pub now: Timestamp,
    pub limits: &'a Limits,
    pub chance: Chance,
    pub owner: Owner,
    pub state: ExecutionState,
    pub effects: Vec<Effect>,
    /// In the order of their first change, which for new ones is that of their start.
    operations: IndexMap<OperationId, ChangedOperation>,
    changes: usize,
    events: Vec<Event>,
    deadlines_removed: BTreeSet<Deadline>,
    deadlines_added: BTreeSet<Deadline>,
    removes: bool,
}

impl<'a> Draft<'a> {
    pub fn new(base: &'a Execution, context: Context<'a>) -> Self {
        Self {
            base,
            now: context.now,
            limits: context.limits,
            chance: context.chance,
            owner: context.owner,
            state: base.state.clone(),
            effects: Vec::new(),
            operations: IndexMap::new(),
            changes: 0,
            events: Vec::new(),
            deadlines_removed: BTreeSet::new(),
            deadlines_added: BTreeSet::new(),
            removes: false,
        }
    }

    /// The operation as it stands in this draft.
    pub fn operation(&self, id: &OperationId) -> Option<&Operation> {
        self.operations
            .get(id)
            .map(|changed| &changed.operation)
            .or_else(|| self.base.operation(id).map(Arc::as_ref))
    }

    /// Records a new or changed operation, and everything that follows from it: counts, deadlines, the changes that the
    /// running invocation has not seen.
    pub fn put(&mut self, mut operation: Operation, changed: Changed) {
        let before = self.operation(&operation.id).cloned();
        if let Some(before) = &before {
            assert!(
                !before.status.is_terminal(),
                "an operation that has ended never changes again"
            );
            deadlines_of(before).for_each(|deadline| self.remove_deadline(deadline));
            self.state.pending_count -= u32::from(before.is_pending());
            self.state.open_chained_invokes -= u32::from(before.is_open_chained_invoke());
        } else {
            self.state.operation_count += 1;
        }
        self.state.pending_count += u32::from(operation.is_pending());
        self.state.open_chained_invokes += u32::from(operation.is_open_chained_invoke());
        deadlines_of(&operation).for_each(|deadline| self.add_deadline(deadline));
        match changed {
            Changed::ByService => {
                self.state.service_changes += 1;
                operation.service_change = self.state.service_changes;
            }
            Changed::ByFunction | Changed::Quietly => {}
        }
        self.changes += 1;
        let changed = ChangedOperation {
            last_change: self.changes,
            operation,
        };
        self.operations
            .insert(changed.operation.id.clone(), changed);
    }

    /// Appends an event about an operation.
    pub fn event(&mut self, operation: &Operation, kind: EventKind) {
        let subject = EventSubject {
            id: operation.id.clone(),
            name: operation.name.clone(),
            parent_id: operation.parent_id.clone(),
            sub_type: operation.sub_type.clone(),
        };
        self.append(Some(subject), kind);
    }

    /// Appends an event about the execution itself.
    pub fn execution_event(&mut self, kind: EventKind) {
        let arn = &self.base.spec.arn;
        let subject = EventSubject {
            id: OperationId::from(&arn.id),
            name: Some(arn.name.to_string()),
            parent_id: None,
            sub_type: None,
        };
        self.append(Some(subject), kind);
    }

    /// Appends an event.
    pub fn append(&mut self, subject: Option<EventSubject>, kind: EventKind) {
        self.state.event_id_last += 1;
        self.events.push(Event {
            id: self.state.event_id_last,
            at: self.now,
            subject,
            kind,
        });
    }

    /// Whether this draft changes the operation.
    pub fn is_changed(&self, id: &OperationId) -> bool {
        self.operations.contains_key(id)
    }

    /// Operations that this draft changes, in the order of their last change.
    pub fn changed(&self) -> Vec<OperationId> {
        let mut changed: Vec<_> = self.operations.values().collect();
        changed.sort_by_key(|changed| changed.last_change);
        let id = |changed: &ChangedOperation| changed.operation.id.clone();
        changed.into_iter().map(id).collect()
    }

    /// Whether the service changed operations since the running invocation was last told.
    pub fn has_untold_changes(&self) -> bool {
        self.state.service_changes > self.state.told_changes
    }

    /// Counts every change as told to the invocation: told again should it fail.
    pub fn tell_changes(&mut self) {
        self.state.told_changes = self.state.service_changes;
    }

    pub fn add_deadline(&mut self, deadline: Deadline) {
        if !self.deadlines_removed.remove(&deadline) {
            self.deadlines_added.insert(deadline);
        }
    }

    pub fn remove_deadline(&mut self, deadline: Deadline) {
        if !self.deadlines_added.remove(&deadline) {
            self.deadlines_removed.insert(deadline);
        }
    }

    /// Whether this draft ends the execution: every deadline of the base falls then.
    pub fn ends(&self) -> bool {
        self.base.state.outcome.is_none() && self.state.outcome.is_some()
    }

    /// Drops every deadline that this draft added: those of the base fall with the outcome.
    pub fn clear_deadlines(&mut self) {
        self.deadlines_added.clear();
        self.deadlines_removed.clear();
    }

    /// Whether the deadline stands as this draft has it.
    pub fn holds(&self, deadline: &Deadline) -> bool {
        let kept = !self.deadlines_removed.contains(deadline);
        self.deadlines_added.contains(deadline) || (kept && self.base.has_deadline(deadline))
    }

    /// The deadlines that have passed, soonest first.
    pub fn due_deadlines(&self) -> Vec<Deadline> {
        let is_due = |deadline: &&Deadline| deadline.at <= self.now;
        let kept = self.base.deadlines().take_while(is_due);
        let added = self.deadlines_added.iter().take_while(is_due);
        let mut due: Vec<_> = kept
            .filter(|deadline| !self.deadlines_removed.contains(deadline))
            .chain(added)
            .cloned()
            .collect();
        due.sort();
        due
    }

    /// The soonest deadline as this draft leaves them.
    fn next_deadline(&self) -> Option<Deadline> {
        let kept = if self.ends() {
            None
        } else {
            self.base
                .deadlines()
                .find(|deadline| !self.deadlines_removed.contains(deadline))
        };
        kept.into_iter()
            .chain(self.deadlines_added.first())
            .min()
            .cloned()
    }

    /// Lets the record go.
    pub fn remove_execution(&mut self) {
        self.removes = true;
    }

    /// The transition, with a new version.
    pub fn finish(mut self, answer: impl FnOnce(&ChangedOperations<'_>) -> Answer) -> Transition {
        self.state.next_deadline = self.next_deadline();
        let from_version = self.base.state.version;
        self.state.version = from_version + 1;
        let operations: IndexMap<OperationId, Arc<Operation>> = self
            .operations
            .into_iter()
            .map(|(id, changed)| (id, Arc::new(changed.operation)))
            .collect();
        let answer = answer(&ChangedOperations {
            base: self.base,
            state: &self.state,
            changed: &operations,
        });
        Transition {
            spec: Arc::clone(&self.base.spec),
            from_version,
            from_status: from_status(self.base),
            state: self.state,
            operations: operations.into_values().collect(),
            events: self.events,
            effects: self.effects,
            answer,
            removes: self.removes,
            deadlines_removed: self.deadlines_removed,
            deadlines_added: self.deadlines_added,
        }
    }
}

struct ChangedOperation {
    /// Counts the changes of a draft: its answer lists them in order.
    last_change: usize,
    operation: Operation,
}

/// The operations of a finished draft, for its answer.
pub(crate) struct ChangedOperations<'a> {
    base: &'a Execution,
    pub state: &'a ExecutionState,
    changed: &'a IndexMap<OperationId, Arc<Operation>>,
}

impl ChangedOperations<'_> {
    pub fn operation(&self, id: &OperationId) -> Option<Arc<Operation>> {
        self.changed
            .get(id)
            .or_else(|| self.base.operation(id))
            .map(Arc::clone)
    }
}

/// A transition that changes nothing and only answers.
pub(crate) fn unchanged(execution: &Execution, answer: Answer) -> Transition {
    Transition {
        spec: Arc::clone(&execution.spec),
        from_version: execution.state.version,
        from_status: from_status(execution),
        state: execution.state.clone(),
        operations: Vec::new(),
        events: Vec::new(),
        effects: Vec::new(),
        answer,
        removes: false,
        deadlines_removed: BTreeSet::new(),
        deadlines_added: BTreeSet::new(),
    }
}

/// The status of an execution that is stored.
fn from_status(execution: &Execution) -> Option<ExecutionStatus> {
    (execution.state.version > 0).then(|| execution.state.status())
}
