//! Finds a place for each invocation, and starts the processes that invocations wait for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::function::{FunctionConfig, FunctionKey};
use crate::launch::LaunchError;
use crate::pool::{Next, Placement, ProcessHandle, ProcessId};
use crate::process;
use crate::request::Work;
use crate::shared::Shared;
use crate::slot::Slot;

/// The first and the longest pause after a start that failed because of a shortage; it doubles each time, and half of
/// it is random. When another process of this host ends and leaves room, the pause ends at once.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

impl Shared {
    /// Finds a place for a new invocation.
    pub(crate) fn place(self: &Arc<Self>, function: &Arc<FunctionConfig>, work: Work) {
        let placement = self.pools().place(function, self.config.queue_max, work);
        self.carry_out(function, placement);
    }

    /// Finds a place for an invocation that was given to a process and not delivered.
    pub(crate) fn place_again(self: &Arc<Self>, function: &Arc<FunctionConfig>, work: Work) {
        let placement = self.pools().place_again(function, work);
        self.carry_out(function, placement);
    }

    fn carry_out(self: &Arc<Self>, function: &Arc<FunctionConfig>, placement: Placement) {
        match placement {
            Placement::Placed => {}
            Placement::Watch => self.watch(function.key()),
            Placement::Start(work) => self.start_process(Arc::clone(function), work),
            Placement::Refused(work, error) => {
                tracing::debug!(invocation = %work.request_id, %error, "invocation refused");
                work.reply(Err(error));
            }
        }
    }

    /// Notes that a process could be started, and starts another one if invocations wait because of failed starts.
    pub(crate) fn process_started(self: &Arc<Self>, key: &FunctionKey) {
        let next = self.pools().process_started(key);
        self.go_on(key, next);
    }

    /// Does the next action for waiting invocations.
    pub(crate) fn go_on(self: &Arc<Self>, key: &FunctionKey, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Start(function, work) => self.start_process(function, *work),
            Next::Watch => self.watch(key.clone()),
        }
    }

    fn watch(self: &Arc<Self>, key: FunctionKey) {
        let watch = Arc::clone(self).start_as_of_use(key);
        self.tasks.spawn_on(watch, &self.runtime);
    }

    /// Puts back invocations whose process could not be started because of a shortage, and schedules another start.
    pub(crate) fn wait_for_room(
        self: &Arc<Self>,
        key: &FunctionKey,
        works: Vec<Work>,
        obstacle: LaunchError,
    ) {
        let described = obstacle.to_string();
        // If the obstacle is the function's own debugger, ending idle processes of other functions does not help.
        let is_debugger = obstacle.is_debugger();
        let (put_back, retired) = {
            let mut pools = self.pools();
            let put_back = pools.put_back(key, works, obstacle);
            let retired = put_back.try_again.filter(|_| !is_debugger);
            let retired = retired.and_then(|_| pools.retire_longest_idle());
            (put_back, retired)
        };
        if let Some(process) = retired {
            process.retire.notify_one();
        }
        for (work, error) in put_back.refused {
            work.reply(Err(error));
        }
        if let Some(failed) = put_back.try_again {
            if failed == 0 {
                tracing::warn!(function = %key, cause = described, "no room for another function process: invocations wait");
            }
            let again = Arc::clone(self).try_again_later(key.clone(), failed);
            self.tasks.spawn_on(again, &self.runtime);
        }
    }

    async fn try_again_later(self: Arc<Self>, key: FunctionKey, failed: u32) {
        let pause = PAUSE_MIN.saturating_mul(1 << failed.min(10)).min(PAUSE_MAX);
        let mut shutdown = self.shutdown.subscribe();
        tokio::select! {
            () = tokio::time::sleep(pause.mul_f64(0.5 + 0.5 * fastrand::f64())) => {}
            () = self.room.notified() => {}
            _ = shutdown.wait_for(Option::is_some) => {}
        }
        let next = self.pools().try_again(&key);
        self.go_on(&key, next);
    }

    pub(crate) fn start_process(self: &Arc<Self>, function: Arc<FunctionConfig>, work: Work) {
        let (sender, inbox) = mpsc::channel(function.invocations_per_process());
        let handle = ProcessHandle {
            id: ProcessId(self.process_ids.fetch_add(1, Ordering::Relaxed)),
            work: sender,
            retire: Arc::default(),
        };
        let key = function.key();
        let withheld = self.pools().announce(&key, handle.clone());
        let slot = Slot::new(Arc::clone(self), key, handle, inbox, withheld);
        let process = process::run(Arc::clone(self), function, slot, work);
        self.tasks.spawn_on(process, &self.runtime);
    }
}
