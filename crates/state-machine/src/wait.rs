//! Waits of any length.

use std::time::Duration;

use asl::StateError;
use lambdura::DurableContext;

use crate::failure::IntoStateError as _;

/// Longest wait of the service: a year and a day. A longer wait is split.
const WAIT_SECONDS_MAX: u64 = 31_622_400;

pub(crate) async fn wait(
    context: &DurableContext,
    seconds: u64,
    name: &str,
) -> Result<(), StateError> {
    let mut left = seconds;
    while left > 0 {
        let part = left.min(WAIT_SECONDS_MAX);
        let waited = context.wait(Duration::from_secs(part)).name(name).await;
        waited.map_err(|error| error.into_state_error())?;
        left -= part;
    }
    Ok(())
}
