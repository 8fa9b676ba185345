//! A server process that is expected to die, or not.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crash::CrashPoint;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::Loan;

/// Longest time to the line that says it is ready.
const START_PATIENCE: Duration = Duration::from_secs(30);

pub struct ServerProcess {
    child: Child,
    /// URL of the Lambda API.
    pub endpoint: String,
    /// URL of the loan API.
    pub api: String,
}

impl ServerProcess {
    /// Starts a server on a data folder; `writes` is where it notes what it writes.
    pub async fn start(
        loan: &Loan,
        data: &Path,
        crash_at: Option<&CrashPoint>,
        writes: Option<&Path>,
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crash-server"));
        command
            .arg(&loan.template)
            .arg("--data-dir")
            .arg(data)
            .args(["--env", "DEMO_PACE=0"]);
        for (logical_id, dir) in &loan.artifacts {
            command
                .arg("--artifact")
                .arg(format!("{logical_id}={}", dir.display()));
        }
        if let Some(point) = crash_at {
            command.arg("--crash-at").arg(point.to_string());
        }
        if let Some(writes) = writes {
            command.arg("--writes").arg(writes);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("start crash-server");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut line = String::new();
        let mut reader = BufReader::new(stdout);
        tokio::time::timeout(START_PATIENCE, reader.read_line(&mut line))
            .await
            .expect("the server is ready in time")
            .expect("the server says where it listens");
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error}: the server did not start: {line:?}"));
        let text = |value: &Value| value.as_str().expect("a URL").to_owned();
        Self {
            endpoint: text(&ready["endpoint"]),
            api: text(&ready["http_apis"]["LoanApi"]),
            child,
        }
    }

    pub fn has_died(&mut self) -> bool {
        self.child.try_wait().expect("its status").is_some()
    }

    pub async fn stop(mut self) {
        self.child.kill().await.expect("end the server");
    }
}
