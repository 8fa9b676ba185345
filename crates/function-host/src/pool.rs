//! Which processes of each function are free, and which invocations wait for one.
//!
//! Plain bookkeeping behind one lock: nothing here waits, starts or ends anything.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Notify, mpsc};

use crate::function::{FunctionConfig, FunctionKey};
use crate::invocation::{InvokeError, Shortage};
use crate::launch::LaunchError;
use crate::open_files::Others;
use crate::request::{Ticket, Work};

/// Names one process of this host for as long as the host lives, unlike the system's process ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessId(pub(crate) u64);

/// A process that can take one invocation.
#[derive(Debug)]
pub(crate) struct IdleProcess {
    pub(crate) id: ProcessId,
    /// Has room for one invocation, which only goes to a process that the pool has just removed from its free ones.
    pub(crate) work: mpsc::Sender<Work>,
    pub(crate) since: Instant,
    /// Tells the process, once the pool has removed it, to end before its time.
    pub(crate) retire: Arc<Notify>,
}

/// How many processes and invocations of one function there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionStats {
    /// The function version.
    pub function: FunctionKey,
    /// Processes that wait for an invocation.
    pub warm: usize,
    /// Processes that start, run an invocation, or are being ended.
    pub busy: usize,
    /// Invocations that wait for a process.
    pub queued: usize,
}

/// What is to be done about an invocation.
#[derive(Debug)]
pub(crate) enum Placement {
    /// It was given to a free process, or waits in the queue.
    Placed,
    /// A process must be started for it, and is already counted.
    Start(Work),
    /// It cannot be taken.
    Refused(Work, InvokeError),
}

/// What is to be done after an invocation was put back.
#[derive(Debug)]
pub(crate) struct PutBack {
    /// It cannot wait any longer.
    pub(crate) refused: Option<(Work, InvokeError)>,
    /// Another start must be tried after a pause; so many have failed in a row before.
    pub(crate) try_again: Option<u32>,
}

/// The pools of all functions.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    pools: HashMap<FunctionKey, Pool>,
    closed: bool,
}

#[derive(Debug)]
struct Pool {
    function: Arc<FunctionConfig>,
    /// The last one was free last: it is used first, because its memory is warmest and the others get to age.
    idle: Vec<IdleProcess>,
    queue: VecDeque<Work>,
    processes: usize,
    /// Whether a start failed for want of something and is to be tried again. New invocations queue up meanwhile, so that
    /// they do not overtake those that wait.
    start_is_due: bool,
    /// How many starts in a row have failed so.
    failed_starts: u32,
}

impl Pools {
    /// Finds a place for a new invocation: a free process, a new process, or the end of the queue.
    pub(crate) fn place(
        &mut self,
        function: &Arc<FunctionConfig>,
        queue_max: usize,
        work: Work,
    ) -> Placement {
        let key = function.key();
        if self.closed {
            return Placement::Refused(work, InvokeError::ShuttingDown { function: key });
        }
        if function.concurrency_max == 0 {
            return Placement::Refused(work, InvokeError::Throttled { function: key });
        }
        let work = match self.give(key.clone(), function, work) {
            Ok(placement) => return placement,
            Err(work) => work,
        };
        let pool = self.pool(key.clone(), function);
        if pool.queue.len() >= queue_max {
            let shortage = Shortage::QueueFull {
                processes: pool.processes,
                queued: pool.queue.len(),
            };
            let function = key;
            return Placement::Refused(*work, InvokeError::NoRoom { function, shortage });
        }
        pool.queue.push_back(*work);
        Placement::Placed
    }

    /// Finds a place for an invocation that a process gave back: as above, but before everyone else in the queue.
    pub(crate) fn place_again(&mut self, function: &Arc<FunctionConfig>, work: Work) -> Placement {
        let key = function.key();
        if self.closed {
            return Placement::Refused(work, InvokeError::ShuttingDown { function: key });
        }
        match self.give(key.clone(), function, work) {
            Err(mut work) if work.wait_until <= Instant::now() => {
                let error = work.waited_too_long(key.clone());
                self.forget_if_unused(&key);
                Placement::Refused(*work, error)
            }
            Err(work) => {
                self.pool(key, function).queue.push_front(*work);
                Placement::Placed
            }
            Ok(placement) => placement,
        }
    }

    /// Gives an invocation to a free or to a new process; an error gives it back when there can be neither.
    fn give(
        &mut self,
        key: FunctionKey,
        function: &Arc<FunctionConfig>,
        work: Work,
    ) -> Result<Placement, Box<Work>> {
        let pool = self.pool(key, function);
        let Some(mut work) = pool.give_to_idle(work) else {
            return Ok(Placement::Placed);
        };
        if pool.processes < function.concurrency_max && !pool.start_is_due {
            pool.processes += 1;
            work.cold = true;
            return Ok(Placement::Start(work));
        }
        Err(Box::new(work))
    }

    /// Takes back an invocation whose process could not be started for want of something, and counts that process out. It
    /// waits before everyone else.
    pub(crate) fn put_back(
        &mut self,
        key: &FunctionKey,
        mut work: Work,
        obstacle: LaunchError,
    ) -> PutBack {
        let closed = self.closed;
        let pool = self.existing(key);
        pool.processes -= 1;
        work.cold = false;
        work.obstacle = Some(Box::new(obstacle));
        let mut refused = None;
        if closed {
            let function = key.clone();
            refused = Some((work, InvokeError::ShuttingDown { function }));
        } else if work.wait_until <= Instant::now() {
            let error = work.waited_too_long(key.clone());
            refused = Some((work, error));
        } else if !work.is_abandoned()
            && let Some(work) = pool.give_to_idle(work)
        {
            pool.queue.push_front(work);
        }
        let try_again =
            (!pool.queue.is_empty() && !pool.start_is_due).then_some(pool.failed_starts);
        if try_again.is_some() {
            pool.start_is_due = true;
            pool.failed_starts += 1;
        }
        self.forget_if_unused(key);
        PutBack { refused, try_again }
    }

    /// Returns an invocation for which a process must be started, already counted, after a start has failed for want of
    /// something.
    pub(crate) fn try_again(&mut self, key: &FunctionKey) -> Option<(Arc<FunctionConfig>, Work)> {
        self.existing(key).start_is_due = false;
        self.start_for_waiting(key)
    }

    /// Notes that a process could be started. As above if invocations wait although there may be more processes, because
    /// starts have failed for want of something.
    pub(crate) fn process_started(
        &mut self,
        key: &FunctionKey,
    ) -> Option<(Arc<FunctionConfig>, Work)> {
        self.existing(key).failed_starts = 0;
        self.start_for_waiting(key)
    }

    fn start_for_waiting(&mut self, key: &FunctionKey) -> Option<(Arc<FunctionConfig>, Work)> {
        let closed = self.closed;
        let pool = self.existing(key);
        if !closed
            && !pool.start_is_due
            && pool.processes < pool.function.concurrency_max
            && let Some(mut work) = pool.next_waiting()
        {
            pool.processes += 1;
            work.cold = true;
            return Some((Arc::clone(&pool.function), work));
        }
        self.forget_if_unused(key);
        None
    }

    /// Removes an invocation from the queue. `None` when it is not there, because a process has it.
    pub(crate) fn withdraw(&mut self, key: &FunctionKey, ticket: Ticket) -> Option<Work> {
        let queue = &mut self.pools.get_mut(key)?.queue;
        let position = queue.iter().position(|work| work.ticket == ticket)?;
        let work = queue.remove(position);
        self.forget_if_unused(key);
        work
    }

    /// Removes the process that has been free for longest, of any function, so that another one can have its room.
    pub(crate) fn retire_longest_idle(&mut self) -> Option<IdleProcess> {
        let oldest = |pool: &Pool| pool.idle.iter().map(|process| process.since).min();
        let (_, pool) = self
            .pools
            .values_mut()
            .filter_map(|pool| Some((oldest(pool)?, pool)))
            .min_by_key(|(since, _)| *since)?;
        let position = (0..pool.idle.len()).min_by_key(|at| pool.idle[*at].since)?;
        Some(pool.idle.remove(position))
    }

    /// Removes the free processes of all other versions of a function, and counts what else they have: processes at work, and
    /// those that are being ended.
    pub(crate) fn retire_other_versions(&mut self, key: &FunctionKey) -> (Vec<IdleProcess>, usize) {
        let mut retired = Vec::new();
        let mut processes = 0;
        for (other, pool) in &mut self.pools {
            if other.name == key.name && other != key {
                processes += pool.processes;
                retired.append(&mut pool.idle);
            }
        }
        (retired, processes)
    }

    /// Counts the processes besides one of a function.
    pub(crate) fn others(&self, key: &FunctionKey) -> Others {
        let of_function = self.pools.get(key).map_or(0, |pool| pool.processes);
        let of_host: usize = self.pools.values().map(|pool| pool.processes).sum();
        Others {
            of_function: of_function.saturating_sub(1),
            of_host: of_host.saturating_sub(1),
        }
    }

    /// Returns the invocation that has waited longest, or keeps the process for the next one.
    pub(crate) fn park(&mut self, key: &FunctionKey, process: IdleProcess) -> Option<Work> {
        let pool = self.existing(key);
        let waiting = pool.next_waiting();
        if waiting.is_none() {
            pool.idle.push(process);
        }
        waiting
    }

    /// Removes a process from the free ones. `false` when it is not among them, because it was given an invocation.
    pub(crate) fn leave(&mut self, key: &FunctionKey, id: ProcessId) -> bool {
        let pool = self.existing(key);
        let position = pool.idle.iter().position(|process| process.id == id);
        position
            .map(|position| pool.idle.remove(position))
            .is_some()
    }

    /// Counts a process out. Returns the invocation for which another must be started in its place, already counted.
    pub(crate) fn process_ended(
        &mut self,
        key: &FunctionKey,
    ) -> Option<(Arc<FunctionConfig>, Work)> {
        let pool = self.existing(key);
        pool.processes -= 1;
        if let Some(mut work) = pool.next_waiting() {
            pool.processes += 1;
            work.cold = true;
            return Some((Arc::clone(&pool.function), work));
        }
        self.forget_if_unused(key);
        None
    }

    /// Counts a process out whose task was dropped in the middle.
    pub(crate) fn process_lost(&mut self, key: &FunctionKey) {
        let pool = self.existing(key);
        pool.processes -= 1;
        self.forget_if_unused(key);
    }

    /// Takes no more invocations, and gives back those that wait.
    pub(crate) fn close(&mut self) -> Vec<(FunctionKey, Work)> {
        self.closed = true;
        let mut waiting = Vec::new();
        for (key, pool) in &mut self.pools {
            waiting.extend(pool.queue.drain(..).map(|work| (key.clone(), work)));
        }
        waiting
    }

    /// Counts processes and invocations, in the order of the functions' names.
    pub(crate) fn stats(&self) -> Vec<FunctionStats> {
        let mut stats: Vec<FunctionStats> = self
            .pools
            .iter()
            .map(|(key, pool)| FunctionStats {
                function: key.clone(),
                warm: pool.idle.len(),
                busy: pool.processes.saturating_sub(pool.idle.len()),
                queued: pool.queue.len(),
            })
            .collect();
        stats.sort_by(|one, other| one.function.cmp(&other.function));
        stats
    }

    fn pool(&mut self, key: FunctionKey, function: &Arc<FunctionConfig>) -> &mut Pool {
        self.pools.entry(key).or_insert_with(|| Pool {
            function: Arc::clone(function),
            idle: Vec::new(),
            queue: VecDeque::new(),
            processes: 0,
            start_is_due: false,
            failed_starts: 0,
        })
    }

    fn existing(&mut self, key: &FunctionKey) -> &mut Pool {
        self.pools
            .get_mut(key)
            .expect("a pool stays while it has processes or a start is due")
    }

    fn forget_if_unused(&mut self, key: &FunctionKey) {
        if self
            .pools
            .get(key)
            .is_some_and(|pool| pool.processes == 0 && pool.queue.is_empty() && !pool.start_is_due)
        {
            self.pools.remove(key);
        }
    }
}

impl Pool {
    /// Gives an invocation to the process that was free last; returns it when none is free.
    fn give_to_idle(&mut self, mut work: Work) -> Option<Work> {
        while let Some(process) = self.idle.pop() {
            match process.work.try_send(work) {
                Ok(()) => return None,
                // Its task is gone without leaving the pool, which only a bug or a dying runtime can do.
                Err(error) => work = error.into_inner(),
            }
        }
        Some(work)
    }

    /// Takes the invocation that has waited longest and that somebody still waits for.
    fn next_waiting(&mut self) -> Option<Work> {
        while let Some(work) = self.queue.pop_front() {
            if !work.is_abandoned() {
                return Some(work);
            }
        }
        None
    }
}
