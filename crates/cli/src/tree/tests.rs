//! Trees of executions as their histories tell them.

use expect_test::{Expect, expect};
use lambda_api::{
    CallbackStartedDetails, EmptyDetails, EpochSeconds, ErrorDetails, ErrorObject, Event,
    EventPayload, EventType, ExecutionStartedDetails, InvocationCompletedDetails, ResultDetails,
    RetryDetails, StepFailedDetails, StepSucceededDetails, WaitStartedDetails,
};

use super::*;

/// A history, written event by event: `at` in milliseconds, then the event.
#[derive(Default)]
struct History {
    events: Vec<Event>,
    invocation_from: i64,
}

impl History {
    fn event(&mut self, at: i64, event_type: EventType, path: &str) -> &mut Event {
        // `parent/name` is also the id, so that a case needs to name an operation only once.
        let parent = path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
        let name = path.rsplit('/').next().unwrap_or_default();
        let (name, sub_type) = name.split_once(':').unwrap_or((name, ""));
        self.events.push(Event {
            event_type,
            event_id: self.events.len() as i64 + 1,
            id: Some(path.to_owned()),
            parent_id: parent,
            name: Some(name.to_owned()).filter(|it| !it.is_empty()),
            sub_type: Some(sub_type.to_owned()).filter(|it| !it.is_empty()),
            event_timestamp: EpochSeconds::from_millis(at),
            ..Event::default()
        });
        self.events.last_mut().unwrap()
    }

    fn start(&mut self, at: i64) {
        self.invocation_from = at;
        self.event(at, EventType::ExecutionStarted, "e")
            .execution_started_details = Some(ExecutionStartedDetails::default());
    }

    fn context(&mut self, at: i64, path: &str) {
        self.event(at, EventType::ContextStarted, path)
            .context_started_details = Some(EmptyDetails {});
    }

    fn context_ends(&mut self, at: i64, path: &str) {
        self.event(at, EventType::ContextSucceeded, path)
            .context_succeeded_details = Some(ResultDetails::default());
    }

    fn step(&mut self, at: i64, path: &str) {
        self.event(at, EventType::StepStarted, path)
            .step_started_details = Some(EmptyDetails {});
    }

    fn step_ends(&mut self, at: i64, path: &str, attempt: u32, result: &str) {
        self.event(at, EventType::StepSucceeded, path)
            .step_succeeded_details = Some(StepSucceededDetails {
            result: EventPayload {
                payload: Some(result.to_owned()),
                truncated: Some(false),
            },
            retry_details: RetryDetails {
                current_attempt: Some(attempt),
                next_attempt_delay_seconds: None,
            },
        });
    }

    fn step_fails(&mut self, at: i64, path: &str, attempt: u32, delay: Option<i64>, why: &str) {
        self.event(at, EventType::StepFailed, path)
            .step_failed_details = Some(StepFailedDetails {
            error: error(why),
            retry_details: RetryDetails {
                current_attempt: Some(attempt),
                next_attempt_delay_seconds: delay,
            },
        });
    }

    fn callback(&mut self, at: i64, path: &str, timeout: Option<i64>) {
        self.event(at, EventType::CallbackStarted, path)
            .callback_started_details = Some(CallbackStartedDetails {
            callback_id: "Y2Fs".to_owned(),
            heartbeat_timeout: None,
            timeout,
        });
    }

    fn callback_ends(&mut self, at: i64, path: &str) {
        self.event(at, EventType::CallbackSucceeded, path)
            .callback_succeeded_details = Some(ResultDetails::default());
    }

    fn suspends(&mut self, at: i64) {
        let start_timestamp = EpochSeconds::from_millis(self.invocation_from);
        let event = self.event(at, EventType::InvocationCompleted, "");
        event.id = None;
        event.invocation_completed_details = Some(InvocationCompletedDetails {
            start_timestamp,
            end_timestamp: event.event_timestamp,
            ..InvocationCompletedDetails::default()
        });
    }

    fn resumes(&mut self, at: i64) {
        self.invocation_from = at;
    }

    fn trace(&self) -> ExecutionTrace {
        ExecutionTrace::from_events(&self.events)
    }
}

fn error(why: &str) -> EventPayload<ErrorObject> {
    EventPayload {
        payload: Some(ErrorObject {
            error_type: Some("BureauError".to_owned()),
            error_message: Some(why.to_owned()),
            ..ErrorObject::default()
        }),
        truncated: Some(false),
    }
}

fn check(history: &History, to: i64, ended: bool, width: usize, expected: Expect) {
    let options = TreeOptions {
        width,
        full: false,
        timeline: Timeline { from: 0, to },
        ended,
        now: to,
    };
    let text = lines(&history.trace(), options).join("\n");
    let plain = anstream::adapter::strip_str(&text).to_string();
    for line in plain
        .lines()
        .filter(|line| line.contains('█') || line.contains('░'))
    {
        assert!(line.width() <= width, "{line} is wider than {width}");
    }
    expected.assert_eq(&plain);
}

/// A loan: a step, three bureaus in parallel (one of them on the second try), and a manager who has not answered yet.
fn loan() -> History {
    let mut it = History::default();
    it.start(0);
    it.step(100, "validate:Step");
    it.step_ends(500, "validate:Step", 1, "true");
    it.context(500, "bureaus:Parallel");
    for bureau in ["equifax", "experian"] {
        it.context(500, &format!("bureaus:Parallel/{bureau}:ParallelBranch"));
        it.step(
            500,
            &format!("bureaus:Parallel/{bureau}:ParallelBranch/score:Step"),
        );
    }
    it.step_ends(
        1500,
        "bureaus:Parallel/equifax:ParallelBranch/score:Step",
        1,
        "700",
    );
    it.context_ends(1500, "bureaus:Parallel/equifax:ParallelBranch");
    it.step_fails(
        2000,
        "bureaus:Parallel/experian:ParallelBranch/score:Step",
        1,
        Some(2),
        "busy\u{1b}[31m",
    );
    it.suspends(2100);
    it.resumes(4000);
    it.step(4100, "bureaus:Parallel/experian:ParallelBranch/score:Step");
    it.step_ends(
        5000,
        "bureaus:Parallel/experian:ParallelBranch/score:Step",
        2,
        "710",
    );
    it.context_ends(5000, "bureaus:Parallel/experian:ParallelBranch");
    it.context_ends(5000, "bureaus:Parallel");
    it.context(5100, "manager:WaitForCallback");
    it.callback(
        5100,
        "manager:WaitForCallback/create callback id",
        Some(1800),
    );
    it.step(5200, "manager:WaitForCallback/submitter:Step");
    it.step_ends(5300, "manager:WaitForCallback/submitter:Step", 1, "null");
    it.suspends(5400);
    it
}

#[test]
fn suspended_execution_shows_what_it_waits_for() {
    check(
        &loan(),
        20_000,
        false,
        100,
        expect![[r#"
        OPERATION                TYPE             TIME    0                                             20 s
        ✓ validate               Step             400 ms  ██
        ✓ bureaus                Parallel          4.5 s   ████░░░░░███
        ├─ ✓ equifax             ParallelBranch      1 s   ███
        │  └─ ✓ score            Step                1 s   ███
        └─ ✓ experian            ParallelBranch    4.5 s   ████░░░░░███
           └─ ✓ score            Step ×2           4.5 s   ████░░░░░███
        ● manager                WaitForCallback  14.9 s              ░█░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
        ├─ ◌ create callback id  Callback         14.9 s              ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
        │    waits for its callback, times out in 29 min 45 s (00:30:05.100)
        └─ ✓ submitter           Step             100 ms               █"#]],
    );
}

#[test]
fn finished_execution_tells_working_from_waiting() {
    let mut it = loan();
    it.callback_ends(15_000, "manager:WaitForCallback/create callback id");
    it.resumes(15_000);
    it.context_ends(15_100, "manager:WaitForCallback");
    it.step(15_100, "disburse:Step");
    it.step_fails(15_900, "disburse:Step", 1, None, "no money");
    it.suspends(16_000);
    let ended = it.event(16_000, EventType::ExecutionFailed, "e");
    ended.execution_failed_details = Some(ErrorDetails {
        error: error("no money"),
    });
    check(
        &it,
        16_000,
        true,
        90,
        expect![[r#"
        OPERATION                TYPE             TIME    0                                   16 s
        ✓ validate               Step             400 ms  ██
        ✓ bureaus                Parallel          4.5 s   ████░░░░░███
        ├─ ✓ equifax             ParallelBranch      1 s   ███
        │  └─ ✓ score            Step                1 s   ███
        └─ ✓ experian            ParallelBranch    4.5 s   ████░░░░░███
           └─ ✓ score            Step ×2           4.5 s   ████░░░░░███
        ✓ manager                WaitForCallback    10 s              ░█░░░░░░░░░░░░░░░░░░░░░░░█
        ├─ ✓ create callback id  Callback          9.9 s              ░░░░░░░░░░░░░░░░░░░░░░░░░░
        └─ ✓ submitter           Step             100 ms               █
        ✗ disburse               Step             800 ms                                       ███
          BureauError: no money"#]],
    );
}

#[test]
fn narrow_terminals_get_no_bars() {
    let mut it = History::default();
    it.start(0);
    it.event(0, EventType::WaitStarted, ":Wait")
        .wait_started_details = Some(WaitStartedDetails {
        duration: 60,
        scheduled_end_timestamp: EpochSeconds(60.0),
    });
    it.suspends(10);
    check(
        &it,
        90_000,
        false,
        34,
        expect![[r#"
        OPERATION  TYPE  TIME
        ◌ Wait     Wait  1 min 30 s
          goes on since 30 s ago"#]],
    );
}

#[test]
fn hostile_nesting_ends_somewhere() {
    let mut it = History::default();
    it.start(0);
    let mut path = String::from("0");
    it.context(0, &path);
    for depth in 1..300 {
        path = format!("{path}/{depth}");
        it.context(depth, &path);
    }
    let options = TreeOptions {
        width: 80,
        full: false,
        timeline: Timeline { from: 0, to: 300 },
        ended: false,
        now: 300,
    };
    let lines = lines(&it.trace(), options);
    assert_eq!(lines.len(), 301);
    let widest = lines
        .iter()
        .map(|line| anstream::adapter::strip_str(line).to_string().width())
        .max();
    assert!(widest <= Some(80), "{widest:?}");
}

#[test]
fn parents_that_are_unknown_or_later_make_no_circle() {
    let mut it = History::default();
    it.start(0);
    it.step(1, "later/child");
    it.context(2, "later");
    it.event(3, EventType::ContextStarted, "self").parent_id = Some("self".to_owned());
    let trace = it.trace();
    let parents: Vec<Option<usize>> = trace.operations.iter().map(|it| it.parent).collect();
    assert_eq!(parents, [None, None, None]);
}
