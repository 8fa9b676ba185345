//! Connections that are cut and servers that crash in the middle of commits: nothing that was acknowledged is lost, and
//! nothing is written twice.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use store::{Executions as _, Store as _};

use crate::support::load::{check, enqueues, start, steps};
use crate::support::{Server, client, open, server};

/// Callers at the same time.
const CALLERS: usize = 8;

/// Longer than any of these takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_and_repeat_nothing() {
    const CUTS: usize = 40;
    let url = server().database().await;
    let store = Arc::new(open(&url).await);
    let stop = Arc::new(AtomicBool::new(false));
    let stepping: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let name = format!("execution-{caller}");
            tokio::spawn(steps(Arc::clone(&store), name, Arc::clone(&stop)))
        })
        .collect();
    let queueing: Vec<_> = (0..2)
        .map(|caller| {
            let name = format!("request-{caller}");
            tokio::spawn(enqueues(Arc::clone(&store), name, Arc::clone(&stop)))
        })
        .collect();
    let cutting = client(&url).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let since = Instant::now();
    for number in 0..CUTS {
        let commits = store.stats().commits;
        cutting.batch_execute(cut).await.expect("they are cut");
        // Until it commits again, and a little on, so that connections are cut in different places.
        while store.stats().commits < commits + 3 + number as u64 % 5 {
            assert!(since.elapsed() < PATIENCE, "{:?}", store.health());
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut subjects = Vec::new();
    for caller in stepping {
        subjects.push(caller.await.expect("it ends well"));
    }
    let mut accepted = Vec::new();
    for caller in queueing {
        accepted.extend(caller.await.expect("it ends well"));
    }
    assert!(!accepted.is_empty());
    check(&*store, subjects, accepted).await;
    assert_eq!(store.health().trouble, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_loses_and_repeats_nothing() {
    let server = Arc::new(Server::start(&[]));
    let url = server.database().await;
    let store = Arc::new(open(&url).await);
    let stop = Arc::new(AtomicBool::new(false));
    let stepping: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let name = format!("execution-{caller}");
            tokio::spawn(steps(Arc::clone(&store), name, Arc::clone(&stop)))
        })
        .collect();
    let queueing = tokio::spawn(enqueues(
        Arc::clone(&store),
        "request".to_owned(),
        Arc::clone(&stop),
    ));
    let since = Instant::now();
    for _ in 0..3 {
        let commits = store.stats().commits;
        while store.stats().commits < commits + 20 {
            assert!(since.elapsed() < PATIENCE, "{:?}", store.health());
            tokio::task::yield_now().await;
        }
        let server = Arc::clone(&server);
        let crashed = tokio::task::spawn_blocking(move || {
            server.crash();
            server.run();
        });
        crashed.await.expect("it starts again");
    }
    let commits = store.stats().commits;
    while store.stats().commits < commits + 20 {
        assert!(since.elapsed() < PATIENCE, "{:?}", store.health());
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut subjects = Vec::new();
    for caller in stepping {
        subjects.push(caller.await.expect("it ends well"));
    }
    let accepted = queueing.await.expect("it ends well");
    // A store that opens after the crashes sees the same.
    check(&open(&url).await, subjects, accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_says_when_the_database_is_gone_and_when_it_is_back() {
    let server = Server::start(&[]);
    let url = server.database().await;
    let store = open(&url).await;
    assert_eq!(store.health().trouble, None);
    tokio::task::block_in_place(|| server.crash());
    let since = Instant::now();
    while store.health().is_healthy() {
        assert!(since.elapsed() < PATIENCE, "it is gone");
        tokio::task::yield_now().await;
    }
    let id = model::ExecutionId::parse("nobody").expect("a valid id");
    let fault = store.head(&id).await.expect_err("nobody answers");
    assert!(fault.retryable && !fault.outcome_unknown, "{fault:?}");
    tokio::task::block_in_place(|| server.run());
    while !store.health().is_healthy() {
        assert!(since.elapsed() < PATIENCE, "{:?}", store.health());
        tokio::task::yield_now().await;
    }
    store
        .commit(start("Loan", "one", "one"))
        .await
        .expect("it is back");
    assert!(store.stats().failed_commits > 0);
}
