//! Stacks.

use store::{StackRecord, StacksRevision, StoreFault};

use super::Statements;
use crate::refusal::Refusal;

impl Statements<'_> {
    /// Records a stack; the inner result refuses it when another one was changed since.
    pub(crate) fn put_stack(
        &mut self,
        record: &StackRecord,
        seen: StacksRevision,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        if !self.begin_stack_change(seen)? {
            return Ok(Err(Refusal::Fault(StoreFault::stacks_changed(
                &record.name,
            ))));
        }
        self.replace_stack.execute((
            &record.name,
            &record.document,
            record.deployed_at.as_millis(),
        ))?;
        Ok(Ok(()))
    }

    /// Forgets a stack; as above.
    pub(crate) fn delete_stack(
        &mut self,
        name: &str,
        seen: StacksRevision,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        if !self.begin_stack_change(seen)? {
            return Ok(Err(Refusal::Fault(StoreFault::stacks_changed(name))));
        }
        self.delete_stack.execute([name])?;
        Ok(Ok(()))
    }

    fn begin_stack_change(&mut self, seen: StacksRevision) -> rusqlite::Result<bool> {
        // No revision is so high: nothing was seen that this could be.
        let seen = i64::try_from(seen.0).unwrap_or(i64::MAX);
        Ok(self.raise_stacks_revision.execute([seen])? == 1)
    }
}
