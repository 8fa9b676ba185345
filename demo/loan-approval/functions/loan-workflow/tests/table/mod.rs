//! The progress table in memory, reduced to the counts that the workflow depends on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use loan_workflow::progress_log::{Applied, Counts, ProgressStore, StoreProgressError, Update};

/// See the module.
#[derive(Default)]
pub struct Table(Mutex<HashMap<String, Counts>>);

impl Table {
    fn counts(&self) -> MutexGuard<'_, HashMap<String, Counts>> {
        self.0
            .lock()
            .expect("nobody panicked with the table in hand")
    }
}

impl ProgressStore for Table {
    async fn counts(&self, application_id: &str) -> Result<Counts, StoreProgressError> {
        Ok(self
            .counts()
            .get(application_id)
            .copied()
            .unwrap_or_default())
    }

    async fn update(
        &self,
        application_id: &str,
        update: &Update,
    ) -> Result<Applied, StoreProgressError> {
        let mut counts = self.counts();
        let kept = counts.entry(application_id.to_owned()).or_default();
        if *kept != update.expected {
            return Ok(Applied::Overtaken);
        }
        *kept = update.counts;
        Ok(Applied::Yes)
    }

    async fn offer_callback(
        &self,
        application_id: &str,
        _: &str,
        progress: u64,
    ) -> Result<Applied, StoreProgressError> {
        let counts = self.counts();
        let kept = counts.get(application_id).copied().unwrap_or_default();
        let is_current = kept.progress == progress;
        Ok(if is_current {
            Applied::Yes
        } else {
            Applied::Overtaken
        })
    }
}
