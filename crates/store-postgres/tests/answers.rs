//! Transactions whose answers are lost on the way: they are there, and the store finds that out.

mod support;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::conformance::Subject;
use store::{CommitError, Executions as _, InvocationQueue as _, Store as _};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use crate::support::load::{check, invocation, start, step};
use crate::support::{open, server};

/// Stands between a store and the database.
struct Proxy {
    folder: TempDir,
    /// The next answer is swallowed, and its connection cut.
    swallows: Arc<AtomicBool>,
}

impl Proxy {
    fn before(database: PathBuf) -> Self {
        let folder = TempDir::with_prefix("proxy").expect("a folder");
        let listener =
            UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("a socket in it");
        let swallows = Arc::new(AtomicBool::new(false));
        let swallowing = Arc::clone(&swallows);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&database).await.expect("it listens");
                tokio::spawn(pass(client, server, Arc::clone(&swallowing)));
            }
        });
        Self { folder, swallows }
    }

    fn url(&self, url: &str) -> String {
        let (_, database) = url.rsplit_once('/').expect("a URL has a path");
        let host = self.folder.path().display().to_string();
        let host = host.replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }
}

/// Passes bytes in both directions until one side ends, or an answer is to be swallowed.
async fn pass(client: UnixStream, server: UnixStream, swallows: Arc<AtomicBool>) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking =
        tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut answer = vec![0; 64 * 1024];
    loop {
        let count = from_server.read(&mut answer).await?;
        if count == 0 || swallows.swap(false, Ordering::SeqCst) {
            // The server has answered, so it has done the work. The client is not told.
            asking.abort();
            return Ok(());
        }
        to_client.write_all(&answer[..count]).await?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_whose_answer_is_lost_is_found_to_be_there() {
    let url = server().database().await;
    let proxy = Proxy::before(server().socket());
    let store = open(&proxy.url(&url)).await;
    let lose = || proxy.swallows.store(true, Ordering::SeqCst);
    let begin = start("Loan", "one", "one");
    let mut subject = Subject::of(&begin);
    // An unprepared statement asks more than once: the answer to the preparation is lost, which is harmless.
    for number in 0..3 {
        let transition = step(&mut subject, number);
        if number == 0 {
            lose();
            store.commit(Arc::clone(&begin)).await.expect("it is there");
        }
        store
            .commit(Arc::clone(&transition))
            .await
            .expect("it is there");
        subject.absorb(&transition);
    }
    for number in 3..20 {
        let transition = step(&mut subject, number);
        let stale = transition.clone();
        lose();
        // Committed once: a second time would be a conflict.
        let committed = store.commit(Arc::clone(&transition)).await;
        committed.expect("it is there, although nobody said so");
        subject.absorb(&transition);
        lose();
        let refused = store.commit(stale).await;
        assert!(
            matches!(refused, Err(CommitError::VersionConflict(_))),
            "{refused:?}"
        );
    }
    // Whether the transaction was there or was done again, each is accepted once, under the number that was answered.
    let mut accepted = Vec::new();
    for number in 0..20 {
        let request_id = format!("request-{number}");
        lose();
        let id = store.enqueue(invocation(&request_id)).await;
        accepted.push((id.expect("it is there"), request_id));
    }
    check(&store, vec![subject], accepted).await;
    let queued = store.queued(model::Shards::ALL, None, 100).await;
    assert_eq!(queued.expect("it works").len(), 20);
    assert_eq!(store.health().trouble, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_breaks_before_it_is_sent_is_not_taken_for_the_one_before_it() {
    let url = server().database().await;
    let proxy = Proxy::before(server().socket());
    let (elsewhere, store) = (open(&url).await, open(&proxy.url(&url)).await);
    let begin = start("Loan", "own", "own");
    let mut own = Subject::of(&begin);
    store.commit(begin).await.expect("it is stored");
    let mut subjects = Vec::new();
    for number in 0..10 {
        let name = format!("other-{number}");
        let begin = start("Loan", &name, &name);
        let mut other = Subject::of(&begin);
        elsewhere.commit(begin).await.expect("it is stored");
        // The last write of this store is of `own`.
        let last = step(&mut own, 2 * number);
        store.commit(Arc::clone(&last)).await.expect("it is stored");
        own.absorb(&last);
        // The other one has to be looked up first, which is not answered.
        let (of_other, of_own) = (step(&mut other, 0), step(&mut own, 2 * number + 1));
        proxy.swallows.store(true, Ordering::SeqCst);
        let (other_stored, own_stored) = tokio::join!(
            store.commit(Arc::clone(&of_other)),
            store.commit(Arc::clone(&of_own))
        );
        other_stored.expect("it is stored");
        own_stored.expect("it is stored");
        other.absorb(&of_other);
        own.absorb(&of_own);
        subjects.push(other);
    }
    subjects.push(own);
    check(&store, subjects, Vec::new()).await;
}
