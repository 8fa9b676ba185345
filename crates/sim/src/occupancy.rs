//! Who has which places of the functions whose concurrency is reserved, and what runs in them.

use std::collections::BTreeMap;

use model::{FunctionName, Owner, Timestamp};

/// As an onlooker writes it down, in the database's time.
#[derive(Debug, Default)]
pub(crate) struct Occupancy {
    held: BTreeMap<(Owner, FunctionName), Held>,
    at_work: BTreeMap<u64, AtWork>,
    count: u64,
    /// When one last began, by the number of its machine.
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
    /// The lease of its place was over meanwhile.
    is_uncounted: bool,
}

impl Occupancy {
    /// A server has so many places of a function until then.
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

    /// An invocation begins on a machine, and is known by the number that this returns.
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

    /// What runs where the lease is over counts no longer.
    pub fn expire(&mut self, now: Timestamp) {
        for at_work in self.at_work.values_mut() {
            let Some(owner) = at_work.owner else { continue };
            let held = self.held.get(&(owner, at_work.function.clone()));
            at_work.is_uncounted |= held.is_none_or(|it| it.until <= now);
        }
    }

    /// The machines that invocations run on, as often as they do.
    pub fn at_work(&self, function: &FunctionName) -> Vec<usize> {
        self.machines(|it| it.function == *function)
    }

    /// The same of those that count.
    pub fn counted(&self, function: &FunctionName) -> Vec<usize> {
        self.machines(|it| it.function == *function && !it.is_uncounted)
    }

    fn machines(&self, which: impl Fn(&AtWork) -> bool) -> Vec<usize> {
        let at_work = self.at_work.values().filter(|it| which(it));
        at_work.map(|it| it.machine).collect()
    }
}
