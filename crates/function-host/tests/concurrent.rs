//! Processes that have several invocations at a time, as functions on managed instances do.

mod support;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use function_host::{
    FunctionConfig, FunctionErrorKind, HostConfig, InvocationOutcome, InvocationResult,
    InvokeError, LogFormat, LogStream, ResponsePiece, response_stream,
};
use support::{Gate, Pending, Waiting, World, process_ends, request, response, wait_until, within};

/// A world whose processes have this many invocations at a time.
fn world(behaviour: &str, per_process: usize) -> World {
    world_with(behaviour, per_process, |_, _| {})
}

fn world_with(
    behaviour: &str,
    per_process: usize,
    change: impl FnOnce(&mut HostConfig, &mut FunctionConfig),
) -> World {
    World::with(behaviour, |config, function| {
        function.per_process = NonZeroUsize::new(per_process);
        change(config, function);
    })
}

/// The payload of an invocation that waits at a gate and then does `then`, or answers with its process's id.
fn at(gate: &Gate, then: &str) -> String {
    let gate = &gate.payload;
    format!(r#"{{"gate":{gate}{then}}}"#)
}

async fn outcome(pending: Pending) -> InvocationOutcome {
    let outcome = within("a pending invocation", pending).await;
    outcome
        .expect("it does not panic")
        .expect("the host runs it")
}

fn error(outcome: &InvocationOutcome) -> (FunctionErrorKind, String) {
    match &outcome.result {
        InvocationResult::FunctionError(error) => {
            let payload = String::from_utf8_lossy(&error.payload).into_owned();
            (error.kind, payload)
        }
        InvocationResult::Success(bytes) => panic!("it succeeded: {bytes:?}"),
    }
}

/// Begins invocations with these ids, which wait at the gate.
async fn begin_many(world: &World, gate: &Gate, ids: &[&str]) -> (Vec<Pending>, Vec<Waiting>) {
    let (mut pending, mut waiting) = (Vec::new(), Vec::new());
    for id in ids {
        pending.push(world.begin(id, at(gate, "")));
        waiting.push(gate.arrival().await);
    }
    (pending, waiting)
}

#[tokio::test]
async fn a_process_is_filled_before_another_is_started() {
    let world = world_with("as told", 3, |_, function| function.concurrency_max = 2);
    assert_eq!(world.host.concurrency(&world.function), 6);
    let gate = Gate::new().await;
    let (mut pending, waiting) = begin_many(&world, &gate, &["r-1", "r-2", "r-3"]).await;
    let pids: BTreeSet<_> = waiting.iter().map(|it| it.words.clone()).collect();
    assert_eq!(pids.len(), 1, "{pids:?}");
    assert_eq!(world.counts(), (0, 1, 0));

    let (more, others) = begin_many(&world, &gate, &["r-4", "r-5", "r-6"]).await;
    let other_pids: BTreeSet<_> = others.iter().map(|it| it.words.clone()).collect();
    assert_eq!(other_pids.len(), 1, "{other_pids:?}");
    assert!(pids.is_disjoint(&other_pids));
    pending.extend(more);
    pending.push(world.begin("r-7", at(&gate, "")));
    world.counts_become((0, 2, 1)).await;

    for one in waiting.into_iter().chain(others) {
        one.release().await;
    }
    gate.arrival().await.release().await;
    for one in pending {
        response(one).await;
    }
    world.counts_become((2, 0, 0)).await;
}

#[tokio::test]
async fn whoever_waits_gets_a_process_though_those_that_run_do_not_end() {
    let world = world_with("as told", 2, |_, function| function.concurrency_max = 5);
    let gate = Gate::new().await;
    let ids: Vec<_> = (1..=10).map(|number| format!("r-{number}")).collect();
    let begun = ids.iter().map(|id| world.begin(id, at(&gate, "")));
    let pending: Vec<_> = begun.collect();
    let (mut waiting, mut pids) = (Vec::new(), BTreeSet::new());
    for _ in &ids {
        let one = gate.arrival().await;
        pids.insert(one.words.clone());
        waiting.push(one);
    }
    assert_eq!(pids.len(), 5, "{pids:?}");
    for one in waiting {
        one.release().await;
    }
    for one in pending {
        response(one).await;
    }
}

#[tokio::test]
async fn a_process_that_is_starting_takes_those_that_come_meanwhile() {
    let (start, gate) = (Gate::new().await, Gate::new().await);
    let world = world_with("at a gate", 4, |_, function| {
        let address = start.payload.clone();
        function.environment.insert("GATE".to_owned(), address);
    });
    let mut pending = vec![world.begin("r-1", at(&gate, ""))];
    let starting = start.arrival().await;
    let (off, called_off) = world.begin_revocable("r-2", at(&gate, ""));
    pending.push(world.begin("r-3", at(&gate, "")));
    pending.push(world.begin("r-4", at(&gate, "")));
    tokio::task::yield_now().await;
    assert_eq!(world.counts(), (0, 1, 0));
    called_off.cancel();
    let refused = within("what was called off", off).await;
    let refused = refused.expect("it does not panic");
    assert!(
        matches!(refused, Err(InvokeError::CalledOff { .. })),
        "{refused:?}"
    );
    let pid = starting.words.clone();
    starting.release().await;
    for _ in 0..3 {
        let one = gate.arrival().await;
        assert_eq!(one.words, pid);
        one.release().await;
    }
    for one in pending {
        assert_eq!(response(one).await, pid);
    }
    world.counts_become((1, 0, 0)).await;
    let lines = world.logs.lines();
    assert!(
        !lines.iter().any(|line| line.text.contains("r-2")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn all_that_a_process_was_started_for_fail_with_its_start() {
    let start = Gate::new().await;
    let world = world_with("at a gate, exits in init", 4, |_, function| {
        let address = start.payload.clone();
        function.environment.insert("GATE".to_owned(), address);
    });
    let first = world.begin("r-1", "{}");
    let starting = start.arrival().await;
    let others = [world.begin("r-2", "{}"), world.begin("r-3", "{}")];
    tokio::task::yield_now().await;
    assert_eq!(world.counts(), (0, 1, 0));
    starting.release().await;
    let first = outcome(first).await;
    let tail = String::from_utf8_lossy(&first.log_tail).into_owned();
    assert!(tail.contains("no database"), "{tail}");
    let mut outcomes = vec![first];
    for other in others {
        outcomes.push(outcome(other).await);
    }
    for outcome in &outcomes {
        let (kind, payload) = error(outcome);
        assert_eq!(kind, FunctionErrorKind::InitError);
        assert!(payload.contains(&outcome.request_id), "{payload}");
    }
    world.counts_become((0, 0, 0)).await;
}

/// One invocation hangs. Its neighbours were delivered later, and so have more time.
#[tokio::test]
async fn one_that_hangs_times_out_without_its_neighbours() {
    const TIMEOUT: Duration = Duration::from_secs(6);
    let world = world_with("as told", 3, |_, function| {
        function.timeout = TIMEOUT;
        function.concurrency_max = 1;
    });
    let gate = Gate::new().await;
    let hangs = world.begin("r-hangs", at(&gate, r#","then":"hang""#));
    let first = gate.arrival().await;
    let pid = first.words.clone();
    first.release().await;
    tokio::time::sleep(TIMEOUT / 2).await;
    let (mut pending, mut waiting) = begin_many(&world, &gate, &["r-1", "r-2"]).await;
    assert!(waiting.iter().all(|it| it.words == pid));
    // It waits because there is no room: the function may have only one process.
    let queued = world.begin("r-3", at(&gate, ""));
    world.counts_become((0, 1, 1)).await;

    let outcome = outcome(hangs).await;
    let (kind, payload) = error(&outcome);
    assert_eq!(kind, FunctionErrorKind::Timeout);
    assert!(
        payload.contains("r-hangs Error: Task timed out after 6.00"),
        "{payload}"
    );
    let other = gate.arrival().await;
    assert_ne!(other.words, pid, "what waited gets a process of its own");
    other.release().await;
    response(queued).await;

    // The first that ends leaves room in the old process, which is not used.
    waiting.remove(0).release().await;
    assert_eq!(response(pending.remove(0)).await, pid);
    let next = world.begin("r-4", at(&gate, ""));
    let arrived = gate.arrival().await;
    assert_ne!(arrived.words, pid);
    arrived.release().await;
    response(next).await;
    waiting.remove(0).release().await;
    assert_eq!(response(pending.remove(0)).await, pid);
    process_ends(pid.parse().expect("a number")).await;
    world.counts_become((1, 0, 0)).await;
}

#[tokio::test]
async fn a_process_that_dies_loses_all_that_it_has() {
    let world = world("as told", 4);
    let gate = Gate::new().await;
    let (mut pending, waiting) = begin_many(&world, &gate, &["r-1", "r-2", "r-3"]).await;
    let pid = waiting[0].words.clone();
    pending.push(world.begin("r-4", r#"{"then":"exit"}"#));
    for one in pending {
        let outcome = outcome(one).await;
        let (kind, payload) = error(&outcome);
        assert_eq!(kind, FunctionErrorKind::Exit, "{payload}");
        let expected = format!(
            "RequestId: {} Error: Runtime exited with error: exit status 7",
            outcome.request_id
        );
        assert!(payload.contains(&expected), "{payload}");
        let tail = String::from_utf8_lossy(&outcome.log_tail).into_owned();
        assert_eq!(tail.matches("START RequestId").count(), 1, "{tail}");
    }
    let again = world.begin("r-5", at(&gate, ""));
    let arrived = gate.arrival().await;
    assert_ne!(arrived.words, pid);
    arrived.release().await;
    response(again).await;
}

#[tokio::test]
async fn one_that_waits_for_room_is_called_off() {
    let world = world_with("as told", 2, |_, function| function.concurrency_max = 1);
    let gate = Gate::new().await;
    let (pending, waiting) = begin_many(&world, &gate, &["r-1", "r-2"]).await;
    let (off, called_off) = world.begin_revocable("r-3", at(&gate, ""));
    world.counts_become((0, 1, 1)).await;
    called_off.cancel();
    let refused = within("what was called off", off).await;
    let refused = refused.expect("it does not panic");
    assert!(
        matches!(refused, Err(InvokeError::CalledOff { .. })),
        "{refused:?}"
    );
    for one in waiting {
        one.release().await;
    }
    for one in pending {
        response(one).await;
    }
    world.counts_become((1, 0, 0)).await;
}

#[tokio::test]
async fn all_are_answered_that_come_to_an_end_while_the_host_shuts_down() {
    let world = world_with("as told, ignoring SIGTERM", 2, |_, function| {
        function.concurrency_max = 1
    });
    let gate = Gate::new().await;
    let (pending, waiting) = begin_many(&world, &gate, &["r-1", "r-2"]).await;
    let queued = world.begin("r-3", at(&gate, ""));
    world.counts_become((0, 1, 1)).await;
    let host = world.host.clone();
    let shutdown = tokio::spawn(async move { host.shutdown(Duration::from_secs(10)).await });
    let refused = within("what waited", queued).await.expect("no panic");
    assert!(
        matches!(refused, Err(InvokeError::ShuttingDown { .. })),
        "{refused:?}"
    );
    let pid = waiting[0].words.clone();
    for one in waiting {
        one.release().await;
    }
    for one in pending {
        assert_eq!(response(one).await, pid);
    }
    // The process ignores the signal, and the grace period would end too late.
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(pid.parse().expect("a number")),
        nix::sys::signal::Signal::SIGKILL,
    )
    .expect("it is ours");
    within("the shutdown", shutdown).await.expect("no panic");
}

#[tokio::test]
async fn a_shutdown_ends_all_that_run() {
    let world = world("as told", 2);
    let gate = Gate::new().await;
    let (pending, _waiting) = begin_many(&world, &gate, &["r-1", "r-2"]).await;
    within("the shutdown", world.host.shutdown(Duration::from_secs(10))).await;
    for one in pending {
        let outcome = one.await.expect("no panic");
        assert!(
            matches!(outcome, Err(InvokeError::ShuttingDown { .. })),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn those_of_an_older_revision_finish_in_their_process() {
    let world = world("as told", 2);
    let gate = Gate::new().await;
    let (pending, waiting) = begin_many(&world, &gate, &["r-1", "r-2"]).await;
    let pid = waiting[0].words.clone();
    let updated = Arc::new(FunctionConfig {
        revision: "b".to_owned(),
        ..world.function.as_ref().clone()
    });
    let (host, of_new) = (world.host.clone(), request("r-3", at(&gate, "")));
    let new = tokio::spawn(async move { host.invoke(&updated, of_new).await });
    let arrived = gate.arrival().await;
    assert_ne!(arrived.words, pid);
    arrived.release().await;
    response(new).await;
    for one in waiting {
        one.release().await;
    }
    for one in pending {
        assert_eq!(response(one).await, pid);
    }
}

#[tokio::test]
async fn log_lines_belong_to_the_invocation_that_they_name() {
    let world = world_with("as told", 2, |_, function| {
        function.logging.format = LogFormat::Json
    });
    let gates = [Gate::new().await, Gate::new().await];
    let mut pending = Vec::new();
    let mut waiting = Vec::new();
    for (id, gate) in ["r-1", "r-2"].iter().zip(&gates) {
        pending.push(world.begin(id, at(gate, &format!(r#","print":"of {id}""#))));
        waiting.push(gate.arrival().await);
    }
    // The invocation that began first ends last.
    waiting.pop().expect("two wait").release().await;
    let second = outcome(pending.pop().expect("two are under way")).await;
    waiting.pop().expect("one waits").release().await;
    let first = outcome(pending.pop().expect("one is under way")).await;
    for (outcome, own, other) in [(&first, "r-1", "r-2"), (&second, "r-2", "r-1")] {
        let tail = String::from_utf8_lossy(&outcome.log_tail).into_owned();
        for part in ["platform.start", &format!("of {own}"), "platform.report"] {
            assert!(tail.contains(part), "{part} is missing: {tail}");
        }
        assert!(!tail.contains(other), "{tail}");
        assert!(
            !tail.contains("memorySizeMB"),
            "memory is not of one: {tail}"
        );
    }
    for line in world.logs.lines() {
        let named = ["r-1", "r-2"].into_iter().find(|id| line.text.contains(id));
        let expected = match (named, line.stream) {
            // Lines before the first invocation belong to the one that the process was started for.
            (None, LogStream::Platform) => Some("r-1"),
            (named, _) => named,
        };
        assert_eq!(line.request_id.as_deref(), expected, "{}", line.text);
    }
}

#[tokio::test]
async fn several_stream_at_once() {
    let world = world("as told", 2);
    let gate = Gate::new().await;
    let mut streams = Vec::new();
    for id in ["r-1", "r-2"] {
        let (sink, pieces) = response_stream();
        let told = at(&gate, r#","stream":"yes""#);
        let mut request = request(id, told);
        request.response_sink = Some(sink);
        let (host, function) = (world.host.clone(), Arc::clone(&world.function));
        let pending = tokio::spawn(async move { host.invoke(&function, request).await });
        streams.push((id, pending, pieces, gate.arrival().await));
    }
    // Both have begun before either ends.
    for (id, pending, mut pieces, waiting) in streams {
        waiting.release().await;
        let mut text = Vec::new();
        while let Some(piece) = within("a piece", pieces.recv()).await {
            if let ResponsePiece::Chunk(chunk) = piece {
                text.extend_from_slice(&chunk);
            }
        }
        assert_eq!(String::from_utf8_lossy(&text), format!("\"one {id}\""));
        let outcome = outcome(pending).await;
        assert_eq!(outcome.result, InvocationResult::Success("".into()));
    }
}

#[tokio::test]
async fn a_response_that_is_too_large_fails_alone() {
    let world = world("as told", 2);
    let gate = Gate::new().await;
    let (pending, waiting) = begin_many(&world, &gate, &["r-1"]).await;
    let large = world.begin("r-2", r#"{"then":"7 MiB"}"#);
    let large = outcome(large).await;
    assert_eq!(error(&large).0, FunctionErrorKind::ResponseTooLarge);
    for one in waiting {
        one.release().await;
    }
    for one in pending {
        response(one).await;
    }
    world.counts_become((1, 0, 0)).await;
}

/// As `lambda_runtime::run` does, even if the variable allows more.
#[tokio::test]
async fn a_process_that_asks_for_one_at_a_time_is_given_one_at_a_time() {
    let world = world("asks for one at a time", 4);
    let gate = Gate::new().await;
    let ids = ["r-1", "r-2", "r-3"];
    let pending: Vec<_> = ids
        .iter()
        .map(|id| world.begin(id, at(&gate, "")))
        .collect();
    let mut waiting = Vec::new();
    for _ in ids {
        waiting.push(gate.arrival().await);
    }
    let pids: BTreeSet<_> = waiting.iter().map(|it| it.words.clone()).collect();
    assert_eq!(pids.len(), 3, "{pids:?}");
    for one in waiting {
        one.release().await;
    }
    for one in pending {
        response(one).await;
    }
    world.counts_become((3, 0, 0)).await;
    // The pool knows this by now, so the next invocation goes to a free process.
    let (pending, waiting) = begin_many(&world, &gate, &["r-4", "r-5"]).await;
    let again: BTreeSet<_> = waiting.iter().map(|it| it.words.clone()).collect();
    assert_eq!(again.len(), 2);
    assert!(again.is_subset(&pids), "{again:?} of {pids:?}");
    for one in waiting {
        one.release().await;
    }
    for one in pending {
        response(one).await;
    }
}

#[tokio::test]
async fn each_has_its_own_headers_and_the_process_its_variables() {
    let world = world("as told", 2);
    let gate = Gate::new().await;
    let mut pending = Vec::new();
    let mut waiting = Vec::new();
    for id in ["r-1", "r-2"] {
        let mut request = request(id, at(&gate, r#","then":"headers""#));
        request.trace_id = Some(format!("Root=1-{id};Sampled=1"));
        let (host, function) = (world.host.clone(), Arc::clone(&world.function));
        pending.push(tokio::spawn(async move {
            host.invoke(&function, request).await
        }));
        waiting.push(gate.arrival().await);
    }
    for one in waiting {
        one.release().await;
    }
    let mut deadlines = Vec::new();
    for (id, one) in ["r-1", "r-2"].iter().zip(pending) {
        let headers: serde_json::Value =
            serde_json::from_str(&response(one).await).expect("it is JSON");
        assert_eq!(headers["lambda-runtime-aws-request-id"], *id);
        assert_eq!(
            headers["lambda-runtime-trace-id"],
            format!("Root=1-{id};Sampled=1")
        );
        let deadline = headers["lambda-runtime-deadline-ms"].as_str();
        let deadline = deadline.and_then(|it| it.parse::<u64>().ok());
        deadlines.push(deadline.expect("a number"));
    }
    assert!(deadlines[0] <= deadlines[1], "{deadlines:?}");
    let environment = world.invoke_ok("r-3", r#"{"then":"environment"}"#).await;
    assert_eq!(environment, "2 lambda-managed-instances");
}

#[tokio::test]
async fn a_process_without_any_invocation_ends() {
    let world = world_with("as told", 3, |config, _| {
        config.idle_time = Duration::from_millis(100)
    });
    let gate = Gate::new().await;
    let (pending, waiting) = begin_many(&world, &gate, &["r-1", "r-2"]).await;
    let pid: u32 = waiting[0].words.parse().expect("a number");
    for one in waiting {
        one.release().await;
    }
    for one in pending {
        response(one).await;
    }
    process_ends(pid).await;
    wait_until("nothing is left", || world.host.stats(), Vec::is_empty).await;
}
