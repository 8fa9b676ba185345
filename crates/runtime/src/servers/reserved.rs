//! Places of functions whose concurrency is reserved, shared with the other servers: renewed with every third of the
//! lease, and sooner when a server could use more or has some to give back.

use std::time::Duration;

use model::Owner;
use store::{Membership, StoreFault};

use super::{Cluster, Notice};

/// Pause between two exchanges, however much there is to say.
const PAUSE: Duration = Duration::from_millis(20);

/// The same while this server could use more, and there are none.
const SHORT_PAUSE: Duration = Duration::from_millis(250);

/// Servers that get some of the unused places.
pub(super) fn staying(membership: &Membership) -> Vec<Owner> {
    let staying = membership.servers.iter().filter(|it| !it.is_leaving);
    staying.map(|server| server.id).collect()
}

impl Cluster {
    /// Shares places on and on.
    pub(super) async fn share_on(&self) {
        let Some(reservations) = &self.config.reservations else {
            return std::future::pending().await;
        };
        let changed = reservations.places_changed();
        let clock = &self.driver.inner.clock;
        loop {
            let next = clock.now() + self.config.lease / 3;
            let given_up = clock.now() + self.config.lease;
            let pause = tokio::select! {
                biased;
                shared = self.exchange_places() => match shared {
                    Ok(pause) => pause,
                    Err(fault) => {
                        let error = &fault as &dyn std::error::Error;
                        tracing::error!(
                            error,
                            "failed to share the reserved concurrency of functions with the other servers; trying again"
                        );
                        SHORT_PAUSE
                    }
                },
                () = async { clock.sleep_until(given_up).await } => Duration::ZERO,
            };
            clock.sleep(pause).await;
            tokio::select! {
                biased;
                () = async { clock.sleep_until(next).await } => {}
                () = changed.notified() => {}
            }
        }
    }

    /// Has places shared without waiting for the time.
    pub(super) fn share_soon(&self) {
        if let Some(reservations) = &self.config.reservations {
            reservations.places_changed().notify_one();
        }
    }

    /// Gives back the places that this server has and does not use. Returns how long to wait before the next exchange.
    async fn exchange_places(&self) -> Result<Duration, StoreFault> {
        let Some(reservations) = &self.config.reservations else {
            return Ok(SHORT_PAUSE);
        };
        let mut sharing = self.sharing.lock().await;
        loop {
            let staying = staying(&self.membership());
            let reserved = reservations.reserved();
            if reserved.is_empty() {
                return Ok(PAUSE);
            }
            let driver = &self.driver;
            let waiting = |function: &_, most| driver.inner.lanes.waiting_of(function, most);
            let question = sharing.ask(reserved, waiting, &staying);
            let until = self.lease_from(driver.now());
            let servers = &self.config.servers;
            let asks = question.asks.clone();
            let seen = servers
                .share_places(self.id(), question.number, asks, self.config.lease)
                .await?;
            let outcome = sharing.hear(question, seen, (driver.now(), until), &staying);
            for function in &outcome.grown {
                driver.look_for_turns(function);
            }
            self.tell_of_places(outcome.tell).await;
            if !outcome.is_to_give_back {
                return Ok(if outcome.is_short { SHORT_PAUSE } else { PAUSE });
            }
        }
    }

    async fn tell_of_places(&self, servers: impl IntoIterator<Item = Owner>) {
        let membership = self.membership();
        for server in servers.into_iter().filter_map(|it| membership.server(it)) {
            let notice = Notice {
                places_moved: true,
                ..Notice::default()
            };
            // It finds out by itself within a third of the lease.
            if let Err(reason) = self.config.messenger.tell(server, notice).await {
                tracing::debug!(server = server.address, reason, "not told of places");
            }
        }
    }

    /// The last thing a server does with its places: others need not wait for the end of its lease.
    pub(super) async fn give_places_back(&self) {
        self.sharing.lock().await.give_up();
        if let Err(fault) = self.exchange_places().await {
            let error = &fault as &dyn std::error::Error;
            tracing::debug!(
                error,
                "places are not given back; they are free after the lease"
            );
        }
    }
}
