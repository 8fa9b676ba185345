//! The clock that the service's timestamps and the ledger's follow too.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
pub fn now_millis() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is set to a time after 1970");
    i64::try_from(now.as_millis()).expect("the year is below 292 million")
}
