//! Reserved concurrency: how many invocations of a function run here at one time, and how many may.
//!
//! Of servers that share a store, each has some of a function's places by a lease, and lets no more invocations run
//! than that. An invocation does not ask the store: [`Sharing`] gives back and gets places now and then.

mod divide;
mod share;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{FunctionName, Timestamp};
use tokio::sync::Notify;

use crate::Clock;

pub(crate) use share::Sharing;

/// How long an invocation waits for a place that another server may have for it.
const PLACE_WITHIN: Duration = Duration::from_millis(300);

/// The places of one function, all its versions together. Clones are the same places.
#[derive(Debug, Default, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// How often the lease of this server's places ran out before it got places again.
    lapses: u64,
    /// Refused since the server last computed how many places it could use.
    refused: usize,
    share: Share,
}

/// This server's part of the places, where servers share a store.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    /// How many the store says that this server has.
    held: usize,
    /// How many of those may be taken: the others are given back as they become free.
    admitted: usize,
    /// When this is over, by the clock of this server.
    until: Option<Timestamp>,
    /// The other servers want all places that are not taken here.
    is_full: bool,
}

impl Share {
    fn admitted_at(&self, now: Timestamp) -> usize {
        match self.until {
            Some(until) if now < until => self.admitted,
            Some(_) | None => 0,
        }
    }
}

/// An invocation at work, counted until it is dropped.
#[derive(Debug)]
pub struct Entered {
    places: Places,
    shared: Option<Arc<Notify>>,
    lapses: u64,
}

impl Entered {
    /// Tells whether it may begin; does not keep the place.
    pub fn lease(&self) -> PlaceLease {
        PlaceLease {
            places: self.places.clone(),
            is_shared: self.shared.is_some(),
            lapses: self.lapses,
        }
    }
}

/// Whether the place of an invocation is this server's, asked right before a process gets it: between the two, the
/// server may have stood still, or not have reached the store, and others may use the place.
#[derive(Debug, Clone)]
pub struct PlaceLease {
    places: Places,
    is_shared: bool,
    lapses: u64,
}

impl PlaceLease {
    /// Whether it has been without a break, and is at this time of the server.
    pub fn holds(&self, now: Timestamp) -> bool {
        if !self.is_shared {
            return true;
        }
        let state = self.places.state();
        state.lapses == self.lapses && state.share.until.is_some_and(|until| now < until)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let is_surplus = {
            let mut state = self.places.state();
            state.taken -= 1;
            state.taken >= state.share.admitted
        };
        if let Some(shared) = &self.shared
            && is_surplus
        {
            // Another server waits for this one.
            shared.notify_one();
            return;
        }
        // If no task waits yet, the next one to wait finds this out at once.
        self.places.0.freed.notify_one();
    }
}

/// How many may be taken.
#[derive(Debug, Clone)]
pub enum Room {
    /// Any number.
    Unlimited,
    /// So many, here.
    Limited(usize),
    /// So many at all servers together; here, this server's part of them.
    Shared {
        /// At all servers.
        limit: usize,
        /// The time of this server.
        now: Timestamp,
        /// Told when this server could use more places, or has one to give back.
        changed: Arc<Notify>,
    },
}

impl Places {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place; `None` when there is no more room.
    pub fn take(&self, room: &Room) -> Option<Entered> {
        let (most, shared) = match room {
            Room::Unlimited => (usize::MAX, None),
            Room::Limited(most) => (*most, None),
            Room::Shared { limit, changed, .. } => (*limit, Some(changed)),
        };
        let (is_refused, lapses) = {
            let mut state = self.state();
            let most = match room {
                Room::Unlimited | Room::Limited(_) => most,
                Room::Shared { now, .. } => most.min(state.share.admitted_at(*now)),
            };
            let is_refused = state.taken >= most;
            if is_refused {
                state.refused += 1;
            } else {
                state.taken += 1;
            }
            (is_refused, state.lapses)
        };
        if !is_refused {
            return Some(Entered {
                places: self.clone(),
                shared: shared.cloned(),
                lapses,
            });
        }
        if let Some(changed) = shared
            && most > 0
        {
            changed.notify_one();
        }
        None
    }

    /// Takes a place; where other servers do not use all of theirs, waits a moment for one. `None` when there is no
    /// more room. `room` is asked at each try.
    pub async fn enter(&self, clock: &dyn Clock, room: impl Fn() -> Room) -> Option<Entered> {
        let until = clock.now() + PLACE_WITHIN;
        loop {
            let seen = room();
            if let Some(entered) = self.take(&seen) {
                return Some(entered);
            }
            if !self.may_come(&seen) || clock.now() >= until {
                return None;
            }
            tokio::select! {
                biased;
                () = self.freed() => {}
                () = clock.sleep_until(until) => {}
            }
        }
    }

    /// How many may run here at one time, by this room.
    pub fn admitted(&self, room: &Room) -> usize {
        match room {
            Room::Unlimited => usize::MAX,
            Room::Limited(most) => *most,
            Room::Shared { limit, now, .. } => (*limit).min(self.state().share.admitted_at(*now)),
        }
    }

    /// Whether a place that was refused may be had in a moment: other servers have some that they do not use.
    fn may_come(&self, room: &Room) -> bool {
        let Room::Shared { limit, now, .. } = room else {
            return false;
        };
        let share = self.state().share;
        let is_known = share.until.is_some_and(|until| *now < until);
        *limit > 0 && !(is_known && share.is_full)
    }

    /// Resolves when a place has become free, for the task that has waited longest.
    pub async fn freed(&self) {
        self.0.freed.notified().await;
    }

    /// Has all waiting tasks look again: there may be more places now.
    pub fn changed(&self) {
        self.0.freed.notify_waiters();
    }
}

/// Functions whose concurrency is reserved, as the server knows them.
pub trait Reservations: Send + Sync + 'static {
    /// Each of them, with its limit at all servers together.
    fn reserved(&self) -> Vec<(FunctionName, usize, Places)>;

    /// Told when this server could use more places, or has some to give back.
    fn places_changed(&self) -> Arc<Notify>;
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Waker};

    use super::*;

    fn is_ready(future: Pin<&mut impl Future>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        future.poll(&mut context).is_ready()
    }

    const ONE: Room = Room::Limited(1);

    #[test]
    fn a_place_is_given_on_to_the_one_who_waited_longest() {
        let places = Places::default();
        let taken = places.take(&ONE).expect("it is the first");
        assert!(places.take(&ONE).is_none());

        let (mut first, mut second) = (pin!(places.freed()), pin!(places.freed()));
        assert!(!is_ready(first.as_mut()) && !is_ready(second.as_mut()));
        drop(taken);
        assert!(is_ready(first.as_mut()));
        assert!(!is_ready(second.as_mut()));
        assert!(places.take(&ONE).is_some());
    }

    #[test]
    fn a_place_that_was_freed_before_somebody_waits_is_not_missed() {
        let places = Places::default();
        drop(places.take(&ONE));
        assert!(is_ready(pin!(places.freed())));
    }

    #[test]
    fn a_refusal_frees_nothing() {
        let places = Places::default();
        let _taken = places.take(&ONE).expect("it is the first");
        assert!(places.take(&ONE).is_none());
        assert!(!is_ready(pin!(places.freed())));
    }

    #[test]
    fn all_look_again_when_there_may_be_more_places() {
        let places = Places::default();
        let _taken = places.take(&ONE).expect("it is the first");
        let (mut first, mut second) = (pin!(places.freed()), pin!(places.freed()));
        assert!(!is_ready(first.as_mut()) && !is_ready(second.as_mut()));
        places.changed();
        assert!(is_ready(first) && is_ready(second));
        assert!(places.take(&Room::Limited(2)).is_some());
    }

    #[test]
    fn what_nobody_has_given_to_this_server_is_not_taken() {
        let places = Places::default();
        let changed = Arc::<Notify>::default();
        let room = Room::Shared {
            limit: 5,
            now: Timestamp::from_millis(1),
            changed: Arc::clone(&changed),
        };
        assert!(places.take(&room).is_none());
        assert!(places.may_come(&room));
        assert!(is_ready(pin!(changed.notified())), "it is asked for");
    }
}
