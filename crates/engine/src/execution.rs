//! An execution in memory: `apply` reads it, and it absorbs the transitions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use model::{
    Deadline, DeadlineReason, ExecutionSpec, ExecutionState, Invocation, Operation,
    OperationDetails, OperationId, Timestamp,
};

use crate::{Effect, Transition};

/// One execution with all its operations, rebuilt from a store or grown from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The part that is fixed at its start.
    pub spec: Arc<ExecutionSpec>,
    /// The part that changes.
    pub state: ExecutionState,
    /// In the order in which they started; the EXECUTION operation first.
    operations: IndexMap<OperationId, Arc<Operation>>,
    /// Derived from the operations and the state, so that the next one is found at once.
    deadlines: BTreeSet<Deadline>,
    /// Derived from the operations: the changes by the service that are not settled, by number.
    service_changes: BTreeMap<u64, OperationId>,
}

impl Execution {
    /// Rebuilds an execution from stored records. The operations come in start order.
    ///
    /// # Panics
    /// When the records contradict each other: for records that no other program can have changed.
    pub fn load(
        spec: Arc<ExecutionSpec>,
        state: ExecutionState,
        operations: impl IntoIterator<Item = Arc<Operation>>,
    ) -> Self {
        match Self::of_records(spec, state, operations) {
            Ok(execution) => execution,
            Err(contradiction) => panic!("{contradiction}"),
        }
    }

    /// As [`Execution::load`], for records that may have been changed or damaged.
    ///
    /// # Errors
    /// The contradiction.
    pub fn of_records(
        spec: Arc<ExecutionSpec>,
        state: ExecutionState,
        operations: impl IntoIterator<Item = Arc<Operation>>,
    ) -> Result<Self, String> {
        let operations: IndexMap<_, _> = operations
            .into_iter()
            .map(|operation| (operation.id.clone(), operation))
            .collect();
        let mut deadlines: BTreeSet<_> = execution_deadline(&spec, &state).into_iter().collect();
        if state.outcome.is_none() {
            deadlines.extend(
                operations
                    .values()
                    .flat_map(|operation| deadlines_of(operation)),
            );
            deadlines.extend(invocation_deadline(&state.invocation));
        }
        let service_changes = operations
            .values()
            .filter(|operation| operation.service_change > state.settled_changes)
            .map(|operation| (operation.service_change, operation.id.clone()))
            .collect();
        let execution = Self {
            spec,
            state,
            operations,
            deadlines,
            service_changes,
        };
        let (stored, first) = (
            execution.state.next_deadline.as_ref(),
            execution.deadlines.first(),
        );
        if stored != first {
            return Err(format!(
                "the stored next deadline is {stored:?}, and the first of those that follow from the records is {first:?}"
            ));
        }
        Ok(execution)
    }

    /// The base of a start: nothing recorded yet, not even the execution's timeout.
    pub(crate) fn blank(spec: Arc<ExecutionSpec>, state: ExecutionState) -> Self {
        Self {
            spec,
            state,
            operations: IndexMap::new(),
            deadlines: BTreeSet::new(),
            service_changes: BTreeMap::new(),
        }
    }

    /// The execution that a transition from version zero creates.
    pub fn create(transition: &Transition) -> Self {
        assert_eq!(
            transition.from_version, 0,
            "only a start creates an execution"
        );
        let mut execution = Self::blank(Arc::clone(&transition.spec), transition.state.clone());
        execution.absorb_records(transition);
        execution
    }

    /// Takes a committed transition in. Costs work in proportion to the transition.
    ///
    /// # Panics
    /// When the transition was made from another version: the caller serialises transitions.
    pub fn absorb(&mut self, transition: &Transition) {
        assert_eq!(
            self.state.version, transition.from_version,
            "transitions of one execution are applied one after the other"
        );
        let ends = self.state.outcome.is_none() && transition.state.outcome.is_some();
        if ends {
            self.deadlines.clear();
        }
        self.state.clone_from(&transition.state);
        self.absorb_records(transition);
    }

    fn absorb_records(&mut self, transition: &Transition) {
        for operation in &transition.operations {
            let number = operation.service_change;
            let before = self
                .operations
                .insert(operation.id.clone(), Arc::clone(operation));
            let number_before = before.map_or(0, |before| before.service_change);
            if number != number_before {
                self.service_changes.remove(&number_before);
                self.service_changes.insert(number, operation.id.clone());
            }
        }
        let settled = self.state.settled_changes;
        while let Some(first) = self.service_changes.first_entry()
            && *first.key() <= settled
        {
            first.remove();
        }
        for deadline in &transition.deadlines_removed {
            self.deadlines.remove(deadline);
        }
        self.deadlines
            .extend(transition.deadlines_added.iter().cloned());
    }

    /// The operation with this id.
    pub fn operation(&self, id: &OperationId) -> Option<&Arc<Operation>> {
        self.operations.get(id)
    }

    /// All operations in the order in which they started.
    pub fn operations(&self) -> impl DoubleEndedIterator<Item = &Arc<Operation>> {
        self.operations.values()
    }

    /// The operations that a replay needs, in start order: those below a finished CONTEXT are left
    /// out, unless that context asked for them (its result was too large to record).
    pub fn replayed_operations(&self) -> impl Iterator<Item = &Arc<Operation>> {
        let mut closed: IndexSet<&OperationId> = IndexSet::new();
        self.operations.values().filter(move |operation| {
            let hidden = operation
                .parent_id
                .as_ref()
                .is_some_and(|id| closed.contains(id));
            if let OperationDetails::Context {
                replay_children, ..
            } = operation.details
                && (hidden || (operation.status.is_terminal() && !replay_children))
            {
                closed.insert(&operation.id);
            }
            !hidden
        })
    }

    /// Operations that the service changed since the running invocation was last told, in the order
    /// of the changes.
    pub fn untold_operations(&self) -> impl Iterator<Item = &OperationId> {
        let told = self.state.told_changes;
        self.service_changes.range(told + 1..).map(|(_, id)| id)
    }

    /// Operations whose changes were told to an invocation that has not ended well yet, in the order of the changes:
    /// the next invocation is told of them again.
    pub fn unsettled_operations(&self) -> impl Iterator<Item = &OperationId> {
        let told = self.state.told_changes;
        self.service_changes.range(..=told).map(|(_, id)| id)
    }

    /// As [`Self::replayed_operations`], those that started after this one; `None` when the execution has no such
    /// operation. Costs the same for any place in the execution.
    pub fn replayed_after(
        &self,
        after: &OperationId,
    ) -> Option<impl Iterator<Item = &Arc<Operation>>> {
        let index = self.operations.get_index_of(after)?;
        let rest = self.operations.get_range(index + 1..)?;
        Some(rest.values().filter(|operation| !self.is_hidden(operation)))
    }

    /// Whether the operation lies below a CONTEXT whose result stands for its operations.
    fn is_hidden(&self, operation: &Operation) -> bool {
        let mut parent = operation.parent_id.as_ref();
        while let Some(context) = parent.and_then(|id| self.operations.get(id)) {
            if let OperationDetails::Context {
                replay_children: false,
                ..
            } = context.details
                && context.status.is_terminal()
            {
                return true;
            }
            parent = context.parent_id.as_ref();
        }
        false
    }

    /// The deadlines that hold, soonest first.
    pub fn deadlines(&self) -> impl Iterator<Item = &Deadline> {
        self.deadlines.iter()
    }

    /// Whether this deadline holds.
    pub(crate) fn has_deadline(&self, deadline: &Deadline) -> bool {
        self.deadlines.contains(deadline)
    }

    /// The effects that a restarted server has to run again for this execution: all whose completion is not on record.
    /// An active invocation is not among them; report it lost instead.
    pub fn outstanding_effects(&self) -> Vec<Effect> {
        if self.state.outcome.is_some() || self.state.open_chained_invokes == 0 {
            return Vec::new();
        }
        let open = self
            .operations
            .values()
            .filter(|operation| operation.is_open_chained_invoke());
        open.map(|operation| Effect::StartChainedInvoke(operation.id.clone()))
            .collect()
    }
}

/// The deadline that the execution as a whole has: its timeout, or the end of its retention.
pub(crate) fn execution_deadline(spec: &ExecutionSpec, state: &ExecutionState) -> Option<Deadline> {
    const DAY_SECONDS: u32 = 24 * 60 * 60;
    match (state.outcome.is_some(), state.ended_at) {
        (false, _) => Some(Deadline {
            at: times_out_at(spec, state),
            reason: DeadlineReason::ExecutionTimeout,
        }),
        (true, Some(ended_at)) => Some(Deadline {
            at: ended_at.plus_seconds(spec.retention_days.saturating_mul(DAY_SECONDS)),
            reason: DeadlineReason::RetentionElapsed,
        }),
        (true, None) => None,
    }
}

/// When a running execution times out as things stand. A pause that lets the timeout stand still holds
/// it back, but never past the longest time that an execution may have.
pub fn times_out_at(spec: &ExecutionSpec, state: &ExecutionState) -> Timestamp {
    let latest = spec.started_at.plus_seconds(EXECUTION_SECONDS_MAX);
    let stands_still = state
        .pause
        .as_ref()
        .is_some_and(|pause| pause.execution_timeout_paused && pause.in_effect_since.is_some());
    if stands_still {
        return latest;
    }
    let at =
        spec.started_at.plus_seconds(spec.execution_timeout_seconds) + state.timeout_paused_for;
    if state.timeout_paused_for.is_zero() {
        at
    } else {
        at.min(latest)
    }
}

/// The longest execution timeout: 366 days. Source: botocore, `DurableConfig.ExecutionTimeout`.
const EXECUTION_SECONDS_MAX: u32 = 31_622_400;

/// The deadline of a failed invocation's repetition.
pub(crate) fn invocation_deadline(invocation: &Invocation) -> Option<Deadline> {
    match invocation {
        Invocation::BackingOff { until } => Some(Deadline {
            at: *until,
            reason: DeadlineReason::InvocationRetry,
        }),
        Invocation::Idle | Invocation::Active { .. } => None,
    }
}

/// The deadlines that an operation has as it stands.
pub(crate) fn deadlines_of(operation: &Operation) -> impl Iterator<Item = Deadline> + use<> {
    let id = &operation.id;
    let deadline = |at, reason| Some(Deadline { at, reason });
    let (first, second) = match &operation.details {
        _ended if operation.status.is_terminal() => (None, None),
        OperationDetails::Execution { .. }
        | OperationDetails::Context { .. }
        | OperationDetails::ChainedInvoke { .. } => (None, None),
        OperationDetails::Step {
            next_attempt_at, ..
        } => {
            let reason = DeadlineReason::StepRetry(id.clone());
            (next_attempt_at.and_then(|at| deadline(at, reason)), None)
        }
        OperationDetails::Wait {
            scheduled_end_at, ..
        } => {
            let reason = DeadlineReason::WaitElapsed(id.clone());
            (deadline(*scheduled_end_at, reason), None)
        }
        OperationDetails::Callback {
            timeout_seconds,
            heartbeat_timeout_seconds,
            last_heartbeat_at,
            ..
        } => {
            let timeout = timeout_seconds.and_then(|seconds| {
                let reason = DeadlineReason::CallbackTimeout(id.clone());
                deadline(operation.started_at.plus_seconds(seconds), reason)
            });
            let heartbeat = heartbeat_timeout_seconds.and_then(|seconds| {
                let reason = DeadlineReason::CallbackHeartbeat(id.clone());
                deadline(last_heartbeat_at.plus_seconds(seconds), reason)
            });
            (timeout, heartbeat)
        }
    };
    first.into_iter().chain(second)
}
