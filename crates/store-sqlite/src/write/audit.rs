//! The record of changes.

use store::columns::Code as _;
use store::{AUDIT_REMOVED_AT_ONCE, AuditKind, AuditRecord};

use super::Statements;
use crate::cells::Parameters;

impl Statements<'_> {
    pub(crate) fn append_audit(&mut self, records: &[AuditRecord]) -> rusqlite::Result<()> {
        for record in records {
            let AuditRecord {
                id,
                kind,
                at,
                server,
                who,
                access_key_id,
                source_ip,
                action,
                resource,
                outcome,
                status,
                error,
            } = record;
            let mut parameters = Parameters::of(&mut self.insert_audit_record);
            parameters.add(kind.code())?;
            parameters.add(id)?;
            parameters.add(at.as_millis())?;
            parameters.add_text(server.as_ref())?;
            parameters.add(who)?;
            parameters.add_text(access_key_id.as_ref())?;
            parameters.add_text(source_ip.as_ref())?;
            parameters.add(action)?;
            parameters.add(resource)?;
            parameters.add(outcome)?;
            parameters.add(*status)?;
            parameters.add_text(error.as_ref())?;
            parameters.execute()?;
        }
        Ok(())
    }

    /// Removes the oldest records before an id, not all at once.
    pub(crate) fn trim_audit(&mut self, kind: AuditKind, until: &str) -> rusqlite::Result<()> {
        let parameters = (kind.code(), until, AUDIT_REMOVED_AT_ONCE as i64);
        self.trim_audit_records.execute(parameters).map(drop)
    }
}
