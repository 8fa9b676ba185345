//! Decides whether more processes help a function whose invocations wait: see [`crate::pool`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::function::FunctionKey;
use crate::pool::Growth;
use crate::shared::Shared;
use crate::spare_time::SpareTime;

/// The interval between two checks. The system counts processor time in hundredths of a second.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The machine has time to spare if it was idle for at least this share.
const SPARE_SHARE: f64 = 0.25;

/// How long no process is started on a machine without spare time. Then one is, because running invocations may wait
/// for queued ones.
const NONE_FOR: Duration = Duration::from_secs(1);

impl Shared {
    /// Starts processes while they help, until no invocation of the function waits.
    pub(crate) async fn start_as_of_use(self: Arc<Self>, key: FunctionKey) {
        let mut shutdown = self.shutdown.subscribe();
        let mut spare = SpareTime::from_now();
        let mut started_at = Instant::now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = shutdown.wait_for(Option::is_some) => {}
            }
            let growth = match spare.share_since() {
                // If the system does not report idle time, processes are started as invocations need them.
                None => Growth::Double,
                Some(share) if share >= SPARE_SHARE => Growth::Double,
                Some(_) if started_at.elapsed() >= NONE_FOR => Growth::One,
                Some(_) => Growth::None,
            };
            let grown = self.pools().grow(&key, growth);
            let Some((function, works)) = grown else {
                return;
            };
            if !works.is_empty() {
                started_at = Instant::now();
                tracing::debug!(function = %key, started = works.len(), ?growth, "invocations wait: more processes");
            }
            for work in works {
                self.start_process(Arc::clone(&function), work);
            }
        }
    }
}
