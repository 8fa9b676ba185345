//! The content of a store, piece by piece.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use engine::{Execution, Transition};
use model::{Event, ExecutionSpec, ExecutionState, Operation, OperationDetails, OperationId};
use serde::{Deserialize, Serialize};
use store::{
    AccessKeyRecord, AliasRecord, AsyncInvocation, AuditRecord, DeadLetter, FunctionSettingsRecord,
    FunctionVersionRecord, ScheduleMark, SetAside, StackRecord, event_bytes,
};

use crate::TransferError;

/// One piece of the content. They come in the order of the variants: an item comes before those that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The code of function versions, as an archive.
    Code {
        /// The name that the versions know it by.
        name: String,
        /// The archive.
        archive: Vec<u8>,
    },
    /// The settings of a function for all its versions.
    FunctionSettings(FunctionSettingsRecord),
    /// A version of a function.
    FunctionVersion(FunctionVersionRecord),
    /// A name for a version.
    Alias(AliasRecord),
    /// An access key; its secret is sealed by something that is in no backup.
    AccessKey(AccessKeyRecord),
    /// A stack that was deployed to a server.
    Stack(StackRecord),
    /// An action of a caller, done or refused. The newest come first.
    Audit(AuditRecord),
    /// How far a schedule has come.
    ScheduleMark(ScheduleMark),
    /// An accepted invocation that is not done. They come in the order in which they were accepted.
    Accepted(AsyncInvocation),
    /// An accepted invocation that was given up, oldest first.
    DeadLetter(DeadLetter),
    /// An execution that is left alone; the execution itself comes as well.
    SetAside(SetAside),
    /// An execution, in the order of their starts.
    Execution(Box<Whole>),
    /// A file beside the store. Its bytes follow.
    File {
        /// Its name, without a folder.
        name: String,
        /// How many bytes it has.
        bytes: u64,
    },
    /// The next bytes of the file.
    FileBytes(Vec<u8>),
}

/// An execution with its whole history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    execution: Execution,
    events: Vec<Event>,
}

impl Whole {
    /// Puts an execution together from its records, which may come from outside.
    ///
    /// # Errors
    /// The contradiction, for people.
    pub fn of(
        spec: ExecutionSpec,
        state: ExecutionState,
        operations: Vec<Operation>,
        events: Vec<Event>,
    ) -> Result<Self, String> {
        let count = operations.len();
        let operations = operations.into_iter().map(Arc::new);
        // They may come from a damaged file. The engine asserts what else it relies on.
        let loading = AssertUnwindSafe(|| Execution::of_records(Arc::new(spec), state, operations));
        let loaded = panic::catch_unwind(loading).unwrap_or_else(|panic| {
            let said = stdx::panic_message(panic.as_ref()).unwrap_or("an invariant does not hold");
            Err(said.to_owned())
        });
        let execution = loaded?;
        if execution.operations().count() != count {
            return Err("two operations have the same id".to_owned());
        }
        Self::loaded(execution, events)
    }

    /// An execution as a store gave it, with its events.
    ///
    /// # Errors
    /// The contradiction, for people.
    pub fn loaded(execution: Execution, events: Vec<Event>) -> Result<Self, String> {
        let spec = &execution.spec;
        let first = execution.operations().next();
        let is_own = first.is_some_and(|first| {
            let carries_input = match &first.details {
                OperationDetails::Execution { input } => *input == spec.input,
                OperationDetails::Context { .. }
                | OperationDetails::Step { .. }
                | OperationDetails::Wait { .. }
                | OperationDetails::Callback { .. }
                | OperationDetails::ChainedInvoke { .. } => false,
            };
            carries_input && first.id == OperationId::from(&spec.arn.id)
        });
        if !is_own {
            return Err("its first operation is not the EXECUTION with its input".to_owned());
        }
        if execution.state.version == 0 {
            return Err("its version is zero, which no stored execution has".to_owned());
        }
        for (expected, event) in (1..).zip(&events) {
            if event.id != expected {
                return Err(format!(
                    "event {expected} of its history is numbered {}",
                    event.id
                ));
            }
        }
        let (events_are, last) = (events.len() as u64, execution.state.event_id_last);
        if events_are != last {
            return Err(format!(
                "its history has {events_are} events, and {last} are expected"
            ));
        }
        Ok(Self { execution, events })
    }

    /// The execution.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// Its history.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The transition that writes it into a store that does not have it.
    pub fn into_transition(self) -> Transition {
        Transition::whole(&self.execution, self.events)
    }

    /// Bytes that it has in memory, about.
    pub fn bytes(&self) -> usize {
        const ROW_BYTES: usize = 512;
        let events = self.events.iter().map(event_bytes).sum::<usize>();
        let rows = self.events.len() + self.execution.operations().count();
        events * 2 + rows * ROW_BYTES
    }
}

/// Takes items, in their order.
pub trait Sink {
    /// Takes the next one. Its failure may be reported later, at the latest at the end of the sink.
    fn put(&mut self, item: Item) -> impl Future<Output = Result<(), TransferError>>;
}

/// How many there are of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub executions: u64,
    pub operations: u64,
    pub events: u64,
    pub function_settings: u64,
    pub function_versions: u64,
    pub aliases: u64,
    // Backups of the first format have no access keys.
    #[serde(default)]
    pub access_keys: u64,
    // Nor have those of the second format any of these.
    #[serde(default)]
    pub stacks: u64,
    // Nor those of the third format these.
    #[serde(default)]
    pub changes: u64,
    pub code: u64,
    pub schedule_marks: u64,
    pub accepted_invocations: u64,
    pub dead_letters: u64,
    pub set_aside: u64,
    pub files: u64,
}

impl Counts {
    /// Counts an item in.
    pub fn add(&mut self, item: &Item) {
        match item {
            Item::Code { .. } => self.code += 1,
            Item::FunctionSettings(_) => self.function_settings += 1,
            Item::FunctionVersion(_) => self.function_versions += 1,
            Item::Alias(_) => self.aliases += 1,
            Item::AccessKey(_) => self.access_keys += 1,
            Item::Stack(_) => self.stacks += 1,
            Item::Audit(_) => self.changes += 1,
            Item::ScheduleMark(_) => self.schedule_marks += 1,
            Item::Accepted(_) => self.accepted_invocations += 1,
            Item::DeadLetter(_) => self.dead_letters += 1,
            Item::SetAside(_) => self.set_aside += 1,
            Item::Execution(whole) => {
                self.executions += 1;
                self.operations += whole.execution.operations().count() as u64;
                self.events += whole.events.len() as u64;
            }
            Item::File { .. } => self.files += 1,
            Item::FileBytes(_) => {}
        }
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The item, with its id.
    pub what: String,
    /// Why.
    pub why: String,
}
