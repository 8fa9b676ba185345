//! Servers of two versions beside each other: one goes on while a later version migrates the database, and after it,
//! and databases of every version before are brought up to date.

mod support;

use std::time::Duration;

use model::{Owner, Timestamp};
use store::conformance::{Choice, Walk};
use store::{
    AccessKeyRecord, AccessKeys, AuditKind, AuditQuery, AuditRecord, AuditRecords, CodeBlobs,
    MemoryStore, ServerRecord, Servers, SessionRecord, Sessions, StackRecord, Stacks, Store,
};
use store_postgres::{OpenError, PostgresStore, pending_migrations};

use crate::support::{ACCOUNT, client, open, server};

/// All migrations with their texts, as they are done.
const MIGRATIONS: [(&str, &str); 8] = [
    (
        "0001_initial",
        include_str!("../src/sql/migrations/0001_initial.sql"),
    ),
    (
        "0002_logs",
        include_str!("../src/sql/migrations/0002_logs.sql"),
    ),
    (
        "0003_access_keys",
        include_str!("../src/sql/migrations/0003_access_keys.sql"),
    ),
    (
        "0004_stacks",
        include_str!("../src/sql/migrations/0004_stacks.sql"),
    ),
    (
        "0005_places",
        include_str!("../src/sql/migrations/0005_places.sql"),
    ),
    (
        "0006_sessions",
        include_str!("../src/sql/migrations/0006_sessions.sql"),
    ),
    (
        "0007_offers",
        include_str!("../src/sql/migrations/0007_offers.sql"),
    ),
    (
        "0008_audit",
        include_str!("../src/sql/migrations/0008_audit.sql"),
    ),
];

/// The same choices every time, of every kind.
fn choices(seed: u64, count: usize) -> Vec<Choice> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33).to_le_bytes()[0]
    };
    (0..count).map(|_| (next(), next(), next())).collect()
}

/// A later version's changes to a database in use: a column more in each table, with and without a value, and an index.
/// They must not change the results of statements prepared before.
async fn migrate_as_tomorrow(url: &str) {
    let tomorrow = client(url).await;
    let sql = "SELECT relname::text FROM pg_class \
               WHERE relnamespace = 'lambdura'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition";
    let tables = tomorrow.query(sql, &[]).await.expect("it works");
    assert!(tables.len() > 20, "{}", tables.len());
    for row in tables {
        let table: String = row.get(0);
        let sql = format!(
            "ALTER TABLE lambdura.{table} ADD COLUMN of_tomorrow text; \
             ALTER TABLE lambdura.{table} ADD COLUMN count_of_tomorrow bigint NOT NULL DEFAULT 0; \
             CREATE INDEX ON lambdura.{table} (of_tomorrow)"
        );
        let altered = tomorrow.batch_execute(&sql).await;
        altered.unwrap_or_else(|error| panic!("{table}: {error:?}"));
    }
}

/// Uses everything beside executions, for the `round`-th time.
async fn use_the_rest(store: &PostgresStore, round: u32) {
    let at = Timestamp::from_millis(1_790_000_000_000 + i64::from(round));
    let key = AccessKeyRecord {
        id: format!("AKIA{round:016}"),
        name: format!("key-{round}"),
        sealed_secret: vec![1],
        policies: "[]".to_owned(),
        created_at: at,
        rotated_at: at,
        disabled_at: None,
    };
    store.create_access_key(key.clone()).await.expect("works");
    store.replace_access_key(key).await.expect("works");
    let keys = store.access_keys().await.expect("works");
    assert_eq!(keys.len(), round as usize);

    let seen = store.stacks_revision().await.expect("works");
    let stack = StackRecord {
        name: format!("stack-{round}"),
        document: "{}".to_owned(),
        deployed_at: at,
    };
    store.put_stack(stack, seen).await.expect("works");
    let stacks = store.stacks().await.expect("works").stacks;
    assert_eq!(stacks.len(), round as usize);

    let session = SessionRecord {
        hash: format!("hash-{round}"),
        who: "{}".to_owned(),
        until: at.plus_seconds(60),
    };
    store.begin_session(session, at).await.expect("works");
    let found = store.session(&format!("hash-{round}")).await;
    assert!(found.expect("works").is_some());
    let kept = store.keep_secret("secret", vec![1], None).await;
    assert_eq!(kept.expect("works"), [1]);

    let hash = format!("{round:064}");
    store.put_code(&hash, vec![1, 2]).await.expect("works");
    assert_eq!(store.code(&hash).await.expect("works"), Some(vec![1, 2]));
    assert_eq!(
        store.code_hashes().await.expect("works").len(),
        round as usize
    );

    let itself = ServerRecord {
        id: Owner(u64::from(round)),
        address: "10.0.0.1:4000".to_owned(),
        secret: "secret".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: at,
        is_leaving: false,
    };
    let membership = store.beat(itself, Duration::from_secs(3_600)).await;
    assert_eq!(membership.expect("works").servers.len(), round as usize);

    let change = AuditRecord {
        id: AuditRecord::id_of(at, 1, round),
        kind: AuditKind::Management,
        at,
        server: None,
        who: "key ci".to_owned(),
        access_key_id: None,
        source_ip: None,
        action: "lambdura:DeployStack".to_owned(),
        resource: "stack".to_owned(),
        outcome: "done".to_owned(),
        status: Some(200),
        error: None,
    };
    store.append_audit(vec![change]).await.expect("works");
    let query = AuditQuery {
        limit: 10,
        ..AuditQuery::default()
    };
    assert_eq!(
        store.audit(query).await.expect("works").len(),
        round as usize
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_goes_on_while_a_later_version_migrates_and_after_it() {
    let url = server().database().await;
    let (old, memory) = (open(&url).await, MemoryStore::new());
    let mut walk = Walk::default();
    let choices = choices(5, 240);
    let (before, after) = choices.split_at(120);
    // So that each statement was prepared on each connection that it will be used on again.
    for choice in before {
        walk.step(*choice, &old, &memory).await;
    }
    walk.check(&old, &memory).await;
    use_the_rest(&old, 1).await;
    migrate_as_tomorrow(&url).await;
    for choice in after {
        walk.step(*choice, &old, &memory).await;
    }
    walk.check(&old, &memory).await;
    use_the_rest(&old, 2).await;
    old.close().await.expect("it was open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_on_a_later_schema_that_says_so() {
    let url = server().database().await;
    let known = MIGRATIONS.len() as i64;
    open(&url).await.close().await.expect("it was open");
    let sql = client(&url).await;
    let done = async |version: i64, oldest_reader: Option<i64>| {
        let note = "INSERT INTO lambdura.migrations (version, name) VALUES ($1, 'of tomorrow')";
        let noted = sql.execute(note, &[&version]).await;
        noted.expect("it is recorded");
        if let Some(oldest_reader) = oldest_reader {
            let note = "INSERT INTO lambdura.readers (version, oldest_reader) VALUES ($1, $2)";
            let noted = sql.execute(note, &[&version, &oldest_reader]).await;
            noted.expect("it is recorded");
        }
    };
    migrate_as_tomorrow(&url).await;
    done(known + 1, Some(known)).await;
    let pending = pending_migrations(&url).await.expect("it can be used");
    assert_eq!(pending, [] as [&str; 0]);
    let store = open(&url).await;
    use_the_rest(&store, 1).await;
    store.close().await.expect("it was open");
    // The day after tomorrow, something is written that this version would not understand.
    for oldest_reader in [Some(known + 1), None] {
        done(known + 2, oldest_reader).await;
        match PostgresStore::open(&url, ACCOUNT).await {
            Err(OpenError::NewerSchema {
                found, known: own, ..
            }) => assert_eq!((found, own), (known + 2, known)),
            Err(error) => panic!("{error:?}"),
            Ok(_) => panic!("it is refused"),
        }
        for table in ["migrations", "readers"] {
            let forgotten = format!("DELETE FROM lambdura.{table} WHERE version = $1");
            let forgotten = sql.execute(&forgotten, &[&(known + 2)]).await;
            forgotten.expect("it is forgotten");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_every_version_is_brought_up_to_date() {
    let names = MIGRATIONS.map(|(name, _)| name);
    for done in 0..=MIGRATIONS.len() {
        let url = server().database().await;
        let old = client(&url).await;
        if done > 0 {
            let sql = include_str!("../src/sql/migrations/0000_migrations.sql");
            old.batch_execute(sql).await.expect("it was done");
        }
        for (number, (name, sql)) in (1_i64..).zip(&MIGRATIONS[..done]) {
            old.batch_execute(sql).await.expect("it was one");
            let note = "INSERT INTO lambdura.migrations (version, name) VALUES ($1, $2)";
            let noted = old.execute(note, &[&number, name]).await;
            noted.expect("it was recorded");
        }
        let pending = pending_migrations(&url).await.expect("it can be read");
        assert_eq!(pending, names[done..], "of version {done}");
        let (store, memory) = (open(&url).await, MemoryStore::new());
        let pending = pending_migrations(&url).await.expect("it can be read");
        assert_eq!(pending, [] as [&str; 0]);
        let mut walk = Walk::default();
        for choice in choices(7, 30) {
            walk.step(choice, &store, &memory).await;
        }
        walk.check(&store, &memory).await;
        use_the_rest(&store, 1).await;
        store.close().await.expect("it was open");
    }
}

/// Two that start at once on an old database: one migrates, both work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_on_an_old_database_both_come_up() {
    let url = server().database().await;
    let old = client(&url).await;
    for sql in [
        include_str!("../src/sql/migrations/0000_migrations.sql"),
        MIGRATIONS[0].1,
        "INSERT INTO lambdura.migrations (version, name) VALUES (1, '0001_initial')",
    ] {
        old.batch_execute(sql).await.expect("it was done");
    }
    let (one, other) = tokio::join!(open(&url), open(&url));
    use_the_rest(&one, 1).await;
    use_the_rest(&other, 2).await;
}
