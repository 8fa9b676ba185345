//! Log lines on their way from function processes to the log store.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use function_host::{LogLine as HostLine, LogSink, LogStream as HostStream};
use model::{ExecutionId, ExecutionSpec, FunctionName, RequestId, Timestamp, Version};
use store::{LogLine, LogStore, LogStream};

use super::own_sources::OwnSources;
use super::xray;

/// Invocations whose execution is remembered: many more than can run at once, so that the last lines
/// of one that just ended still find it.
const REMEMBERED_MAX: usize = 16_384;

/// Receives the host's lines and adds the execution that each belongs to.
pub(crate) struct LogRecorder {
    store: Arc<dyn LogStore>,
    own_sources: Arc<OwnSources>,
    executions: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    by_request: HashMap<RequestId, ExecutionId>,
    oldest_first: VecDeque<RequestId>,
}

impl LogRecorder {
    pub fn new(store: Arc<dyn LogStore>, own_sources: Arc<OwnSources>) -> Self {
        Self {
            store,
            own_sources,
            executions: Mutex::default(),
        }
    }

    pub fn store(&self) -> &Arc<dyn LogStore> {
        &self.store
    }

    /// Adds a segment for an ended execution to its X-Ray trace, if it has one.
    pub fn traced(&self, spec: &ExecutionSpec, ended_at: Timestamp) {
        if let Some(segment) = xray::of_execution(spec, ended_at) {
            self.store.append_segment(segment);
        }
    }

    /// Notes that an invocation is part of an execution.
    pub fn belongs_to(&self, request_id: &RequestId, execution_id: &ExecutionId) {
        let mut executions = self
            .executions
            .lock()
            .expect("the map is never left half changed");
        if executions
            .by_request
            .insert(request_id.clone(), execution_id.clone())
            .is_none()
        {
            executions.oldest_first.push_back(request_id.clone());
        }
        while executions.oldest_first.len() > REMEMBERED_MAX {
            if let Some(oldest) = executions.oldest_first.pop_front() {
                executions.by_request.remove(&oldest);
            }
        }
    }
}

impl LogSink for LogRecorder {
    fn record(&self, line: HostLine) {
        let Ok(function) = FunctionName::parse(&line.function.name) else {
            return;
        };
        let request_id = line.request_id.and_then(|id| RequestId::parse(&id).ok());
        let execution_id = request_id.as_ref().and_then(|id| {
            let executions = self
                .executions
                .lock()
                .expect("the map is never left half changed");
            executions.by_request.get(id).cloned()
        });
        let stream = match line.stream {
            HostStream::Stdout => LogStream::Stdout,
            HostStream::Stderr => LogStream::Stderr,
            HostStream::Platform => LogStream::Platform,
        };
        let text = self.own_sources.show_all(&line.function, line.text);
        self.store.append(vec![LogLine {
            function,
            version: line.function.version.parse().unwrap_or(Version::Latest),
            request_id,
            execution_id,
            at: line.at.into(),
            stream,
            text,
        }]);
    }
}
