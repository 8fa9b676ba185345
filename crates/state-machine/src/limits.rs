//! Time limits of a Task.

use std::time::Duration;

use asl::{StateError, Task};

use crate::frame::Frame;

/// The longest time of a task, and the longest time between its heartbeats.
pub(crate) struct Limits {
    pub timeout: Option<Duration>,
    pub heartbeat: Option<Duration>,
}

impl Limits {
    pub(crate) fn of(frame: &Frame<'_>, task: &Task) -> Result<Self, StateError> {
        let seconds = |template: &Option<asl::Template>, field: &'static str| {
            let Some(template) = template else {
                return Ok(None);
            };
            let seconds = frame.before(|scope| {
                let effective = frame.state.flow.effective_input(scope)?;
                template.whole(&scope.with_input(&effective), field)
            })?;
            if seconds == 0 {
                return Err(StateError::runtime(format!(
                    "The field '{field}' is 0, and has to be at least 1"
                )));
            }
            Ok(Some(Duration::from_secs(seconds)))
        };
        Ok(Self {
            timeout: seconds(&task.timeout_seconds, "TimeoutSeconds")?,
            heartbeat: seconds(&task.heartbeat_seconds, "HeartbeatSeconds")?,
        })
    }
}
