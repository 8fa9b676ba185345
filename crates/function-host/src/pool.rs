//! Which processes of each function are free, and which invocations wait for one.
//!
//! Plain bookkeeping behind one lock: nothing here waits, starts or ends anything.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::function::{FunctionConfig, FunctionKey};
use crate::invocation::InvokeError;
use crate::request::Work;

/// Names one process of this host for as long as the host lives, unlike the system's process ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessId(pub(crate) u64);

/// A process that can take one invocation.
#[derive(Debug)]
pub(crate) struct IdleProcess {
    pub(crate) id: ProcessId,
    /// Has room for one invocation, which only goes to a process that the pool has just removed from its free ones.
    pub(crate) work: mpsc::Sender<Work>,
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
        let queued = self.pools.get(&key).map_or(0, |pool| pool.queue.len());
        let placed = match function.concurrency_max {
            0 => Err(Box::new(work)),
            _ => self.give(key.clone(), function, work),
        };
        match placed {
            Ok(placement) => placement,
            Err(work) if queued < queue_max && function.concurrency_max > 0 => {
                self.pool(key, function).queue.push_back(*work);
                Placement::Placed
            }
            Err(work) => {
                let error = InvokeError::Throttled {
                    function: key,
                    concurrency_max: function.concurrency_max,
                    queued,
                };
                Placement::Refused(*work, error)
            }
        }
    }

    /// Finds a place for an invocation that a process gave back: as above, but before everyone else in the queue.
    pub(crate) fn place_again(&mut self, function: &Arc<FunctionConfig>, work: Work) -> Placement {
        let key = function.key();
        if self.closed {
            return Placement::Refused(work, InvokeError::ShuttingDown { function: key });
        }
        match self.give(key.clone(), function, work) {
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
        mut work: Work,
    ) -> Result<Placement, Box<Work>> {
        let pool = self.pool(key, function);
        while let Some(process) = pool.idle.pop() {
            match process.work.try_send(work) {
                Ok(()) => return Ok(Placement::Placed),
                // Its task is gone without leaving the pool, which only a bug or a dying runtime can do.
                Err(error) => work = error.into_inner(),
            }
        }
        if pool.processes < function.concurrency_max {
            pool.processes += 1;
            work.cold = true;
            return Ok(Placement::Start(work));
        }
        Err(Box::new(work))
    }

    /// Returns the invocation that has waited longest, or keeps the process for the next one.
    pub(crate) fn park(&mut self, key: &FunctionKey, process: IdleProcess) -> Option<Work> {
        let pool = self
            .pools
            .get_mut(key)
            .expect("a pool stays while it has processes");
        let waiting = pool.queue.pop_front();
        if waiting.is_none() {
            pool.idle.push(process);
        }
        waiting
    }

    /// Removes a process from the free ones. `false` when it is not among them, because it was given an invocation.
    pub(crate) fn leave(&mut self, key: &FunctionKey, id: ProcessId) -> bool {
        let pool = self
            .pools
            .get_mut(key)
            .expect("a pool stays while it has processes");
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
        let pool = self
            .pools
            .get_mut(key)
            .expect("a pool stays while it has processes");
        pool.processes -= 1;
        if let Some(mut work) = pool.queue.pop_front() {
            pool.processes += 1;
            work.cold = true;
            return Some((Arc::clone(&pool.function), work));
        }
        self.forget_if_unused(key);
        None
    }

    /// Counts a process out whose task was dropped in the middle.
    pub(crate) fn process_lost(&mut self, key: &FunctionKey) {
        let pool = self
            .pools
            .get_mut(key)
            .expect("a pool stays while it has processes");
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
        })
    }

    fn forget_if_unused(&mut self, key: &FunctionKey) {
        if self
            .pools
            .get(key)
            .is_some_and(|pool| pool.processes == 0 && pool.queue.is_empty())
        {
            self.pools.remove(key);
        }
    }
}
