//! Whether this run may still begin an action: no other run has driven its executions meanwhile.

use std::fmt;
use std::sync::Arc;

use model::{ExecutionId, Shard};
use store::StoreFault;

use crate::territory::Territory;
use crate::{Clock, ProcessError};

/// Whether this run has driven executions without a break since some moment. A run that stood still, or did not reach
/// the store, finds other servers at work when it goes on: the action that it was about to begin is theirs.
#[derive(Clone)]
pub struct Tenure {
    territory: Arc<Territory>,
    clock: Arc<dyn Clock>,
    lapses: u64,
    /// A shard that is driven here, too, without a break.
    shard: Option<(Shard, Option<u32>)>,
}

impl Tenure {
    /// From now on.
    pub(crate) fn of(territory: &Arc<Territory>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            territory: Arc::clone(territory),
            clock: Arc::clone(clock),
            lapses: territory.lapses(),
            shard: None,
        }
    }

    /// The same over the execution's shard, which may pass to another server meanwhile.
    pub(crate) fn over(self, id: &ExecutionId) -> Self {
        let shard = id.shard();
        let stint = self.territory.stint(shard);
        Self {
            shard: Some((shard, stint)),
            ..self
        }
    }

    /// Whether there was no break, and there is none now.
    pub fn holds(&self) -> bool {
        self.territory.is_held(self.clock.now())
            && self.territory.lapses() == self.lapses
            && self.shard.is_none_or(|(shard, stint)| {
                stint.is_some() && self.territory.stint(shard) == stint
            })
    }

    /// Fails if there was a break.
    ///
    /// # Errors
    ///
    /// A fault of unknown outcome: the action may be done, and the caller must not go on with it.
    pub fn check(&self) -> Result<(), ProcessError> {
        if self.holds() {
            return Ok(());
        }
        let cause = "the lease of this server was over meanwhile, and others may have gone on";
        let fault = StoreFault::new("go on with an execution", true, cause);
        Err(fault.with_outcome_unknown().into())
    }
}

impl fmt::Debug for Tenure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tenure").field(&self.holds()).finish()
    }
}
