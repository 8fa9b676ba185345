//! Functions under a debugger: one process over all versions, kept while it is idle, with a notification of its start.

mod support;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use function_host::{Debugger, FunctionConfig, HostConfig, InvokeError};
use support::{Gate, World, request, response, within};
use tokio::sync::mpsc;

fn debugged(config: &mut HostConfig, function: &mut FunctionConfig) {
    // Neither limit may apply: a person at a debugger takes longer.
    config.idle_time = Duration::ZERO;
    config.init_limit = Duration::ZERO;
    function.concurrency_max = 1;
    function.debugger = Some(Debugger {
        port: 1,
        waits: false,
        sources: "/src".into(),
    });
}

#[tokio::test]
async fn a_debugged_process_may_take_its_time_and_is_kept() {
    let (told, mut processes) = mpsc::channel(4);
    let world = World::with("waits at a gate", |config, function| {
        debugged(config, function);
        config.debugged = Some(told);
    });
    let gate = Gate::new().await;
    let first = world.begin("r-1", gate.payload.clone());
    gate.arrival().await.release().await;
    let process = response(first).await;
    let second = world.begin("r-2", gate.payload.clone());
    gate.arrival().await.release().await;
    assert_eq!(response(second).await, process);
    world.counts_become((1, 0, 0)).await;
    let started = within("the process is told of", processes.recv()).await;
    let started = started.expect("the host is there");
    assert_eq!(
        (
            started.function.as_str(),
            started.version.as_str(),
            started.port
        ),
        ("fixture", "1", None)
    );
    assert!(processes.try_recv().is_err(), "one process was started");
}

#[tokio::test]
async fn versions_of_a_debugged_function_take_turns() {
    let world = World::with("waits at a gate", debugged);
    let newer = Arc::new(FunctionConfig {
        version: "2".into(),
        ..world.function.as_ref().clone()
    });
    let gate = Gate::new().await;
    let old = world.begin("r-1", gate.payload.clone());
    let at_work = gate.arrival().await;
    // The process of version 1 has stopped at a breakpoint: version 2 waits, and no process of it is started.
    let host = world.host.clone();
    let next = Gate::new().await;
    let payload = next.payload.clone();
    let begun = Arc::clone(&newer);
    let new = tokio::spawn(async move { host.invoke(&begun, request("r-2", payload)).await });
    support::wait_until(
        "version 2 waits",
        || world.host.stats(),
        |stats| {
            let waits = stats.iter().find(|it| it.function.version == "2");
            waits.is_some_and(|it| it.queued == 1)
        },
    )
    .await;
    at_work.release().await;
    let first = response(old).await;
    // The process of version 1 is idle from here on, and gives way.
    next.arrival().await.release().await;
    assert_ne!(response(new).await, first);
    support::wait_until(
        "version 1 has ended",
        || world.host.stats(),
        |stats| stats.len() == 1 && stats[0].function.version == "2",
    )
    .await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_and_waited_for() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = taken.local_addr().expect("it is bound").port();
    let world = World::with("echoes", |config, function| {
        debugged(config, function);
        config.queue_time_max = Duration::from_millis(200);
        function.runtime = "nodejs22.x".into();
        function.debugger.as_mut().expect("it is debugged").port = port;
    });
    let refused = world.invoke("r-1", "{}").await;
    let Err(error @ InvokeError::NoRoom { .. }) = refused else {
        panic!("{refused:?}");
    };
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    assert!(said.contains(&format!("port {port}")), "{said}");
}
