//! How invocations are delivered to the process, and how the process gets further ones.

use std::ops::ControlFlow;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderValue;

use super::actor::FunctionProcess;
use super::phase::{Assigned, DURATION_MAX, EndReason, InFlight, Phase, later};
use super::report::PlatformEvent;
use crate::invocation::{FunctionError, FunctionErrorKind, InvocationOutcome, InvocationResult};
use crate::request::{DEADLINE_MS, Work};
use crate::runtime_api::{ConnectionId, NextEvent};

/// How long an invocation waits for a process that has answered the previous one and not yet called `next`, until
/// another process gets it. A runtime calls within a fraction of a millisecond; a slower one is busy with other work,
/// and a cold start is probably faster.
const SETTLE_PATIENCE: Duration = Duration::from_millis(250);

/// The same for a recently started process that may have several invocations, after each of its calls of `next`:
/// Python's client starts a process per invocation, and on a small machine these load their packages one after another.
pub(super) const WORKERS_PATIENCE: Duration = Duration::from_secs(1);

impl FunctionProcess {
    /// Offers the pool room for an invocation, or takes the one that has waited longest.
    pub(super) fn become_free(&mut self) {
        self.idle_since = Instant::now();
        let held = self.in_flight.len() + self.assigned.len();
        if let Some(work) = self.slot.park(held) {
            self.assign(work);
        }
    }

    /// Takes responsibility for an invocation, and delivers it if the process already asks for one.
    pub(super) fn assign(&mut self, work: Work) {
        if let Some(work) = self.deliver(work) {
            self.wait_for_next(work);
        }
    }

    /// Delivers waiting invocations, as many as the process asks for.
    pub(super) fn deliver_assigned(&mut self) {
        while !self.pollers.is_empty() && !self.assigned.is_empty() {
            let assigned = self.assigned.remove(0);
            if let Some(work) = self.deliver(assigned.work) {
                return self.wait_for_next(work);
            }
        }
    }

    /// Delivers an invocation if the process asks for one; returns it if not.
    fn deliver(&mut self, mut work: Work) -> Option<Work> {
        // While an extension is still busy with the previous invocation, the process gets no other.
        let takes_some = self.phase == Phase::Serving && self.extensions.all_wait();
        if takes_some && work.only_starts && !self.pollers.is_empty() {
            self.is_started(work);
            return None;
        }
        while takes_some && let Some(poller) = self.pollers.pop() {
            if !work.claim() {
                self.pollers.push(poller);
                self.drop_abandoned(work);
                return None;
            }
            // Output up to now belongs to the previous invocation.
            self.drain_output();
            let (started, started_at) = (Instant::now(), SystemTime::now());
            let mut in_flight = InFlight {
                connection: Some(poller.connection),
                lost: false,
                started,
                started_at,
                deadline: later(started, self.function.timeout),
                deadline_ms: unix_milliseconds(
                    started_at + self.function.timeout.min(DURATION_MAX),
                ),
                init_duration: self.init_duration.take(),
                work,
            };
            if poller.answer.send(Ok(in_flight.event())).is_err() {
                self.init_duration = in_flight.init_duration.take();
                in_flight.work.release();
                work = in_flight.work;
                continue;
            }
            tracing::debug!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "invocation delivered");
            self.log.begin(&in_flight.work.request_id);
            self.log.event(&PlatformEvent::Start {
                request_id: &in_flight.work.request_id,
                version: &self.function.version,
            });
            self.tell_extensions(&in_flight);
            self.in_flight.push(in_flight);
            return None;
        }
        if work.is_abandoned() {
            self.drop_abandoned(work);
            return None;
        }
        Some(work)
    }

    /// Reports to the caller of `start` that a process is ready; the process keeps waiting for an invocation.
    fn is_started(&mut self, work: Work) {
        let now = SystemTime::now();
        let outcome = InvocationOutcome {
            request_id: work.request_id.clone(),
            result: InvocationResult::Success(Bytes::new()),
            started_at: self.started_at,
            finished_at: now,
            duration: self.started.elapsed(),
            init_duration: self.init_duration,
            max_rss_bytes: None,
            log_tail: Vec::new(),
        };
        work.reply(Ok(outcome));
        self.become_free();
    }

    fn drop_abandoned(&mut self, work: Work) {
        tracing::debug!(function = %self.key, invocation = %work.request_id, pid = self.pid, "an invocation was given up before it was delivered");
        work.give_up(self.key.clone());
        self.become_free();
    }

    pub(super) fn wait_for_next(&mut self, work: Work) {
        // An invocation that this process was started for can go to no other process.
        let patience = if work.cold {
            self.init_limit()
        } else if self.workers_may_come() {
            WORKERS_PATIENCE
        } else {
            SETTLE_PATIENCE
        };
        let deliver_by = later(Instant::now(), patience);
        self.assigned.push(Assigned { work, deliver_by });
    }

    /// Whether some of the process's workers may not be ready yet, although others are.
    fn workers_may_come(&self) -> bool {
        self.function.invocations_per_process() > 1
            && self.started.elapsed() < self.shared.config.init_limit
    }

    /// Lets invocations wait for more workers, as long as these appear.
    pub(super) fn wait_for_workers(&mut self) {
        if self.workers_may_come() {
            let deliver_by = later(Instant::now(), WORKERS_PATIENCE);
            for assigned in &mut self.assigned {
                assigned.deliver_by = assigned.deliver_by.max(deliver_by);
            }
        }
    }

    /// Gives back invocations that the process has not asked for in time.
    pub(super) fn give_back_assigned(&mut self, now: Instant) -> ControlFlow<EndReason> {
        let late = self.assigned.extract_if(.., |it| it.deliver_by <= now);
        let late: Vec<Work> = late.map(|assigned| assigned.work).collect();
        let (cold, mut given_back): (Vec<_>, Vec<_>) = late.into_iter().partition(|it| it.cold);
        if !given_back.is_empty() {
            given_back.extend(self.withhold());
        }
        let mut flow = ControlFlow::Continue(());
        for work in cold {
            self.never_asked_for(work);
            flow = self.drain();
        }
        // Each is put at the front of the queue, so the first one is put back last.
        for work in given_back.into_iter().rev() {
            tracing::debug!(function = %self.key, invocation = %work.request_id, pid = self.pid, "process does not ask for the invocation, another gets it");
            self.shared.place_again(&self.function, work);
        }
        flow
    }

    /// Notes that the process asks for fewer invocations than it may have: it gets no more than it runs now, until it
    /// asks for more. Returns the invocations that it has not asked for.
    fn withhold(&mut self) -> Vec<Work> {
        let assigned = self.assigned.extract_if(.., |it| !it.work.cold);
        let mut unwanted: Vec<Work> = assigned.map(|it| it.work).collect();
        unwanted.extend(self.slot.withdraw());
        let may_have = self.function.invocations_per_process();
        let asks_for = self.in_flight.len();
        let had_all = self.withheld == 0;
        self.withheld = may_have - asks_for - self.assigned.len();
        self.poll_by
            .get_or_insert_with(|| later(Instant::now(), self.function.timeout));
        self.slot.asks_for(asks_for);
        if had_all && may_have > 1 {
            tracing::warn!(function = %self.key, pid = self.pid, may_have, asks_for, "function process asks for fewer invocations at a time than it may have, and is given no more: does its runtime client know AWS_LAMBDA_MAX_CONCURRENCY, and was it told to run concurrently?");
        }
        unwanted
    }

    /// Takes more invocations again if the process asks for more than it gets.
    pub(super) fn take_more(&mut self) {
        let may_have = self.function.invocations_per_process();
        while self.withheld > 0
            && self.pollers.len() + self.in_flight.len() > may_have - self.withheld
        {
            self.withheld -= 1;
            self.slot.asks_for(may_have - self.withheld);
            self.become_free();
        }
    }

    /// Lets the process be replaced: it gets no more invocations, and ends after the last one that it runs.
    pub(super) fn drain(&mut self) -> ControlFlow<EndReason> {
        // Another process may take the invocation that this one was started for.
        for assigned in &mut self.assigned {
            assigned.work.cold = false;
        }
        if self.in_flight.is_empty() {
            return ControlFlow::Break(EndReason::TimedOut);
        }
        if self.phase != Phase::Draining {
            self.phase = Phase::Draining;
            self.leave_pool();
            self.slot.make_way();
            tracing::info!(function = %self.key, pid = self.pid, running = self.in_flight.len(), "function process is given no more invocations, and ends with those that it runs");
        }
        ControlFlow::Continue(())
    }

    /// Leaves the pool, and gives back the invocations from the pool that were not delivered.
    pub(super) fn leave_pool(&mut self) {
        for mut work in self.slot.withdraw() {
            work.cold = self.phase == Phase::Starting;
            self.wait_for_next(work);
        }
        let given_back = self.assigned.extract_if(.., |it| !it.work.cold);
        let given_back: Vec<_> = given_back.collect();
        for assigned in given_back.into_iter().rev() {
            self.shared.place_again(&self.function, assigned.work);
        }
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId, broken: bool) {
        let delivered_on = Some(connection);
        let is_on_it = |it: &&mut InFlight| it.connection == delivered_on;
        if broken && let Some(in_flight) = self.in_flight.iter_mut().find(is_on_it) {
            in_flight.lost = true;
            self.deliver_again_if_lost();
        }
    }

    /// An invocation whose connection broke may never have been read: the next call of `next` gets it again, with its
    /// remaining time.
    pub(super) fn deliver_again_if_lost(&mut self) {
        self.give_up_late();
        for in_flight in self.in_flight.iter_mut().filter(|it| it.lost) {
            // The connection of a call of `next` may have ended, too.
            while in_flight.lost {
                let Some(poller) = self.pollers.pop() else {
                    return;
                };
                let sent = poller.answer.send(Ok(in_flight.event()));
                in_flight.lost = sent.is_err();
                in_flight.connection = Some(poller.connection);
            }
            tracing::info!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "invocation delivered again after its connection broke");
        }
    }

    /// Gives up invocations that the process has not read and that may not begin any more.
    fn give_up_late(&mut self) {
        let is_late = |it: &mut InFlight| it.lost && !it.work.may_begin();
        let late: Vec<_> = self.in_flight.extract_if(.., is_late).collect();
        if late.is_empty() {
            return;
        }
        for in_flight in late {
            tracing::debug!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "an invocation was given up on its way to the process");
            let message = format!(
                "RequestId: {} was not delivered: it may not begin any more",
                in_flight.work.request_id
            );
            let kind = FunctionErrorKind::Exit;
            let error = FunctionError::new(kind, "Service.InvocationLost", &message);
            let (work, _) = self.conclude(in_flight, InvocationResult::FunctionError(error));
            work.give_up(self.key.clone());
        }
        if self.phase == Phase::Serving && !self.ending {
            self.become_free();
        }
    }
}

impl InFlight {
    fn event(&self) -> NextEvent {
        let mut headers = self.work.headers.clone();
        headers.insert(DEADLINE_MS, HeaderValue::from(self.deadline_ms));
        NextEvent {
            headers,
            payload: self.work.payload.clone(),
            permit: self.work.permit(),
        }
    }
}

pub(super) fn unix_milliseconds(at: SystemTime) -> u64 {
    let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
