//! The usage of an execution, from its event history.

use std::ops::AddAssign;

use lambda_api::{ErrorObject, Event, EventPayload, EventType, FunctionConfiguration};
use serde::Serialize;

use crate::prices::Architecture;

/// A function's memory unless its configuration says otherwise.
const MEMORY_MIB: i64 = 128;

/// The configuration of the function that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// `MemorySize`, in MiB.
    pub memory_mib: u32,
    /// Its processor.
    pub architecture: Architecture,
    /// `RetentionPeriodInDays`; zero for a plain function.
    pub retention_days: u32,
    /// The type of state machine that it runs, if any; on AWS that is not a function.
    pub state_machine: Option<StateMachine>,
}

impl Function {
    /// The values of a configuration, and Lambda's defaults for missing ones.
    #[must_use]
    pub fn of(
        configuration: Option<&FunctionConfiguration>,
        state_machine: Option<StateMachine>,
    ) -> Self {
        let memory = configuration.and_then(|it| it.memory_size);
        let durable = configuration.and_then(|it| it.durable_config.as_ref());
        let retention = durable.and_then(|it| it.retention_period_in_days);
        let architectures = configuration.and_then(|it| it.architectures.as_deref());
        let is_arm = architectures
            .unwrap_or_default()
            .iter()
            .any(|it| it == "arm64");
        Self {
            memory_mib: u32::try_from(memory.unwrap_or(MEMORY_MIB)).unwrap_or_default(),
            architecture: if is_arm {
                Architecture::Arm64
            } else {
                Architecture::X86_64
            },
            retention_days: retention.and_then(|it| u32::try_from(it).ok()).unwrap_or(0),
            state_machine,
        }
    }
}

impl StateMachine {
    /// The type by its name in `CreateStateMachine`, standard by default.
    #[must_use]
    pub fn of_type(name: &str) -> Self {
        match name {
            "EXPRESS" => Self::Express,
            _ => Self::Standard,
        }
    }
}

/// The types of state machines, which are charged differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StateMachine {
    /// By state transition.
    Standard,
    /// By execution, duration and memory.
    Express,
}

/// Durable operations by kind: whole numbers for one execution, fractions for an average.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Operations {
    /// Executions that were started.
    pub executions: f64,
    /// Attempts of steps that ended, successfully or not.
    pub step_attempts: f64,
    /// Waits that were begun.
    pub waits: f64,
    /// Callbacks that were created.
    pub callbacks: f64,
    /// Chained invokes that were begun.
    pub chained_invokes: f64,
    /// Child contexts that were begun: those of `runInChildContext`, `map` and `parallel`, and of each branch.
    pub contexts: f64,
}

impl Operations {
    /// All of them.
    pub fn total(&self) -> f64 {
        self.executions
            + self.step_attempts
            + self.waits
            + self.callbacks
            + self.chained_invokes
            + self.contexts
    }
}

impl AddAssign for Operations {
    fn add_assign(&mut self, other: Self) {
        self.executions += other.executions;
        self.step_attempts += other.step_attempts;
        self.waits += other.waits;
        self.callbacks += other.callbacks;
        self.chained_invokes += other.chained_invokes;
        self.contexts += other.contexts;
    }
}

/// The charged quantities. Usages can be added up: an execution's includes those of the executions that it invoked in a
/// chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Durable operations.
    pub operations: Operations,
    /// Bytes of inputs, results and errors.
    pub bytes_written: f64,
    /// Bytes, each multiplied by the hours that it is kept.
    pub byte_hours_retained: f64,
    /// State transitions of standard state machines.
    pub transitions: f64,
    /// Executions of Express state machines.
    pub express_requests: f64,
    /// Seconds of Express executions, each times its memory in GB.
    pub express_gb_seconds: f64,
    /// Bytes of inputs, outputs and errors of state machines, which are not charged.
    pub bytes_passed: f64,
    /// Invocations of functions.
    pub requests: f64,
    /// Seconds of functions on x86-64, each times its memory in GB (of 1,024 MiB).
    pub gb_seconds_x86_64: f64,
    /// The same on Arm.
    pub gb_seconds_arm64: f64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.bytes_written += other.bytes_written;
        self.byte_hours_retained += other.byte_hours_retained;
        self.transitions += other.transitions;
        self.express_requests += other.express_requests;
        self.express_gb_seconds += other.express_gb_seconds;
        self.bytes_passed += other.bytes_passed;
        self.requests += other.requests;
        self.gb_seconds_x86_64 += other.gb_seconds_x86_64;
        self.gb_seconds_arm64 += other.gb_seconds_arm64;
    }
}

impl Usage {
    /// The average of a sum over so many executions.
    pub fn divided(self, executions: usize) -> Self {
        let by = float(u64::try_from(executions.max(1)).unwrap_or(u64::MAX));
        let operations = self.operations;
        Self {
            operations: Operations {
                executions: operations.executions / by,
                step_attempts: operations.step_attempts / by,
                waits: operations.waits / by,
                callbacks: operations.callbacks / by,
                chained_invokes: operations.chained_invokes / by,
                contexts: operations.contexts / by,
            },
            bytes_written: self.bytes_written / by,
            byte_hours_retained: self.byte_hours_retained / by,
            transitions: self.transitions / by,
            express_requests: self.express_requests / by,
            express_gb_seconds: self.express_gb_seconds / by,
            bytes_passed: self.bytes_passed / by,
            requests: self.requests / by,
            gb_seconds_x86_64: self.gb_seconds_x86_64 / by,
            gb_seconds_arm64: self.gb_seconds_arm64 / by,
        }
    }

    /// Adds invocations of a function, and their total milliseconds.
    pub(crate) fn add_invocations(&mut self, count: u32, milliseconds: i64, function: Function) {
        self.requests += f64::from(count);
        let seconds = float(u64::try_from(milliseconds).unwrap_or(0)) / 1000.0;
        let gb_seconds = seconds * f64::from(function.memory_mib) / 1024.0;
        match function.architecture {
            Architecture::X86_64 => self.gb_seconds_x86_64 += gb_seconds,
            Architecture::Arm64 => self.gb_seconds_arm64 += gb_seconds,
        }
    }

    pub(crate) fn count(&mut self, event: &Event) {
        let operations = &mut self.operations;
        let counter = match event.event_type {
            EventType::ExecutionStarted => &mut operations.executions,
            EventType::StepSucceeded | EventType::StepFailed => &mut operations.step_attempts,
            EventType::WaitStarted => &mut operations.waits,
            EventType::CallbackStarted => &mut operations.callbacks,
            EventType::ChainedInvokeStarted => &mut operations.chained_invokes,
            EventType::ContextStarted => &mut operations.contexts,
            _ => return,
        };
        *counter += 1.0;
    }
}

/// Bytes of an event's data.
pub(crate) fn bytes(event: &Event) -> u64 {
    let inputs = [
        event.execution_started_details.as_ref().map(|it| &it.input),
        event
            .chained_invoke_started_details
            .as_ref()
            .and_then(|it| it.input.as_ref()),
    ];
    let results = [
        &event.execution_succeeded_details,
        &event.context_succeeded_details,
        &event.chained_invoke_succeeded_details,
        &event.callback_succeeded_details,
    ];
    let results = results.map(|it| it.as_ref().map(|it| &it.result));
    let step = event.step_succeeded_details.as_ref().map(|it| &it.result);
    let errors = [
        &event.execution_failed_details,
        &event.execution_stopped_details,
        &event.context_failed_details,
        &event.chained_invoke_failed_details,
        &event.chained_invoke_timed_out_details,
        &event.chained_invoke_stopped_details,
        &event.callback_failed_details,
        &event.callback_timed_out_details,
    ];
    let errors = errors.map(|it| it.as_ref().map(|it| &it.error));
    let step_error = event.step_failed_details.as_ref().map(|it| &it.error);
    let timed_out = [
        &event.execution_timed_out_details,
        &event.wait_cancelled_details,
    ];
    let timed_out = timed_out.map(|it| it.as_ref().and_then(|it| it.error.as_ref()));

    let texts = inputs.into_iter().chain(results).chain([step]).flatten();
    let errors = errors.into_iter().chain([step_error]).chain(timed_out);
    let of_texts: usize = texts.map(text_bytes).sum();
    let of_errors: usize = errors.flatten().map(error_bytes).sum();
    u64::try_from(of_texts + of_errors).unwrap_or(u64::MAX)
}

fn text_bytes(text: &EventPayload<String>) -> usize {
    text.payload.as_ref().map_or(0, String::len)
}

fn error_bytes(error: &EventPayload<ErrorObject>) -> usize {
    let Some(error) = &error.payload else {
        return 0;
    };
    let texts = [&error.error_message, &error.error_type, &error.error_data];
    let frames = error.stack_trace.iter().flatten();
    let of_texts: usize = texts.into_iter().flatten().map(String::len).sum();
    of_texts + frames.map(String::len).sum::<usize>()
}

pub(crate) fn hours(milliseconds: i64) -> f64 {
    float(u64::try_from(milliseconds).unwrap_or(0)) / 3_600_000.0
}

/// Counts and bytes of one execution are far below the numbers that a float cannot represent exactly.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_the_sum_divided() {
        let one = Usage {
            operations: Operations {
                executions: 1.0,
                step_attempts: 2.0,
                waits: 3.0,
                callbacks: 4.0,
                chained_invokes: 5.0,
                contexts: 6.0,
            },
            bytes_written: 7.0,
            byte_hours_retained: 8.0,
            transitions: 9.0,
            express_requests: 10.0,
            express_gb_seconds: 11.0,
            bytes_passed: 12.0,
            requests: 13.0,
            gb_seconds_x86_64: 14.0,
            gb_seconds_arm64: 15.0,
        };
        let mut two = one;
        two += one;
        assert_eq!(two.divided(2), one);
    }
}
