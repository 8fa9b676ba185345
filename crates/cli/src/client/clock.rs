//! The clock of our service, which can be wound. AWS's cannot.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::Client;
use super::error::CallError;
use crate::duration_text::now_ms;

const ROUTE: &str = "/lambdura/v1/clock";

/// How long the answer itself may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Where the clock stands; instants are milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStand {
    /// `real`, `auto` or `manual`.
    pub mode: String,
    /// The time that it shows.
    pub now_at: i64,
    /// The time of the machine.
    pub real_now_at: i64,
    /// How far it is ahead of that.
    pub ahead_ms: i64,
    /// Whether it was told not to move by itself.
    pub is_held: bool,
    /// `real`, `works`, `nothing_due`, `waits_for_answers` or `stands`.
    pub state: String,
    /// How much is at work.
    pub at_work: usize,
    /// Functions whose processes are busy.
    pub busy_functions: Vec<String>,
    /// When anything comes due next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<i64>,
    /// Callbacks that wait for an answer from outside.
    pub unanswered: Vec<UnansweredCallback>,
}

/// A callback that has to be answered from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnansweredCallback {
    /// The execution's ARN.
    pub execution: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its id.
    pub callback_id: String,
    /// Whether it times out some day.
    pub times_out: bool,
}

impl Client {
    /// Where the clock stands.
    pub async fn clock(&self) -> Result<ClockStand, CallError> {
        self.get(ROUTE.to_owned(), &[]).await
    }

    /// The present by the service's clock, which may be wound: ages and remaining times go by it. Without an answer, by
    /// this machine's clock.
    pub async fn now_ms(&self) -> i64 {
        match self.clock().await {
            Ok(stand) => stand.now_at,
            Err(_) => now_ms(),
        }
    }

    /// Moves time; returns once everything that came due on the way has happened.
    /// The service gives up after `within`, and then says which functions are still at work.
    pub async fn move_clock(&self, how: &Value, within: Duration) -> Result<ClockStand, CallError> {
        let body = serde_json::to_vec(how).expect("JSON can be written");
        let answered = self.post_within(ROUTE.to_owned(), body, within + ANSWERED_WITHIN);
        let answer = answered.await?;
        self.read(&format!("POST {ROUTE}"), &answer)
    }
}
