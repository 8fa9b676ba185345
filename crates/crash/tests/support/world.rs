//! A server that may die once, and is started again on the same data.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crash::CrashPoint;

use super::http::Http;
use super::process::ServerProcess;
use super::{Loan, loan};

/// Longest time from application to end, restart included.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct World<'l> {
    loan: &'l Loan,
    crash_at: Option<&'l CrashPoint>,
    data: tempfile::TempDir,
    http: Http,
    server: ServerProcess,
    begun: Instant,
    crashed: bool,
    recorded: BTreeMap<String, BTreeMap<String, usize>>,
    last_line: i64,
}

/// What is left of a world.
pub struct Told {
    pub crashed: bool,
    /// What was on record at the restart: see [`loan::on_record`].
    pub recorded: BTreeMap<String, BTreeMap<String, usize>>,
    /// What the first server noted of its writes.
    pub writes: Vec<String>,
}

impl<'l> World<'l> {
    pub async fn start(loan: &'l Loan, crash_at: Option<&'l CrashPoint>) -> Self {
        let data = tempfile::tempdir().expect("a folder for the data");
        let writes = data.path().join("writes");
        Self {
            server: ServerProcess::start(loan, data.path(), crash_at, Some(&writes)).await,
            loan,
            crash_at,
            data,
            http: Http::new(),
            begun: Instant::now(),
            crashed: false,
            recorded: BTreeMap::new(),
            last_line: 0,
        }
    }

    /// Looks again and again until something is there, and revives the server meanwhile. `look` is given the number of
    /// the last log line before the restart, and says what is missing.
    pub async fn until<T, E: Into<String>>(
        &mut self,
        mut look: impl AsyncFnMut(&Http, &ServerProcess, i64) -> Result<T, E>,
    ) -> T {
        let mut missing = String::from("nothing was looked at");
        loop {
            let crash_at = self.crash_at;
            assert!(
                self.begun.elapsed() < PATIENCE,
                "{crash_at:?}: no end; last seen: {missing}"
            );
            if self.server.has_died() {
                assert!(!self.crashed, "the second server is not to die");
                self.crashed = true;
                (self.recorded, self.last_line) = loan::on_record(self.data.path()).await;
                self.server = ServerProcess::start(self.loan, self.data.path(), None, None).await;
            }
            match look(&self.http, &self.server, self.last_line).await {
                Ok(found) => return found,
                Err(error) => missing = error.into(),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn stop(self) -> Told {
        self.server.stop().await;
        let writes = std::fs::read_to_string(self.data.path().join("writes"));
        let writes = writes.expect("the server notes its writes");
        Told {
            crashed: self.crashed,
            recorded: self.recorded,
            writes: writes.lines().map(str::to_owned).collect(),
        }
    }
}
