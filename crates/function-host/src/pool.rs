//! The free processes of each function, and the invocations that wait for one.
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

mod growth;

pub(crate) use growth::Growth;

/// Names one process of this host for as long as the host lives, unlike the system's process ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessId(pub(crate) u64);

/// The channels to a process.
#[derive(Clone, Debug)]
pub(crate) struct ProcessHandle {
    pub(crate) id: ProcessId,
    /// Has room for as many invocations as the process may have. The pool sends only to its free processes.
    pub(crate) work: mpsc::Sender<Work>,
    /// Tells the process, once the pool has removed it, to end early.
    pub(crate) retire: Arc<Notify>,
}

/// A process that can take another invocation.
#[derive(Debug)]
struct FreeProcess {
    handle: ProcessHandle,
    /// How many more invocations it can take; never zero. It is one if processes have one invocation at a time.
    room: usize,
    /// Since when it has no invocation; `None` if it has some.
    idle_since: Option<Instant>,
    /// Whether it has not asked for an invocation yet: its invocations fail if its start fails.
    is_starting: bool,
}

/// The numbers of processes and invocations of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionStats {
    /// The function version.
    pub function: FunctionKey,
    /// Processes that have no invocation and wait for one.
    pub warm: usize,
    /// Processes that start, run invocations, or are being ended.
    pub busy: usize,
    /// Invocations that wait for a process.
    pub queued: usize,
}

/// The decision about an invocation.
#[derive(Debug)]
pub(crate) enum Placement {
    /// It was given to a process with room for it, or waits in the queue.
    Placed,
    /// It waits in the queue, and the caller must start the task that decides about more processes: see
    /// [`Pools::grow`].
    Watch,
    /// A process must be started for it, and is already counted.
    Start(Work),
    /// It is rejected.
    Refused(Work, InvokeError),
}

/// The next action for waiting invocations.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing: no invocation waits, or existing processes will take them.
    Nothing,
    /// A process must be started for one of them, and is already counted.
    Start(Arc<FunctionConfig>, Box<Work>),
    /// The caller must start the task that decides about more processes: see [`Pools::grow`].
    Watch,
}

/// The next actions after an invocation was put back.
#[derive(Debug)]
pub(crate) struct PutBack {
    /// Invocations that cannot wait any longer.
    pub(crate) refused: Vec<(Work, InvokeError)>,
    /// If another start must be tried after a pause: how many starts in a row have failed before.
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
    /// The last one is used first, as long as it has room: its memory is warmest, and the others can become idle.
    free: Vec<FreeProcess>,
    queue: VecDeque<Work>,
    /// Excluding those that are leaving.
    processes: usize,
    /// Processes that finish their invocations and then end; another may have been started in the place of each.
    leaving: usize,
    /// How many invocations a process is expected to take: its maximum, until a process asks for fewer.
    room_of_process: usize,
    /// Whether a start failed because of a shortage and will be tried again. New invocations queue up meanwhile, so
    /// that they do not overtake waiting ones.
    start_is_due: bool,
    /// How many starts in a row have failed that way.
    failed_starts: u32,
    /// Whether a task is running that starts more processes when they help.
    is_watched: bool,
}

impl Pools {
    /// Finds a place for a new invocation: a process with room, a new process, or the end of the queue.
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
        if pool.queue.len() >= queue_max.saturating_add(pool.room_to_come()) {
            let shortage = Shortage::QueueFull {
                processes: pool.processes,
                queued: pool.queue.len(),
            };
            let function = key;
            return Placement::Refused(*work, InvokeError::NoRoom { function, shortage });
        }
        pool.queue.push_back(*work);
        pool.queued()
    }

    /// Finds a place for an invocation that a process gave back: as above, but at the front of the queue.
    pub(crate) fn place_again(
        &mut self,
        function: &Arc<FunctionConfig>,
        mut work: Work,
    ) -> Placement {
        let key = function.key();
        work.cold = false;
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
                let pool = self.pool(key, function);
                pool.queue.push_front(*work);
                pool.queued()
            }
            Ok(placement) => placement,
        }
    }

    /// Gives an invocation to a process with room or to a new one; an error gives it back if neither is possible.
    fn give(
        &mut self,
        key: FunctionKey,
        function: &Arc<FunctionConfig>,
        work: Work,
    ) -> Result<Placement, Box<Work>> {
        let pool = self.pool(key, function);
        let Some(mut work) = pool.give_to_free(work) else {
            return Ok(Placement::Placed);
        };
        if pool.may_start() {
            pool.processes += 1;
            work.cold = true;
            return Ok(Placement::Start(work));
        }
        Err(Box::new(work))
    }

    /// Takes back invocations whose process could not be started because of a shortage, and uncounts that process. They
    /// go to the front of the queue; the first one keeps the obstacle.
    pub(crate) fn put_back(
        &mut self,
        key: &FunctionKey,
        works: Vec<Work>,
        obstacle: LaunchError,
    ) -> PutBack {
        let closed = self.closed;
        let pool = self.existing(key);
        pool.processes -= 1;
        let mut obstacle = Some(Box::new(obstacle));
        let mut refused = Vec::new();
        let mut waiting = Vec::new();
        for mut work in works {
            work.cold = false;
            work.obstacle = obstacle.take().or(work.obstacle);
            if closed {
                let function = key.clone();
                refused.push((work, InvokeError::ShuttingDown { function }));
            } else if work.wait_until <= Instant::now() {
                let error = work.waited_too_long(key.clone());
                refused.push((work, error));
            } else if !work.is_abandoned() {
                waiting.extend(pool.give_to_free(work));
            }
        }
        for work in waiting.into_iter().rev() {
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

    /// Called after the pause that follows a start that failed because of a shortage.
    pub(crate) fn try_again(&mut self, key: &FunctionKey) -> Next {
        self.existing(key).start_is_due = false;
        self.start_for_waiting(key)
    }

    /// Notes that a process could be started. If starts have failed because of a shortage, invocations may wait
    /// although more processes are allowed.
    pub(crate) fn process_started(&mut self, key: &FunctionKey) -> Next {
        self.existing(key).failed_starts = 0;
        self.start_for_waiting(key)
    }

    fn start_for_waiting(&mut self, key: &FunctionKey) -> Next {
        let closed = self.closed;
        let pool = self.existing(key);
        if !closed
            && pool.may_start()
            && let Some(mut work) = pool.next_waiting()
        {
            pool.processes += 1;
            work.cold = true;
            return Next::Start(Arc::clone(&pool.function), Box::new(work));
        }
        if !closed && !pool.queue.is_empty() && pool.begins_watch() {
            return Next::Watch;
        }
        self.forget_if_unused(key);
        Next::Nothing
    }

    /// Removes an invocation from the queue. `None` if it is not in the queue, because a process has it.
    pub(crate) fn withdraw(&mut self, key: &FunctionKey, ticket: Ticket) -> Option<Work> {
        let queue = &mut self.pools.get_mut(key)?.queue;
        let position = queue.iter().position(|work| work.ticket == ticket)?;
        let work = queue.remove(position);
        self.forget_if_unused(key);
        work
    }

    /// Removes the process that has been idle for longest, of any function, so that another one can have its room.
    /// Processes under a debugger are spared: a debugger may be attached.
    pub(crate) fn retire_longest_idle(&mut self) -> Option<ProcessHandle> {
        let (_, pool) = self
            .pools
            .values_mut()
            .filter(|pool| pool.function.debugger.is_none())
            .filter_map(|pool| Some((pool.longest_idle()?.0, pool)))
            .min_by_key(|(since, _)| *since)?;
        let (_, position) = pool.longest_idle()?;
        Some(pool.free.remove(position).handle)
    }

    /// Removes the idle processes of all other versions of a function, and counts their other processes: those at work,
    /// and those that are being ended.
    pub(crate) fn retire_other_versions(
        &mut self,
        key: &FunctionKey,
    ) -> (Vec<ProcessHandle>, usize) {
        let mut retired = Vec::new();
        let mut processes = 0;
        for (other, pool) in &mut self.pools {
            if other.name == key.name && other != key {
                processes += pool.processes + pool.leaving;
                let idle = pool.free.extract_if(.., |it| it.idle_since.is_some());
                retired.extend(idle.map(|process| process.handle));
            }
        }
        (retired, processes)
    }

    /// Counts the other processes, besides one of a function.
    pub(crate) fn others(&self, key: &FunctionKey) -> Others {
        let all = |pool: &Pool| pool.processes + pool.leaving;
        let of_function = self.pools.get(key).map_or(0, all);
        let of_host: usize = self.pools.values().map(all).sum();
        Others {
            of_function: of_function.saturating_sub(1),
            of_host: of_host.saturating_sub(1),
        }
    }

    /// Registers a process that is about to be started. It may take more than the invocation that it is started for:
    /// those that arrive meanwhile, or already wait, need no process of their own. Returns how many of its places are
    /// withheld until it asks for them.
    pub(crate) fn announce(&mut self, key: &FunctionKey, handle: ProcessHandle) -> usize {
        let pool = self.existing(key);
        let withheld = pool.function.invocations_per_process() - pool.room_of_process;
        let room = pool.room_of_process - 1;
        if room == 0 {
            return withheld;
        }
        pool.free.push(FreeProcess {
            handle,
            room,
            idle_since: None,
            is_starting: true,
        });
        while pool.free.last().is_some_and(|process| process.is_starting)
            && let Some(work) = pool.next_waiting()
        {
            if let Some(work) = pool.give_to_free(work) {
                pool.queue.push_front(work);
                return withheld;
            }
        }
        withheld
    }

    /// Notes that a process has begun to ask for invocations.
    pub(crate) fn initialized(&mut self, key: &FunctionKey, id: ProcessId) {
        let process = self.existing(key).free_process(id);
        if let Some(process) = process {
            process.is_starting = false;
        }
    }

    /// Returns the invocation that has waited longest, or registers a free place of a process for the next one.
    /// `is_idle` returns whether the process has no invocation, nor one on its way.
    pub(crate) fn park(
        &mut self,
        key: &FunctionKey,
        handle: &ProcessHandle,
        is_idle: impl FnOnce() -> bool,
    ) -> Option<Work> {
        let pool = self.existing(key);
        let waiting = pool.next_waiting();
        if waiting.is_none() {
            let idle_since = is_idle().then(Instant::now);
            // A process with one invocation at a time had it until now, so it is not among the free ones.
            let free = match pool.function.per_process {
                Some(_) => pool.free_process(handle.id),
                None => None,
            };
            match free {
                Some(process) => {
                    process.room += 1;
                    process.idle_since = idle_since;
                }
                None => pool.free.push(FreeProcess {
                    handle: handle.clone(),
                    room: 1,
                    idle_since,
                    is_starting: false,
                }),
            }
        }
        waiting
    }

    /// Notes how many invocations at a time a process asks for, so that the function's other processes do not get more
    /// at first.
    pub(crate) fn asks_for(&mut self, key: &FunctionKey, invocations: usize) {
        self.existing(key).room_of_process = invocations.max(1);
    }

    /// Removes an idle process from the free ones. `false` if it is not idle, because it was given an invocation.
    pub(crate) fn leave(&mut self, key: &FunctionKey, id: ProcessId) -> bool {
        let pool = self.existing(key);
        let is_idle =
            |process: &FreeProcess| process.handle.id == id && process.idle_since.is_some();
        let position = pool.free.iter().position(is_idle);
        position
            .map(|position| pool.free.remove(position))
            .is_some()
    }

    /// Removes a process from the free ones, even if it has invocations: it gets no more.
    pub(crate) fn withdraw_process(&mut self, key: &FunctionKey, id: ProcessId) {
        self.existing(key)
            .free
            .retain(|process| process.handle.id != id);
    }

    /// Counts a process as leaving: it finishes its invocations.
    pub(crate) fn process_leaves(&mut self, key: &FunctionKey) -> Next {
        let pool = self.existing(key);
        pool.processes -= 1;
        pool.leaving += 1;
        self.start_for_waiting(key)
    }

    /// Uncounts a process that has ended. If an invocation waits, another process is started for it.
    pub(crate) fn process_ended(&mut self, key: &FunctionKey, was_leaving: bool) -> Next {
        let pool = self.existing(key);
        if was_leaving {
            pool.leaving -= 1;
            self.forget_if_unused(key);
            return Next::Nothing;
        }
        pool.processes -= 1;
        if let Some(mut work) = pool.next_waiting() {
            pool.processes += 1;
            work.cold = true;
            return Next::Start(Arc::clone(&pool.function), Box::new(work));
        }
        self.forget_if_unused(key);
        Next::Nothing
    }

    /// Uncounts a process whose task was dropped before its end.
    pub(crate) fn process_lost(&mut self, key: &FunctionKey, id: ProcessId, was_leaving: bool) {
        let pool = self.existing(key);
        if was_leaving {
            pool.leaving -= 1;
        } else {
            pool.processes -= 1;
        }
        self.withdraw_process(key, id);
        self.forget_if_unused(key);
    }

    /// Takes no more invocations, and returns the waiting ones.
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
            .map(|(key, pool)| {
                let idle = pool.free.iter().filter(|it| it.idle_since.is_some());
                let warm = idle.count();
                FunctionStats {
                    function: key.clone(),
                    warm,
                    busy: (pool.processes + pool.leaving).saturating_sub(warm),
                    queued: pool.queue.len(),
                }
            })
            .collect();
        stats.sort_by(|one, other| one.function.cmp(&other.function));
        stats
    }

    fn pool(&mut self, key: FunctionKey, function: &Arc<FunctionConfig>) -> &mut Pool {
        self.pools.entry(key).or_insert_with(|| Pool {
            function: Arc::clone(function),
            free: Vec::new(),
            queue: VecDeque::new(),
            processes: 0,
            leaving: 0,
            room_of_process: function.invocations_per_process(),
            start_is_due: false,
            failed_starts: 0,
            is_watched: false,
        })
    }

    fn existing(&mut self, key: &FunctionKey) -> &mut Pool {
        self.pools
            .get_mut(key)
            .expect("a pool stays while it has processes or a start is due")
    }

    fn forget_if_unused(&mut self, key: &FunctionKey) {
        let is_unused = |pool: &Pool| {
            let is_empty = pool.processes == 0 && pool.leaving == 0 && pool.queue.is_empty();
            is_empty && !pool.start_is_due && !pool.is_watched
        };
        if self.pools.get(key).is_some_and(is_unused) {
            self.pools.remove(key);
        }
    }
}

impl Pool {
    /// Gives an invocation to the process that was free last; returns it if no process has room.
    fn give_to_free(&mut self, mut work: Work) -> Option<Work> {
        while let Some(process) = self.free.last_mut() {
            work.cold = process.is_starting;
            let sent = process.handle.work.try_send(work);
            process.idle_since = None;
            process.room -= 1;
            // Its task may have ended without leaving the pool, because of a bug or a runtime that shuts down.
            if process.room == 0 || sent.is_err() {
                self.free.pop();
            }
            match sent {
                Ok(()) => return None,
                Err(error) => work = error.into_inner(),
            }
        }
        work.cold = false;
        Some(work)
    }

    fn free_process(&mut self, id: ProcessId) -> Option<&mut FreeProcess> {
        self.free.iter_mut().find(|process| process.handle.id == id)
    }

    /// The start of idleness, and the index, of the process that has been idle for longest.
    fn longest_idle(&self) -> Option<(Instant, usize)> {
        let idle = self.free.iter().enumerate();
        idle.filter_map(|(position, process)| Some((process.idle_since?, position)))
            .min()
    }

    /// Takes the invocation that has waited longest and whose caller still waits.
    fn next_waiting(&mut self) -> Option<Work> {
        while let Some(work) = self.queue.pop_front() {
            if !work.is_abandoned() {
                return Some(work);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
