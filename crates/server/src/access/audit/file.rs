//! The record of changes: who, what, when, from where, and with which outcome.
//!
//! A file of JSON lines in the data folder, which is only appended to. When it is large a new one is started, and the
//! oldest is deleted, so its size is bounded; `lambdura audit` or any tool for lines reads it.
//!
//! A change is answered only when its line is on the disk ([`Audit::settle`]); callers that wait at the same time share
//! one sync.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// The newest file's name; older ones have a number behind it, the newest of them 1.
const FILE_NAME: &str = "audit.jsonl";

/// How large a file becomes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Older files that are kept.
const OLDER_MAX: usize = 4;

/// Characters of a text in a line that came from outside.
const TEXT_CHARS_MAX: usize = 512;

/// Lines that are read at once, at the most.
const LINES_MAX: usize = 1_000;

/// One thing that was done, or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditLine {
    /// When, as RFC 3339.
    pub at: String,
    /// Who: an access key by its name, a function, or nobody who is known.
    pub who: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// What, in IAM's words.
    pub action: String,
    /// To what.
    pub resource: String,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// The answer's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The answer's error, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Which lines are wanted: the newest so many that hold a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditQuery {
    pub limit: usize,
    pub containing: Option<String>,
}

/// Writes lines.
#[derive(Debug)]
pub(crate) struct Audit {
    path: PathBuf,
    open: Mutex<Option<Open>>,
    bytes_max: u64,
    /// Lines that this process has written.
    written: AtomicU64,
    /// How many of them are on the disk. Held by whoever syncs, so that the others wait and find it done.
    settled: tokio::sync::Mutex<u64>,
}

/// Anything that can be told what was done.
pub(crate) trait AuditLog: Send + Sync {
    fn note(&self, line: AuditLine);
}

#[derive(Debug)]
struct Open {
    file: Arc<File>,
    bytes: u64,
}

impl Audit {
    /// The record of a data folder; its file is made with its first line.
    pub fn of(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join(FILE_NAME),
            open: Mutex::default(),
            bytes_max: FILE_BYTES_MAX,
            written: AtomicU64::new(0),
            settled: tokio::sync::Mutex::new(0),
        }
    }

    /// Waits until every line that was noted before is on the disk. That it cannot be brought there is in the server's
    /// log: what was done is done.
    pub async fn settle(&self) {
        let wanted = self.written.load(Ordering::Acquire);
        let mut settled = self.settled.lock().await;
        if *settled >= wanted {
            return;
        }
        let written = self.written.load(Ordering::Acquire);
        let Some(file) = self.file() else {
            return;
        };
        let synced = tokio::task::spawn_blocking(move || file.sync_data()).await;
        match synced.map_err(io::Error::other).flatten() {
            Ok(()) => *settled = written,
            Err(error) => {
                let path = self.path.display();
                tracing::error!(%path, %error, "the record of changes cannot be synced to the disk");
            }
        }
    }

    /// The file that lines go to, if there was one.
    fn file(&self) -> Option<Arc<File>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().map(|open| Arc::clone(&open.file))
    }

    fn append(&self, line: &AuditLine) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = open.as_ref().is_some_and(|it| it.bytes >= self.bytes_max);
        if is_full {
            if let Some(full) = open.take() {
                // The task that waits for a line in it will sync the next file.
                full.file.sync_data()?;
            }
            self.rotate()?;
        }
        let open = match &mut *open {
            Some(open) => open,
            none => none.insert(self.open()?),
        };
        // One write, so that two programs' lines never mix.
        (&*open.file).write_all(&text)?;
        open.bytes += text.len() as u64;
        self.written.fetch_add(1, Ordering::Release);
        Ok(())
    }

    fn open(&self) -> io::Result<Open> {
        let open = || {
            OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(&self.path)
        };
        let mut file = open()?;
        let mut bytes = file.metadata()?.len();
        if bytes >= self.bytes_max {
            self.rotate()?;
            file = open()?;
            bytes = 0;
        }
        if bytes == 0
            && let Some(folder) = self.path.parent()
        {
            // So that the file's name is there after a power cut, too.
            File::open(folder)?.sync_all()?;
        }
        Ok(Open {
            file: Arc::new(file),
            bytes,
        })
    }

    /// Makes room for a new file: each is called by the next number.
    fn rotate(&self) -> io::Result<()> {
        for number in (0..OLDER_MAX).rev() {
            match fs::rename(self.numbered(number), self.numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn numbered(&self, number: usize) -> PathBuf {
        match number {
            0 => self.path.clone(),
            number => self.path.with_extension(format!("jsonl.{number}")),
        }
    }

    /// The newest lines that were asked for, oldest first. Lines that cannot be read are left out: the file may end
    /// in the middle of one after a crash.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(&self, query: &AuditQuery) -> io::Result<Vec<AuditLine>> {
        let limit = query.limit.clamp(1, LINES_MAX);
        let mut found: VecDeque<AuditLine> = VecDeque::new();
        for number in 0..=OLDER_MAX {
            if found.len() >= limit {
                break;
            }
            let file = match File::open(self.numbered(number)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let wanted = limit - found.len();
            let mut here: VecDeque<AuditLine> = VecDeque::new();
            for line in BufReader::new(file).split(b'\n') {
                let line = line?;
                let text = String::from_utf8_lossy(&line);
                let fits = query.containing.as_ref();
                if !fits.is_none_or(|part| text.contains(part.as_str())) {
                    continue;
                }
                if let Ok(read) = serde_json::from_slice(&line) {
                    here.push_back(read);
                    if here.len() > wanted {
                        here.pop_front();
                    }
                }
            }
            here.append(&mut found);
            found = here;
        }
        Ok(found.into())
    }
}

impl AuditLog for Audit {
    /// Notes what was done. A line that cannot be written is in the server's log at least.
    fn note(&self, mut line: AuditLine) {
        for text in [&mut line.who, &mut line.action, &mut line.resource] {
            if text.chars().nth(TEXT_CHARS_MAX).is_some() {
                *text = text.chars().take(TEXT_CHARS_MAX).collect();
            }
        }
        if let Err(error) = self.append(&line) {
            let path = self.path.display();
            tracing::error!(%path, %error, ?line, "the record of changes cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize) -> AuditLine {
        AuditLine {
            at: format!("2026-11-29T10:00:00.{number:06}Z"),
            who: "key ci".to_owned(),
            access_key_id: Some("AKIA1".to_owned()),
            source_ip: Some("10.0.0.1".to_owned()),
            action: "lambda:UpdateFunctionCode".to_owned(),
            resource: format!("function {number}"),
            outcome: "done".to_owned(),
            status: Some(200),
            error: None,
        }
    }

    #[test]
    fn lines_are_appended_and_the_newest_are_read() {
        let folder = tempfile::tempdir().expect("there is room");
        let audit = Audit::of(folder.path());
        assert_eq!(audit.read(&AuditQuery::default()).expect("nothing yet"), []);
        for number in 0..10 {
            audit.note(line(number));
        }
        // As after a crash.
        let path = folder.path().join(FILE_NAME);
        let mut text = fs::read(&path).expect("it is there");
        text.extend_from_slice(b"{\"at\":\"2026");
        fs::write(&path, text).expect("it is ours");
        let query = |limit, containing: Option<&str>| AuditQuery {
            limit,
            containing: containing.map(str::to_owned),
        };
        let again = Audit::of(folder.path());
        let newest = again.read(&query(2, None)).expect("it is ours");
        assert_eq!(newest, [line(8), line(9)]);
        let found = again
            .read(&query(5, Some("function 3")))
            .expect("it is ours");
        assert_eq!(found, [line(3)]);
    }

    #[test]
    fn files_are_bounded_in_size_and_number() {
        let folder = tempfile::tempdir().expect("there is room");
        let audit = Audit {
            bytes_max: 2_000,
            ..Audit::of(folder.path())
        };
        for number in 0..200 {
            audit.note(line(number));
        }
        let files: Vec<u64> = fs::read_dir(folder.path())
            .expect("it is ours")
            .map(|file| file.and_then(|it| it.metadata()).expect("it is ours").len())
            .collect();
        assert_eq!(files.len(), 1 + OLDER_MAX);
        assert!(files.iter().all(|bytes| *bytes < 2_500), "{files:?}");
        let query = AuditQuery {
            limit: 20,
            containing: None,
        };
        let newest = audit.read(&query).expect("it is ours");
        let expected: Vec<AuditLine> = (180..200).map(line).collect();
        assert_eq!(newest, expected);
    }

    #[tokio::test]
    async fn whoever_waits_finds_all_lines_before_on_the_disk() {
        let folder = tempfile::tempdir().expect("there is room");
        let audit = Arc::new(Audit {
            bytes_max: 2_000,
            ..Audit::of(folder.path())
        });
        audit.settle().await;
        // Over several files, by several at once.
        let noting = (0..200).map(|number| {
            let audit = Arc::clone(&audit);
            async move {
                audit.note(line(number));
                audit.settle().await;
                assert!(*audit.settled.lock().await > 0);
            }
        });
        futures_util::future::join_all(noting).await;
        let settled = *audit.settled.lock().await;
        assert_eq!(settled, 200);
        assert_eq!(settled, audit.written.load(Ordering::Acquire));
    }

    #[test]
    fn what_comes_from_outside_is_cut() {
        let folder = tempfile::tempdir().expect("there is room");
        let audit = Audit::of(folder.path());
        let mut long = line(1);
        long.resource = "ü\n".repeat(100_000);
        audit.note(long);
        let query = AuditQuery {
            limit: 1,
            containing: None,
        };
        let read = audit.read(&query).expect("it is ours");
        assert_eq!(read[0].resource.chars().count(), TEXT_CHARS_MAX);
    }
}
