//! How an invocation gets to the process, and the process to its next invocation.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

use super::actor::FunctionProcess;
use super::phase::{DURATION_MAX, InFlight, Phase, later};
use super::report::PlatformEvent;
use crate::pool::IdleProcess;
use crate::request::{DEADLINE_MS, Work};
use crate::runtime_api::{ConnectionId, NextEvent};

/// How long an invocation waits for a process that has answered the one before and not yet called `next`, until it is given
/// to another. A runtime does so within a fraction of a millisecond; one that does not is busy with something else, and a
/// cold start is the better bet.
const SETTLE_PATIENCE: Duration = Duration::from_millis(250);

impl FunctionProcess {
    /// Gives the process back to the pool, or to whoever waits longest for one.
    pub(super) fn become_free(&mut self) {
        let since = Instant::now();
        let idle = IdleProcess {
            id: self.id,
            work: self.work_sender.clone(),
            since,
            retire: Arc::clone(&self.retire),
        };
        self.phase = Phase::Free { since };
        if let Some(work) = self.shared.park(&self.key, idle) {
            self.assign(work);
        }
    }

    /// Takes responsibility for an invocation, and delivers it if the process already asks for one.
    pub(super) fn assign(&mut self, work: Work) {
        // An extension that is still busy with the invocation before keeps the process from this one.
        let poller = self.extensions.all_wait().then(|| self.poller.take());
        let Some(poller) = poller.flatten() else {
            if work.is_abandoned() {
                return self.drop_abandoned(work);
            }
            return self.wait_for_next(work);
        };
        if !work.claim() {
            self.poller = Some(poller);
            return self.drop_abandoned(work);
        }
        // What was written until now belongs to the invocation before.
        self.drain_output();
        let (started, started_at) = (Instant::now(), SystemTime::now());
        let mut in_flight = InFlight {
            connection: poller.connection,
            lost: false,
            started,
            started_at,
            deadline: later(started, self.function.timeout),
            deadline_ms: unix_milliseconds(started_at + self.function.timeout.min(DURATION_MAX)),
            init_duration: self.init_duration.take(),
            work,
        };
        if poller.answer.send(Ok(in_flight.event())).is_err() {
            self.init_duration = in_flight.init_duration.take();
            in_flight.work.release();
            return self.wait_for_next(in_flight.work);
        }
        tracing::debug!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "invocation delivered");
        self.log.begin(&in_flight.work.request_id);
        self.log.event(&PlatformEvent::Start {
            request_id: &in_flight.work.request_id,
            version: &self.function.version,
        });
        self.tell_extensions(&in_flight);
        self.phase = Phase::Busy(in_flight);
    }

    fn drop_abandoned(&mut self, work: Work) {
        tracing::debug!(function = %self.key, invocation = %work.request_id, pid = self.pid, "an invocation was given up before it was delivered");
        work.give_up(self.key.clone());
        self.become_free();
    }

    fn wait_for_next(&mut self, work: Work) {
        // An invocation that this process was started for has nowhere else to go.
        let patience = if work.cold {
            self.init_limit()
        } else {
            SETTLE_PATIENCE
        };
        let deliver_by = later(Instant::now(), patience);
        self.phase = Phase::Assigned { work, deliver_by };
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId, broken: bool) {
        if let Phase::Busy(in_flight) = &mut self.phase
            && in_flight.connection == connection
            && broken
        {
            in_flight.lost = true;
            self.deliver_again_if_lost();
        }
    }

    /// An invocation whose connection broke may never have been read: the next `next` gets it again, with what is left of
    /// its time.
    pub(super) fn deliver_again_if_lost(&mut self) {
        if let Phase::Busy(in_flight) = &mut self.phase
            && in_flight.lost
            && let Some(poller) = self.poller.take()
        {
            let sent = poller.answer.send(Ok(in_flight.event()));
            in_flight.lost = sent.is_err();
            in_flight.connection = poller.connection;
            tracing::info!(function = %self.key, invocation = %in_flight.work.request_id, pid = self.pid, "invocation delivered again after its connection broke");
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
        }
    }
}

pub(super) fn unix_milliseconds(at: SystemTime) -> u64 {
    let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
