//! Functions with reserved concurrency on one server, and the invariants of their invocations: never more at one time
//! than the limit on all servers together, and none waits while there is room.
//!
//! As documented, invocations on a server whose lease of places has ended go on uncounted; that server begins no more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{FunctionName, Owner, Timestamp};
use runtime::{Entered, Places, Reservations, Room};
use store::{PlacesAsk, PlacesSeen};
use tokio::sync::Notify;

use crate::clock::MachineClock;
use crate::machine::Machine;
use crate::world::World;

/// How long an invocation may wait, once there are no more faults, while there is room: the longest pause of a lane, a
/// lease, and the time to get a place from another server.
const BEGINS_WITHIN: Duration = Duration::from_secs(30);

/// How long a server may have none of the places that others use, once there are no more faults: its turn comes, and
/// the longest invocation ends.
const TURN_WITHIN: Duration = Duration::from_secs(300);

/// Pause between two checks of waiting invocations.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The functions of one server.
pub(crate) struct Reserved {
    machine: Arc<Machine>,
    functions: BTreeMap<FunctionName, (usize, Places)>,
    changed: Arc<Notify>,
}

impl Reserved {
    pub fn of(machine: &Arc<Machine>) -> Arc<Self> {
        let reserved = machine.world.plan.reserved.iter();
        let functions = reserved.map(|(name, limit)| {
            let name = FunctionName::parse(name).expect("a valid name");
            (name, (*limit, Places::default()))
        });
        Arc::new(Self {
            machine: Arc::clone(machine),
            functions: functions.collect(),
            changed: Arc::default(),
        })
    }

    fn room(&self, limit: usize) -> Room {
        match self.machine.world.plan.is_shared() {
            false => Room::Limited(limit),
            true => Room::Shared {
                limit,
                now: self.machine.now(),
                changed: Arc::clone(&self.changed),
            },
        }
    }

    /// Counts an invocation; `None` if the reserved concurrency is used up.
    pub async fn enter(&self, function: &FunctionName) -> Option<Entered> {
        let Some((limit, places)) = self.functions.get(function) else {
            return Places::default().take(&Room::Unlimited);
        };
        let clock = MachineClock(Arc::clone(&self.machine));
        let entered = places.enter(&clock, || self.room(*limit)).await;
        self.machine.goes().await;
        entered
    }

    /// How many invocations may run here at one time.
    pub fn admitted(&self, function: &FunctionName) -> usize {
        match self.functions.get(function) {
            Some((limit, places)) => places.admitted(&self.room(*limit)),
            None => usize::MAX,
        }
    }

    /// Returns when an invocation that was refused may be tried again.
    pub fn freed(&self, function: &FunctionName) -> impl Future<Output = ()> + Send + use<> {
        let places = self.functions.get(function);
        let places = places.map(|(_, places)| places.clone());
        async move {
            match places {
                Some(places) => places.freed().await,
                None => std::future::pending().await,
            }
        }
    }
}

impl Reservations for Reserved {
    fn reserved(&self) -> Vec<(FunctionName, usize, Places)> {
        let functions = self.functions.iter();
        let functions =
            functions.map(|(name, (limit, places))| (name.clone(), *limit, places.clone()));
        functions.collect()
    }

    fn places_changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }
}

/// A running invocation of a function; dropping it ends the invocation.
pub(crate) struct Occupies {
    machine: Arc<Machine>,
    number: u64,
}

impl Drop for Occupies {
    fn drop(&mut self) {
        let mut state = self.machine.world.state();
        state.occupancy.ends(self.number);
    }
}

impl World {
    /// Called when the database has answered a request for places.
    pub fn places_shared(&self, by: Owner, asks: &[PlacesAsk], seen: &PlacesSeen, lease: Duration) {
        let now = self.now();
        let mut too_many = None;
        {
            let mut state = self.state();
            state.occupancy.expire(now);
            for ask in asks {
                let mut all = 0;
                let records = seen.places.iter();
                for record in records.filter(|it| it.function == ask.function) {
                    all += record.held;
                    if record.server == by {
                        let (held, until) = (record.held as usize, now + lease);
                        state.occupancy.holds(by, &ask.function, held, until);
                    }
                }
                if all > ask.limit {
                    too_many = Some(format!("{}: {all} of {}", ask.function, ask.limit));
                }
            }
        }
        if let Some(seen) = too_many {
            self.violate("servers have no more places than there are", seen);
        }
    }

    /// Called when a process begins an invocation of a function.
    pub fn occupies(&self, on: &Arc<Machine>, function: &FunctionName) -> Occupies {
        let now = self.now();
        let limit = self.plan.reserved.get(function.as_str()).copied();
        let mut machines = self.machines();
        machines.retain(|it| !it.is_dead());
        let living: Vec<_> = machines.iter().map(|it| it.number).collect();
        let owner = on.owner();
        let (number, all, here, held) = {
            let mut state = self.state();
            let occupancy = &mut state.occupancy;
            occupancy.expire(now);
            let number = occupancy.begins(function, on.number, owner, now);
            let mut all = occupancy.counted(function);
            all.retain(|it| living.contains(it));
            let here = all.iter().filter(|it| **it == on.number).count();
            let held = owner.map(|owner| occupancy.held(owner, function, now));
            (number, all, here, held)
        };
        if let Some(limit) = limit {
            if all.len() > limit {
                let seen = format!("{function}: on servers {all:?}, and {limit} may");
                self.violate("no more run at one time than are reserved", seen);
            }
            if held.is_some_and(|held| here > held) {
                let seen = format!("{function}: {here} on server {} of {held:?}", on.number);
                self.violate("a place is held before it is used", seen);
            }
        }
        Occupies {
            machine: Arc::clone(on),
            number,
        }
    }

    /// Checks repeatedly whether an invocation waits that could begin.
    pub async fn check_turns(&self) {
        let mut since = BTreeMap::<(FunctionName, usize), (Timestamp, Timestamp)>::new();
        loop {
            self.reached(self.now() + LOOK_AGAIN).await;
            self.check_who_waits(&mut since);
        }
    }

    /// `since` has, for each waiting function and server, since when it waits, and since when it waits although there
    /// is room.
    fn check_who_waits(&self, since: &mut BTreeMap<(FunctionName, usize), (Timestamp, Timestamp)>) {
        let now = self.now();
        let machines = self.machines();
        let living = machines.iter().filter(|it| !it.is_dead());
        if !living.clone().all(|it| it.is_well()) {
            return since.clear();
        }
        let living: Vec<_> = living.collect();
        let mut waiting = BTreeMap::new();
        for (name, limit) in &self.plan.reserved {
            let function = FunctionName::parse(name).expect("a valid name");
            let at_work = {
                let mut state = self.state();
                state.occupancy.expire(now);
                // Invocations that go on uncounted keep their server's places.
                state.occupancy.at_work(&function)
            };
            let all = at_work
                .iter()
                .filter(|it| living.iter().any(|at| at.number == **it));
            let has_room = all.count() < *limit;
            for machine in &living {
                let Some(server) = machine.server() else {
                    continue;
                };
                let versions = server.app.driver().waiting_by_version();
                let here = at_work.iter().filter(|it| **it == machine.number).count();
                if !versions.iter().any(|(waits, ..)| *waits == function)
                    || here >= self.plan.concurrency
                {
                    continue;
                }
                let began = self.state().occupancy.last_began(&function, machine.number);
                let began = began.unwrap_or(now);
                let key = (function.clone(), machine.number);
                let before = since
                    .get(&key)
                    .copied()
                    .filter(|(waits, _)| began <= *waits);
                let (waits, with_room) = before.unwrap_or((now, now));
                let with_room = if has_room { with_room } else { now };
                waiting.insert(key, (waits, with_room));
            }
        }
        *since = waiting;
        for ((function, server), (waits, with_room)) in &*since {
            let seen = format!("{function} on server {server}");
            if now.since(*with_room) > BEGINS_WITHIN {
                self.violate("what waits for room begins once it is there", seen);
            } else if now.since(*waits) > TURN_WITHIN {
                self.violate("every server has its turn", seen);
            }
        }
    }
}
