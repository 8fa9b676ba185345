//! Which of each function's places this server keeps, gives back and asks for, and how the answer changes them.
//!
//! Safe if the request is late or lost: a place is given back only when nothing here can take it any more, and taken
//! only after the store has said that it belongs to this server.

use std::collections::{BTreeMap, BTreeSet};

use model::{FunctionName, Owner, Timestamp};
use store::{PlacesAsk, PlacesRecord, PlacesSeen};

use super::divide::{Want, divide};
use super::{Places, Share};

/// How long a server has the odd place that several want, in milliseconds.
const TURN_MILLIS: i64 = 3_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct Sharing {
    me: Owner,
    known: BTreeMap<FunctionName, Vec<PlacesRecord>>,
    /// When that was, by the clock of the store.
    known_at: Timestamp,
    /// Only taken places are kept.
    gives_up: bool,
    questions: u64,
}

/// A question, on its way.
pub(crate) struct Question {
    pub number: u64,
    pub asks: Vec<PlacesAsk>,
    places: Vec<Places>,
}

/// The consequences of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Servers that have places for this one, or could use places that it has given back.
    pub tell: BTreeSet<Owner>,
    /// Functions of which more invocations may run here.
    pub grown: Vec<FunctionName>,
    /// There is something to give back.
    pub is_to_give_back: bool,
    /// This server could use more, and there are none.
    pub is_short: bool,
}

impl Sharing {
    pub fn new(me: Owner) -> Self {
        Self {
            me,
            known: BTreeMap::new(),
            known_at: Timestamp::from_millis(0),
            gives_up: false,
            questions: 0,
        }
    }

    /// From now on only gives back.
    pub fn give_up(&mut self) {
        self.gives_up = true;
    }

    /// Makes the next question. `waiting` counts the invocations of a function that wait for their turn, up to a
    /// number; `staying` are the servers that get some of the unused places.
    pub fn ask(
        &mut self,
        reserved: Vec<(FunctionName, usize, Places)>,
        waiting: impl Fn(&FunctionName, usize) -> usize,
        staying: &[Owner],
    ) -> Question {
        self.questions += 1;
        let mut question = Question {
            number: self.questions,
            asks: Vec::new(),
            places: Vec::new(),
        };
        for (function, limit, places) in reserved {
            let waiting = waiting(&function, limit);
            let known = self.known.get(&function).map_or(&[][..], Vec::as_slice);
            let mut state = places.state();
            let refused = std::mem::take(&mut state.refused);
            let wanted = limit.min(state.taken + waiting.max(refused));
            let goal = self.goal(limit, known, wanted, staying, self.known_at);
            // From here on no invocation takes a place that this gives back.
            state.share.admitted = state.share.admitted.min(goal);
            let keep = state.share.admitted.max(state.taken.min(state.share.held));
            drop(state);
            question.asks.push(PlacesAsk {
                function,
                limit: small(limit),
                keep: small(keep),
                goal: small(goal),
                wanted: small(wanted),
            });
            question.places.push(places);
        }
        question
    }

    /// Applies the answer, which came at this time of the server; places that were given last until `until`.
    pub fn hear(
        &mut self,
        question: Question,
        seen: PlacesSeen,
        (now, until): (Timestamp, Timestamp),
        staying: &[Owner],
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut known = BTreeMap::<FunctionName, Vec<PlacesRecord>>::new();
        for record in seen.places {
            known
                .entry(record.function.clone())
                .or_default()
                .push(record);
        }
        self.known = known;
        self.known_at = seen.at;
        for (ask, places) in question.asks.into_iter().zip(question.places) {
            let known = self.known.get(&ask.function).map_or(&[][..], Vec::as_slice);
            let (limit, wanted) = (ask.limit as usize, ask.wanted as usize);
            let wants = self.wants(known, wanted, staying);
            let goals = self.goals(limit, &wants, seen.at);
            let held_by = |server| {
                let record = known.iter().find(|record| record.server == server);
                record.map_or(0, |record| record.held as usize)
            };
            let (mut mine, mut of_others) = (0, 0);
            for (want, goal) in wants.iter().zip(&goals) {
                if want.server == self.me {
                    mine = *goal;
                } else {
                    of_others += want.wanted;
                }
            }
            let held = held_by(self.me);
            let (before, is_grown, gave_back) = {
                let mut state = places.state();
                let before = state.share;
                state.lapses += u64::from(before.until.is_some_and(|until| until <= now));
                state.share = Share {
                    held,
                    admitted: held.min(mine),
                    until: Some(until),
                    is_full: of_others + state.taken >= limit,
                };
                let surplus = held.saturating_sub(state.share.admitted.max(state.taken));
                outcome.is_to_give_back |= surplus > 0;
                let is_grown = state.share.admitted > before.admitted;
                (before, is_grown, held < before.held)
            };
            let is_short = held < mine;
            outcome.is_short |= is_short;
            for (want, goal) in wants.iter().zip(&goals) {
                let of_theirs = held_by(want.server);
                let has_mine = is_short && of_theirs > *goal;
                let waits_for_mine = gave_back && of_theirs < *goal;
                if want.server != self.me && (has_mine || waits_for_mine) {
                    outcome.tell.insert(want.server);
                }
            }
            if is_grown || before.until.is_none() {
                places.changed();
                outcome.grown.push(ask.function);
            }
        }
        outcome
    }

    fn wants(&self, known: &[PlacesRecord], wanted: usize, staying: &[Owner]) -> Vec<Want> {
        let mut by_server: BTreeMap<Owner, usize> =
            staying.iter().map(|server| (*server, 0)).collect();
        let known = known
            .iter()
            .map(|record| (record.server, record.wanted as usize));
        by_server.extend(known);
        by_server.insert(self.me, wanted);
        let want = |(server, wanted)| Want {
            server,
            wanted,
            is_spared_some: staying.contains(&server),
        };
        by_server.into_iter().map(want).collect()
    }

    fn goals(&self, limit: usize, wants: &[Want], at: Timestamp) -> Vec<usize> {
        let turn = usize::try_from(at.as_millis() / TURN_MILLIS).unwrap_or(0);
        let mut goals = divide(limit, wants, turn);
        if self.gives_up {
            let mine = wants.iter().zip(&mut goals);
            for (_, goal) in mine.filter(|(want, _)| want.server == self.me) {
                *goal = 0;
            }
        }
        goals
    }

    fn goal(
        &self,
        limit: usize,
        known: &[PlacesRecord],
        wanted: usize,
        staying: &[Owner],
        at: Timestamp,
    ) -> usize {
        let wants = self.wants(known, wanted, staying);
        let goals = self.goals(limit, &wants, at);
        let mine = wants.iter().zip(goals);
        let mut mine = mine.filter(|(want, _)| want.server == self.me);
        mine.next().map_or(0, |(_, goal)| goal)
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
