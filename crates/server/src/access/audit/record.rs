//! Keeps the record of changes, and reads it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use model::Timestamp;
use store::{
    AUDIT_REMOVED_AT_ONCE, AuditKeep, AuditKind, AuditQuery, AuditRecord, AuditRecords, StoreFault,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::file::AuditFile;
use super::line::{AuditLine, kind_of};
use super::waiting::Waiting;

/// Characters of a text in a record that came from outside.
const TEXT_CHARS_MAX: usize = 512;

/// Records that are read at once, at most.
const RECORDS_MAX: usize = 1_000;

/// Records of each kind that the store keeps.
const KEPT_MAX: usize = 100_000;

/// How long it keeps them: a year.
const KEPT_MILLIS: i64 = 365 * 24 * 60 * 60 * 1_000;

/// How long until a failed write is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The record of changes of a server, or of a command that changes a store without a server.
pub(crate) struct Audit {
    /// None where there is no data folder.
    file: Option<AuditFile>,
    store: Arc<dyn AuditRecords>,
    waiting: Waiting,
    /// Whether the store's commits survive a power cut.
    is_on_disk: bool,
    run: u64,
    number: AtomicU32,
    server: OnceLock<String>,
    /// Wakes the writer: there are records that no request waits for.
    more: Notify,
}

impl Audit {
    /// The record of a store, and of a data folder where there is one. `is_on_disk` says whether the store's commits
    /// survive a power cut.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn open(
        data_dir: Option<&Path>,
        store: Arc<dyn AuditRecords>,
        is_on_disk: bool,
    ) -> Result<Self, getrandom::Error> {
        Ok(Self {
            file: data_dir.map(AuditFile::of),
            waiting: Waiting::new(Arc::clone(&store)),
            store,
            is_on_disk,
            run: getrandom::u64()?,
            number: AtomicU32::new(0),
            server: OnceLock::new(),
            more: Notify::new(),
        })
    }

    /// Says under which address the other servers know this one.
    pub fn name_server(&self, address: String) {
        // The address is set once, at the start.
        let _ = self.server.set(address);
    }

    /// A record of an action. The caller adds the outcome.
    pub fn draft(&self, action: &str, now: Timestamp) -> AuditRecord {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        AuditRecord {
            id: AuditRecord::id_of(now, self.run, number),
            kind: kind_of(action),
            at: now,
            server: self.server.get().cloned(),
            who: String::new(),
            access_key_id: None,
            source_ip: None,
            action: action.to_owned(),
            resource: String::new(),
            outcome: String::new(),
            status: None,
            error: None,
        }
    }

    /// Adds a record. It is durable when [`Audit::settle`] returns.
    pub fn note(&self, mut record: AuditRecord) {
        for text in [&mut record.who, &mut record.action, &mut record.resource] {
            if text.chars().nth(TEXT_CHARS_MAX).is_some() {
                *text = text.chars().take(TEXT_CHARS_MAX).collect();
            }
        }
        if let Some(file) = &self.file {
            file.add(&record.clone().into());
        }
        self.waiting.push(record);
        self.more.notify_one();
    }

    /// Waits until the records that were added before are durable. A failure is only logged: the action itself is
    /// already done.
    pub async fn settle(&self, kind: AuditKind) {
        let is_stored = match kind {
            AuditKind::Management => self.waiting.settle().await && self.is_on_disk,
            AuditKind::Data => false,
        };
        if !is_stored && let Some(file) = &self.file {
            file.settle().await;
        }
    }

    /// Returns the newest lines of the store, oldest first; where they are given, only lines with a text and before an
    /// id. Includes the newest records of this server.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(&self, query: AuditQuery) -> Result<Vec<AuditLine>, StoreFault> {
        self.waiting.settle().await;
        let limit = query.limit.clamp(1, RECORDS_MAX);
        let found = self.store.audit(AuditQuery { limit, ..query }).await?;
        Ok(found.into_iter().rev().map(AuditLine::from).collect())
    }

    /// Writes records that no request waits for, and removes old and surplus ones, until the server ends.
    pub async fn run(&self, ended: CancellationToken) {
        self.take_up();
        let mut since_trim = AUDIT_REMOVED_AT_ONCE;
        loop {
            let is_failing = match self.waiting.write_all().await {
                Some(count) => {
                    since_trim += count;
                    false
                }
                None => true,
            };
            // A trim removes more records than this, so that the table does not grow.
            if since_trim >= AUDIT_REMOVED_AT_ONCE / 2 && !is_failing {
                since_trim = 0;
                self.trim().await;
            }
            let again = async {
                match is_failing {
                    true => tokio::time::sleep(AGAIN_AFTER).await,
                    false => self.more.notified().await,
                }
            };
            tokio::select! {
                () = ended.cancelled() => return,
                () = again => {}
            }
        }
    }

    /// Writes the remaining records when no more will be added.
    pub async fn finish(&self) {
        self.waiting.write_all().await;
    }

    /// Puts the newest lines of the file into the store once more: the last run may have ended before it stored them,
    /// and an earlier version had only the file.
    fn take_up(&self) {
        let Some(file) = &self.file else { return };
        let lines = match file.read(RECORDS_MAX, None) {
            Ok(lines) => lines,
            Err(error) => {
                tracing::warn!(%error, "the record of changes of the last run cannot be read");
                return;
            }
        };
        let records = lines.into_iter().filter_map(AuditLine::record);
        records.for_each(|record| self.waiting.push(record));
    }

    async fn trim(&self) {
        // The time of the newest record: this task has no other clock.
        let newest = AuditQuery {
            limit: 1,
            ..AuditQuery::default()
        };
        let trimmed = async {
            let Some(newest) = self.store.audit(newest).await?.pop() else {
                return Ok(());
            };
            let keep = AuditKeep {
                records_max: KEPT_MAX,
                not_before: Timestamp::from_millis(newest.at.as_millis() - KEPT_MILLIS),
            };
            for kind in [AuditKind::Management, AuditKind::Data] {
                self.store.trim_audit(kind, keep).await?;
            }
            Ok(())
        };
        let trimmed: Result<(), StoreFault> = trimmed.await;
        if let Err(fault) = trimmed {
            let error = &fault as &dyn std::error::Error;
            tracing::warn!(error, "the record of changes was not trimmed");
        }
    }
}

/// Lines of a data folder's file and of a store, oldest first: the newest `limit` lines of both.
pub(crate) fn merged(
    folder: &Path,
    stored: Vec<AuditRecord>,
    limit: usize,
    containing: Option<&str>,
) -> std::io::Result<Vec<AuditLine>> {
    let limit = limit.clamp(1, RECORDS_MAX);
    let mut lines = AuditFile::of(folder).read(limit, containing)?;
    lines.extend(stored.into_iter().map(AuditLine::from));
    lines.sort_by(|one, other| one.id.cmp(&other.id));
    lines.dedup_by(|one, other| one.id == other.id);
    let surplus = lines.len().saturating_sub(limit);
    lines.drain(..surplus);
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use store::MemoryStore;

    use super::*;

    fn open(folder: &Path, store: &Arc<MemoryStore>, is_on_disk: bool) -> Audit {
        let store = Arc::clone(store) as Arc<dyn AuditRecords>;
        Audit::open(Some(folder), store, is_on_disk).expect("there is randomness")
    }

    fn note(audit: &Audit, action: &str, resource: &str, second: i64) {
        let at = Timestamp::from_millis(1_790_000_000_000 + second * 1_000);
        audit.note(AuditRecord {
            who: "key ci".to_owned(),
            resource: resource.to_owned(),
            outcome: "done".to_owned(),
            ..audit.draft(action, at)
        });
    }

    async fn resources(audit: &Audit) -> Vec<String> {
        let query = AuditQuery {
            limit: 100,
            ..AuditQuery::default()
        };
        let lines = audit.read(query).await.expect("the store works");
        lines.into_iter().map(|line| line.resource).collect()
    }

    const CHANGE: &str = "lambda:UpdateFunctionCode";

    #[tokio::test]
    async fn a_change_is_in_the_store_when_it_is_settled_and_a_use_follows() {
        let folder = tempfile::tempdir().expect("there is room");
        let store = Arc::new(MemoryStore::new());
        let audit = open(folder.path(), &store, true);
        let stored = async || {
            let query = AuditQuery {
                limit: 10,
                ..AuditQuery::default()
            };
            store.audit(query).await.expect("it works").len()
        };
        note(&audit, "lambda:InvokeFunction", "use", 1);
        audit.settle(AuditKind::Data).await;
        assert_eq!(stored().await, 0);
        note(&audit, CHANGE, "change", 2);
        audit.settle(AuditKind::Management).await;
        assert_eq!(stored().await, 2);
        note(&audit, "dynamodb:PutItem", "item", 3);
        audit.finish().await;
        assert_eq!(resources(&audit).await, ["use", "change", "item"]);
    }

    #[tokio::test]
    async fn what_a_silent_store_did_not_take_is_in_the_file_and_comes_later() {
        let folder = tempfile::tempdir().expect("there is room");
        let is_silent = Arc::new(Mutex::new(true));
        let silent = Arc::clone(&is_silent);
        let store = Arc::new(MemoryStore::failing(move |attempted| {
            let fails = attempted.starts_with("add to the record") && *silent.lock().expect("ours");
            fails.then(|| StoreFault::new(attempted, true, "nobody answers"))
        }));
        let audit = open(folder.path(), &store, true);
        for number in 0..3 {
            note(&audit, CHANGE, &format!("change {number}"), number);
            // It does not wait forever.
            audit.settle(AuditKind::Management).await;
        }
        assert_eq!(resources(&audit).await, [] as [&str; 0]);
        let lines = AuditFile::of(folder.path()).read(10, None).expect("ours");
        assert_eq!(lines.len(), 3);
        *is_silent.lock().expect("ours") = false;
        note(&audit, CHANGE, "change 3", 3);
        audit.settle(AuditKind::Management).await;
        let all = ["change 0", "change 1", "change 2", "change 3"];
        assert_eq!(resources(&audit).await, all);
        // The next run of a server whose store lost the records, or never had them.
        let other = Arc::new(MemoryStore::new());
        let next = open(folder.path(), &other, true);
        let ended = CancellationToken::new();
        ended.cancel();
        next.run(ended).await;
        assert_eq!(resources(&next).await, all);
    }

    #[tokio::test]
    async fn many_that_wait_at_once_share_few_writes() {
        let folder = tempfile::tempdir().expect("there is room");
        let writes = Arc::<AtomicU32>::default();
        let counted = Arc::clone(&writes);
        let store = Arc::new(MemoryStore::failing(move |attempted| {
            if attempted.starts_with("add to the record") {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            None
        }));
        let audit = Arc::new(open(folder.path(), &store, true));
        for number in 0..100 {
            note(&audit, CHANGE, &number.to_string(), number);
        }
        let waiting = (0..100).map(|_| audit.settle(AuditKind::Management));
        futures_util::future::join_all(waiting).await;
        assert_eq!(writes.load(Ordering::Relaxed), 1);
        assert_eq!(resources(&audit).await.len(), 100);
    }

    #[tokio::test]
    async fn what_comes_from_outside_is_cut() {
        let folder = tempfile::tempdir().expect("there is room");
        let store = Arc::new(MemoryStore::new());
        let audit = open(folder.path(), &store, true);
        note(&audit, CHANGE, &"ü\n".repeat(100_000), 1);
        let read = resources(&audit).await;
        assert_eq!(read[0].chars().count(), TEXT_CHARS_MAX);
    }

    #[tokio::test]
    async fn a_folder_and_a_store_are_read_together() {
        let folder = tempfile::tempdir().expect("there is room");
        let store = Arc::new(MemoryStore::new());
        let audit = open(folder.path(), &store, false);
        for number in 0..5 {
            note(&audit, CHANGE, &number.to_string(), number);
        }
        let query = AuditQuery {
            limit: 10,
            ..AuditQuery::default()
        };
        audit.finish().await;
        let stored = store.audit(query).await.expect("it works");
        // A record of another server.
        let mut other = stored[0].clone();
        other.id = AuditRecord::id_of(other.at, 0, 0);
        other.resource = "other".to_owned();
        let stored = vec![other, stored[1].clone()];
        let lines = merged(folder.path(), stored, 3, None).expect("ours");
        let resources: Vec<String> = lines.into_iter().map(|line| line.resource).collect();
        assert_eq!(resources, ["3", "other", "4"]);
    }
}
