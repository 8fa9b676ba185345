//! The invariants of several servers that share a store: which server drives which shards, and when it may take them
//! over.

use std::sync::Arc;
use std::time::Duration;

use engine::{Execution, Transition};
use model::{EventKind, ExecutionId, Invocation, RequestId, Shard, Timestamp};

use crate::machine::Machine;
use crate::world::World;

/// Pause between two checks of the servers' shards.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl World {
    /// The latest time of all clocks.
    pub fn latest(&self) -> Timestamp {
        let machines = self.machines();
        let clocks = machines.iter().map(|machine| machine.now());
        clocks.fold(self.now(), Timestamp::max)
    }

    /// Called when a machine has ended, and with it the invocations that it drove.
    pub fn lose_invocations(&self, machine: &Machine) {
        let Some(owner) = machine.owner() else { return };
        let executions = self.executions().into_iter();
        let lost: Vec<_> = executions
            .filter(|it| it.state.invocation_owner() == Some(owner))
            .filter_map(|it| request_id(&it.state.invocation))
            .collect();
        let mut state = self.state();
        state.failed.extend(lost.iter().map(ToString::to_string));
        state.at_work.retain(|_, (_, on)| *on != machine.number);
    }

    /// Whether a server has the shard of this execution, according to the database; a single server has all shards.
    pub fn is_driven_by(&self, machine: &Machine, id: &ExecutionId) -> bool {
        let Some(owner) = machine.owner() else {
            return true;
        };
        let now = self.now();
        self.state().ownership.has(owner, id, now)
    }

    /// No two servers drive the same shard, unless one of them cannot act.
    pub fn check_territories(&self) {
        if !self.plan.is_shared() {
            return;
        }
        let mut machines = self.machines();
        machines.retain(|it| it.is_up());
        for (index, one) in machines.iter().enumerate() {
            for other in &machines[..index] {
                let both = one.territory().common(other.territory());
                if !both.is_empty() {
                    let count = both.len();
                    let seen = format!("{} and {}: {count} shards", other.number, one.number);
                    self.violate("a shard is driven by one server", seen);
                }
            }
        }
    }

    /// An invocation is taken from a server only once it has lost the shard, or is dead.
    pub fn check_taken(
        &self,
        by: &Machine,
        before: Option<&Execution>,
        transition: &Arc<Transition>,
        name: &str,
    ) {
        if !self.plan.is_shared() {
            return;
        }
        self.check_territories();
        let id = &transition.spec.arn.id;
        let invocation = before.map(|it| &it.state.invocation);
        if let Some(Invocation::Active {
            request_id, owner, ..
        }) = invocation
            && by.owner() != Some(*owner)
            && is_recorded_as_failed(transition, request_id)
        {
            let machines = self.machines().into_iter();
            let mut theirs = machines.filter(|it| it.owner() == Some(*owner));
            let is_dead = theirs.next().is_none_or(|it| it.is_dead());
            let has_failed = self.state().failed.contains(request_id.as_str());
            let is_theirs = self.state().ownership.has_had(*owner, request_id, id);
            if !is_dead && !has_failed && is_theirs {
                let seen = format!("{name}: server {} of {owner:?}", by.number);
                self.violate(
                    "what a server drives is not taken from it while it lives",
                    seen,
                );
            }
            let mut state = self.state();
            state.failed.insert(request_id.to_string());
            state.outlived.insert(request_id.to_string());
            state.at_work.remove(id);
        }
        let scheduled = request_id(&transition.state.invocation);
        if let Some(scheduled) = scheduled
            && invocation.and_then(request_id) != Some(scheduled.clone())
        {
            self.state().ownership.scheduled(&scheduled, id);
        }
    }

    /// Once there are no more faults, every living server gets an equal share of the shards.
    pub async fn check_even(&self, within: Duration) {
        let until = self.now() + within;
        loop {
            let mut machines = self.machines();
            machines.retain(|it| it.is_up());
            let shares: Vec<_> = machines.iter().map(|it| it.territory().len()).collect();
            let count = self.plan.servers.len();
            let each = Shard::COUNT / count;
            let is_even = shares.iter().all(|share| (each..=each + 1).contains(share));
            if shares.len() == count && is_even && shares.iter().sum::<usize>() == Shard::COUNT {
                return;
            }
            if self.now() >= until {
                let seen = format!("{shares:?} of {count} servers");
                return self.violate("shards are even in the end", seen);
            }
            self.reached(self.now() + LOOK_AGAIN).await;
        }
    }
}

fn request_id(invocation: &Invocation) -> Option<RequestId> {
    match invocation {
        Invocation::Active { request_id, .. } => Some(request_id.clone()),
        Invocation::Idle | Invocation::BackingOff { .. } => None,
    }
}

fn is_recorded_as_failed(transition: &Transition, wanted: &RequestId) -> bool {
    transition.events.iter().any(|event| {
        matches!(
            &event.kind,
            EventKind::InvocationCompleted { request_id, error: Some(_), .. } if request_id == wanted
        )
    })
}
