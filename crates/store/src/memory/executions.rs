//! Executions in memory, with the orders in which they are looked for.

use std::sync::Arc;

use engine::{Execution, Transition};
use model::{Event, ExecutionId, ExecutionName, FunctionName};

use super::tables::{ExecutionTables, Stored};
use super::{MemoryStore, ready};
use crate::{
    CommitError, Cursor, ExecutionFilter, ExecutionHead, ExecutionRecord, Executions, StoreFuture,
};

impl Executions for MemoryStore {
    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, (), CommitError> {
        let attempted = format!("commit execution `{}`", transition.spec.arn);
        let done = match self.tables(&attempted) {
            Ok(mut tables) => tables.executions.commit(&transition),
            Err(fault) => Err(fault.into()),
        };
        let acknowledged = || {
            let arn = &transition.spec.arn;
            self.check(&format!("acknowledge the commit of execution `{arn}`"))
        };
        ready(done.and_then(|()| acknowledged().map_err(CommitError::from)))
    }

    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Option<Execution>> {
        self.call(&format!("load execution `{id}`"), |tables| {
            let stored = tables.executions.by_id.get(id);
            stored.map(|stored| stored.execution.clone())
        })
    }

    fn record(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionRecord>> {
        self.call("read an execution", |tables| {
            tables.executions.by_id.get(id).map(Stored::record)
        })
    }

    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionHead>> {
        self.call("read an execution", |tables| {
            tables.executions.by_id.get(id).map(Stored::head)
        })
    }

    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Option<ExecutionHead>> {
        let key = (function.clone(), name.clone());
        self.call("find an execution", |tables| {
            let id = tables.executions.names.get(&key);
            id.map(|id| tables.executions.by_id[id].head())
        })
    }

    fn list(&self, filter: ExecutionFilter) -> StoreFuture<'_, Vec<ExecutionHead>> {
        self.call("list executions", |tables| tables.executions.list(&filter))
    }
}

impl Stored {
    fn record(&self) -> ExecutionRecord {
        ExecutionRecord {
            spec: Arc::clone(&self.execution.spec),
            state: self.execution.state.clone(),
        }
    }

    pub(super) fn head(&self) -> ExecutionHead {
        ExecutionHead::of(&self.execution.spec, &self.execution.state)
    }
}

impl ExecutionTables {
    fn commit(&mut self, transition: &Transition) -> Result<(), CommitError> {
        let id = &transition.spec.arn.id;
        let stored_version = self
            .by_id
            .get(id)
            .map_or(0, |stored| stored.execution.state.version);
        if stored_version != transition.from_version {
            return Err(CommitError::VersionConflict(id.clone()));
        }
        if transition.is_empty() {
            return Ok(());
        }
        if transition.from_version == 0 {
            self.check_name(transition)?;
        }
        self.unschedule(id);
        if transition.removes {
            self.remove(transition);
            return Ok(());
        }
        let stored = match self.by_id.remove(id) {
            Some(mut stored) => {
                stored.execution.absorb(transition);
                stored
            }
            None => Stored {
                sequence: self.add_start(transition),
                execution: Execution::create(transition),
                events: Vec::new(),
            },
        };
        self.put(stored, &transition.events);
        Ok(())
    }

    fn check_name(&self, transition: &Transition) -> Result<(), CommitError> {
        match self.names.get(&name_key(transition)) {
            Some(taken) => Err(CommitError::NameTaken(Box::new(
                self.by_id[taken].execution.spec.arn.clone(),
            ))),
            None => Ok(()),
        }
    }

    fn add_start(&mut self, transition: &Transition) -> i64 {
        let id = transition.spec.arn.id.clone();
        self.names.insert(name_key(transition), id.clone());
        self.starts.insert(start_key(transition));
        self.sequence_last += 1;
        self.sequences.insert(self.sequence_last, id);
        self.sequence_last
    }

    fn remove(&mut self, transition: &Transition) {
        if let Some(removed) = self.by_id.remove(&transition.spec.arn.id) {
            self.sequences.remove(&removed.sequence);
        }
        self.names.remove(&name_key(transition));
        self.starts.remove(&start_key(transition));
    }

    fn put(&mut self, mut stored: Stored, events: &[Event]) {
        stored.events.extend_from_slice(events);
        let state = &stored.execution.state;
        assert_eq!(
            stored.events.len() as u64,
            state.event_id_last,
            "the history is numbered without gaps"
        );
        let id = stored.execution.spec.arn.id.clone();
        if let Some(deadline) = &state.next_deadline {
            self.deadlines.insert((deadline.at, id.clone()));
        }
        self.by_id.insert(id, stored);
    }

    fn unschedule(&mut self, id: &ExecutionId) {
        let Some(stored) = self.by_id.get(id) else {
            return;
        };
        if let Some(deadline) = &stored.execution.state.next_deadline {
            self.deadlines.remove(&(deadline.at, id.clone()));
        }
    }

    fn list(&self, filter: &ExecutionFilter) -> Vec<ExecutionHead> {
        let limit = filter.limit.max(1);
        let keep = |cursor: &&Cursor| follows(cursor, filter);
        let head = |cursor: &Cursor| self.by_id[&cursor.execution_id].head();
        let matching = |head: &ExecutionHead| matches(head, filter);
        if filter.oldest_first {
            let starts = self.starts.iter().filter(keep).map(head);
            starts.filter(matching).take(limit).collect()
        } else {
            let starts = self.starts.iter().rev().filter(keep).map(head);
            starts.filter(matching).take(limit).collect()
        }
    }
}

fn name_key(transition: &Transition) -> (FunctionName, ExecutionName) {
    let arn = &transition.spec.arn;
    (arn.function.name.clone(), arn.name.clone())
}

fn start_key(transition: &Transition) -> Cursor {
    Cursor {
        started_at: transition.spec.started_at,
        execution_id: transition.spec.arn.id.clone(),
    }
}

fn follows(cursor: &Cursor, filter: &ExecutionFilter) -> bool {
    match &filter.after {
        None => true,
        Some(after) if filter.oldest_first => cursor > after,
        Some(after) => cursor < after,
    }
}

/// Whether a list that is filtered so shows the execution; its cursor apart.
pub(super) fn matches(head: &ExecutionHead, filter: &ExecutionFilter) -> bool {
    let ExecutionFilter {
        function,
        version,
        name,
        statuses,
        started_after,
        started_before,
        oldest_first: _,
        after: _,
        limit: _,
    } = filter;
    let arn = &head.arn;
    let started_at = head.started_at;
    function
        .as_ref()
        .is_none_or(|name| *name == arn.function.name)
        && version
            .as_ref()
            .is_none_or(|version| *version == arn.version)
        && name.as_ref().is_none_or(|name| *name == arn.name)
        && (statuses.is_empty() || statuses.contains(&head.status))
        && started_after.is_none_or(|after| started_at > after)
        && started_before.is_none_or(|before| started_at < before)
}
