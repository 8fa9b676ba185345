//! The host under a shortage: invocations wait and none fails.

mod support;

use std::process::Stdio;
use std::time::Duration;

use function_host::{InvokeError, Shortage};
use support::{Gate, World, link_fixture, response, within};
use tempfile::TempDir;

/// Runs a host in a process of its own with this many file handles, and returns its output.
async fn host_with_few_files(what: &str, limit: u64) -> String {
    let code = TempDir::new().expect("there is room");
    link_fixture(code.path());
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_host-fixture"));
    command
        .args(["short of files", what])
        .arg(code.path())
        .arg(limit.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = within(
        format!("a host with {limit} file handles"),
        command.output(),
    )
    .await;
    let output = output.expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn few_file_handles_slow_a_host_and_fail_nothing() {
    assert_eq!(host_with_few_files("crowd", 96).await, "all succeeded\n");
}

#[tokio::test]
async fn an_invocation_waits_for_a_file_handle() {
    assert_eq!(
        host_with_few_files("none left", 64).await,
        "all succeeded\n"
    );
}

#[tokio::test]
async fn a_host_raises_its_soft_limit() {
    assert_eq!(host_with_few_files("soft", 64).await, "true\n");
}

#[tokio::test]
async fn invocations_wait_for_a_bounded_time() {
    let world = World::with("waits at a gate", |config, function| {
        config.queue_time_max = Duration::from_millis(20);
        function.concurrency_max = 1;
    });
    let gate = Gate::new().await;
    let running = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    let error = world
        .invoke("r-2", gate.payload.clone())
        .await
        .expect_err("nobody lets the first one go");
    assert!(
        matches!(
            error,
            InvokeError::NoRoom {
                shortage: Shortage::WaitedTooLong { obstacle: None, .. },
                ..
            }
        ),
        "{error:?}"
    );
    world.counts_become((0, 1, 0)).await;
    // The running invocation is older than the limit, but running does not count as waiting.
    waiting.release().await;
    response(running).await;
}

#[tokio::test]
async fn concurrency_is_what_the_version_and_the_limit_of_files_allow() {
    let world = World::with("echoes", |_, function| function.concurrency_max = 3);
    assert_eq!(world.host.concurrency(&world.function), 3);
    let mut function = (*world.function).clone();
    function.concurrency_max = usize::MAX;
    let most = world.host.concurrency(&function);
    assert!((1..usize::MAX).contains(&most), "{most}");
    function.concurrency_max = 0;
    assert_eq!(world.host.concurrency(&function), 0);
}
