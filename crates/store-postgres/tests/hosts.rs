//! Several hosts, of which one has gone silent or has become a standby: the store finds the one that takes writes.

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::{Owner, Timestamp};
use store::{ServerRecord, Servers as _};
use store_postgres::{OpenError, PostgresStore};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::support::{ACCOUNT, client, open, server};

/// The time that a server gives one beat, as `runtime::servers` has it.
const BEAT_WITHIN: Duration = Duration::from_millis(2700);

/// Longer than any of these takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A host in front of the tests' database, which can go silent as a machine does that has frozen: it takes connections
/// and bytes, and answers nothing.
struct Host {
    port: u16,
    is_silent: Arc<AtomicBool>,
}

impl Host {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let is_silent = Arc::new(AtomicBool::new(false));
        let silence = Arc::clone(&is_silent);
        tokio::spawn(async move {
            let database = server().socket();
            loop {
                let (near, _) = listener.accept().await.expect("it listens");
                tokio::spawn(pass_on(near, database.clone(), Arc::clone(&silence)));
            }
        });
        Self { port, is_silent }
    }

    fn go_silent(&self) {
        self.is_silent.store(true, Ordering::Relaxed);
    }
}

async fn pass_on(mut near: TcpStream, database: PathBuf, is_silent: Arc<AtomicBool>) {
    let mut far = UnixStream::connect(database).await.expect("it answers");
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    loop {
        let (from_near, bytes) = tokio::select! {
            read = tokio::io::AsyncReadExt::read(&mut near, &mut asked) => (true, read),
            read = tokio::io::AsyncReadExt::read(&mut far, &mut answered) => (false, read),
        };
        let Ok(bytes @ 1..) = bytes else {
            return;
        };
        if is_silent.load(Ordering::Relaxed) {
            continue;
        }
        let passed = match from_near {
            true => far.write_all(&asked[..bytes]).await,
            false => near.write_all(&answered[..bytes]).await,
        };
        if passed.is_err() {
            return;
        }
    }
}

/// The URL of a database with these ports of loopback before the server's own socket.
fn url(ports: &[u16], database: &str) -> String {
    let own = server().url(database);
    let (own, _) = own.rsplit_once('/').expect("it names a database");
    let own = own
        .strip_prefix("postgres://postgres@")
        .expect("it names a user");
    let hosts: Vec<_> = ports
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    format!(
        "postgres://postgres@{},{own}/{database}?target_session_attrs=read-write",
        hosts.join(",")
    )
}

fn name_of(url: &str) -> &str {
    url.rsplit_once('/').expect("it names a database").1
}

fn record() -> ServerRecord {
    ServerRecord {
        id: Owner(1),
        address: "10.0.0.1:3001".to_owned(),
        secret: "secret".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: Timestamp::from_millis(0),
        is_leaving: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_host_does_not_stand_in_the_way_of_the_next_one() {
    let database = server().database().await;
    let silent = Host::start().await;
    silent.go_silent();
    let since = Instant::now();
    let store = open(&url(&[silent.port], name_of(&database))).await;
    store
        .beat(record(), Duration::from_secs(3))
        .await
        .expect("it works");
    // Half a second for each task that connects for the first time, and not the ten that a host has to answer.
    assert!(since.elapsed() < Duration::from_secs(10), "{since:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_a_host_that_goes_silent_are_not_used_again() {
    let database = server().database().await;
    let first = Host::start().await;
    let store = Arc::new(open(&url(&[first.port], name_of(&database))).await);
    // Several connections lie in the pool.
    let beats = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.beat(record(), Duration::from_secs(3)).await })
    });
    for beat in beats.collect::<Vec<_>>() {
        beat.await.expect("no panic").expect("it works");
    }
    first.go_silent();
    let since = Instant::now();
    let mut given_up = 0;
    loop {
        let beat = store.beat(record(), Duration::from_secs(3));
        match tokio::time::timeout(BEAT_WITHIN, beat).await {
            Ok(beat) => break drop(beat.expect("another host answers")),
            Err(_elapsed) => given_up += 1,
        }
        assert!(
            since.elapsed() < PATIENCE,
            "{given_up} beats came to nothing"
        );
    }
    // The first one finds out, and the connections that rest go with it. Connecting anew takes a moment on a busy
    // machine.
    assert!(given_up <= 3, "{given_up} beats came to nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_told_from_a_primary() {
    let database = server().database().await;
    let name = name_of(&database).to_owned();
    let store = open(&database).await;
    // The answer of a standby, as far as a client sees it.
    let admin = client(&server().url("postgres")).await;
    let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    admin.batch_execute(&read_only).await.expect("it is set");
    let refused = PostgresStore::open(&database, ACCOUNT).await;
    assert!(
        matches!(refused, Err(OpenError::Standby { .. })),
        "{refused:?}"
    );
    // Connections of the time before go on; once they are cut, nothing is written until there is a primary.
    let cut =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    admin.batch_execute(&cut).await.expect("they are cut");
    let beat = store.beat(record(), Duration::from_secs(3)).await;
    beat.expect_err("nobody takes writes");
    let writes = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    admin.batch_execute(&writes).await.expect("it is set");
    store
        .beat(record(), Duration::from_secs(3))
        .await
        .expect("the primary is back");
}
