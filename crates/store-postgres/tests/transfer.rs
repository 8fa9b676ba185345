//! From a file of SQLite into the database and back, by a backup: nothing is lost or changed on the way.

mod support;

use keep::{
    BackupReader, BackupWriter, Beside, Examine, Header, IntoStore, read_backup, read_store,
};
use model::Timestamp;
use store::conformance::Walk;
use store::{
    AccessKeys, AuditKind, AuditQuery, AuditRecord, AuditRecords, Durability, MemoryStore,
    StackRecord, Stacks, StacksRevision, Store,
};
use store_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::support::{open, server};

/// A store with its access keys.
trait Kept: Store + AccessKeys + Stacks + AuditRecords {}

impl<T: Store + AccessKeys + Stacks + AuditRecords> Kept for T {}

fn beside(store: &dyn Kept) -> Beside<'_> {
    Beside {
        code: None,
        keys: Some(store),
        stacks: Some(store),
        audit: Some(store),
    }
}

async fn backup(store: &dyn Kept) -> Vec<u8> {
    let header = Header {
        format: 0,
        made_at: Timestamp::default(),
        program: String::new(),
        of: String::new(),
    };
    let mut writer = BackupWriter::begin(Vec::new(), header).expect("memory");
    let read = read_store(store, beside(store), &mut writer, |_| {}).await;
    let read = read.expect("the store works");
    assert_eq!(read.left_out, []);
    writer.finish(read.left_out).expect("memory")
}

async fn restore(backup: &[u8], store: &dyn Kept) {
    let mut into = IntoStore::begin(store, beside(store)).await.expect("empty");
    let reader = BackupReader::begin(backup).expect("a backup");
    read_backup(reader, &mut into, |_| {}).await.expect("whole");
    assert_eq!(into.finish().await.expect("works"), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_becomes_production_and_back() {
    let folder = TempDir::new().expect("a folder");
    let sqlite = |name: &str| {
        let path = folder.path().join(name);
        SqliteStore::open(&path, Durability::Os).expect("a new database")
    };
    let (trial, memory) = (sqlite("trial.db"), MemoryStore::new());
    let mut walk = Walk::default();
    let mut state: u64 = 11;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33).to_le_bytes()[0]
    };
    let choices: Vec<_> = (0..400).map(|_| (next(), next(), next())).collect();
    let (first, rest) = choices.split_at(300);
    for choice in first {
        walk.step(*choice, &trial, &memory).await;
    }
    let stack = StackRecord {
        name: "loan".to_owned(),
        document: "{\"format\":1}".to_owned(),
        deployed_at: Timestamp::default(),
    };
    trial
        .put_stack(stack.clone(), StacksRevision(0))
        .await
        .expect("works");
    let change = AuditRecord {
        id: AuditRecord::id_of(Timestamp::from_millis(1_790_000_000_000), 7, 1),
        kind: AuditKind::Management,
        at: Timestamp::from_millis(1_790_000_000_000),
        server: None,
        who: "key \u{0}".to_owned(),
        access_key_id: None,
        source_ip: Some("10.0.0.1".to_owned()),
        action: "lambdura:DeployStack".to_owned(),
        resource: "stack/loan".to_owned(),
        outcome: "done".to_owned(),
        status: Some(200),
        error: None,
    };
    let changes = vec![change.clone()];
    trial.append_audit(changes).await.expect("works");
    let made = backup(&trial).await;
    let postgres = open(&server().database().await).await;
    restore(&made, &postgres).await;
    walk.check(&postgres, &memory).await;
    for choice in rest {
        walk.step(*choice, &postgres, &memory).await;
    }
    walk.check(&postgres, &memory).await;

    assert_eq!(postgres.stacks().await.expect("works").stacks, [stack]);
    let query = AuditQuery {
        limit: 10,
        ..AuditQuery::default()
    };
    assert_eq!(postgres.audit(query).await.expect("works"), [change]);
    let made = backup(&postgres).await;
    let back = sqlite("back.db");
    restore(&made, &back).await;
    walk.check(&back, &memory).await;
    assert_eq!(backup(&back).await, made, "byte by byte");
    let mut examine = Examine::default();
    read_store(&postgres, beside(&postgres), &mut examine, |_| {})
        .await
        .expect("works");
    let found = examine.finish().first.into_iter();
    let found: Vec<_> = found
        .filter(|finding| !finding.problem.starts_with("it is not there, and"))
        .collect();
    assert_eq!(found, []);
    postgres.close().await.expect("it was open");
}
