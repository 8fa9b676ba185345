//! Several servers on one database, each with a store of its own.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::Input;
use model::{ErrorObject, FunctionName, Owner, Shard, Shards, Timestamp, Version};
use store::conformance::Subject;
use store::{
    CODE_NAME_DIGITS, Catalogue as _, CodeBlobs as _, CommitError, Executions as _,
    FunctionVersionRecord, ServerRecord, Servers as _, StackRecord, Stacks as _, Store as _,
};
use store_postgres::{PostgresStore, pending_migrations};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};

use crate::support::load::{start, step};
use crate::support::{client, open, server};

/// Longer than any of these takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_change_an_execution_one_is_refused() {
    let url = server().database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    let begin = start("Loan", "one", "one");
    one.commit(Arc::clone(&begin)).await.expect("it is new");
    let mut subject = Subject::of(&begin);
    for number in 0..50 {
        let mut rival = subject.clone();
        let mine = step(&mut subject, 2 * number);
        let theirs = step(&mut rival, 2 * number + 1);
        let (mine_came, theirs_came) = tokio::join!(
            one.commit(Arc::clone(&mine)),
            other.commit(Arc::clone(&theirs))
        );
        match (mine_came, theirs_came) {
            (Ok(()), Err(CommitError::VersionConflict(_))) => subject.absorb(&mine),
            (Err(CommitError::VersionConflict(_)), Ok(())) => {
                rival.absorb(&theirs);
                subject = rival;
            }
            other => panic!("{other:?}"),
        }
    }
    subject.check(&one).await;
    subject.check(&other).await;
}

/// A name of code, of so many digits as there are.
fn code(digit: &str) -> String {
    digit.repeat(CODE_NAME_DIGITS)
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_nothing_names_is_forgotten_a_day_after_its_last_use() {
    let url = server().database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    let database = client(&url).await;
    let age = async || {
        let sql = "UPDATE lambdura.code_blobs SET stored_at = stored_at - interval '25 hours'";
        database.batch_execute(sql).await.expect("it works");
    };
    let version = FunctionVersionRecord {
        function: FunctionName::parse("Loan").expect("a valid name"),
        version: Version::Published(1),
        code_sha256: "sha256".to_owned(),
        config_sha256: "config".to_owned(),
        code_dir: format!("/data/code/{}", code("a")),
        configuration: "{}".to_owned(),
        published_at: Timestamp::from_millis(1_790_000_000_000),
    };
    let stack = StackRecord {
        name: "shop".to_owned(),
        document: format!(r#"{{"code":{{"Pay":{{"sha256":"{0}{0}"}}}}}}"#, code("b")),
        deployed_at: Timestamp::from_millis(1_790_000_000_000),
    };
    for digit in ["a", "b", "c", "d", "e"] {
        one.put_code(&code(digit), vec![1]).await.expect("works");
    }
    one.put_function_version(version.clone())
        .await
        .expect("new");
    let seen = one.stacks_revision().await.expect("works");
    one.put_stack(stack, seen).await.expect("new");
    age().await;
    // A deployment is about to name `c`, and another one has uploaded `d` again.
    assert!(other.has_code(&code("c")).await.expect("works"));
    other.put_code(&code("d"), vec![1]).await.expect("works");
    assert_eq!(one.collect_code(DAY).await.expect("works"), [code("e")]);
    let kept = ["a", "b", "c", "d"].map(code);
    assert_eq!(other.code_hashes().await.expect("works"), kept);

    // The version and the stack that name them go.
    other
        .delete_function_version(&version.function, &version.version)
        .await
        .expect("works");
    let seen = other.stacks_revision().await.expect("works");
    other.delete_stack("shop", seen).await.expect("works");
    let forgotten = one.collect_code(DAY).await.expect("works");
    assert_eq!(forgotten, ["a", "b"].map(code));
    age().await;
    let forgotten = other.collect_code(DAY).await.expect("works");
    assert_eq!(forgotten, ["c", "d"].map(code));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_is_about_to_be_used_stays_or_is_known_to_be_gone() {
    let url = server().database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    let database = client(&url).await;
    let name = code("a");
    let (mut stayed, mut went) = (0, 0);
    for round in 0..200 {
        one.put_code(&name, vec![1]).await.expect("works");
        let sql = "UPDATE lambdura.code_blobs SET stored_at = stored_at - interval '25 hours'";
        database.batch_execute(sql).await.expect("it works");
        let (is_known, forgotten) = match round % 2 {
            0 => tokio::join!(other.has_code(&name), one.collect_code(DAY)),
            _ => {
                let (forgotten, is_known) =
                    tokio::join!(one.collect_code(DAY), other.has_code(&name));
                (is_known, forgotten)
            }
        };
        let is_known = is_known.expect("works");
        assert_eq!(forgotten.expect("works").is_empty(), is_known);
        let is_there = one.code(&name).await.expect("works").is_some();
        assert_eq!(is_there, is_known, "round {round}");
        stayed += usize::from(is_known);
        went += usize::from(!is_known);
    }
    assert!(stayed > 0, "{went} went");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_take_a_name_one_is_refused() {
    let url = server().database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    for number in 0..50 {
        let name = format!("name-{number}");
        let mine = start("Loan", &name, &format!("mine-{number}"));
        let theirs = start("Loan", &name, &format!("theirs-{number}"));
        let (mine_came, theirs_came) = tokio::join!(
            one.commit(Arc::clone(&mine)),
            other.commit(Arc::clone(&theirs))
        );
        match (mine_came, theirs_came) {
            (Ok(()), Err(CommitError::NameTaken(arn))) => assert_eq!(*arn, mine.spec.arn),
            (Err(CommitError::NameTaken(arn)), Ok(())) => assert_eq!(*arn, theirs.spec.arn),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_may_start_at_the_same_time() {
    let url = server().database().await;
    let pending = pending_migrations(&url).await.expect("it answers");
    assert_eq!(pending.first(), Some(&"0001_initial"));
    let (one, two, three) = tokio::join!(open(&url), open(&url), open(&url));
    for store in [&one, &two, &three] {
        assert_eq!(store.health().trouble, None);
    }
    let pending = pending_migrations(&url).await.expect("it answers");
    assert!(pending.is_empty(), "{pending:?}");
    one.commit(start("Loan", "one", "one"))
        .await
        .expect("it works");
    let seen = three.head(&start("Loan", "one", "one").spec.arn.id).await;
    assert!(seen.expect("it works").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_know_nothing_of_each_other() {
    let url = server().database().await;
    let one = open(&url).await;
    let other = PostgresStore::open(&url, "111111111111")
        .await
        .expect("another account");
    let begin = start("Loan", "one", "one");
    for store in [&one, &other] {
        store
            .commit(Arc::clone(&begin))
            .await
            .expect("free in each account");
    }
    let mut subject = Subject::of(&begin);
    let next = step(&mut subject, 0);
    one.commit(Arc::clone(&next)).await.expect("as stored");
    Subject::of(&begin).check(&other).await;
    subject.absorb(&next);
    subject.check(&one).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_catalogue_is_seen_by_all() {
    let url = server().database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    let before = other.revision().await.expect("it works");
    let record = store::FunctionSettingsRecord {
        function: start("Loan", "one", "one").spec.arn.function.name.clone(),
        settings: "{}".to_owned(),
    };
    one.put_function_settings(record.clone())
        .await
        .expect("it works");
    assert!(other.revision().await.expect("it works") > before);
    assert_eq!(other.function_settings().await.expect("it works"), [record]);
}

fn record(id: u64) -> ServerRecord {
    ServerRecord {
        id: Owner(id),
        address: "10.0.0.1:3001".to_owned(),
        secret: "secret".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: Timestamp::from_millis(0),
        is_leaving: false,
    }
}

/// Only the database's clock counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_end_by_the_time_of_the_database() {
    let url = server().database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    let long = Duration::from_secs(3600);
    one.beat(record(1), Duration::from_secs(3))
        .await
        .expect("it works");
    let shards: Shards = [Shard(3)].into_iter().collect();
    let taken = one.claim(Owner(1), shards).await.expect("it works");
    assert_eq!(taken, shards);
    let since = Instant::now();
    loop {
        let seen = other.beat(record(2), long).await.expect("it works");
        if seen.free().contains(Shard(3)) {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{seen:?}");
        tokio::task::yield_now().await;
    }
    let taken = other.claim(Owner(2), shards).await.expect("it works");
    assert_eq!(taken, shards);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_claim_at_once_share_nothing() {
    let url = server().database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    let long = Duration::from_secs(3600);
    one.beat(record(1), long).await.expect("it works");
    other.beat(record(2), long).await.expect("it works");
    let (mine, theirs) = tokio::join!(
        one.claim(Owner(1), Shards::ALL),
        other.claim(Owner(2), Shards::ALL)
    );
    let (mine, theirs) = (mine.expect("it works"), theirs.expect("it works"));
    assert!(mine.common(theirs).is_empty());
    assert_eq!(mine.len() + theirs.len(), Shard::COUNT);
}

/// A way to the database on which a client can be made to stand still before it sends the end of a transaction.
async fn way(holds: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let port = listener.local_addr().expect("it has an address").port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let holds = Arc::clone(&holds);
            let socket = server().socket();
            tokio::spawn(async move {
                let mut database = UnixStream::connect(socket).await.expect("it answers");
                let (mut from_client, mut to_client) = client.split();
                let (mut from_database, mut to_database) = database.split();
                let there = async {
                    let mut bytes = vec![0; 1 << 20];
                    loop {
                        let count = from_client.read(&mut bytes).await?;
                        let sent = &bytes[..count];
                        let end = sent.windows(7).position(|it| it == b"COMMIT\0");
                        if let Some(end) = end
                            && holds.load(Ordering::Relaxed)
                        {
                            // The message begins with its kind and its length.
                            to_database.write_all(&sent[..end - 5]).await?;
                            std::future::pending::<()>().await;
                        }
                        if count == 0 {
                            return to_database.shutdown().await;
                        }
                        to_database.write_all(sent).await?;
                    }
                };
                let back = tokio::io::copy(&mut from_database, &mut to_client);
                // Either side may hang up.
                let _ = tokio::join!(there, back);
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_still_in_the_middle_of_a_claim_leaves_no_locks() {
    let url = server().database().await;
    let database = url.rsplit('/').next().expect("it names a database");
    let holds = Arc::new(AtomicBool::new(false));
    let port = way(Arc::clone(&holds)).await;
    let stopped = format!("postgres://postgres@127.0.0.1:{port}/{database}");
    let (one, other) = (open(&stopped).await, open(&url).await);
    let long = Duration::from_secs(3600);
    one.beat(record(1), long).await.expect("it works");
    other.beat(record(2), long).await.expect("it works");
    holds.store(true, Ordering::Relaxed);
    let stands_still = tokio::spawn(async move { one.claim(Owner(1), Shards::ALL).await });
    let locked = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' \
                  AND datname = current_database()";
    let sql = client(&url).await;
    let since = Instant::now();
    loop {
        let row = sql.query_one(locked, &[]).await.expect("it works");
        if row.get::<_, i64>(0) == 1 {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "it is in the middle of it");
        tokio::task::yield_now().await;
    }
    let theirs = other.claim(Owner(2), Shards::ALL).await;
    assert_eq!(theirs.expect("it works"), Shards::ALL);
    stands_still
        .await
        .expect("no panic")
        .expect_err("the database has given it up");
}

/// The rows that the database has read of a table: by its indexes, and from beginning to end.
async fn rows_read(sql: &tokio_postgres::Client, table: &str) -> i64 {
    // The rows seen by the asking connection itself, and those that the others have reported.
    let read = format!(
        "SELECT (SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes WHERE relname = '{table}') \
         + (SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables WHERE relname = '{table}')"
    );
    let row = sql.query_one(&read, &[]).await.expect("it works");
    row.get(0)
}

/// Plans are made while there are few executions, and kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_and_looks_read_no_more_when_there_are_many_executions() {
    const EXECUTIONS: usize = 600;
    let url = server().database().await;
    let store = Arc::new(open(&url).await);
    let sql = client(&url).await;
    let mut subjects = Vec::new();
    for number in 0..EXECUTIONS {
        let name = format!("execution-{number}");
        let begin = start("Loan", &name, &name);
        store.commit(Arc::clone(&begin)).await.expect("it is new");
        let mut subject = Subject::of(&begin);
        // Alone, and then many in one commit.
        let first = step(&mut subject, 0);
        store.commit(Arc::clone(&first)).await.expect("it is next");
        subject.absorb(&first);
        subject.check(&*store).await;
        subjects.push(subject);
        if number == 10 {
            sql.batch_execute("ANALYZE").await.expect("it works");
        }
        if number % 20 == 19 {
            let latest = subjects.iter_mut().rev().take(20);
            let steps: Vec<_> = latest.map(|it| step(it, 1)).collect();
            let commits = steps.into_iter().map(|it| store.commit(it));
            for came in futures_util::future::join_all(commits).await {
                came.expect("it is next");
            }
        }
    }
    let commits = 3 * i64::try_from(EXECUTIONS).expect("a number");
    store.close().await.expect("it was open");
    for table in ["execution_specs", "execution_states"] {
        let read = rows_read(&sql, table).await;
        assert!(
            read <= 10 * commits,
            "{commits} commits and a look at each execution read {read} rows of {table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weeks_of_which_nothing_is_left_are_dropped() {
    let url = server().database().await;
    let store = open(&url).await;
    let sql = client(&url).await;
    let partitions = async || -> Vec<String> {
        let names = "SELECT inhrelid::regclass::text FROM pg_inherits \
                     WHERE inhparent = 'lambdura.events'::regclass ORDER BY 1";
        let rows = sql.query(names, &[]).await.expect("it works");
        rows.iter().map(|row| row.get(0)).collect()
    };
    // The default one, this week and those ahead.
    assert_eq!(partitions().await.len(), 5);
    // Two weeks of long ago, in one of which something started.
    for (week, day) in [(2000, "2008_05_01"), (2001, "2008_05_08")] {
        for table in ["operations", "events"] {
            let keys = |week: i64| week * 7 * 24 * 60 * 60 * 1000 * (1 << 21);
            let made = format!(
                "CREATE TABLE lambdura.{table}_w{week}_{day} PARTITION OF lambdura.{table} \
                 FOR VALUES FROM ({}) TO ({})",
                keys(week),
                keys(week + 1)
            );
            sql.batch_execute(&made).await.expect("it is made");
        }
    }
    let mut begin = (*start("Loan", "old", "old")).clone();
    let mut spec = (*begin.spec).clone();
    spec.started_at = Timestamp::from_millis(2001 * 7 * 24 * 60 * 60 * 1000 + 5);
    begin.spec = Arc::new(spec);
    let begin = Arc::new(begin);
    store.commit(Arc::clone(&begin)).await.expect("it is new");
    let kept = "SELECT count(*) FROM lambdura.events_w2001_2008_05_08";
    let row = sql.query_one(kept, &[]).await.expect("it works");
    assert_eq!(row.get::<_, i64>(0), begin.events.len() as i64);

    let again = open(&url).await;
    assert_eq!(partitions().await.len(), 6, "{:?}", partitions().await);
    let mut subject = Subject::of(&begin);
    let stop = Input::Stop {
        error: ErrorObject::new("Stopped", "by a person"),
    };
    let stopped = subject.transition(stop).expect("accepted");
    let committed = again.commit(Arc::clone(&stopped)).await;
    committed.expect("as stored");
    subject.absorb(&stopped);
    let removal = subject.transition(Input::Delete).expect("accepted");
    again.commit(removal).await.expect("as stored");
    drop(open(&url).await);
    assert_eq!(partitions().await.len(), 5, "{:?}", partitions().await);
}
