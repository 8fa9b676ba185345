//! How processes are shared: warm reuse, the limit on them, the queue, idle processes, and the end of the host.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use function_host::{
    FunctionErrorKind, InvocationResult, InvokeError, LogStream, Permit, Shortage,
};
use support::{Gate, World, process_ends, process_state, request, response, wait_until, within};

/// How long shutdowns in these tests let processes end by themselves; they end at once.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn one_after_another_share_a_process() {
    let world = World::with("echoes", |_, function| function.concurrency_max = 1);
    for number in 0..200 {
        let payload = number.to_string();
        assert_eq!(
            world
                .invoke_ok(&format!("r-{number}"), payload.clone())
                .await,
            payload
        );
        assert_eq!(world.counts(), (1, 0, 0));
    }
    let outcome = world.invoke("r-200", "{}").await.expect("it runs");
    assert!(
        outcome.init_duration.is_none() && outcome.max_rss_bytes > Some(100 * 1024),
        "{outcome:?}"
    );
    let lines = world.logs.lines();
    let streams: BTreeSet<_> = lines.iter().map(|line| &*line.log_stream_name).collect();
    assert_eq!(streams.len(), 1, "{streams:?}");
    let reports = lines.iter().filter(|line| line.text.starts_with("REPORT"));
    assert_eq!(
        reports
            .filter(|line| line.text.contains("Init Duration"))
            .count(),
        1
    );
}

#[tokio::test]
async fn the_process_that_was_free_last_is_used_first() {
    let world = World::new("waits at a gate");
    let gate = Gate::new().await;
    let first = world.begin("r-1", gate.payload.clone());
    let first_waiting = gate.arrival().await;
    let second = world.begin("r-2", gate.payload.clone());
    let second_waiting = gate.arrival().await;
    second_waiting.release().await;
    response(second).await;
    first_waiting.release().await;
    let last = response(first).await;
    let third = world.begin("r-3", gate.payload.clone());
    gate.arrival().await.release().await;
    assert_eq!(response(third).await, last);
    world.counts_become((2, 0, 0)).await;
}

#[tokio::test]
async fn no_more_processes_than_allowed_and_the_rest_waits_its_turn() {
    let world = World::with("waits at a gate", |_, function| {
        function.concurrency_max = 2
    });
    let gates = [
        Gate::new().await,
        Gate::new().await,
        Gate::new().await,
        Gate::new().await,
    ];
    let mut pending = Vec::new();
    let mut waiting = Vec::new();
    for (index, gate) in gates.iter().enumerate() {
        pending.push(world.begin(&format!("r-{index}"), gate.payload.clone()));
        let expected = if index < 2 {
            (0, index + 1, 0)
        } else {
            (0, 2, index - 1)
        };
        world.counts_become(expected).await;
    }
    waiting.push(gates[0].arrival().await);
    waiting.push(gates[1].arrival().await);
    // The first invocation's process takes the third, the oldest in the queue, and then the fourth.
    waiting.remove(0).release().await;
    let third = gates[2].arrival().await;
    world.counts_become((0, 2, 1)).await;
    third.release().await;
    gates[3].arrival().await.release().await;
    waiting.remove(0).release().await;
    let mut pids = BTreeSet::new();
    for pending in pending {
        pids.insert(response(pending).await);
    }
    assert_eq!(pids.len(), 2, "{pids:?}");
    world.counts_become((2, 0, 0)).await;
}

#[tokio::test]
async fn a_full_queue_has_no_room() {
    let world = World::with("waits at a gate", |config, function| {
        config.queue_max = 1;
        function.concurrency_max = 1;
    });
    let gate = Gate::new().await;
    let running = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    let queued = world.begin("r-2", gate.payload.clone());
    world.counts_become((0, 1, 1)).await;
    let refused = world
        .invoke("r-3", gate.payload.clone())
        .await
        .expect_err("the queue is full");
    let InvokeError::NoRoom { shortage, .. } = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        format!("{refused}: {shortage}"),
        "no room for an invocation of function fixture:1: 1 processes busy and 1 invocations waiting"
    );
    assert!(matches!(shortage, Shortage::QueueFull { .. }));
    waiting.release().await;
    gate.arrival().await.release().await;
    response(running).await;
    response(queued).await;
}

#[tokio::test]
async fn zero_concurrency_throttles_everything() {
    let world = World::with("echoes", |_, function| function.concurrency_max = 0);
    let throttled = world.invoke("r-1", "1").await.expect_err("nothing may run");
    assert!(
        matches!(throttled, InvokeError::Throttled { .. }),
        "{throttled}"
    );
    assert_eq!(world.host.stats(), []);
}

#[tokio::test]
async fn a_queue_survives_the_death_of_every_process_before_it() {
    let world = World::with("waits at a gate and then exits", |_, function| {
        function.concurrency_max = 1
    });
    let gate = Gate::new().await;
    let pending: Vec<_> = (0..3)
        .map(|number| world.begin(&format!("r-{number}"), gate.payload.clone()))
        .collect();
    for _ in 0..3 {
        gate.arrival().await.release().await;
    }
    for pending in pending {
        let outcome = within("the outcome", pending)
            .await
            .expect("it does not panic")
            .expect("it runs");
        let InvocationResult::FunctionError(error) = outcome.result else {
            panic!("it exits")
        };
        assert_eq!(error.kind, FunctionErrorKind::Exit);
        assert!(
            outcome.init_duration.is_some(),
            "each one had a new process"
        );
    }
    world.counts_become((0, 0, 0)).await;
}

#[tokio::test]
async fn a_process_that_exits_between_invocations_loses_none() {
    let world = World::with("exits after the answer", |_, function| {
        function.concurrency_max = 2
    });
    let mut pids = BTreeSet::new();
    for number in 0..30 {
        pids.insert(world.invoke_ok(&format!("r-{number}"), "1").await);
    }
    assert_eq!(pids.len(), 30, "each process took one invocation");
    world.counts_become((0, 0, 0)).await;
}

#[tokio::test]
async fn a_function_that_crashes_at_start_is_started_once_per_invocation() {
    let world = World::new("exits in init");
    for number in 0..3 {
        world
            .invoke(&format!("r-{number}"), "1")
            .await
            .expect("the failure is an outcome");
    }
    world.counts_become((0, 0, 0)).await;
    assert_eq!(world.logs.printed(), ["no database"; 3]);
}

#[tokio::test]
async fn what_a_caller_gives_up_is_never_delivered_and_what_runs_runs_on() {
    let world = World::with("waits at a gate", |_, function| {
        function.concurrency_max = 1
    });
    let gate = Gate::new().await;
    let abandoned = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    let abandoned_in_the_queue = world.begin("r-2", gate.payload.clone());
    world.counts_become((0, 1, 1)).await;
    for pending in [abandoned_in_the_queue, abandoned] {
        pending.abort();
        assert!(pending.await.expect_err("it was aborted").is_cancelled());
        // It leaves the queue at once, and not only when its turn comes.
        assert_eq!(world.counts(), (0, 1, 0));
    }
    waiting.release().await;
    world.counts_become((1, 0, 0)).await;
    let next = world.begin("r-3", gate.payload.clone());
    gate.arrival().await.release().await;
    response(next).await;
    assert_eq!(ended(&world), ["END RequestId: r-1", "END RequestId: r-3"]);
}

#[tokio::test]
async fn what_a_caller_gives_up_during_a_start_is_never_delivered() {
    let gate = Gate::new().await;
    let world = World::with("initializes at a gate", |_, function| {
        let gate = gate.payload.clone();
        function.environment.insert("GATE".into(), gate);
        function.concurrency_max = 1;
    });
    let abandoned = world.begin("r-1", "1");
    let initializing = gate.arrival().await;
    abandoned.abort();
    assert!(abandoned.await.expect_err("it was aborted").is_cancelled());
    initializing.release().await;
    // The process can be used again.
    world.counts_become((1, 0, 0)).await;
    let outcome = world.invoke("r-2", "2").await.expect("it runs");
    assert!(outcome.init_duration.is_some(), "{outcome:?}");
    assert_eq!(ended(&world), ["END RequestId: r-2"]);
}

#[tokio::test]
async fn what_is_called_off_is_never_delivered_and_its_caller_is_told_at_once() {
    let gate = Gate::new().await;
    let world = World::with("initializes at a gate", |_, function| {
        let gate = gate.payload.clone();
        function.environment.insert("GATE".into(), gate);
        function.concurrency_max = 1;
    });
    let (starting, called_off) = world.begin_revocable("r-1", "1");
    let initializing = gate.arrival().await;
    let (queued, queued_called_off) = world.begin_revocable("r-2", "2");
    world.counts_become((0, 1, 1)).await;
    for (pending, called_off) in [(queued, queued_called_off), (starting, called_off)] {
        called_off.cancel();
        let error = pending.await.expect("no panic").expect_err("it is not run");
        assert!(matches!(error, InvokeError::CalledOff { .. }), "{error}");
        assert_eq!(world.counts(), (0, 1, 0));
    }
    initializing.release().await;
    // The process can be used again.
    world.counts_become((1, 0, 0)).await;
    world.invoke("r-3", "3").await.expect("it runs");
    assert_eq!(ended(&world), ["END RequestId: r-3"]);
}

#[tokio::test]
async fn what_has_no_permit_when_a_process_asks_for_it_is_not_delivered() {
    let gate = Gate::new().await;
    let world = World::with("initializes at a gate", |_, function| {
        let gate = gate.payload.clone();
        function.environment.insert("GATE".into(), gate);
    });
    let may_begin = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&may_begin);
    let mut request = request("r-1", "1");
    request.permit = Permit::new(move || asked.load(Ordering::Relaxed));
    let (host, function) = (world.host.clone(), Arc::clone(&world.function));
    let pending = tokio::spawn(async move { host.invoke(&function, request).await });
    let initializing = gate.arrival().await;
    may_begin.store(false, Ordering::Relaxed);
    initializing.release().await;
    let error = pending.await.expect("no panic").expect_err("it is not run");
    assert!(matches!(error, InvokeError::CalledOff { .. }), "{error}");
    // The process can be used again.
    world.invoke("r-2", "2").await.expect("it runs");
    assert_eq!(ended(&world), ["END RequestId: r-2"]);
}

/// A server is suspended after it has chosen a process and before it has written the event.
#[tokio::test]
async fn what_loses_its_permit_on_its_way_to_a_process_is_not_delivered() {
    let world = World::with("waits at a gate", |_, _| {});
    let gate = Gate::new().await;
    let first = world.begin("r-1", gate.payload.clone());
    gate.arrival().await.release().await;
    response(first).await;

    let asked = AtomicUsize::new(0);
    let mut request = request("r-2", gate.payload.clone());
    request.permit = Permit::new(move || asked.fetch_add(1, Ordering::Relaxed) == 0);
    let (host, function) = (world.host.clone(), Arc::clone(&world.function));
    let invoked = within("it is given up", host.invoke(&function, request)).await;
    let error = invoked.expect_err("it is not run");
    assert!(matches!(error, InvokeError::CalledOff { .. }), "{error}");

    // The next invocation to arrive at the gate is another one.
    let third = world.begin("r-3", gate.payload.clone());
    gate.arrival().await.release().await;
    response(third).await;
    assert_eq!(
        ended(&world),
        [
            "END RequestId: r-1",
            "END RequestId: r-2",
            "END RequestId: r-3"
        ]
    );
}

#[tokio::test]
async fn what_a_process_has_runs_to_its_end_although_it_is_called_off() {
    let world = World::with("waits at a gate", |_, _| {});
    let gate = Gate::new().await;
    let (pending, called_off) = world.begin_revocable("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    called_off.cancel();
    waiting.release().await;
    response(pending).await;
    assert_eq!(ended(&world), ["END RequestId: r-1"]);
}

/// Returns the last lines of all invocations that ran.
fn ended(world: &World) -> Vec<String> {
    let lines = world.logs.lines().into_iter().map(|line| line.text);
    lines.filter(|text| text.starts_with("END")).collect()
}

#[tokio::test]
async fn idle_processes_end() {
    let world = World::with("waits at a gate", |config, _| {
        config.idle_time = Duration::from_millis(50)
    });
    let gate = Gate::new().await;
    let pending = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    let pid = waiting
        .words
        .parse()
        .expect("the fixture says its process id");
    world.counts_become((0, 1, 0)).await;
    waiting.release().await;
    response(pending).await;
    process_ends(pid).await;
    world.counts_become((0, 0, 0)).await;
    assert_eq!(world.host.stats(), []);
}

/// Idle processes end just when new invocations come; each of them must still be run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invocations_that_meet_an_ending_idle_process_are_run() {
    let world = World::with("echoes", |config, _| {
        config.idle_time = Duration::from_millis(1)
    });
    for number in 0..100 {
        assert_eq!(world.invoke_ok(&format!("r-{number}"), "1").await, "1");
        tokio::time::sleep(Duration::from_micros(900 + number * 4)).await;
    }
}

#[tokio::test]
async fn processes_end_with_what_they_do_when_they_are_old_enough() {
    let world = World::with("waits at a gate", |config, _| {
        config.idle_time = Duration::MAX;
        config.process_lifetime = Duration::from_millis(300);
    });
    let gate = Gate::new().await;
    let pending = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    let pid = waiting
        .words
        .parse()
        .expect("the fixture says its process id");
    tokio::time::sleep(Duration::from_millis(400)).await;
    waiting.release().await;
    response(pending).await;
    process_ends(pid).await;
    world.counts_become((0, 0, 0)).await;
}

/// Old processes end just when new invocations come; each of them must still be run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invocations_that_meet_an_old_process_are_run() {
    let world = World::with("echoes", |config, _| {
        config.process_lifetime = Duration::from_millis(2);
    });
    for number in 0..50 {
        assert_eq!(world.invoke_ok(&format!("r-{number}"), "1").await, "1");
    }
}

#[tokio::test]
async fn limits_may_be_endless() {
    let world = World::with("echoes", |config, function| {
        (config.idle_time, config.init_limit) = (Duration::MAX, Duration::MAX);
        config.process_lifetime = Duration::MAX;
        function.timeout = Duration::MAX;
    });
    assert_eq!(world.invoke_ok("r-1", "1").await, "1");
    within("the shutdown", world.host.shutdown(Duration::MAX)).await;
}

#[tokio::test]
async fn versions_and_revisions_have_their_own_processes() {
    let world = World::new("echoes");
    let mut other = (*world.function).clone();
    other.revision = "b".into();
    world.invoke_ok("r-1", "1").await;
    let outcome = world
        .host
        .invoke(&other.into(), request("r-2", "2"))
        .await
        .expect("it runs");
    assert!(outcome.init_duration.is_some());
    let revisions: Vec<_> = world
        .host
        .stats()
        .into_iter()
        .map(|stats| (stats.function.revision, stats.warm))
        .collect();
    assert_eq!(revisions, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
}

#[tokio::test]
async fn shutdown_ends_everything_and_may_be_asked_for_twice() {
    let world = World::with("waits at a gate", |_, function| {
        function.concurrency_max = 1
    });
    let gate = Gate::new().await;
    let running = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    let pid = waiting
        .words
        .parse()
        .expect("the fixture says its process id");
    let queued = world.begin("r-2", gate.payload.clone());
    world.counts_become((0, 1, 1)).await;
    within("both shutdowns", async {
        tokio::join!(world.host.shutdown(GRACE), world.host.shutdown(GRACE))
    })
    .await;
    assert!(matches!(process_state(pid), None | Some('Z')));
    for pending in [running, queued] {
        let error = within("the failure", pending)
            .await
            .expect("it does not panic")
            .expect_err("it did not end");
        assert!(matches!(error, InvokeError::ShuttingDown { .. }), "{error}");
    }
    let error = world
        .invoke("r-3", "1")
        .await
        .expect_err("the host is gone");
    assert!(matches!(error, InvokeError::ShuttingDown { .. }), "{error}");
    assert_eq!(world.host.stats(), []);
    within("a third shutdown", world.host.shutdown(GRACE)).await;
}

#[tokio::test]
async fn shutdown_kills_what_ignores_it() {
    let world = World::new("ignores SIGTERM");
    let pending = world.begin("r-1", "1");
    wait_until(
        "the process id",
        || world.logs.printed(),
        |printed| !printed.is_empty(),
    )
    .await;
    within(
        "the shutdown",
        world.host.shutdown(Duration::from_millis(50)),
    )
    .await;
    assert!(matches!(
        process_state(world.logs.printed_pid()),
        None | Some('Z')
    ));
    assert!(pending.await.expect("it does not panic").is_err());
}

#[tokio::test]
async fn an_answer_within_the_grace_of_a_shutdown_counts() {
    let world = World::with("ignores SIGTERM and waits at a gate", |config, function| {
        config.queue_max = 0;
        function.concurrency_max = 1;
    });
    let gate = Gate::new().await;
    let pending = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    let pid = waiting.words.clone();
    let host = world.host.clone();
    let shutdown = tokio::spawn(async move { host.shutdown(GRACE).await });
    // Another invocation finds no room before the shutdown has begun, and is refused afterwards.
    let begun = async {
        while let Err(InvokeError::NoRoom { .. }) = world.invoke("r-2", gate.payload.clone()).await
        {
            tokio::task::yield_now().await;
        }
    };
    within("the beginning of the shutdown", begun).await;
    waiting.release().await;
    response(pending).await;
    // The process ignores the signal, and the grace period would end too late.
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(pid.parse().expect("a number")),
        nix::sys::signal::Signal::SIGKILL,
    )
    .expect("it is ours");
    within("the shutdown", shutdown)
        .await
        .expect("it does not panic");
}

#[tokio::test]
async fn dropping_the_last_handle_ends_all_processes() {
    let world = World::new("waits at a gate");
    let gate = Gate::new().await;
    let pending = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    let pid = waiting
        .words
        .parse()
        .expect("the fixture says its process id");
    pending.abort();
    drop(world);
    process_ends(pid).await;
}

#[test]
fn dropping_the_runtime_ends_all_processes() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let (world, pid) = runtime.block_on(async {
        let world = World::new("waits at a gate");
        let gate = Gate::new().await;
        let pending = world.begin("r-1", gate.payload.clone());
        let waiting = gate.arrival().await;
        let pid = waiting
            .words
            .parse()
            .expect("the fixture says its process id");
        // The process must not end because the gate closes.
        std::mem::forget(waiting);
        drop(pending);
        (world, pid)
    });
    drop(runtime);
    let runtime = tokio::runtime::Runtime::new().expect("another runtime starts");
    runtime.block_on(process_ends(pid));
    drop(world);
}

/// Many at once, in more tasks than processes: all are answered with their own payload, and every line belongs to its
/// invocation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_invocations_at_once_are_not_mixed_up() {
    let world = World::with("prints and echoes", |_, function| {
        function.concurrency_max = 8
    });
    let pending: Vec<_> = (0..500)
        .map(|number| {
            (
                number.to_string(),
                world.begin(&format!("r-{number}"), number.to_string()),
            )
        })
        .collect();
    for (payload, pending) in pending {
        assert_eq!(response(pending).await, payload);
    }
    world.counts_become((8, 0, 0)).await;
    within("the shutdown", world.host.shutdown(GRACE)).await;
    let lines = world.logs.lines();
    let printed: Vec<_> = lines
        .iter()
        .filter(|line| line.stream != LogStream::Platform)
        .collect();
    assert_eq!(printed.len(), 1000);
    for line in printed {
        let owner = line
            .request_id
            .as_deref()
            .and_then(|id| id.strip_prefix("r-"));
        assert_eq!(line.text.split(' ').next_back(), owner, "{line:?}");
    }
}
