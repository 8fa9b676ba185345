//! Which processes may call a function process's Runtime API.

mod support;

use std::net::SocketAddr;

use support::{Gate, World, response, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends a request to a Runtime API as a process that does not belong to the function, and returns the whole answer.
async fn call_as_a_stranger(api: SocketAddr, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(api).await.expect("it listens");
    let length = body.len();
    let request =
        format!("{request} HTTP/1.1\r\nHost: {api}\r\nContent-Length: {length}\r\n\r\n{body}");
    let written = stream.write_all(request.as_bytes()).await;
    written.expect("it reads");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    within(request, read).await.expect("it answers and closes");
    answer
}

/// Returns the address of the Runtime API that a function's process has printed.
fn printed_address(world: &World) -> SocketAddr {
    let printed = world.logs.printed();
    let address = printed.iter().find_map(|line| line.strip_prefix("api "));
    let address = address.unwrap_or_else(|| panic!("no address in {printed:?}"));
    address.parse().expect("an address")
}

#[tokio::test]
async fn nobody_else_can_answer_or_take_an_event() {
    let world = World::with("prints its api and waits at a gate", |_, function| {
        function.concurrency_max = 1;
    });
    let gate = Gate::new().await;
    let running = world.begin("r-1", gate.payload.clone());
    let waiting = gate.arrival().await;
    support::wait_until("the address", || world.logs.printed(), |it| !it.is_empty()).await;
    let api = printed_address(&world);
    let queued = world.begin("r-2", gate.payload.clone());
    world.counts_become((0, 1, 1)).await;
    let prefix = "/2018-06-01/runtime";
    for (request, body) in [
        (
            format!("POST {prefix}/invocation/r-1/response"),
            "\"forged\"",
        ),
        (format!("POST {prefix}/invocation/r-1/error"), "{}"),
        (format!("POST {prefix}/init/error"), "{}"),
        (format!("GET {prefix}/invocation/next"), ""),
    ] {
        let answer = call_as_a_stranger(api, &request, body).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{request}: {answer}");
        assert!(
            answer.contains("only the function process itself"),
            "{answer}"
        );
    }
    assert_eq!(world.host.refused_connections(), 4);
    // A silent open connection does not block other callers.
    let silent = TcpStream::connect(api).await.expect("it listens");
    let pid = waiting.words.clone();
    waiting.release().await;
    assert_eq!(response(running).await, pid);
    gate.arrival().await.release().await;
    assert_eq!(response(queued).await, pid);
    drop(silent);
}

#[tokio::test]
async fn children_of_the_function_may_call() {
    for behaviour in ["answers by a child", "answers by a detached child"] {
        let world = World::new(behaviour);
        assert_eq!(
            world.invoke_ok("r-1", "\"by a child\"").await,
            "\"by a child\""
        );
        assert_eq!(world.host.refused_connections(), 0, "{behaviour}");
    }
}
