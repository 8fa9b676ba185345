//! The file of a server's own lines in its data folder.
//!
//! It is only appended to. When it is large a new one is started, and the oldest is deleted, so its size is bounded;
//! any tool for lines reads it. Callers that wait for the disk at the same time share one sync.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::line::AuditLine;

/// The newest file's name; older files have a number behind it, the newest of them 1.
const FILE_NAME: &str = "audit.jsonl";

/// How large a file becomes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Older files that are kept.
const OLDER_MAX: usize = 4;

/// Writes lines.
#[derive(Debug)]
pub(super) struct AuditFile {
    path: PathBuf,
    open: Mutex<Option<Open>>,
    bytes_max: u64,
    /// Lines that this process has written.
    written: AtomicU64,
    /// How many of them are on the disk. Locked during a sync: other tasks wait, and then find their lines synced.
    settled: tokio::sync::Mutex<u64>,
}

#[derive(Debug)]
struct Open {
    file: Arc<File>,
    bytes: u64,
}

impl AuditFile {
    /// The record of a data folder; its file is created with its first line.
    pub fn of(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join(FILE_NAME),
            open: Mutex::default(),
            bytes_max: FILE_BYTES_MAX,
            written: AtomicU64::new(0),
            settled: tokio::sync::Mutex::new(0),
        }
    }

    /// Waits until every line that was noted before is on the disk. A failure is only logged: the action itself is
    /// already done.
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

    /// Adds a line. A line that cannot be written is at least in the server's log.
    pub fn add(&self, line: &AuditLine) {
        if let Err(error) = self.append(line) {
            let path = self.path.display();
            tracing::error!(%path, %error, ?line, "the record of changes cannot be written");
        }
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
        // One write, so that lines of two programs never mix.
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
            // So that the file's name also survives a power cut.
            File::open(folder)?.sync_all()?;
        }
        Ok(Open {
            file: Arc::new(file),
            bytes,
        })
    }

    /// Makes room for a new file: each file gets the next number.
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

    /// The newest lines, oldest first; only those that contain a text, where one is given. Lines that cannot be read
    /// are left out: after a crash the file may end in the middle of a line.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(&self, limit: usize, containing: Option<&str>) -> io::Result<Vec<AuditLine>> {
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
                if !containing.is_none_or(|part| text.contains(part)) {
                    continue;
                }
                if let Some(read) = AuditLine::read(&line) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize) -> AuditLine {
        AuditLine {
            id: format!("{number:06}"),
            kind: "management".to_owned(),
            server: None,
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
        let audit = AuditFile::of(folder.path());
        assert_eq!(audit.read(10, None).expect("nothing yet"), []);
        for number in 0..10 {
            audit.add(&line(number));
        }
        // As after a crash.
        let path = folder.path().join(FILE_NAME);
        let mut text = fs::read(&path).expect("it is there");
        text.extend_from_slice(b"{\"at\":\"2026");
        fs::write(&path, text).expect("it is ours");
        let again = AuditFile::of(folder.path());
        let newest = again.read(2, None).expect("it is ours");
        assert_eq!(newest, [line(8), line(9)]);
        let found = again.read(5, Some("function 3")).expect("it is ours");
        assert_eq!(found, [line(3)]);
    }

    #[test]
    fn files_are_bounded_in_size_and_number() {
        let folder = tempfile::tempdir().expect("there is room");
        let audit = AuditFile {
            bytes_max: 2_000,
            ..AuditFile::of(folder.path())
        };
        for number in 0..200 {
            audit.add(&line(number));
        }
        let files: Vec<u64> = fs::read_dir(folder.path())
            .expect("it is ours")
            .map(|file| file.and_then(|it| it.metadata()).expect("it is ours").len())
            .collect();
        assert_eq!(files.len(), 1 + OLDER_MAX);
        assert!(files.iter().all(|bytes| *bytes < 2_500), "{files:?}");
        let newest = audit.read(20, None).expect("it is ours");
        let expected: Vec<AuditLine> = (180..200).map(line).collect();
        assert_eq!(newest, expected);
    }

    #[tokio::test]
    async fn whoever_waits_finds_all_lines_before_on_the_disk() {
        let folder = tempfile::tempdir().expect("there is room");
        let audit = Arc::new(AuditFile {
            bytes_max: 2_000,
            ..AuditFile::of(folder.path())
        });
        audit.settle().await;
        // Several tasks write, over several files.
        let noting = (0..200).map(|number| {
            let audit = Arc::clone(&audit);
            async move {
                audit.add(&line(number));
                audit.settle().await;
                assert!(*audit.settled.lock().await > 0);
            }
        });
        futures_util::future::join_all(noting).await;
        let settled = *audit.settled.lock().await;
        assert_eq!(settled, 200);
        assert_eq!(settled, audit.written.load(Ordering::Acquire));
    }
}
