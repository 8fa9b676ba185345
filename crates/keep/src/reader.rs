//! Reading a backup, which may be cut off, damaged, or no backup at all.

use std::io::{self, BufRead, BufReader, Read};
use std::mem;

use flate2::read::GzDecoder;
use model::{Event, Operation};
use sha2::{Digest as _, Sha256};

use crate::line::{Base64, Begin, FORMAT, Header, LINE_BYTES_MAX, Line, Named};
use crate::writer::hex;
use crate::{Counts, Item, LeftOut, ReadBackupError, Sink, TransferError, Whole};

/// A backup that is read from its beginning to its end.
pub struct BackupReader<R: Read> {
    input: BufReader<GzDecoder<R>>,
    header: Header,
    hash: Sha256,
    counts: Counts,
    line_number: u64,
    line: Vec<u8>,
    /// Bytes of a file that are still to come.
    file_bytes_left: u64,
}

/// The end of a backup. It was checked against the content that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    /// How many there are of each.
    pub counts: Counts,
    /// The items that could not be read when the backup was made.
    pub left_out: Vec<LeftOut>,
}

/// The next part of a backup.
enum Next {
    Item(Item),
    End(Trailer),
}

impl<R: Read> BackupReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is not a backup, or one of a later program.
    pub fn begin(input: R) -> Result<Self, ReadBackupError> {
        let header = Header {
            format: 0,
            made_at: model::Timestamp::default(),
            program: String::new(),
            of: String::new(),
        };
        let mut reader = Self {
            input: BufReader::with_capacity(256 * 1024, GzDecoder::new(input)),
            header,
            hash: Sha256::new(),
            counts: Counts::default(),
            line_number: 0,
            line: Vec::new(),
            file_bytes_left: 0,
        };
        match reader.read_line() {
            Ok(()) => {}
            Err(ReadBackupError::Io { cause, .. }) if is_of_content(&cause) => {
                return Err(ReadBackupError::NotABackup);
            }
            Err(error) => return Err(error),
        }
        reader.header = read_header(&reader.line)?;
        let line = mem::take(&mut reader.line);
        reader.hash.update(&line);
        Ok(reader)
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How much has been read so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Reads a line with its end, which is not in the hash yet.
    fn read_line(&mut self) -> Result<(), ReadBackupError> {
        self.line.clear();
        let mut bounded = (&mut self.input).take(LINE_BYTES_MAX);
        let read = bounded.read_until(b'\n', &mut self.line);
        let line = self.line_number;
        match read {
            Ok(_) if self.line.ends_with(b"\n") => {
                self.line_number += 1;
                Ok(())
            }
            Ok(bytes) if bytes as u64 >= LINE_BYTES_MAX => Err(ReadBackupError::Damaged {
                line: line + 1,
                what: "it is longer than any that is written".to_owned(),
            }),
            Ok(_) => Err(ReadBackupError::CutOff { line }),
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                Err(ReadBackupError::CutOff { line })
            }
            Err(cause) => Err(ReadBackupError::Io { line, cause }),
        }
    }

    fn damaged(&self, what: impl Into<String>) -> ReadBackupError {
        ReadBackupError::Damaged {
            line: self.line_number,
            what: what.into(),
        }
    }

    fn next_line(&mut self) -> Result<Line, ReadBackupError> {
        self.read_line()?;
        let parsed: Line = serde_json::from_slice(&self.line)
            .map_err(|error| self.damaged(format!("it cannot be understood: {error}")))?;
        if !matches!(parsed, Line::End(_)) {
            self.hash.update(&self.line);
        }
        Ok(parsed)
    }

    fn next(&mut self) -> Result<Next, ReadBackupError> {
        let line = self.next_line()?;
        if self.file_bytes_left > 0 && !matches!(line, Line::Bytes(_)) {
            return Err(self.damaged("the file before it is not whole"));
        }
        let item = match line {
            Line::LambduraBackup(_) => return Err(self.damaged("a header in the middle")),
            Line::Code(Named { name, bytes }) => Item::Code {
                archive: self.read_bytes(bytes)?,
                name,
            },
            Line::FunctionSettings(record) => Item::FunctionSettings(record),
            Line::FunctionVersion(record) => Item::FunctionVersion(record),
            Line::Alias(record) => Item::Alias(record),
            Line::AccessKey(record) => Item::AccessKey(record),
            Line::Stack(record) => Item::Stack(record),
            Line::Change(record) => Item::Audit(record),
            Line::ScheduleMark(mark) => Item::ScheduleMark(mark),
            Line::Accepted(invocation) => Item::Accepted(invocation),
            Line::DeadLetter(letter) => Item::DeadLetter(letter),
            Line::SetAside(record) => Item::SetAside(record),
            Line::Execution(begin) => Item::Execution(Box::new(self.read_execution(*begin)?)),
            Line::Operations(_) | Line::Events(_) | Line::ExecutionEnd {} => {
                return Err(self.damaged("a piece of no execution"));
            }
            Line::File(Named { name, bytes }) => {
                self.file_bytes_left = bytes;
                Item::File { name, bytes }
            }
            Line::Bytes(Base64(bytes)) => {
                let left = self.file_bytes_left.checked_sub(bytes.len() as u64);
                self.file_bytes_left = left.ok_or_else(|| self.damaged("bytes of no file"))?;
                Item::FileBytes(bytes)
            }
            Line::End(end) => {
                let sha256 = hex(&mem::take(&mut self.hash).finalize());
                if end.sha256 != sha256 {
                    return Err(self.damaged("what is before it has another SHA-256"));
                }
                if end.counts != self.counts {
                    return Err(self.damaged("there are not as many as it says"));
                }
                self.read_to_end()?;
                return Ok(Next::End(Trailer {
                    counts: end.counts,
                    left_out: end.left_out,
                }));
            }
        };
        self.counts.add(&item);
        Ok(Next::Item(item))
    }

    fn read_bytes(&mut self, bytes: u64) -> Result<Vec<u8>, ReadBackupError> {
        let mut all = Vec::new();
        while (all.len() as u64) < bytes {
            let Line::Bytes(Base64(piece)) = self.next_line()? else {
                return Err(self.damaged("the code before it is not whole"));
            };
            if piece.is_empty() {
                return Err(self.damaged("a piece of nothing"));
            }
            all.extend(piece);
        }
        if all.len() as u64 != bytes {
            return Err(self.damaged("there is more code than was said"));
        }
        Ok(all)
    }

    fn read_execution(&mut self, begin: Begin) -> Result<Whole, ReadBackupError> {
        let (mut operations, mut events): (Vec<Operation>, Vec<Event>) = (Vec::new(), Vec::new());
        loop {
            match self.next_line()? {
                Line::Operations(piece) => operations.extend(piece),
                Line::Events(piece) => events.extend(piece),
                Line::ExecutionEnd {} => break,
                _other => return Err(self.damaged("the execution before it is not whole")),
            }
        }
        let arn = begin.spec.arn.to_string();
        Whole::of(begin.spec, begin.state, operations, events)
            .map_err(|why| self.damaged(format!("execution `{arn}`: {why}")))
    }

    /// The end of the compressed data has a sum of its own.
    fn read_to_end(&mut self) -> Result<(), ReadBackupError> {
        let mut rest = [0; 1];
        match self.input.read(&mut rest) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("something comes after the end")),
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                let line = self.line_number;
                Err(ReadBackupError::CutOff { line })
            }
            Err(cause) => Err(ReadBackupError::Io {
                line: self.line_number,
                cause,
            }),
        }
    }
}

/// Whether the bytes are at fault, and not the disk.
fn is_of_content(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
    )
}

/// Reads from a header the members that every format has.
fn read_header(line: &[u8]) -> Result<Header, ReadBackupError> {
    #[derive(serde::Deserialize)]
    struct Any {
        lambdura_backup: AnyHeader,
    }
    #[derive(serde::Deserialize)]
    struct AnyHeader {
        format: u32,
    }
    let any: Any = serde_json::from_slice(line).map_err(|_| ReadBackupError::NotABackup)?;
    let found = any.lambdura_backup.format;
    if found > FORMAT {
        return Err(ReadBackupError::NewerFormat {
            found,
            supported: FORMAT,
        });
    }
    match serde_json::from_slice(line) {
        Ok(Line::LambduraBackup(header)) => Ok(header),
        Ok(_) | Err(_) => Err(ReadBackupError::NotABackup),
    }
}

/// Puts everything of a backup into a sink. Items put before an error stay there: only the end of a backup shows
/// whether it is whole.
///
/// # Errors
/// When it cannot be read to its end, and those of the sink.
pub async fn read_backup<R: Read, S: Sink>(
    mut backup: BackupReader<R>,
    into: &mut S,
    mut progress: impl FnMut(&Counts),
) -> Result<Trailer, TransferError> {
    loop {
        match backup.next()? {
            Next::Item(item) => {
                into.put(item).await?;
                progress(&backup.counts);
            }
            Next::End(trailer) => return Ok(trailer),
        }
    }
}
