//! The parts of functions that several servers of one store share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runtime::{Clock, Room};
use store::{CatalogueRevision, CodeBlobs, Store};
use tokio::sync::Notify;

/// The parts of functions that several servers share.
pub(crate) struct Together {
    /// Where all servers store their code.
    pub(super) code: Arc<dyn CodeBlobs>,
    pub(super) catalogue: Arc<dyn Store>,
    /// The revision of the catalogue that is known here.
    known: Mutex<Option<CatalogueRevision>>,
    clock: Arc<dyn Clock>,
    /// Notified when this server could use more of a reserved concurrency, or could give some back.
    places_changed: Arc<Notify>,
}

impl Together {
    pub fn new(
        code: &Arc<dyn CodeBlobs>,
        catalogue: &Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        Self {
            code: Arc::clone(code),
            catalogue: Arc::clone(catalogue),
            known: Mutex::default(),
            clock: Arc::clone(clock),
            places_changed: Arc::default(),
        }
    }

    /// How many invocations may run where this many are reserved among all servers.
    pub(super) fn room(&self, limit: usize) -> Room {
        Room::Shared {
            limit,
            now: self.clock.now(),
            changed: self.places_changed(),
        }
    }

    pub(super) fn places_changed(&self) -> Arc<Notify> {
        Arc::clone(&self.places_changed)
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Option<CatalogueRevision>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
