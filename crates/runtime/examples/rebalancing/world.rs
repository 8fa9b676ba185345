//! Servers, the database that lists them, and the shards between them, in simulated milliseconds.
//!
//! Production code decides for each server ([`Standing::part`]). When a server looks, and how long that takes, follows
//! `runtime::servers`: a beat reads the membership; claims and gifts are written a little later, on top of the other
//! servers' writes; a server that is given a shard is told and looks at once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use fastrand::Rng;
use model::Owner;
use runtime::Standing;

/// How long a server counts as alive after a beat.
pub const LEASE: u64 = 3_000;
/// From one beat to the next.
pub const BEAT: u64 = 1_000;
/// How long a shard with invocations at work is kept although another server is due it, and how long a server takes
/// to leave at the most.
const GRACE: u64 = 10_000;
/// How often a server that leaves looks.
const LEAVING_LOOKS: u64 = 100;
/// Until the database has answered a beat: so much at least, and as much again at the most.
const READ: u64 = 4;
/// Until it has written something.
const WRITE: u64 = 3;
/// Until another server has heard something.
const NOTICE: u64 = 1;

/// Numbers a server for good; one that is started again is another one.
pub type Place = usize;

/// The size of the simulation.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub shards: usize,
    pub servers: usize,
    /// Of a hundred shards, how many have an invocation at work at any moment.
    pub busy_percent: u64,
    pub seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A server begins a beat; the number tells beats that were called off.
    Beat(Place, u64),
    /// The database has answered it.
    Look(Place),
    /// Writes this server as the owner of shards that have no owner.
    Claim(Place),
    /// One gift of the server is written.
    Give(Place),
    /// The server hears that it was given something.
    Hurry(Place),
    /// Its lease is over, unless it was renewed.
    Expire(Place),
    /// It has had time enough to leave.
    Leave(Place),
}

#[derive(Debug)]
struct Server {
    id: Owner,
    is_alive: bool,
    is_listed: bool,
    leaves_at: Option<u64>,
    stands_still_until: u64,
    lease_until: u64,
    beat_number: u64,
    beat_began: u64,
    is_in_beat: bool,
    in_a_hurry: bool,
    surplus_since: Option<u64>,
    claiming: Vec<usize>,
    giving: Vec<(Place, Vec<usize>)>,
    /// Shards that belong to it according to the database.
    owned: BTreeSet<usize>,
    /// Of these, the shards that it has not seen yet.
    unseen: Vec<usize>,
}

#[derive(Debug, Clone, Copy, Default)]
struct ShardState {
    owner: Option<Place>,
    /// The server that does the work, if any.
    driver: Option<Place>,
    last_driver: Option<Place>,
    idle_since: u64,
}

/// Results, counted since [`World::count_anew`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Shards that came to be driven by another server than before.
    pub moves: u64,
    /// The least possible moves: all shards of the servers that left, and the shares of the servers that joined.
    pub least_moves: u64,
    /// Sum over all shards of the milliseconds without a driver.
    pub idle: u64,
    /// The longest time that one shard had no driver, in milliseconds.
    pub idle_longest: u64,
    /// Shards that were taken away from a server while an invocation was at work, or died with it.
    pub interrupted: u64,
}

/// See the module.
pub struct World {
    size: Size,
    rng: Rng,
    now: u64,
    order: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    servers: Vec<Server>,
    by_id: BTreeMap<Owner, Place>,
    shards: Vec<ShardState>,
    standing: Standing,
    figures: Figures,
}

impl World {
    /// Shards without an owner, and no server.
    pub fn empty(size: Size) -> Self {
        Self {
            rng: Rng::with_seed(size.seed),
            now: 0,
            order: 0,
            queue: BinaryHeap::new(),
            servers: Vec::new(),
            by_id: BTreeMap::new(),
            shards: vec![ShardState::default(); size.shards],
            standing: Standing::of([], &vec![None; size.shards]),
            figures: Figures::default(),
            size,
        }
    }

    /// Servers that have been there for long: shards are divided evenly.
    pub fn settled(size: Size) -> Self {
        let mut world = Self::empty(size);
        for _ in 0..size.servers {
            let within = world.rng.u64(..BEAT);
            world.start_within(within);
        }
        world.run_for(10 * BEAT);
        if !world.is_settled() {
            // Where nothing is idle, a shard that is handed over waits.
            let settled = world.run_until_settled(60 * BEAT);
            assert!(settled.is_some(), "they come to rest");
        }
        world.count_anew();
        world
    }

    /// Milliseconds since the beginning.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The figures so far.
    pub fn figures(&self) -> Figures {
        let mut figures = self.figures;
        for shard in self.shards.iter().filter(|shard| shard.driver.is_none()) {
            let idle = self.now - shard.idle_since;
            figures.idle += idle;
            figures.idle_longest = figures.idle_longest.max(idle);
        }
        figures
    }

    /// Resets the counts.
    pub fn count_anew(&mut self) {
        self.figures = Figures::default();
    }

    /// The least and the most shards that a living server owns.
    pub fn spread(&self) -> (usize, usize) {
        let owned = self
            .servers
            .iter()
            .filter(|it| it.is_alive)
            .map(|it| it.owned.len());
        owned.fold((usize::MAX, 0), |(least, most), count| {
            (least.min(count), most.max(count))
        })
    }

    /// Whether every shard is driven by its owner, all shares are even, and no server is about to leave.
    pub fn is_settled(&self) -> bool {
        let (least, most) = self.spread();
        let mut servers = self.servers.iter();
        most - least <= 1
            && !servers.any(|it| it.is_alive && it.leaves_at.is_some())
            && self
                .shards
                .iter()
                .all(|it| it.driver.is_some() && it.driver == it.owner)
    }

    /// Servers that live and are not leaving.
    pub fn staying(&self) -> Vec<Place> {
        let all = self.servers.iter().enumerate();
        let staying = all.filter(|(_, it)| it.is_alive && it.leaves_at.is_none());
        staying.map(|(place, _)| place).collect()
    }

    /// One of them.
    pub fn any(&mut self) -> Place {
        let staying = self.staying();
        staying[self.rng.usize(..staying.len())]
    }

    /// So many of the servers that stay have come anew: each is due its share.
    pub fn have_come(&mut self, count: usize) {
        self.shards_must_move(count * (self.size.shards / self.staying().len()));
    }

    /// So many moves cannot be avoided.
    pub fn shards_must_move(&mut self, count: usize) {
        self.figures.least_moves += count as u64;
    }

    /// Starts a server at once.
    pub fn start(&mut self) -> Place {
        self.start_within(0)
    }

    /// Starts one after this time.
    pub fn start_within(&mut self, after: u64) -> Place {
        let place = self.servers.len();
        let id = Owner(self.rng.u64(..));
        self.by_id.insert(id, place);
        self.servers.push(Server {
            id,
            is_alive: true,
            is_listed: false,
            leaves_at: None,
            stands_still_until: 0,
            lease_until: 0,
            beat_number: 0,
            beat_began: 0,
            is_in_beat: false,
            in_a_hurry: false,
            surplus_since: None,
            claiming: Vec::new(),
            giving: Vec::new(),
            owned: BTreeSet::new(),
            unseen: Vec::new(),
        });
        self.at(self.now + after, Event::Beat(place, 0));
        place
    }

    /// Kills one.
    pub fn kill(&mut self, place: Place) {
        self.figures.least_moves += self.servers[place].owned.len() as u64;
        self.servers[place].is_alive = false;
        for shard in self.servers[place].owned.clone() {
            self.figures.interrupted += u64::from(self.is_busy(shard));
            self.stop_driving(shard, place);
        }
    }

    /// Has one stand still for so long.
    pub fn suspend(&mut self, place: Place, length: u64) {
        self.figures.least_moves += self.servers[place].owned.len() as u64;
        for shard in self.servers[place].owned.clone() {
            self.figures.interrupted += u64::from(self.is_busy(shard));
            self.stop_driving(shard, place);
        }
        self.servers[place].stands_still_until = self.now + length;
    }

    /// Has one leave, as on `SIGTERM`.
    pub fn leave(&mut self, place: Place) {
        self.figures.least_moves += self.servers[place].owned.len() as u64;
        self.servers[place].leaves_at = Some(self.now + GRACE);
        self.at(self.now + GRACE, Event::Leave(place));
        self.hurry(place);
    }

    /// Whether one that was to leave is gone.
    pub fn is_gone(&self, place: Place) -> bool {
        !self.servers[place].is_alive
    }

    /// Lets time pass.
    pub fn run_for(&mut self, length: u64) {
        let until = self.now + length;
        while self.queue.peek().is_some_and(|next| next.0.0 <= until) {
            let Some(Reverse((at, _, event))) = self.queue.pop() else {
                break;
            };
            self.now = at;
            self.happen(event);
        }
        self.now = until;
    }

    /// Lets time pass until shards are divided evenly; returns how long that took, `None` if longer than the limit.
    pub fn run_until_settled(&mut self, limit: u64) -> Option<u64> {
        let begun = self.now;
        while self.now - begun < limit {
            self.run_for(10);
            // The servers learn of a death later.
            let is_known = self.servers.iter().all(|it| it.is_alive == it.is_listed);
            if is_known && self.is_settled() {
                return Some(self.now - begun);
            }
        }
        None
    }

    fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.queue.push(Reverse((at, self.order, event)));
    }

    /// Whether an invocation is at work in a shard. They last for a second.
    fn is_busy(&self, shard: usize) -> bool {
        let moment = self.now / 1_000;
        let mixed = (shard as u64 ^ moment << 24 ^ self.size.seed << 48)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) % 100 < self.size.busy_percent
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Beat(place, number) => self.beat(place, number),
            Event::Look(place) => self.look(place),
            Event::Claim(place) => self.claim(place),
            Event::Give(place) => self.give(place),
            Event::Hurry(place) => self.hurry(place),
            Event::Expire(place) => {
                if self.servers[place].lease_until <= self.now {
                    self.unlist(place);
                }
            }
            Event::Leave(place) => {
                if self.servers[place].is_alive {
                    self.end_leaving(place);
                }
            }
        }
    }

    fn beat(&mut self, place: Place, number: u64) {
        let now = self.now;
        let server = &mut self.servers[place];
        if !server.is_alive || number != server.beat_number {
            return;
        }
        if now < server.stands_still_until {
            let until = server.stands_still_until;
            self.at(until, Event::Beat(place, number));
            return;
        }
        server.beat_number += 1;
        server.beat_began = now;
        server.is_in_beat = true;
        let answer = now + READ + self.rng.u64(..=READ);
        self.at(answer, Event::Look(place));
    }

    fn look(&mut self, place: Place) {
        let now = self.now;
        let server = &mut self.servers[place];
        if !server.is_alive || now < server.stands_still_until {
            server.is_in_beat = false;
            let number = server.beat_number;
            self.at(now + BEAT, Event::Beat(place, number));
            return;
        }
        server.lease_until = now + LEASE;
        server.is_listed = true;
        let (id, is_leaving) = (server.id, server.leaves_at.is_some());
        self.standing.set_server(id, is_leaving);
        self.at(now + LEASE, Event::Expire(place));
        let part = self.standing.part(id);
        let since = match part.give.is_empty() {
            true => None,
            false => self.servers[place].surplus_since.or(Some(now)),
        };
        self.servers[place].surplus_since = since;
        let waits_for_idle = since.is_none_or(|since| now - since < GRACE);
        // From now on it drives the shards that it owns, except those that it passes on.
        for shard in std::mem::take(&mut self.servers[place].unseen) {
            self.drive(shard, place);
        }
        let owned = &self.servers[place].owned;
        let mut spare = owned
            .iter()
            .copied()
            .filter(|shard| !waits_for_idle || !self.is_busy(*shard));
        let mut giving = Vec::new();
        for (to, count) in part.give {
            let given: Vec<usize> = spare.by_ref().take(count).collect();
            if !given.is_empty() {
                giving.push((self.by_id[&to], given));
            }
        }
        drop(spare);
        giving.reverse();
        let server = &mut self.servers[place];
        server.claiming = part.claim;
        server.giving = giving;
        if server.claiming.is_empty() {
            self.next_gift(place);
        } else {
            self.at(now + WRITE, Event::Claim(place));
        }
    }

    fn claim(&mut self, place: Place) {
        for shard in std::mem::take(&mut self.servers[place].claiming) {
            if self.shards[shard].owner.is_none() && self.servers[place].is_listed {
                self.set_owner(shard, Some(place));
            }
        }
        if self.servers[place].is_alive {
            for shard in std::mem::take(&mut self.servers[place].unseen) {
                self.drive(shard, place);
            }
        }
        self.next_gift(place);
    }

    /// Stops driving the next shard to pass on, and has it written; or ends the beat.
    fn next_gift(&mut self, place: Place) {
        let Some((_, shards)) = self.servers[place].giving.last().cloned() else {
            self.end_beat(place);
            return;
        };
        for shard in shards {
            self.figures.interrupted += u64::from(self.is_busy(shard));
            self.stop_driving(shard, place);
        }
        self.at(self.now + WRITE, Event::Give(place));
    }

    fn give(&mut self, place: Place) {
        if let Some((to, shards)) = self.servers[place].giving.pop() {
            for shard in shards {
                if self.shards[shard].owner == Some(place) {
                    // The database also takes a gift to a server that is gone: the shard then has no owner.
                    let is_listed = self.servers[to].is_listed;
                    self.set_owner(shard, is_listed.then_some(to));
                }
            }
            self.at(self.now + NOTICE, Event::Hurry(to));
        }
        self.next_gift(place);
    }

    fn end_beat(&mut self, place: Place) {
        let server = &mut self.servers[place];
        server.is_in_beat = false;
        if let Some(leaves_at) = server.leaves_at
            && (server.owned.is_empty() || self.now >= leaves_at)
        {
            self.end_leaving(place);
            return;
        }
        let pause = match (server.in_a_hurry, server.leaves_at) {
            (true, _) => 0,
            (false, Some(_)) => LEAVING_LOOKS,
            (false, None) => BEAT,
        };
        server.in_a_hurry = false;
        let (at, number) = (server.beat_began + pause, server.beat_number);
        self.at(at.max(self.now), Event::Beat(place, number));
    }

    fn hurry(&mut self, place: Place) {
        let server = &mut self.servers[place];
        if server.is_in_beat {
            server.in_a_hurry = true;
        } else {
            let number = server.beat_number;
            self.at(self.now, Event::Beat(place, number));
        }
    }

    fn end_leaving(&mut self, place: Place) {
        for shard in self.servers[place].owned.clone() {
            self.figures.interrupted += u64::from(self.is_busy(shard));
            self.stop_driving(shard, place);
        }
        self.servers[place].is_alive = false;
        self.unlist(place);
    }

    fn unlist(&mut self, place: Place) {
        for shard in self.servers[place].owned.clone() {
            self.stop_driving(shard, place);
            self.set_owner(shard, None);
        }
        self.servers[place].unseen.clear();
        self.servers[place].is_listed = false;
        self.standing.remove_server(self.servers[place].id);
    }

    fn set_owner(&mut self, shard: usize, to: Option<Place>) {
        let from = std::mem::replace(&mut self.shards[shard].owner, to);
        if let Some(from) = from {
            self.servers[from].owned.remove(&shard);
        }
        if let Some(to) = to {
            self.servers[to].owned.insert(shard);
            self.servers[to].unseen.push(shard);
        }
        let id = |place: Place| self.servers[place].id;
        self.standing.moved(shard, from.map(id), to.map(id));
    }

    fn drive(&mut self, shard: usize, place: Place) {
        let state = &mut self.shards[shard];
        if state.owner != Some(place) || state.driver.is_some() {
            return;
        }
        let idle = self.now - state.idle_since;
        self.figures.idle += idle;
        self.figures.idle_longest = self.figures.idle_longest.max(idle);
        self.figures.moves += u64::from(state.last_driver != Some(place));
        state.driver = Some(place);
        state.last_driver = Some(place);
    }

    fn stop_driving(&mut self, shard: usize, place: Place) {
        let state = &mut self.shards[shard];
        if state.driver == Some(place) {
            state.driver = None;
            state.idle_since = self.now;
        }
    }
}
