//! Writing a transition: the fence first, so that a refused one leaves nothing behind.

use std::collections::HashMap;

use engine::Transition;
use model::{
    Deadline, ExecutionArn, ExecutionId, ExecutionState, ExecutionStatus, OperationDetails, Trigger,
};
use rusqlite::{Connection, OptionalExtension};
use store::CommitError;
use store::columns::{Code as _, read_arn, version_text};

use super::Statements;
use crate::cells::{Columns, Parameters};
use crate::refusal::Refusal;

/// The writer's memory of executions that it has written, to spare itself look-ups and unchanged index entries. It
/// holds committed rows only: cleared whenever a transaction fails.
#[derive(Debug, Default)]
pub(crate) struct Known {
    executions: HashMap<ExecutionId, KnownExecution>,
}

/// Executions remembered; about 200 bytes each. Past that all are forgotten at once: each then costs
/// one look-up more, and no order of use has to be kept.
const KNOWN_MAX: usize = 16_384;

#[derive(Debug, Clone)]
struct KnownExecution {
    key: i64,
    /// The values of the row's indexed columns; `None` when they are not known.
    schedule: Option<Schedule>,
}

/// The indexed part of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Schedule {
    deadline: Option<Deadline>,
    owes_work: bool,
    status: ExecutionStatus,
}

impl Schedule {
    fn of(state: &ExecutionState) -> Self {
        Self {
            deadline: state.next_deadline.clone(),
            owes_work: state.may_owe_work(),
            status: state.status(),
        }
    }
}

impl Known {
    pub fn forget_all(&mut self) {
        self.executions.clear();
    }

    fn remember(&mut self, id: &ExecutionId, execution: KnownExecution) {
        if self.executions.len() >= KNOWN_MAX {
            self.executions.clear();
        }
        self.executions.insert(id.clone(), execution);
    }
}

/// The outer result is the database's, the inner one the store's.
type Attempt<T> = rusqlite::Result<Result<T, Refusal>>;

impl Statements<'_> {
    pub(crate) fn commit(
        &mut self,
        connection: &Connection,
        known: &mut Known,
        transition: &Transition,
    ) -> Attempt<()> {
        if transition.is_empty() {
            return self.check_version(transition);
        }
        if transition.from_version == 0 {
            return self.start(connection, known, transition);
        }
        if transition.removes {
            return self.remove(known, transition);
        }
        self.advance(known, transition)
    }

    /// Whether the execution is stored at this version.
    pub(crate) fn is_at(&mut self, id: &ExecutionId, version: u64) -> rusqlite::Result<bool> {
        let stored = self.key_and_version(id)?;
        Ok(stored.is_some_and(|(_, stored)| stored == version.cast_signed()))
    }

    fn check_version(&mut self, transition: &Transition) -> Attempt<()> {
        let stored = self.key_and_version(&transition.spec.arn.id)?;
        let version = stored.map_or(0, |(_, version)| version);
        Ok(if version == transition.from_version.cast_signed() {
            Ok(())
        } else {
            Err(conflict(transition))
        })
    }

    fn start(
        &mut self,
        connection: &Connection,
        known: &mut Known,
        transition: &Transition,
    ) -> Attempt<()> {
        if !self.insert_spec(transition)? {
            return self.start_refusal(transition).map(Err);
        }
        let key = connection.last_insert_rowid();
        let schedule = Schedule::of(&transition.state);
        let mut parameters = Parameters::of(&mut self.insert_state);
        parameters.add_state(key, &transition.state)?;
        add_schedule(&mut parameters, &schedule)?;
        parameters.execute()?;
        self.write_records(key, transition)?;
        known.remember(
            &transition.spec.arn.id,
            KnownExecution {
                key,
                schedule: Some(schedule),
            },
        );
        Ok(Ok(()))
    }

    fn advance(&mut self, known: &mut Known, transition: &Transition) -> Attempt<()> {
        let id = &transition.spec.arn.id;
        let schedule = Schedule::of(&transition.state);
        let recalled = match known.executions.get_mut(id) {
            Some(recalled) => recalled,
            None => {
                let Some((key, _)) = self.key_and_version(id)? else {
                    return Ok(Err(conflict(transition)));
                };
                known.remember(
                    id,
                    KnownExecution {
                        key,
                        schedule: None,
                    },
                );
                known
                    .executions
                    .get_mut(id)
                    .expect("it was remembered just before")
            }
        };
        let key = recalled.key;
        let mut parameters = Parameters::of(&mut self.update_state);
        parameters.add_state(key, &transition.state)?;
        parameters.add(transition.from_version.cast_signed())?;
        if parameters.execute()? == 0 {
            return Ok(Err(conflict(transition)));
        }
        if recalled.schedule.as_ref() != Some(&schedule) {
            let mut parameters = Parameters::of(&mut self.update_schedule);
            add_schedule(&mut parameters, &schedule)?;
            parameters.add(key)?;
            parameters.execute()?;
            recalled.schedule = Some(schedule);
        }
        self.write_records(key, transition)?;
        Ok(Ok(()))
    }

    fn remove(&mut self, known: &mut Known, transition: &Transition) -> Attempt<()> {
        let id = &transition.spec.arn.id;
        let Some((key, _)) = self.key_and_version(id)? else {
            return Ok(Err(conflict(transition)));
        };
        let from_version = transition.from_version.cast_signed();
        if self.delete_state.execute([key, from_version])? == 0 {
            return Ok(Err(conflict(transition)));
        }
        self.delete_outcome.execute([key])?;
        self.delete_operations.execute([key])?;
        self.delete_events.execute([key])?;
        self.delete_spec.execute([key])?;
        known.executions.remove(id);
        Ok(Ok(()))
    }

    fn write_records(&mut self, key: i64, transition: &Transition) -> rusqlite::Result<()> {
        for operation in &transition.operations {
            self.write_operation(key, &transition.spec, operation)?;
        }
        for event in &transition.events {
            self.write_event(key, transition, event)?;
        }
        if let Some(outcome) = &transition.state.outcome {
            let mut parameters = Parameters::of(&mut self.insert_outcome);
            parameters.add(key)?;
            parameters.add_error(outcome.error())?;
            parameters.add_payload(outcome.result())?;
            parameters.execute()?;
        }
        Ok(())
    }

    /// Whether there was room for its id and name.
    fn insert_spec(&mut self, transition: &Transition) -> rusqlite::Result<bool> {
        let spec = &transition.spec;
        for operation in &transition.operations {
            if let OperationDetails::Execution { input } = &operation.details {
                assert!(
                    *input == spec.input,
                    "the EXECUTION operation carries the input of its execution"
                );
            }
        }
        let ExecutionArn {
            function,
            version,
            name,
            id,
        } = &spec.arn;
        let mut parameters = Parameters::of(&mut self.insert_spec);
        parameters.add(id.as_str())?;
        parameters.add(name.as_str())?;
        parameters.add(&*function.partition)?;
        parameters.add(&*function.region)?;
        parameters.add(&*function.account_id)?;
        parameters.add(function.name.as_str())?;
        parameters.add(version_text(version))?;
        parameters.add(spec.started_at.as_millis())?;
        parameters.add(spec.execution_timeout_seconds)?;
        parameters.add(spec.retention_days)?;
        parameters.add(spec.result_bytes_max)?;
        parameters.add_text(spec.trace_header.as_ref())?;
        parameters.add_text(spec.tenant_id.as_ref())?;
        match &spec.trigger {
            Trigger::Invoke => parameters.add_nulls(4),
            Trigger::ChainedInvoke(parent) => {
                parameters.add(parent.execution_id.as_str())?;
                parameters.add(parent.operation_id.as_str())?;
                parameters.add_nulls(2);
            }
            Trigger::EventSource(source) => {
                parameters.add_nulls(2);
                parameters.add(source.kind.code())?;
                parameters.add(source.name.as_str())?;
            }
        }
        parameters.add_payload(spec.input.as_ref())?;
        Ok(parameters.execute()? == 1)
    }

    fn start_refusal(&mut self, transition: &Transition) -> rusqlite::Result<Refusal> {
        let arn = &transition.spec.arn;
        if self.key_and_version(&arn.id)?.is_some() {
            return Ok(conflict(transition));
        }
        let names = [arn.function.name.as_str(), arn.name.as_str()];
        let owner = self
            .find_name_owner
            .query_row(names, |row| read_arn(&mut Columns::of(row)))?;
        Ok(Refusal::Conflict(CommitError::NameTaken(Box::new(owner))))
    }

    fn key_and_version(&mut self, id: &ExecutionId) -> rusqlite::Result<Option<(i64, i64)>> {
        self.find_key
            .query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }
}

fn conflict(transition: &Transition) -> Refusal {
    let id = transition.spec.arn.id.clone();
    Refusal::Conflict(CommitError::VersionConflict(id))
}

fn add_schedule(parameters: &mut Parameters<'_, '_>, schedule: &Schedule) -> rusqlite::Result<()> {
    parameters.add_deadline(schedule.deadline.as_ref())?;
    parameters.add(schedule.owes_work)?;
    parameters.add(schedule.status.code())
}
