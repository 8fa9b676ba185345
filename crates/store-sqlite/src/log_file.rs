//! Reading a write-ahead log before SQLite does. SQLite's recovery ends at the first frame that is not
//! right and says nothing; whether commits follow that frame is seen here. The format is documented in
//! <https://sqlite.org/fileformat2.html#walformat>.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// The first word of a log; its last bit says in which order the bytes of a word are summed.
const MAGIC: u32 = 0x377f_0682;

/// The page size of our databases, for a log whose header cannot be read.
const PAGE_BYTES: usize = 4096;

/// The content of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LogFound {
    /// Its length, including space written in advance or left of an earlier use.
    pub bytes: u64,
    /// Commits that SQLite reads.
    pub commits: u64,
    /// Frames in them: each a page.
    pub frames: u64,
    /// Where the last of them ends.
    pub ends_at: u64,
    /// Pages in them.
    pub pages: HashSet<u32>,
    /// Pages of the database after the last of them.
    pub pages_after: Option<u32>,
    /// Commits of this use of the log that lie behind a frame that is not right: SQLite does not read
    /// them.
    pub commits_lost: u64,
    /// Frames from that one on.
    pub frames_lost: u64,
}

/// A running checksum, as the format has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum(u32, u32);

impl Sum {
    fn add(mut self, bytes: &[u8], big_endian: bool) -> Self {
        let word = |at: &[u8]| {
            let word = [at[0], at[1], at[2], at[3]];
            if big_endian {
                u32::from_be_bytes(word)
            } else {
                u32::from_le_bytes(word)
            }
        };
        for words in bytes.chunks_exact(8) {
            self.0 = self.0.wrapping_add(word(words)).wrapping_add(self.1);
            self.1 = self.1.wrapping_add(word(&words[4..])).wrapping_add(self.0);
        }
        self
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

struct Header {
    page_bytes: usize,
    salts: [u8; 8],
    big_endian: bool,
    sum: Sum,
}

impl Header {
    fn read(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let magic = word(bytes, 0);
        let big_endian = magic & 1 == 1;
        let page_bytes = word(bytes, 8) as usize;
        let sum = Sum::default().add(&bytes[..24], big_endian);
        let mut salts = [0; 8];
        salts.copy_from_slice(&bytes[16..24]);
        let is_right = magic & !1 == MAGIC
            && page_bytes.is_power_of_two()
            && (512..=65_536).contains(&page_bytes)
            && sum == Sum(word(bytes, 24), word(bytes, 28));
        is_right.then_some(Self {
            page_bytes,
            salts,
            big_endian,
            sum,
        })
    }
}

/// Reads the log at `path`; `None` if there is no file.
pub(crate) fn read_log(path: &Path) -> io::Result<Option<LogFound>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut found = LogFound {
        bytes: file.metadata()?.len(),
        ..LogFound::default()
    };
    let mut log = BufReader::with_capacity(256 * 1024, file);
    let mut header = [0; HEADER_BYTES];
    if !read_whole(&mut log, &mut header)? {
        return Ok(Some(found));
    }
    match Header::read(&header) {
        Some(header) => {
            let end = read_frames(&mut log, &header, &mut found)?;
            count_lost(
                log.get_ref(),
                header.page_bytes,
                end,
                header.salts,
                &mut found,
            )?;
        }
        // Written in advance, and not used yet.
        None if header == [0; HEADER_BYTES] => {}
        None => {
            // Without its header nothing of a log is read. The first frame has the same salts.
            let mut frame = [0; FRAME_HEADER_BYTES];
            if read_whole(&mut log, &mut frame)? {
                let mut salts = [0; 8];
                salts.copy_from_slice(&frame[8..16]);
                count_lost(log.get_ref(), PAGE_BYTES, 0, salts, &mut found)?;
            }
        }
    }
    Ok(Some(found))
}

/// Reads frames for as long as they are right, and returns how many were. Only frames up to the last commit count.
fn read_frames(
    log: &mut BufReader<File>,
    header: &Header,
    found: &mut LogFound,
) -> io::Result<u64> {
    let frame_bytes = FRAME_HEADER_BYTES + header.page_bytes;
    let mut frame = vec![0; frame_bytes];
    let mut sum = header.sum;
    let mut right = 0;
    let mut pages = Vec::new();
    while read_whole(log, &mut frame)? {
        let page = word(&frame, 0);
        let pages_after = word(&frame, 4);
        sum = sum
            .add(&frame[..8], header.big_endian)
            .add(&frame[FRAME_HEADER_BYTES..], header.big_endian);
        if page == 0
            || frame[8..16] != header.salts
            || sum != Sum(word(&frame, 16), word(&frame, 20))
        {
            break;
        }
        right += 1;
        pages.push(page);
        if pages_after > 0 {
            found.commits += 1;
            found.frames = right;
            found.ends_at = HEADER_BYTES as u64 + right * frame_bytes as u64;
            found.pages_after = Some(pages_after);
            found.pages.extend(pages.drain(..));
        }
    }
    Ok(right)
}

/// Counts the frames of this use of the log, which all have its salts, from the frame with this number
/// on. Copies no page: most of the log is left of earlier uses, and a server that starts waits for this.
fn count_lost(
    log: &File,
    page_bytes: usize,
    first: u64,
    salts: [u8; 8],
    found: &mut LogFound,
) -> io::Result<()> {
    if salts == [0; 8] {
        return Ok(());
    }
    let frame_bytes = (FRAME_HEADER_BYTES + page_bytes) as u64;
    let mut at = HEADER_BYTES as u64 + first * frame_bytes;
    let mut frame = [0; FRAME_HEADER_BYTES];
    while is_whole(log.read_exact_at(&mut frame, at))? {
        if word(&frame, 0) != 0 && frame[8..16] == salts {
            found.frames_lost += 1;
            found.commits_lost += u64::from(word(&frame, 4) > 0);
        }
        at += frame_bytes;
    }
    Ok(())
}

/// Fills the buffer; false when the file ends before.
fn read_whole(log: &mut BufReader<File>, buffer: &mut [u8]) -> io::Result<bool> {
    is_whole(log.read_exact(buffer))
}

fn is_whole(read: io::Result<()>) -> io::Result<bool> {
    match read {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;
    use crate::presence::beside;

    const FRAME: usize = FRAME_HEADER_BYTES + PAGE_BYTES;

    /// A log of twenty commits, copied from under SQLite, which would fold it in.
    fn log(folder: &TempDir) -> (PathBuf, Vec<u8>) {
        let database = folder.path().join("executions.db");
        let connection = Connection::open(&database).expect("a database");
        connection
            .execute_batch("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
            .expect("a table");
        for number in 0..19 {
            connection
                .execute("INSERT INTO t VALUES (?1)", [format!("{number:0>3000}")])
                .expect("writable");
        }
        let bytes = fs::read(beside(&database, "-wal")).expect("there is a log");
        (folder.path().join("copy-wal"), bytes)
    }

    fn read(path: &Path, bytes: &[u8]) -> LogFound {
        fs::write(path, bytes).expect("writable");
        read_log(path).expect("readable").expect("it is there")
    }

    #[test]
    fn a_log_is_read_to_its_end_and_not_into_what_is_left_of_earlier_ones() {
        let folder = TempDir::new().expect("a folder");
        let (path, mut bytes) = log(&folder);
        assert_eq!(read_log(&path).expect("readable"), None);
        let whole = read(&path, &bytes);
        assert_eq!(whole.commits, 20);
        assert_eq!((whole.commits_lost, whole.frames_lost), (0, 0));
        assert_eq!(whole.ends_at, bytes.len() as u64);
        assert_eq!(whole.frames as usize, bytes.len() / FRAME);
        assert_eq!(
            whole.pages.len(),
            whole.pages_after.expect("a commit") as usize
        );
        // Written in advance, and a frame of an earlier use behind that.
        let mut old = bytes[HEADER_BYTES..HEADER_BYTES + FRAME].to_vec();
        old[8] ^= 1;
        bytes.extend(vec![0; 3 * FRAME]);
        bytes.extend(old);
        let lengthened = read(&path, &bytes);
        let same = LogFound {
            bytes: lengthened.bytes,
            ..whole
        };
        assert_eq!(lengthened, same);
        for empty in [&[][..], &bytes[..20], &[0; 3 * FRAME][..]] {
            let nothing = LogFound {
                bytes: empty.len() as u64,
                ..LogFound::default()
            };
            assert_eq!(read(&path, empty), nothing);
        }
    }

    /// For a bit flipped anywhere, the commits that SQLite reads and the lost ones are together the whole log.
    #[test]
    fn commits_behind_a_flipped_bit_are_counted() {
        let folder = TempDir::new().expect("a folder");
        let (path, bytes) = log(&folder);
        let whole = read(&path, &bytes);
        let frames = whole.frames as usize;
        let middle = HEADER_BYTES + frames / 2 * FRAME;
        let places = [
            ("page", middle + FRAME_HEADER_BYTES + 2_000),
            ("checksum", middle + 17),
            ("page number", middle + 3),
        ];
        for (what, place) in places {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            let found = read(&path, &flipped);
            assert_eq!(found.commits + found.commits_lost, 20, "{what}: {found:?}");
            assert!(found.commits_lost > 5, "{what}: {found:?}");
            assert_eq!(found.frames_lost as usize, frames - frames / 2, "{what}");
        }
        // The frame itself then no longer belongs to this log; those behind it do.
        let mut flipped = bytes.clone();
        flipped[middle + 9] ^= 1;
        let found = read(&path, &flipped);
        assert_eq!(found.frames_lost as usize, frames - frames / 2 - 1);
        for place in [0, 10, 18, 30] {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            let found = read(&path, &flipped);
            assert_eq!((found.commits, found.commits_lost), (0, 20), "{place}");
        }
    }

    #[test]
    fn a_transaction_without_its_end_is_not_lost_but_was_never_there() {
        let folder = TempDir::new().expect("a folder");
        let (path, bytes) = log(&folder);
        // The last frame is a commit of its own or the end of one.
        let found = read(&path, &bytes[..bytes.len() - 100]);
        assert_eq!((found.commits, found.commits_lost), (19, 1), "{found:?}");
        let found = read(&path, &bytes[..bytes.len() - FRAME]);
        assert_eq!((found.commits, found.commits_lost), (19, 0), "{found:?}");
    }
}
