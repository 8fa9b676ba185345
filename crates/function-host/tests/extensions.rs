//! Extensions: programs in the layers that Lambda starts beside the runtime.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use function_host::{
    FunctionError, FunctionErrorKind, InvocationResult, InvokeError, LAYERS_FOLDER, LogStream,
};
use serde_json::Value;
use support::{World, process_ends, wait_until, within};

fn world(extension: &str) -> World {
    world_of(extension, "prints and echoes")
}

fn world_of(extension: &str, function: &str) -> World {
    let world = World::with(function, |_, function| {
        let name = "EXTENSION".to_owned();
        function.environment.insert(name, extension.into());
        function.concurrency_max = 1;
    });
    let folder = world.code.path().join(LAYERS_FOLDER).join("extensions");
    fs::create_dir_all(&folder).expect("the layer");
    symlink(env!("CARGO_BIN_EXE_host-fixture"), folder.join("watch")).expect("it is new");
    world
}

fn printed_after(world: &World, start: &str) -> Vec<String> {
    let printed = world.logs.printed().into_iter();
    printed
        .filter_map(|line| line.strip_prefix(start).map(str::to_owned))
        .collect()
}

fn events(world: &World) -> Vec<Value> {
    let events = printed_after(world, "event ").into_iter();
    events
        .map(|event| serde_json::from_str(&event).expect("events are JSON"))
        .collect()
}

fn extension_pid(world: &World) -> u32 {
    let pids = printed_after(world, "extension ");
    pids[0].parse().expect("a number")
}

async fn fails(world: &World) -> FunctionError {
    let outcome = world.invoke("r-1", "1").await.expect("it runs");
    match outcome.result {
        InvocationResult::FunctionError(error) => error,
        InvocationResult::Success(bytes) => panic!("it succeeded: {bytes:?}"),
    }
}

#[tokio::test]
async fn extensions_live_with_their_process() {
    let world = world("watches");
    assert_eq!(world.invoke_ok("r-1", "1").await, "1");
    assert_eq!(world.invoke_ok("r-2", "2").await, "2");
    within("the end", world.host.shutdown(Duration::from_secs(2))).await;
    let registered = printed_after(&world, "registered ");
    let registered: Value = serde_json::from_str(&registered[0]).expect("JSON");
    assert_eq!(
        registered,
        serde_json::json!({
            "functionName": "fixture", "functionVersion": "1", "handler": "bootstrap", "accountId": "000000000000",
        })
    );
    let events = events(&world);
    assert_eq!(events.len(), 3, "{events:?}");
    for (event, id) in events.iter().zip(["r-1", "r-2"]) {
        assert_eq!(event["eventType"], "INVOKE");
        assert_eq!(event["requestId"], id);
        assert!(event["deadlineMs"].as_u64().is_some_and(|at| at > 0));
        let arn = event["invokedFunctionArn"].as_str();
        assert!(arn.is_some_and(|arn| arn.ends_with(":fixture:live")));
    }
    assert_eq!(events[2]["eventType"], "SHUTDOWN");
    assert_eq!(events[2]["shutdownReason"], "spindown");
    assert_eq!(printed_after(&world, "good"), ["bye"]);
    assert_eq!(world.host.refused_connections(), 0);
    let lines = world.logs.lines();
    let ready = "EXTENSION\tName: watch\tState: Ready\tEvents: [INVOKE, SHUTDOWN]";
    let platform = |line: &&function_host::LogLine| line.stream == LogStream::Platform;
    assert!(
        lines.iter().filter(platform).any(|line| line.text == ready),
        "{lines:?}"
    );
    process_ends(extension_pid(&world)).await;
}

/// As on Lambda, where the environment is discarded.
#[tokio::test]
async fn an_extension_that_fails_at_the_start_fails_it() {
    for (behaviour, error_type, message) in [
        (
            "crashes at its start",
            "Extension.Crash",
            "extension watch: exit status 3",
        ),
        (
            "reports an init error",
            "Extension.InitError",
            "NoKey: there is no key",
        ),
    ] {
        let world = world(behaviour);
        let error = fails(&world).await;
        assert_eq!(error.kind, FunctionErrorKind::InitError, "{error:?}");
        assert_eq!(error.error_type, error_type);
        let said = String::from_utf8_lossy(&error.payload);
        assert!(said.contains(message), "{said}");
        world.counts_become((0, 0, 0)).await;
        process_ends(extension_pid(&world)).await;
    }
}

#[tokio::test]
async fn an_extension_that_crashes_later_fails_the_invocation() {
    let world = world_of("crashes at an event", "hangs");
    let error = fails(&world).await;
    assert_eq!(error.kind, FunctionErrorKind::Exit, "{error:?}");
    assert_eq!(error.error_type, "Extension.Crash");
    world.counts_become((0, 0, 0)).await;
}

#[tokio::test]
async fn extensions_that_do_not_end_are_ended() {
    for behaviour in ["ignores the shutdown", "wants no shutdown"] {
        let world = world(behaviour);
        assert_eq!(world.invoke_ok("r-1", "1").await, "1");
        within("the end", world.host.shutdown(Duration::from_millis(200))).await;
        process_ends(extension_pid(&world)).await;
    }
}

#[tokio::test]
async fn a_process_that_dies_tells_its_extensions_why() {
    let world = world_of("watches", "exits");
    let error = fails(&world).await;
    assert_eq!(error.error_type, "Runtime.ExitError");
    let shutdown = || events(&world);
    wait_until("the shutdown", shutdown, |events| events.len() == 2).await;
    assert_eq!(events(&world)[1]["shutdownReason"], "failure");
    process_ends(extension_pid(&world)).await;
}

#[tokio::test]
async fn what_cannot_be_started_is_named() {
    let world = world("watches");
    let folder = world.code.path().join(LAYERS_FOLDER).join("extensions");
    fs::write(folder.join("notes"), "no program").expect("there is room");
    let error = world.invoke("r-1", "1").await.expect_err("it cannot start");
    let InvokeError::Launch { cause, .. } = error else {
        panic!("{error:?}")
    };
    assert!(cause.to_string().contains("extension `notes`"), "{cause}");
}

#[tokio::test]
async fn telemetry_is_sent_to_who_subscribes() {
    let world = world("listens");
    assert_eq!(world.invoke_ok("r-1", "1").await, "1");
    let seen = || {
        let batches = printed_after(&world, "telemetry ").into_iter();
        let events = batches.flat_map(|batch| {
            serde_json::from_str::<Vec<Value>>(&batch).expect("a batch is a list")
        });
        events.collect::<Vec<_>>()
    };
    let has = |events: &Vec<Value>, kind: &str| events.iter().any(|event| event["type"] == kind);
    wait_until("the report", seen, |events| has(events, "platform.report")).await;
    let events = seen();
    for kind in ["platform.start", "platform.runtimeDone"] {
        assert!(has(&events, kind), "{events:?}");
    }
    // Its own output is another stream.
    assert!(!has(&events, "extension"), "{events:?}");
    let record = events.iter().find(|event| event["type"] == "function");
    assert_eq!(record.expect("it printed")["record"], "printed 1");
}
