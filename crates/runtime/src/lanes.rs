//! Whose turn it is: how many invocations of each function version run at one time, and which wait.
//!
//! Plain bookkeeping behind one lock: nothing here waits or runs anything. A waiting invocation is named, not held: a
//! backlog costs some two hundred bytes each, however large the executions are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use model::{ExecutionId, ExecutionState, FunctionName, OperationId, RequestId, Version};
use store::AsyncInvocationId;
use tokio_util::sync::CancellationToken;

/// A function version: its invocations share one lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LaneKey {
    pub function: FunctionName,
    pub version: Version,
}

/// Something that invokes a function when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    /// An invocation of a durable execution.
    Durable {
        execution_id: ExecutionId,
        request_id: RequestId,
    },
    /// A chained invoke of a plain function.
    Chained {
        execution_id: ExecutionId,
        operation_id: OperationId,
    },
    /// An accepted asynchronous invocation of a plain function.
    Queued(AsyncInvocationId),
}

/// The purpose of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Goes on with an execution that has run before: a wait is over, a callback has come, an invocation is repeated.
    GoOn,
    /// Begins something.
    Begin,
}

impl Purpose {
    /// Of the invocation that an execution has scheduled.
    pub fn of(state: &ExecutionState) -> Self {
        if state.invocation_count > 1 {
            Self::GoOn
        } else {
            Self::Begin
        }
    }
}

/// The result of a request for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It may run now.
    Now,
    /// It waits.
    Waits,
    /// It runs or waits already.
    Taken,
}

/// How long a lane rests that found no room, at first and at the most; it doubles each time. Room that is
/// noticed ends the rest at once.
const REST: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(10);

/// How many going-on turns run before the next beginning one, while both wait. An execution that goes on has waited
/// long enough, and its end makes room; yet a function whose executions go on all the time has to begin others.
const GO_ON_IN_A_ROW: u32 = 4;

#[derive(Debug)]
enum State {
    Waiting,
    /// Cancelled when it is called off: then it ends, unless a process has it already.
    Running(CancellationToken),
    /// Its function is done; the outcome is being recorded.
    Recording,
}

/// The waiting turns, in their order. A turn that was called off is skipped when it comes.
#[derive(Debug, Default)]
struct Waiting {
    going_on: VecDeque<Turn>,
    beginning: VecDeque<Turn>,
    /// How many have gone on since one began.
    in_a_row: u32,
}

impl Waiting {
    fn push(&mut self, turn: Turn, purpose: Purpose) {
        match purpose {
            Purpose::GoOn => self.going_on.push_back(turn),
            Purpose::Begin => self.beginning.push_back(turn),
        }
    }

    /// Before all others.
    fn push_front(&mut self, turn: Turn) {
        self.going_on.push_front(turn);
        self.in_a_row = 0;
    }

    fn pop(&mut self) -> Option<Turn> {
        if self.in_a_row < GO_ON_IN_A_ROW
            && let Some(turn) = self.going_on.pop_front()
        {
            self.in_a_row += 1;
            return Some(turn);
        }
        self.in_a_row = 0;
        let turn = self.beginning.pop_front();
        turn.or_else(|| self.going_on.pop_front())
    }

    fn is_empty(&self) -> bool {
        self.going_on.is_empty() && self.beginning.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = &Turn> {
        self.going_on.iter().chain(&self.beginning)
    }
}

#[derive(Debug, Default)]
struct Lane {
    waiting: Waiting,
    running: usize,
    /// At most so many at one time, since there was no room for more; each that runs well raises it.
    ceiling: Option<usize>,
    /// Nothing starts until the rest is over.
    resting: bool,
    rest: Option<Duration>,
}

impl Lane {
    fn has_room(&self, limit: usize) -> bool {
        // A function that may not run at all is tried one at a time, to notice when it may.
        let limit = limit.max(1);
        !self.resting && self.running < self.ceiling.map_or(limit, |ceiling| ceiling.min(limit))
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    lanes: HashMap<LaneKey, Lane>,
    turns: HashMap<Turn, State>,
    waiting: usize,
}

impl Inner {
    /// The next turns that may run, `limit` at one time.
    fn start_next(&mut self, key: &LaneKey, limit: usize) -> Vec<Turn> {
        let mut started = Vec::new();
        let Some(lane) = self.lanes.get_mut(key) else {
            return started;
        };
        while lane.has_room(limit) {
            let Some(turn) = lane.waiting.pop() else {
                break;
            };
            let Some(state) = self.turns.get_mut(&turn) else {
                continue;
            };
            *state = State::Running(CancellationToken::new());
            self.waiting -= 1;
            lane.running += 1;
            started.push(turn);
        }
        if lane.running == 0 && lane.waiting.is_empty() && !lane.resting {
            self.lanes.remove(key);
        }
        started
    }
}

impl Lanes {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .expect("nothing panics while it holds the lanes")
    }

    /// Asks for a turn, with `limit` at one time.
    pub fn enter(&self, key: &LaneKey, turn: &Turn, purpose: Purpose, limit: usize) -> Place {
        let mut inner = self.inner();
        if inner.turns.contains_key(turn) {
            return Place::Taken;
        }
        let lane = inner.lanes.entry(key.clone()).or_default();
        let now = lane.waiting.is_empty() && lane.has_room(limit);
        if now {
            lane.running += 1;
        } else {
            lane.waiting.push(turn.clone(), purpose);
        }
        let state = if now {
            State::Running(CancellationToken::new())
        } else {
            State::Waiting
        };
        inner.turns.insert(turn.clone(), state);
        inner.waiting += usize::from(!now);
        if now { Place::Now } else { Place::Waits }
    }

    /// Whether a turn runs or waits.
    pub fn has(&self, turn: &Turn) -> bool {
        self.inner().turns.contains_key(turn)
    }

    /// Calls a turn off. Returns whether it waited and is gone; one that runs is told, and ends by itself.
    pub fn call_off(&self, turn: &Turn) -> bool {
        let mut inner = self.inner();
        match inner.turns.get(turn) {
            Some(State::Waiting) => {
                inner.turns.remove(turn);
                inner.waiting -= 1;
                true
            }
            Some(State::Running(called_off)) => {
                called_off.cancel();
                false
            }
            Some(State::Recording) | None => false,
        }
    }

    /// The token that tells a running turn that it is called off.
    pub fn called_off(&self, turn: &Turn) -> CancellationToken {
        match self.inner().turns.get(turn) {
            Some(State::Running(called_off)) => called_off.clone(),
            Some(State::Waiting | State::Recording) | None => CancellationToken::new(),
        }
    }

    /// A function is done: its place goes to the next, while the outcome is recorded.
    pub fn leave(&self, key: &LaneKey, turn: &Turn, limit: usize) -> Vec<Turn> {
        let mut inner = self.inner();
        inner.turns.insert(turn.clone(), State::Recording);
        if let Some(lane) = inner.lanes.get_mut(key) {
            lane.running -= 1;
            lane.resting = false;
            lane.rest = None;
            lane.ceiling = lane
                .ceiling
                .map(|ceiling| ceiling + 1)
                .filter(|ceiling| *ceiling < limit);
        }
        inner.start_next(key, limit)
    }

    /// Everything of a turn is done.
    pub fn end(&self, turn: &Turn) {
        self.inner().turns.remove(turn);
    }

    /// There was no room for a turn: it waits again, before all others. Returns how long the lane rests, to
    /// begin now, unless it rests already.
    pub fn put_back(&self, key: &LaneKey, turn: Turn) -> Option<Duration> {
        let mut inner = self.inner();
        inner.turns.insert(turn.clone(), State::Waiting);
        inner.waiting += 1;
        let lane = inner.lanes.entry(key.clone()).or_default();
        lane.waiting.push_front(turn);
        lane.running -= 1;
        lane.ceiling = Some(lane.running.max(1));
        if lane.resting {
            return None;
        }
        lane.resting = true;
        let rest = lane.rest.unwrap_or(REST);
        lane.rest = Some((rest * 2).min(REST_MAX));
        Some(rest)
    }

    /// The lane has rested, or room was noticed: tries one more than run now, because the running ones may take long.
    pub fn rested(&self, key: &LaneKey, limit: usize) -> Vec<Turn> {
        let mut inner = self.inner();
        if let Some(lane) = inner.lanes.get_mut(key) {
            lane.resting = false;
            let one_more = lane.running + 1;
            lane.ceiling = lane.ceiling.map(|ceiling| ceiling.max(one_more));
        }
        inner.start_next(key, limit)
    }

    /// How many turns wait.
    pub fn waiting(&self) -> usize {
        self.inner().waiting
    }

    /// How many turns of a function wait, all versions together; counted as far as `most`.
    pub fn waiting_of(&self, function: &FunctionName, most: usize) -> usize {
        let inner = self.inner();
        let waits = |turn: &&Turn| matches!(inner.turns.get(*turn), Some(State::Waiting));
        let lanes = inner
            .lanes
            .iter()
            .filter(|(key, _)| key.function == *function);
        let turns = lanes.flat_map(|(_, lane)| lane.waiting.iter());
        turns.filter(waits).take(most).count()
    }

    /// The versions of a function that have turns.
    pub fn lanes_of(&self, function: &FunctionName) -> Vec<LaneKey> {
        let inner = self.inner();
        let keys = inner.lanes.keys();
        keys.filter(|key| key.function == *function)
            .cloned()
            .collect()
    }

    /// More turns than before may run at one time, so that waiting turns have room now.
    pub fn grown(&self, key: &LaneKey, limit: usize) -> Vec<Turn> {
        let mut inner = self.inner();
        if let Some(lane) = inner.lanes.get_mut(key) {
            lane.ceiling = None;
        }
        inner.start_next(key, limit)
    }

    /// How many turns wait, by function version.
    pub fn waiting_by_lane(&self) -> Vec<(LaneKey, usize)> {
        let inner = self.inner();
        let waits = |turn: &&Turn| matches!(inner.turns.get(*turn), Some(State::Waiting));
        inner
            .lanes
            .iter()
            .map(|(key, lane)| (key.clone(), lane.waiting.iter().filter(waits).count()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> LaneKey {
        LaneKey {
            function: FunctionName::parse("Loan").expect("a valid name"),
            version: Version::Published(1),
        }
    }

    fn turn(number: i64) -> Turn {
        Turn::Queued(AsyncInvocationId(number))
    }

    #[test]
    fn turns_come_in_order_and_a_few_at_a_time() {
        let lanes = Lanes::default();
        let places: Vec<_> = (0..5)
            .map(|it| lanes.enter(&key(), &turn(it), Purpose::Begin, 2))
            .collect();
        assert_eq!(places[..2], [Place::Now; 2]);
        assert_eq!(places[2..], [Place::Waits; 3]);
        assert_eq!(
            lanes.enter(&key(), &turn(0), Purpose::Begin, 2),
            Place::Taken
        );
        assert_eq!(
            lanes.enter(&key(), &turn(4), Purpose::Begin, 2),
            Place::Taken
        );
        assert_eq!(lanes.leave(&key(), &turn(0), 2), [turn(2)]);
        // Its place is free, and yet it is not done.
        assert_eq!(
            lanes.enter(&key(), &turn(0), Purpose::Begin, 2),
            Place::Taken
        );
        lanes.end(&turn(0));
        assert!(lanes.call_off(&turn(3)));
        assert!(!lanes.call_off(&turn(3)));
        let called_off = lanes.called_off(&turn(2));
        assert!(!lanes.call_off(&turn(2)), "it runs");
        assert!(called_off.is_cancelled());
        assert!(!lanes.called_off(&turn(1)).is_cancelled());
        assert_eq!(lanes.waiting(), 1);
        assert_eq!(lanes.leave(&key(), &turn(1), 2), [turn(4)]);
        assert_eq!(lanes.leave(&key(), &turn(2), 2), []);
        assert_eq!(lanes.leave(&key(), &turn(4), 2), []);
        assert!(lanes.inner().lanes.is_empty(), "an idle lane is forgotten");
    }

    #[test]
    fn a_lane_without_room_rests_and_then_grows_again() {
        let lanes = Lanes::default();
        for it in 0..4 {
            assert_eq!(
                lanes.enter(&key(), &turn(it), Purpose::Begin, 4),
                Place::Now
            );
        }
        assert_eq!(lanes.put_back(&key(), turn(3)), Some(REST));
        assert_eq!(lanes.put_back(&key(), turn(2)), None, "it rests already");
        assert_eq!(
            lanes.enter(&key(), &turn(4), Purpose::Begin, 4),
            Place::Waits
        );
        // Two run; the end of one proves that there is room for one more than that.
        assert_eq!(lanes.leave(&key(), &turn(0), 4), [turn(2), turn(3)]);
        assert_eq!(lanes.leave(&key(), &turn(1), 4), [turn(4)]);
        for it in 2..5 {
            assert_eq!(lanes.leave(&key(), &turn(it), 4), []);
        }
    }

    #[test]
    fn what_found_no_room_does_not_wait_for_those_that_run_for_long() {
        let lanes = Lanes::default();
        for it in 0..4 {
            lanes.enter(&key(), &turn(it), Purpose::Begin, 4);
        }
        for it in [3, 2] {
            lanes.put_back(&key(), turn(it));
        }
        // Two run: one more is tried.
        assert_eq!(lanes.rested(&key(), 4), [turn(2)]);
        assert_eq!(lanes.grown(&key(), 4), [turn(3)]);
    }

    #[test]
    fn rests_grow_until_something_runs() {
        let lanes = Lanes::default();
        assert_eq!(lanes.enter(&key(), &turn(0), Purpose::Begin, 4), Place::Now);
        let mut rests = Vec::new();
        for _ in 0..6 {
            rests.push(
                lanes
                    .put_back(&key(), turn(0))
                    .expect("a rest begins")
                    .as_secs(),
            );
            assert_eq!(lanes.rested(&key(), 4), [turn(0)]);
        }
        assert_eq!(rests, [1, 2, 4, 8, 10, 10]);
        lanes.leave(&key(), &turn(0), 4);
        assert_eq!(lanes.enter(&key(), &turn(1), Purpose::Begin, 4), Place::Now);
        assert_eq!(lanes.put_back(&key(), turn(1)), Some(REST));
    }

    /// A function that may not run at all is tried now and then, one invocation at a time.
    #[test]
    fn without_any_room_one_at_a_time_is_tried() {
        let lanes = Lanes::default();
        assert_eq!(lanes.enter(&key(), &turn(0), Purpose::Begin, 0), Place::Now);
        assert_eq!(
            lanes.enter(&key(), &turn(1), Purpose::Begin, 0),
            Place::Waits
        );
        lanes.put_back(&key(), turn(0));
        assert_eq!(lanes.rested(&key(), 0), [turn(0)]);
    }

    /// Timers that are due do not wait until thousands have begun, and some begin all the same.
    #[test]
    fn what_goes_on_comes_before_what_begins() {
        let lanes = Lanes::default();
        for it in 0..8 {
            lanes.enter(&key(), &turn(it), Purpose::Begin, 1);
        }
        for it in 10..16 {
            lanes.enter(&key(), &turn(it), Purpose::GoOn, 1);
        }
        let mut order = vec![turn(0)];
        while let Some(next) = lanes.leave(&key(), &order[order.len() - 1], 1).pop() {
            order.push(next);
        }
        let expected = [0, 10, 11, 12, 13, 1, 14, 15, 2, 3, 4, 5, 6, 7].map(turn);
        assert_eq!(order, expected);
    }
}
