//! How many invocations of a function may run here at one time: the reserved concurrency, shared with the other servers
//! of the same store, if any.

use std::sync::Arc;

use model::{FunctionName, Timestamp};
use runtime::{Clock, Entered, PlaceLease, Places, Reservations, Room};
use tokio::sync::Notify;

use super::Registry;

impl Registry {
    fn room(&self, reserved: Option<u32>) -> Room {
        let Some(limit) = reserved else {
            return Room::Unlimited;
        };
        let limit = limit as usize;
        match &self.together {
            None => Room::Limited(limit),
            Some(together) => together.room(limit),
        }
    }

    fn places(&self, name: &FunctionName) -> Option<(Places, Room)> {
        let (places, reserved) = self.with(name, |function| {
            let reserved = function.settings.reserved_concurrency;
            (function.places.clone(), reserved)
        })?;
        Some((places, self.room(reserved)))
    }

    /// Counts an invocation; `None` when the function's reserved concurrency is used up. Where other servers do not use
    /// all of it, waits a moment for a share of theirs.
    pub async fn enter(&self, name: &FunctionName, clock: &dyn Clock) -> Option<Entered> {
        let (places, _) = self.places(name)?;
        let room = || self.room(self.settings(name).reserved_concurrency);
        places.enter(clock, room).await
    }

    /// Whether an invocation that has entered may begin: it still has its place, or needs none any more.
    pub fn may_begin(&self, name: &FunctionName, place: &PlaceLease, now: Timestamp) -> bool {
        let is_shared = || matches!(self.places(name), Some((_, Room::Shared { .. })));
        place.holds(now) || !is_shared()
    }

    /// How many invocations of a function may run here at one time.
    pub fn admitted(&self, name: &FunctionName) -> usize {
        let places = self.places(name);
        places.map_or(usize::MAX, |(places, room)| places.admitted(&room))
    }

    /// Resolves when an invocation that was refused may be tried again.
    pub async fn wait_for_room(&self, name: &FunctionName) {
        match self.places(name) {
            Some((places, _)) => places.freed().await,
            None => std::future::pending().await,
        }
    }
}

impl Reservations for Registry {
    fn reserved(&self) -> Vec<(FunctionName, usize, Places)> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        let reserved = functions.iter().filter_map(|(name, function)| {
            let limit = function.settings.reserved_concurrency?;
            // A function with a limit of zero needs no share.
            (limit > 0).then(|| (name.clone(), limit as usize, function.places.clone()))
        });
        reserved.collect()
    }

    fn places_changed(&self) -> Arc<Notify> {
        match &self.together {
            Some(together) => together.places_changed(),
            None => Arc::default(),
        }
    }
}
