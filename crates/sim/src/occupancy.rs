//! The servers' places of functions with reserved concurrency, and the invocations in them.

use std::collections::BTreeMap;

use model::{FunctionName, Owner, Timestamp};

/// The observer's record, in the database's time.
#[derive(Debug, Default)]
pub(crate) struct Occupancy {
    held: BTreeMap<(Owner, FunctionName), Held>,
    at_work: BTreeMap<u64, AtWork>,
    count: u64,
    /// When an invocation last began, by the number of its machine.
    began: BTreeMap<(FunctionName, usize), Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    places: usize,
    until: Timestamp,
}

#[derive(Debug)]
struct AtWork {
    function: FunctionName,
    machine: usize,
    owner: Option<Owner>,
    /// Whether the lease of its place has ended meanwhile.
    is_uncounted: bool,
}

impl Occupancy {
    /// Records that a server has this many places of a function until `until`.
    pub fn holds(
        &mut self,
        owner: Owner,
        function: &FunctionName,
        places: usize,
        until: Timestamp,
    ) {
        let held = Held { places, until };
        self.held.insert((owner, function.clone()), held);
    }

    /// How many places of a function a server has.
    pub fn held(&self, owner: Owner, function: &FunctionName, now: Timestamp) -> usize {
        let held = self.held.get(&(owner, function.clone()));
        held.filter(|it| now < it.until).map_or(0, |it| it.places)
    }

    /// Records that an invocation begins on a machine; returns its number.
    pub fn begins(
        &mut self,
        function: &FunctionName,
        machine: usize,
        owner: Option<Owner>,
        now: Timestamp,
    ) -> u64 {
        self.count += 1;
        let at_work = AtWork {
            function: function.clone(),
            machine,
            owner,
            is_uncounted: false,
        };
        self.at_work.insert(self.count, at_work);
        self.began.insert((function.clone(), machine), now);
        self.count
    }

    pub fn ends(&mut self, number: u64) {
        self.at_work.remove(&number);
    }

    /// When an invocation last began on a machine.
    pub fn last_began(&self, function: &FunctionName, machine: usize) -> Option<Timestamp> {
        self.began.get(&(function.clone(), machine)).copied()
    }

    /// Invocations whose lease is over no longer count.
    pub fn expire(&mut self, now: Timestamp) {
        for at_work in self.at_work.values_mut() {
            let Some(owner) = at_work.owner else { continue };
            let held = self.held.get(&(owner, at_work.function.clone()));
            at_work.is_uncounted |= held.is_none_or(|it| it.until <= now);
        }
    }

    /// The machine of each running invocation; a machine may appear several times.
    pub fn at_work(&self, function: &FunctionName) -> Vec<usize> {
        self.machines(|it| it.function == *function)
    }

    /// The same for the invocations that count.
    pub fn counted(&self, function: &FunctionName) -> Vec<usize> {
        self.machines(|it| it.function == *function && !it.is_uncounted)
    }

    fn machines(&self, which: impl Fn(&AtWork) -> bool) -> Vec<usize> {
        let at_work = self.at_work.values().filter(|it| which(it));
        at_work.map(|it| it.machine).collect()
    }
}
