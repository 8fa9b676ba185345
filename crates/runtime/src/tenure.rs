//! Whether this run may still begin an action: no other run has driven its executions meanwhile.

use std::fmt;
use std::sync::Arc;

use model::ExecutionId;
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
    /// Has to be driven here, too.
    execution: Option<ExecutionId>,
}

impl Tenure {
    /// From now on.
    pub(crate) fn of(territory: &Arc<Territory>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            territory: Arc::clone(territory),
            clock: Arc::clone(clock),
            lapses: territory.lapses(),
            execution: None,
        }
    }

    /// The same over an execution, whose shard may be passed on to another server meanwhile.
    pub(crate) fn over(self, id: ExecutionId) -> Self {
        Self {
            execution: Some(id),
            ..self
        }
    }

    /// Whether there was no break, and there is none now.
    pub fn holds(&self) -> bool {
        self.territory.is_held(self.clock.now())
            && self.territory.lapses() == self.lapses
            && (self.execution.as_ref()).is_none_or(|id| self.territory.has(id))
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
