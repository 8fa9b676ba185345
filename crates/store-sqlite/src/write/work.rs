//! Executions that are set aside.

use model::ExecutionId;
use store::SetAside;

use super::Statements;
use crate::cells::Parameters;

impl Statements<'_> {
    pub(crate) fn set_aside(&mut self, record: &SetAside) -> rusqlite::Result<()> {
        let SetAside {
            execution_id,
            set_aside_at,
            attempted,
            reason,
        } = record;
        let mut parameters = Parameters::of(&mut self.set_aside);
        parameters.add(execution_id.as_str())?;
        parameters.add(set_aside_at.as_millis())?;
        parameters.add(attempted)?;
        parameters.add(reason)?;
        parameters.execute().map(drop)
    }

    pub(crate) fn take_back(&mut self, id: &ExecutionId) -> rusqlite::Result<()> {
        self.take_back.execute([id.as_str()]).map(drop)
    }
}
