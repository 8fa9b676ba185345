//! Helpers that all tests of this crate share: a host per test, the fixture as its function, and conditions to wait
//! for.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use function_host::{
    FunctionConfig, FunctionHost, HostConfig, InvocationOutcome, InvocationRequest,
    InvocationResult, InvokeError, LogLine, LogSink, LogStream,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long a condition may take to come true. Generous: machines that run tests are busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// A host with one function, whose code is the fixture.
pub struct World {
    pub host: FunctionHost,
    pub function: Arc<FunctionConfig>,
    pub logs: Arc<Logs>,
    pub code: TempDir,
}

/// Collects log lines.
#[derive(Default)]
pub struct Logs(Mutex<Vec<LogLine>>);

impl LogSink for Logs {
    fn record(&self, line: LogLine) {
        self.0.lock().expect("no test panics in here").push(line);
    }
}

impl Logs {
    /// Returns all lines so far.
    pub fn lines(&self) -> Vec<LogLine> {
        self.0.lock().expect("no test panics in here").clone()
    }

    /// Returns the text of what a function has printed.
    pub fn printed(&self) -> Vec<String> {
        let lines = self.lines().into_iter();
        lines
            .filter(|line| line.stream != LogStream::Platform)
            .map(|line| line.text)
            .collect()
    }

    /// Returns the process id that a function has printed.
    pub fn printed_pid(&self) -> u32 {
        let printed = self.printed();
        let pid = printed
            .iter()
            .find_map(|line| line.strip_prefix("pid ")?.parse().ok());
        pid.unwrap_or_else(|| panic!("no process id in {printed:?}"))
    }
}

impl World {
    /// Starts a host whose function has this behaviour.
    pub fn new(behaviour: &str) -> World {
        World::with(behaviour, |_, _| {})
    }

    /// As above, with other settings.
    pub fn with(
        behaviour: &str,
        change: impl FnOnce(&mut HostConfig, &mut FunctionConfig),
    ) -> World {
        let code = TempDir::new().expect("there is room for a directory");
        link_fixture(code.path());
        let mut config = HostConfig::default();
        let mut function = FunctionConfig {
            arn: "arn:aws:lambda:us-east-1:000000000000:function:fixture".into(),
            name: "fixture".into(),
            version: "1".into(),
            revision: "a".into(),
            code_dir: code.path().to_owned(),
            runtime: "provided.al2023".into(),
            handler: "bootstrap".into(),
            timeout: PATIENCE,
            memory_mb: 128,
            environment: BTreeMap::from([("FIXTURE".to_owned(), behaviour.to_owned())]),
            logging: Default::default(),
            concurrency_max: 4,
            per_process: None,
            debugger: None,
        };
        change(&mut config, &mut function);
        let logs = Arc::new(Logs::default());
        let host = FunctionHost::new(config, logs.clone()).expect("the host starts");
        World {
            host,
            function: Arc::new(function),
            logs,
            code,
        }
    }

    /// Runs one invocation.
    pub async fn invoke(
        &self,
        request_id: &str,
        payload: impl Into<Vec<u8>>,
    ) -> Result<InvocationOutcome, InvokeError> {
        let invocation = self
            .host
            .invoke(&self.function, request(request_id, payload));
        within(format!("invocation {request_id}"), invocation).await
    }

    /// Runs one invocation that succeeds, and returns its response as text.
    pub async fn invoke_ok(&self, request_id: &str, payload: impl Into<Vec<u8>>) -> String {
        let outcome = self
            .invoke(request_id, payload)
            .await
            .expect("the host runs it");
        match outcome.result {
            InvocationResult::Success(bytes) => {
                String::from_utf8(bytes.to_vec()).expect("the fixture answers in text")
            }
            InvocationResult::FunctionError(error) => panic!("{error:?}"),
        }
    }

    /// Begins an invocation in the background.
    pub fn begin(&self, request_id: &str, payload: impl Into<Vec<u8>>) -> Pending {
        let (host, function) = (self.host.clone(), Arc::clone(&self.function));
        let request = request(request_id, payload);
        tokio::spawn(async move { host.invoke(&function, request).await })
    }

    /// As [`World::begin`], with a token that calls it off.
    pub fn begin_revocable(
        &self,
        request_id: &str,
        payload: impl Into<Vec<u8>>,
    ) -> (Pending, CancellationToken) {
        let (host, function) = (self.host.clone(), Arc::clone(&self.function));
        let request = request(request_id, payload);
        let called_off = request.called_off.clone();
        let pending = tokio::spawn(async move { host.invoke(&function, request).await });
        (pending, called_off)
    }

    /// Returns (warm, busy, queued) of the function.
    pub fn counts(&self) -> (usize, usize, usize) {
        let stats = self.host.stats();
        stats
            .first()
            .map_or((0, 0, 0), |stats| (stats.warm, stats.busy, stats.queued))
    }

    /// Waits until the counts of warm, busy and queued are these.
    pub async fn counts_become(&self, expected: (usize, usize, usize)) {
        wait_until(
            "(warm, busy, queued)",
            || self.counts(),
            |counts| *counts == expected,
        )
        .await;
    }
}

pub type Pending = tokio::task::JoinHandle<Result<InvocationOutcome, InvokeError>>;

/// Waits for an invocation that was begun, and returns its response as text.
pub async fn response(pending: Pending) -> String {
    let outcome = within("a pending invocation", pending).await;
    match outcome
        .expect("it does not panic")
        .expect("the host runs it")
        .result
    {
        InvocationResult::Success(bytes) => {
            String::from_utf8(bytes.to_vec()).expect("the fixture answers in text")
        }
        InvocationResult::FunctionError(error) => panic!("{error:?}"),
    }
}

pub fn request(request_id: &str, payload: impl Into<Vec<u8>>) -> InvocationRequest {
    InvocationRequest {
        request_id: request_id.into(),
        payload: payload.into().into(),
        invoked_function_arn: "arn:aws:lambda:us-east-1:000000000000:function:fixture:live".into(),
        client_context: None,
        trace_id: None,
        tenant_id: None,
        response_sink: None,
        called_off: CancellationToken::new(),
        permit: Default::default(),
    }
}

/// Makes the fixture the `bootstrap` of a directory.
pub fn link_fixture(directory: &Path) {
    symlink(
        env!("CARGO_BIN_EXE_host-fixture"),
        directory.join("bootstrap"),
    )
    .expect("the directory is new");
}

/// A gate where functions report the arrival of an invocation, and wait to be released.
pub struct Gate {
    listener: TcpListener,
    pub payload: String,
}

/// A function that waits at the gate. Dropping it releases the function.
pub struct Waiting {
    /// Its message, usually its process id.
    pub words: String,
    _connection: BufReader<TcpStream>,
}

impl Gate {
    pub async fn new() -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let payload = format!("\"{}\"", listener.local_addr().expect("it listens"));
        Gate { listener, payload }
    }

    /// Waits for the next function to arrive.
    pub async fn arrival(&self) -> Waiting {
        within("an invocation at the gate", async {
            let (stream, _) = self.listener.accept().await.expect("a function connects");
            let mut connection = BufReader::new(stream);
            let mut words = String::new();
            connection.read_line(&mut words).await.expect("it speaks");
            Waiting {
                words: words.trim_end().to_owned(),
                _connection: connection,
            }
        })
        .await
    }
}

impl World {
    /// Lets three invocations, `r-1` to `r-3`, meet at a gate, all in one process, and checks that each gets its own
    /// answer.
    pub async fn meet(&self) {
        let gate = Gate::new().await;
        let payload = format!(r#"{{"gate":{}}}"#, gate.payload);
        let ids = ["r-1", "r-2", "r-3"];
        let pending = ids.map(|id| self.begin(id, payload.clone()));
        let mut waiting = Vec::new();
        for _ in ids {
            waiting.push(gate.arrival().await);
        }
        assert_eq!(self.counts(), (0, 1, 0));
        for one in waiting {
            one.release().await;
        }
        for (id, one) in ids.iter().zip(pending) {
            let answer: Value = serde_json::from_str(&response(one).await).expect("it is JSON");
            assert_eq!(answer, json!({ "id": id }));
        }
    }
}

impl Waiting {
    /// Releases the function.
    pub async fn release(mut self) {
        self._connection
            .get_mut()
            .write_all(b"!")
            .await
            .expect("it waits");
    }
}

/// Waits for a future, with a time limit.
pub async fn within<T>(what: impl Debug, future: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(PATIENCE, future).await;
    result.unwrap_or_else(|_| panic!("{what:?} took longer than {PATIENCE:?}"))
}

/// Waits until a condition holds, and reports the last value seen if it never does.
pub async fn wait_until<T: Debug>(what: &str, look: impl Fn() -> T, holds: impl Fn(&T) -> bool) {
    let started = Instant::now();
    loop {
        let seen = look();
        if holds(&seen) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: last seen {seen:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a process has ended.
pub async fn process_ends(pid: u32) {
    wait_until(
        &format!("process {pid} ends"),
        || process_state(pid),
        |state| matches!(state, None | Some('Z')),
    )
    .await;
}

/// Returns the state of a process from `/proc`; `None` when there is none.
pub fn process_state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
