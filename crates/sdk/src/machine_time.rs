//! A function's machine time, which it compares with the service's times.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_api::EpochMillis;

/// The machine's clock, unless the program that runs the function in its own process provides another one.
#[derive(Clone, Default)]
pub(crate) struct MachineTime(Option<Arc<dyn Fn() -> EpochMillis + Send + Sync>>);

impl MachineTime {
    #[cfg(feature = "embedded")]
    pub(crate) fn by(clock: impl Fn() -> EpochMillis + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(clock)))
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_millis(&self) -> i64 {
        if let Some(clock) = &self.0 {
            return clock().0;
        }
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) fn now(&self) -> SystemTime {
        match &self.0 {
            Some(clock) => instant(clock()).unwrap_or(UNIX_EPOCH),
            None => SystemTime::now(),
        }
    }
}

impl fmt::Debug for MachineTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MachineTime")
    }
}

/// The instant of a service's timestamp; `None` before 1970, when no execution existed.
pub(crate) fn instant(timestamp: EpochMillis) -> Option<SystemTime> {
    let millis = u64::try_from(timestamp.0).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}
