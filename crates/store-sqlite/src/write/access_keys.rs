//! Access keys.

use model::Timestamp;
use store::{AccessKeyRecord, StoreFault};

use super::Statements;
use crate::cells::Parameters;
use crate::refusal::Refusal;

impl Statements<'_> {
    /// Records a new key; the inner result refuses one whose id or name is taken.
    pub(crate) fn create_access_key(
        &mut self,
        record: &AccessKeyRecord,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        let AccessKeyRecord {
            id,
            name,
            sealed_secret,
            policies,
            created_at,
            rotated_at,
            disabled_at,
        } = record;
        let mut parameters = Parameters::of(&mut self.insert_access_key);
        parameters.add(id)?;
        parameters.add(name)?;
        parameters.add(sealed_secret)?;
        parameters.add(policies)?;
        parameters.add(created_at.as_millis())?;
        parameters.add(rotated_at.as_millis())?;
        parameters.add_instant(*disabled_at)?;
        Ok(match parameters.execute()? {
            0 => Err(Refusal::Fault(StoreFault::access_key_taken(record))),
            _ => Ok(()),
        })
    }

    /// Records a key again; the inner result rejects one that does not exist.
    pub(crate) fn replace_access_key(
        &mut self,
        record: &AccessKeyRecord,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        let changed = self.update_access_key.execute((
            &record.id,
            &record.sealed_secret,
            &record.policies,
            record.rotated_at.as_millis(),
            record.disabled_at.map(Timestamp::as_millis),
        ))?;
        Ok(match changed {
            0 => Err(Refusal::Fault(StoreFault::no_access_key(&record.id))),
            _ => Ok(()),
        })
    }

    pub(crate) fn delete_access_key(&mut self, id: &str) -> rusqlite::Result<()> {
        self.delete_access_key.execute([id]).map(drop)
    }
}
