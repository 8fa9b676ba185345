//! The pools with invocations and processes that exist only as names.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::invocation::{InvocationRequest, Permit};

fn handle(id: u64) -> ProcessHandle {
    ProcessHandle {
        id: ProcessId(id),
        work: mpsc::channel(8).0,
        retire: Arc::default(),
    }
}

/// A process must be able to ask for the invocations that it is not given at first, or it never gets them.
#[test]
fn whatever_a_process_is_not_given_at_first_is_withheld() {
    let mut pools = Pools::default();
    let mut function = FunctionConfig::for_tests();
    function.per_process = NonZeroUsize::new(8);
    let function = Arc::new(function);
    let key = function.key();
    pools.pool(key.clone(), &function);
    assert_eq!(pools.announce(&key, handle(1)), 0);
    pools.asks_for(&key, 3);
    assert_eq!(pools.announce(&key, handle(2)), 5);
    assert_eq!(pools.existing(&key).free.last().map(|it| it.room), Some(2));
    pools.asks_for(&key, 1);
    assert_eq!(pools.announce(&key, handle(3)), 7);
}

#[test]
fn one_that_is_debugged_is_kept_however_long_it_is_idle() {
    let mut pools = Pools::default();
    let plain = Arc::new(FunctionConfig::for_tests());
    let mut debugged = FunctionConfig::for_tests();
    debugged.name = "debugged".to_owned();
    debugged.debugger = Some(crate::Debugger {
        port: 5678,
        waits: false,
        sources: "/".into(),
    });
    let debugged = Arc::new(debugged);
    for (id, function) in [(1, &debugged), (2, &plain)] {
        pools.pool(function.key(), function);
        assert!(pools.park(&function.key(), &handle(id), || true).is_none());
    }
    let retired = pools.retire_longest_idle().map(|process| process.id);
    assert_eq!(retired, Some(ProcessId(2)));
    assert!(pools.retire_longest_idle().is_none());
}

fn work(ticket: u64) -> Work {
    let request = InvocationRequest {
        request_id: format!("request-{ticket}"),
        payload: bytes::Bytes::new(),
        invoked_function_arn: String::new(),
        client_context: None,
        trace_id: None,
        tenant_id: None,
        response_sink: None,
        called_off: CancellationToken::new(),
        permit: Permit::default(),
    };
    // The outcome is never read; the caller counts as waiting as long as the receiver lives.
    let (reply, outcome) = oneshot::channel();
    std::mem::forget(outcome);
    let work = Work::new(request, Ticket(ticket), Duration::from_secs(60), reply);
    work.expect("it is a request")
}

/// A function whose processes have two invocations at a time, and how many of those are started at once.
fn of_two() -> (Arc<FunctionConfig>, usize) {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut function = FunctionConfig::for_tests();
    function.per_process = NonZeroUsize::new(2);
    function.concurrency_max = at_once + 62;
    (Arc::new(function), at_once)
}

#[test]
fn processes_for_many_invocations_are_started_as_they_are_of_use() {
    let mut pools = Pools::default();
    let (function, at_once) = of_two();
    let key = function.key();
    let mut place = {
        let mut tickets = 0..;
        move |pools: &mut Pools| {
            let ticket = tickets.next().expect("there is always one more");
            pools.place(&function, 1, work(ticket))
        }
    };
    for _ in 0..at_once {
        assert!(matches!(place(&mut pools), Placement::Start(_)));
    }
    assert!(matches!(place(&mut pools), Placement::Watch));
    // More than the queue's limit: there could be processes to run them all.
    for _ in 0..8 {
        assert!(matches!(place(&mut pools), Placement::Placed));
    }
    let mut grow = |growth| pools.grow(&key, growth).map(|(_, works)| works.len());
    assert_eq!(grow(Growth::None), Some(0));
    assert_eq!(grow(Growth::One), Some(1));
    // Eight wait, two per process.
    assert_eq!(grow(Growth::Double), Some(4.min(at_once + 1)));
    while grow(Growth::Double).is_some() {}
    // The next invocation that finds no room starts the watch again.
    assert!(matches!(place(&mut pools), Placement::Watch));
}

#[test]
fn invocations_that_wait_are_watched_after_a_start_that_failed() {
    let mut pools = Pools::default();
    let (function, at_once) = of_two();
    let key = function.key();
    let mut started = Vec::new();
    for ticket in 0..=at_once as u64 {
        match pools.place(&function, 1, work(ticket)) {
            Placement::Start(work) => started.push(work),
            placement => assert!(matches!(placement, Placement::Watch)),
        }
    }
    let last = started.pop().expect("some were started");
    let obstacle = LaunchError::UnsupportedRuntime {
        runtime: String::new(),
    };
    let put_back = pools.put_back(&key, vec![last], obstacle);
    assert_eq!(put_back.try_again, Some(0));
    // As long as a start is due, no invocation overtakes the waiting ones.
    assert_eq!(
        pools
            .grow(&key, Growth::Double)
            .map(|(_, works)| works.len()),
        Some(0)
    );
    assert!(matches!(pools.try_again(&key), Next::Start(_, _)));
    assert!(matches!(pools.process_started(&key), Next::Nothing));
    assert_eq!(
        pools.grow(&key, Growth::One).map(|(_, works)| works.len()),
        Some(1)
    );
}

#[test]
fn a_runtime_that_asks_for_one_at_a_time_gets_a_process_for_each() {
    let mut pools = Pools::default();
    let (function, at_once) = of_two();
    assert!(matches!(
        pools.place(&function, 1, work(0)),
        Placement::Start(_)
    ));
    pools.asks_for(&function.key(), 1);
    for ticket in 1..=at_once as u64 + 1 {
        let placement = pools.place(&function, 1, work(ticket));
        assert!(matches!(placement, Placement::Start(_)), "{ticket}");
    }
}

#[test]
fn nothing_is_started_after_the_end() {
    let mut pools = Pools::default();
    let (function, at_once) = of_two();
    for ticket in 0..=at_once as u64 {
        pools.place(&function, 1, work(ticket));
    }
    assert_eq!(pools.close().len(), 1);
    assert!(pools.grow(&function.key(), Growth::Double).is_none());
}
