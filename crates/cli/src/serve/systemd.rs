//! Notifies the service manager: systemd's `sd_notify`. Without `NOTIFY_SOCKET` it does nothing.

use std::time::Duration;

use sd_notify::NotifyState;

/// Says that requests are answered.
pub fn ready(endpoint: &str) {
    let status = format!("serving at {endpoint}");
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says that the service is stopping.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// How often to tell the manager that the service is alive: half of the time after which the manager ends it.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// Says that the service is alive.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
