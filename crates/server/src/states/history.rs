//! The event history of a state machine, derived from the records of its durable execution.
//!
//! No record is made for it: a state's context gives its entry and its exit, a chained invoke gives a task that was
//! scheduled and ended, a callback gives a task that waits for its token. This file decides the kind of each recorded
//! event; the file of each kind writes its events.

mod activity_events;
mod execution_events;
mod kinds;
mod map_events;
mod service_events;
mod state_events;
mod task_events;
mod writer;

use lambda_api::{Event, EventType};
use serde_json::Value;
use state_machine::{EvaluationFailed, WRITE};

pub(super) use writer::History;
use writer::Writer;

/// The events, oldest first, of an execution and of each of its redrives: by the durable execution's name.
pub(super) fn written(history: &History<'_>, parts: &[(&str, Vec<Event>)]) -> Vec<Value> {
    let mut writer = Writer::new(history);
    for (durable, events) in parts {
        writer.turn_to(durable, events);
        let returned = activity_events::returned(events);
        for (index, event) in events.iter().enumerate() {
            if !returned.contains(&index) {
                writer.event(event);
            }
        }
    }
    writer.events
}

impl Writer<'_> {
    fn event(&mut self, event: &Event) {
        match event.event_type {
            EventType::ExecutionStarted => self.execution_started(event),
            EventType::ExecutionSucceeded
            | EventType::ExecutionFailed
            | EventType::ExecutionTimedOut
            | EventType::ExecutionStopped => self.execution_ended(event),
            EventType::ContextStarted => self.begun(event),
            EventType::ContextSucceeded | EventType::ContextFailed => self.ended(event),
            EventType::ChainedInvokeStarted => self.scheduled(event),
            EventType::ChainedInvokeSucceeded
            | EventType::ChainedInvokeFailed
            | EventType::ChainedInvokeTimedOut
            | EventType::ChainedInvokeStopped => self.called(event),
            EventType::WaitStarted => self.raced(event),
            EventType::WaitSucceeded => self.timed_out(event),
            EventType::StepStarted => self.service_called(event),
            EventType::StepSucceeded if event.name.as_deref() == Some(EvaluationFailed::STEP) => {
                self.evaluation_failed(event);
            }
            EventType::StepSucceeded if self.activity(event).is_some() => {
                self.activity_scheduled(event)
            }
            EventType::StepSucceeded | EventType::StepFailed
                if event.name.as_deref() == Some(WRITE) =>
            {
                self.run_written(event);
            }
            EventType::StepSucceeded | EventType::StepFailed => self.service_answered(event),
            EventType::CallbackSucceeded
            | EventType::CallbackFailed
            | EventType::CallbackTimedOut
                if self.activity(event).is_some() =>
            {
                self.activity_callback(event)
            }
            EventType::CallbackSucceeded
            | EventType::CallbackFailed
            | EventType::CallbackTimedOut => self.completed(event),
            _ => {}
        }
    }
}
