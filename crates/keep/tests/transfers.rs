//! Everything in a store comes out of a backup unchanged, in either store, and goes on from there.

use keep::{
    BackupReader, BackupWriter, Beside, Examine, Header, IntoStore, ReadBackupError, TransferError,
    read_backup, read_store,
};
use model::{ErrorObject, ExecutionId, FunctionName, RequestId, Timestamp, Version};
use store::conformance::{Choice, Walk};
use store::{
    AccessKeyRecord, AccessKeys, AliasRecord, AsyncInvocation, AuditKind, AuditQuery, AuditRecord,
    AuditRecords, CodeBlobs, DeadLetter, Durability, FunctionSettingsRecord, FunctionVersionRecord,
    MemoryCode, MemoryStore, ScheduleMark, SetAside, StackRecord, Stacks, Store, Work,
};
use store_sqlite::SqliteStore;
use tempfile::TempDir;

fn sqlite(folder: &TempDir) -> SqliteStore {
    let path = folder.path().join("executions.db");
    SqliteStore::open(&path, Durability::Os).expect("a new database")
}

/// A store with its access keys and stacks.
trait Kept: Store + AccessKeys + Stacks + AuditRecords {}

impl<T: Store + AccessKeys + Stacks + AuditRecords> Kept for T {}

fn beside<'a>(store: &'a dyn Kept, code: Option<&'a dyn CodeBlobs>) -> Beside<'a> {
    Beside {
        code,
        keys: Some(store),
        stacks: Some(store),
        audit: Some(store),
    }
}

fn header() -> Header {
    Header {
        format: 0,
        made_at: Timestamp::from_millis(1_790_000_000_000),
        program: "0.0.0".to_owned(),
        of: "a test".to_owned(),
    }
}

/// The same choices every time, of every kind.
fn choices(seed: u64) -> Vec<Choice> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33).to_le_bytes()[0]
    };
    (0..400).map(|_| (next(), next(), next())).collect()
}

fn function(name: &str) -> FunctionName {
    FunctionName::parse(name).expect("a valid name")
}

fn invocation(number: u32) -> AsyncInvocation {
    AsyncInvocation {
        request_id: RequestId::parse(&format!("request-{number}")).expect("a valid id"),
        function: function("Mail"),
        version: Version::Published(1),
        invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:Mail:1".to_owned(),
        payload: vec![0, 255, 10, 13],
        client_context: Some("{\"a\":\"b\"}".to_owned()),
        trace_header: None,
        tenant_id: Some("tenant".to_owned()),
        accepted_at: Timestamp::from_millis(1_790_000_000_000),
        attempts: number,
        not_before: Timestamp::from_millis(1_790_000_060_000),
    }
}

fn changes(count: u32) -> Vec<AuditRecord> {
    let at = |number: u32| Timestamp::from_millis(1_790_000_000_000 + i64::from(number / 3));
    let change = |number: u32| AuditRecord {
        id: AuditRecord::id_of(at(number), 7, number),
        kind: match number % 2 {
            0 => AuditKind::Management,
            _ => AuditKind::Data,
        },
        at: at(number),
        server: (number.is_multiple_of(5)).then(|| "10.0.0.2:4000".to_owned()),
        who: "key ci".to_owned(),
        access_key_id: Some("AKIA0000000000000001".to_owned()),
        source_ip: None,
        action: "lambda:UpdateFunctionCode".to_owned(),
        resource: "\u{1F980}".to_owned(),
        outcome: "refused".to_owned(),
        status: Some(403),
        error: Some("AccessDeniedException".to_owned()),
    };
    (0..count).map(change).collect()
}

/// Records of changes in a store that is furnished.
const CHANGES: u32 = 6;

/// Everything but executions.
async fn furnish(store: &dyn Kept) {
    for name in ["Loan", "Fraud", "Mail"] {
        for version in [Version::Latest, Version::Published(1)] {
            let record = FunctionVersionRecord {
                function: function(name),
                version,
                code_sha256: "c29tZQ==".to_owned(),
                config_sha256: "b3RoZXI=".to_owned(),
                code_dir: "/data/code/0123456789abcdef0123456789abcdef".to_owned(),
                configuration: "{\"MemorySize\":128}".to_owned(),
                published_at: Timestamp::from_millis(1),
            };
            store.put_function_version(record).await.expect("works");
        }
        let alias = AliasRecord {
            function: function(name),
            name: "live".to_owned(),
            version: Version::Published(1),
            description: "what is called".to_owned(),
            routing: Some("{\"1\":0.5}".to_owned()),
            revision_id: "r-1".to_owned(),
        };
        store.put_alias(alias).await.expect("works");
    }
    let settings = FunctionSettingsRecord {
        function: function("Loan"),
        settings: "{\"Tags\":{}}".to_owned(),
    };
    store.put_function_settings(settings).await.expect("works");
    for number in 1..=2_u8 {
        let record = AccessKeyRecord {
            id: format!("AKIA00000000000000{number:02}"),
            name: format!("key-{number}"),
            sealed_secret: vec![0, 255, number],
            policies: "[\"invoke\"]".to_owned(),
            created_at: Timestamp::from_millis(1_790_000_000_000),
            rotated_at: Timestamp::from_millis(1_790_000_000_001),
            disabled_at: (number == 2).then_some(Timestamp::from_millis(1_790_000_000_002)),
        };
        store.create_access_key(record).await.expect("works");
    }
    for name in ["calendar", "loan"] {
        let record = StackRecord {
            name: name.to_owned(),
            document: "{\"format\":1}".to_owned(),
            deployed_at: Timestamp::from_millis(1_790_000_000_003),
        };
        let seen = store.stacks_revision().await.expect("works");
        store.put_stack(record, seen).await.expect("works");
    }
    store.append_audit(changes(CHANGES)).await.expect("works");
    let mark = ScheduleMark {
        schedule: "arn:aws:events:us-east-1:000000000000:rule/nightly".to_owned(),
        definition: "rate(1 day)".to_owned(),
        done_until: Timestamp::from_millis(1_790_000_000_000),
    };
    store.put_schedule_mark(mark).await.expect("works");
    for number in 0..5 {
        let id = store.enqueue(invocation(number)).await.expect("works");
        if number % 2 == 1 {
            let letter = DeadLetter {
                invocation: invocation(number),
                buried_at: Timestamp::from_millis(1_790_000_070_000),
                condition: "RetriesExhausted".to_owned(),
                error: Some(ErrorObject::new("Refused", "by the other side")),
            };
            store.bury(id, letter).await.expect("works");
        }
    }
}

async fn backup(store: &dyn Kept, code: Option<&dyn CodeBlobs>) -> Vec<u8> {
    let mut writer = BackupWriter::begin(Vec::new(), header()).expect("memory");
    let read = read_store(store, beside(store, code), &mut writer, |_| {}).await;
    let read = read.expect("the store works");
    assert_eq!(read.left_out, []);
    assert_eq!(writer.counts(), read.counts);
    writer.finish(read.left_out).expect("memory")
}

async fn restore(backup: &[u8], store: &dyn Kept, code: &dyn CodeBlobs) {
    let mut into = IntoStore::begin(store, beside(store, Some(code)))
        .await
        .expect("empty");
    let reader = BackupReader::begin(backup).expect("a backup");
    read_backup(reader, &mut into, |_| {}).await.expect("whole");
    assert_eq!(into.finish().await.expect("works"), []);
}

async fn findings(backup: &[u8]) -> Vec<keep::Finding> {
    let mut examine = Examine::default();
    let reader = BackupReader::begin(backup).expect("a backup");
    read_backup(reader, &mut examine, |_| {})
        .await
        .expect("whole");
    examine.finish().first
}

/// The lines of a backup, without those that tell when it was made.
fn lines(backup: &[u8]) -> Vec<String> {
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(backup);
    std::io::Read::read_to_string(&mut decoder, &mut text).expect("text");
    text.lines().map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn any_walk_survives_a_backup_and_goes_on_in_either_store() {
    for seed in 1..6 {
        let folders = [(); 2].map(|()| TempDir::new().expect("a folder"));
        let (from_sqlite, from_memory) = (sqlite(&folders[0]), MemoryStore::new());
        let mut walk = Walk::default();
        let choices = choices(seed);
        let (first, rest) = choices.split_at(300);
        for choice in first {
            walk.step(*choice, &from_sqlite, &from_memory).await;
        }
        furnish(&from_sqlite).await;
        furnish(&from_memory).await;
        let code = MemoryCode::default();
        let archive = vec![7; 3_000_000];
        code.put_code("0123456789abcdef0123456789abcdef", archive.clone())
            .await
            .expect("works");

        let made = backup(&from_sqlite, Some(&code)).await;
        assert_eq!(
            lines(&made),
            lines(&backup(&from_memory, Some(&code)).await),
            "both stores tell the same"
        );
        // Walks start executions of versions that chained invokes name and that were never deployed.
        let found = findings(&made).await;
        let unexpected = found
            .iter()
            .filter(|finding| !finding.problem.starts_with("it is not there, and"));
        assert_eq!(unexpected.collect::<Vec<_>>(), [] as [&keep::Finding; 0]);

        let (into_sqlite, into_memory) = (sqlite(&folders[1]), MemoryStore::new());
        for store in [&into_sqlite as &dyn Kept, &into_memory] {
            let code = MemoryCode::default();
            restore(&made, store, &code).await;
            assert_eq!(lines(&backup(store, Some(&code)).await), lines(&made));
        }
        walk.check(&into_sqlite, &into_memory).await;
        for choice in rest {
            walk.step(*choice, &into_sqlite, &into_memory).await;
        }
        walk.check(&into_sqlite, &into_memory).await;
    }
}

#[tokio::test]
async fn documents_that_cannot_be_read_are_found() {
    let mut examine = Examine::default();
    for (name, document) in [("whole", "{}"), ("cut", "{\"a\""), ("other", "[]")] {
        let record = StackRecord {
            name: name.to_owned(),
            document: document.to_owned(),
            deployed_at: Timestamp::from_millis(1_790_000_000_000),
        };
        let put = keep::Sink::put(&mut examine, keep::Item::Stack(record)).await;
        put.expect("it only looks");
    }
    let found = examine.finish().first.into_iter();
    let found: Vec<String> = found.map(|finding| finding.of).collect();
    assert_eq!(found, ["stack `cut`", "stack `other`"]);
}

#[tokio::test]
async fn more_changes_than_are_read_or_written_at_once_come_along() {
    let (store, other) = (MemoryStore::new(), MemoryStore::new());
    store.append_audit(changes(1_205)).await.expect("works");
    let made = backup(&store, None).await;
    restore(&made, &other, &MemoryCode::default()).await;
    let all = || AuditQuery {
        limit: 10_000,
        ..AuditQuery::default()
    };
    let recorded = other.audit(all()).await.expect("works");
    assert_eq!(recorded.len(), 1_205);
    assert_eq!(recorded, store.audit(all()).await.expect("works"));
}

#[tokio::test]
async fn a_record_of_a_change_with_an_id_of_another_time_is_found() {
    let mut examine = Examine::default();
    let mut recorded = changes(9);
    recorded[7].at = Timestamp::from_millis(1);
    let wrong = recorded[7].id.clone();
    for record in recorded {
        let put = keep::Sink::put(&mut examine, keep::Item::Audit(record)).await;
        put.expect("it only looks");
    }
    let found = examine.finish().first.into_iter();
    let found: Vec<String> = found.map(|finding| finding.of).collect();
    assert_eq!(found, [format!("record of a change `{wrong}`")]);
}

#[tokio::test]
async fn what_is_not_empty_is_refused() {
    let store = MemoryStore::new();
    furnish(&store).await;
    match IntoStore::begin(&store, Beside::default()).await {
        Err(TransferError::NotEmpty("functions")) => {}
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it has functions"),
    }
}

#[tokio::test]
async fn access_keys_come_along_where_they_are_wanted() {
    let store = MemoryStore::new();
    furnish(&store).await;
    let made = backup(&store, None).await;
    let (with, without) = (MemoryStore::new(), MemoryStore::new());
    restore(&made, &with, &MemoryCode::default()).await;
    assert_eq!(
        with.access_keys().await.expect("works"),
        store.access_keys().await.expect("works")
    );
    let mut into = IntoStore::begin(&without, Beside::default())
        .await
        .expect("empty");
    let reader = BackupReader::begin(made.as_slice()).expect("a backup");
    read_backup(reader, &mut into, |_| {}).await.expect("whole");
    let left_out = into.finish().await.expect("works");
    // Two keys, two stacks, and the recorded changes.
    assert_eq!(left_out.len(), 4 + CHANGES as usize, "{left_out:?}");
    assert_eq!(without.access_keys().await.expect("works"), []);
    // A user's key is not lost among those of a backup, nor mixed with them.
    let other = MemoryStore::new();
    let record = store.access_keys().await.expect("works").remove(0);
    other.create_access_key(record).await.expect("works");
    match IntoStore::begin(&other, beside(&other, None)).await {
        Err(TransferError::NotEmpty("access keys")) => {}
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it has a key"),
    }
}

#[tokio::test]
async fn a_backup_that_is_not_whole_is_noticed_wherever_it_ends() {
    let store = MemoryStore::new();
    furnish(&store).await;
    let mut walk = Walk::default();
    let other = MemoryStore::new();
    for choice in choices(9).into_iter().take(60) {
        walk.step(choice, &store, &other).await;
    }
    let made = backup(&store, None).await;
    for length in 0..made.len() {
        let cut = &made[..length];
        let outcome = match BackupReader::begin(cut) {
            Ok(reader) => read_backup(reader, &mut Examine::default(), |_| {}).await,
            Err(error) => Err(error.into()),
        };
        match outcome {
            Err(TransferError::Read(ReadBackupError::CutOff { .. })) => {}
            other => panic!("{length} of {} bytes: {other:?}", made.len()),
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_is_noticed_wherever_it_is() {
    let store = MemoryStore::new();
    furnish(&store).await;
    let made = backup(&store, None).await;
    // The header of the compressed file has a byte that names an operating system, and such.
    for place in 10..made.len() {
        let mut damaged = made.clone();
        damaged[place] ^= 4;
        let outcome = match BackupReader::begin(damaged.as_slice()) {
            Ok(reader) => read_backup(reader, &mut Examine::default(), |_| {})
                .await
                .map(drop),
            Err(error) => Err(error.into()),
        };
        // A few bits of compressed data mean nothing, such as those that fill up its last byte.
        assert!(
            outcome.is_err() || lines(&damaged) == lines(&made),
            "byte {place} of {} is another one",
            made.len()
        );
    }
}

#[tokio::test]
async fn what_is_no_backup_or_a_newer_one_is_said() {
    for text in ["", "hello, this is some text", "{\"lambdura_backup\":{}}\n"] {
        let error = match BackupReader::begin(text.as_bytes()) {
            Ok(_) => panic!("{text} is not a backup"),
            Err(error) => error,
        };
        let expected = text.is_empty();
        assert_eq!(
            matches!(error, ReadBackupError::CutOff { line: 0 }),
            expected,
            "{error}"
        );
    }
    let newer = gzip("{\"lambdura_backup\":{\"format\":99,\"somehow\":true}}\n");
    let error = BackupReader::begin(newer.as_slice()).err().expect("newer");
    assert_eq!(
        error.to_string(),
        "the backup has format 99, and this program reads up to 4: use the program that made it"
    );
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// Rewrites the lines of a backup, whose hash no longer fits then.
async fn problem_of(made: &[u8], from: &str, to: &str) -> String {
    let text = lines(made).join("\n") + "\n";
    assert!(text.contains(from), "{from} is in it");
    let changed = gzip(&text.replace(from, to));
    let mut examine = Examine::default();
    let reader = BackupReader::begin(changed.as_slice()).expect("a header");
    let error = read_backup(reader, &mut examine, |_| {}).await;
    let error = error.expect_err("it was changed").to_string();
    let found = examine.finish().first.into_iter();
    let problems = found.map(|finding| finding.problem);
    // That the hash is another one says nothing here.
    let error = Some(error).filter(|error| !error.contains("SHA-256"));
    problems.chain(error).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_contradicts_itself_is_found() {
    let (one, other) = (MemoryStore::new(), MemoryStore::new());
    let mut walk = Walk::default();
    for choice in choices(3).into_iter().take(300) {
        walk.step(choice, &one, &other).await;
    }
    let made = backup(&one, None).await;
    for (from, to, expected) in [
        ("\"id\":2,\"at\"", "\"id\":3,\"at\"", "is numbered 3"),
        ("\"StepStarted\"", "\"ContextStarted\"", ""),
        ("\"operation_count\":", "\"operation_count\":1", "it counts"),
        ("\"pending_count\":", "\"pending_count\":7", "it counts"),
        (
            "\"execution_timeout_seconds\":3600",
            "\"execution_timeout_seconds\":3601",
            "deadline",
        ),
        (
            "\"status\":\"Succeeded\"",
            "\"status\":\"Failed\"",
            "differ in status",
        ),
        ("\"StepSucceeded\"", "\"ContextSucceeded\"", ""),
    ] {
        let problem = problem_of(&made, from, to).await;
        assert!(
            !problem.is_empty() && problem.contains(expected),
            "{from} to {to}: {problem}"
        );
    }
}

#[tokio::test]
async fn what_is_set_aside_and_gone_is_found() {
    let one = MemoryStore::new();
    let set_aside = SetAside {
        execution_id: ExecutionId::parse("nobody").expect("a valid id"),
        set_aside_at: Timestamp::from_millis(1),
        attempted: "load it".to_owned(),
        reason: "it cannot be read".to_owned(),
    };
    one.set_aside(set_aside).await.expect("works");
    let made = backup(&one, None).await;
    let found = findings(&made).await;
    assert!(
        found
            .iter()
            .any(|finding| finding.of == "execution `nobody`"),
        "{found:?}"
    );
}

/// A backup of each format that was ever written is read for good. `LAMBDURA_WRITE_FIXTURE=1` writes that of a new one.
#[tokio::test]
async fn backups_of_every_format_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    if std::env::var_os("LAMBDURA_WRITE_FIXTURE").is_some() {
        let (one, other) = (MemoryStore::new(), MemoryStore::new());
        let mut walk = Walk::default();
        for choice in choices(3).into_iter().take(250) {
            walk.step(choice, &one, &other).await;
        }
        furnish(&one).await;
        let code = MemoryCode::default();
        let name = "0123456789abcdef0123456789abcdef";
        code.put_code(name, vec![1, 2, 3]).await.expect("works");
        let made = backup(&one, Some(&code)).await;
        std::fs::write(folder.join("format_4.backup"), made).expect("the folder is ours");
    }
    for format in 1..=4 {
        let path = folder.join(format!("format_{format}.backup"));
        let kept = std::fs::read(path).expect("it is kept");
        let (store, code) = (MemoryStore::new(), MemoryCode::default());
        restore(&kept, &store, &code).await;
        let again = backup(&store, Some(&code)).await;
        // Backups of every format have the same content, except for the first and the last line, which name the format.
        let (again, kept) = (lines(&again), lines(&kept));
        let inner = 1..kept.len() - 1;
        assert_eq!(again[inner.clone()], kept[inner]);
        assert_eq!(again.len(), kept.len());
        assert!(kept.len() > 50);
        let keys = store.access_keys().await.expect("works");
        assert_eq!(keys.len(), if format == 1 { 0 } else { 2 });
        let stacks = store.stacks().await.expect("works").stacks;
        assert_eq!(stacks.len(), if format < 3 { 0 } else { 2 });
        let query = AuditQuery {
            limit: 10_000,
            ..AuditQuery::default()
        };
        let recorded = store.audit(query).await.expect("works");
        let expected = if format < 4 { 0 } else { CHANGES as usize };
        assert_eq!(recorded.len(), expected);
    }
}
