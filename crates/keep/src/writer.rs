//! Writing a backup.

use std::io::{self, Write};
use std::mem;

use flate2::Compression;
use flate2::write::GzEncoder;
use model::Operation;
use sha2::{Digest as _, Sha256};
use store::event_bytes;

use crate::line::{Base64, Begin, End, FORMAT, Header, Line, Named, PIECE_BYTES};
use crate::{Counts, Item, LeftOut, Sink, TransferError};

/// A backup in the making. It is whole when [`BackupWriter::finish`] has returned.
pub struct BackupWriter<W: Write> {
    out: GzEncoder<W>,
    hash: Sha256,
    counts: Counts,
    line: Vec<u8>,
}

impl<W: Write> BackupWriter<W> {
    /// Begins one. The header's format is this program's.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(out: W, header: Header) -> io::Result<Self> {
        // Payloads are text: more effort saves little more room.
        let out = GzEncoder::new(out, Compression::fast());
        let mut writer = Self {
            out,
            hash: Sha256::new(),
            counts: Counts::default(),
            line: Vec::new(),
        };
        writer.write(&Line::LambduraBackup(Header {
            format: FORMAT,
            ..header
        }))?;
        Ok(writer)
    }

    /// How much has been written so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self, left_out: Vec<LeftOut>) -> io::Result<W> {
        let sha256 = hex(&mem::take(&mut self.hash).finalize());
        self.write(&Line::End(End {
            counts: self.counts,
            left_out,
            sha256,
        }))?;
        self.out.finish()
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.hash.update(&self.line);
        self.out.write_all(&self.line)
    }

    fn write_item(&mut self, item: Item) -> io::Result<()> {
        self.counts.add(&item);
        match item {
            Item::Code { name, archive } => {
                self.write(&Line::Code(Named {
                    name,
                    bytes: archive.len() as u64,
                }))?;
                let mut pieces = archive.chunks(PIECE_BYTES);
                pieces.try_for_each(|piece| self.write(&Line::Bytes(Base64(piece.to_vec()))))
            }
            Item::FunctionSettings(record) => self.write(&Line::FunctionSettings(record)),
            Item::FunctionVersion(record) => self.write(&Line::FunctionVersion(record)),
            Item::Alias(record) => self.write(&Line::Alias(record)),
            Item::AccessKey(record) => self.write(&Line::AccessKey(record)),
            Item::Stack(record) => self.write(&Line::Stack(record)),
            Item::Audit(record) => self.write(&Line::Change(record)),
            Item::ScheduleMark(mark) => self.write(&Line::ScheduleMark(mark)),
            Item::Accepted(invocation) => self.write(&Line::Accepted(invocation)),
            Item::DeadLetter(letter) => self.write(&Line::DeadLetter(letter)),
            Item::SetAside(record) => self.write(&Line::SetAside(record)),
            Item::Execution(whole) => {
                let execution = whole.execution();
                self.write(&Line::Execution(Box::new(Begin {
                    spec: (*execution.spec).clone(),
                    state: execution.state.clone(),
                })))?;
                let operations = execution.operations().map(|it| Operation::clone(it));
                self.write_pieces(operations, operation_bytes, Line::Operations)?;
                let events = whole.events().iter().cloned();
                self.write_pieces(events, event_bytes, Line::Events)?;
                self.write(&Line::ExecutionEnd {})
            }
            Item::File { name, bytes } => self.write(&Line::File(Named { name, bytes })),
            Item::FileBytes(bytes) => self.write(&Line::Bytes(Base64(bytes))),
        }
    }

    fn write_pieces<T>(
        &mut self,
        all: impl Iterator<Item = T>,
        bytes_of: impl Fn(&T) -> usize,
        line: impl Fn(Vec<T>) -> Line,
    ) -> io::Result<()> {
        /// The approximate size of a piece without payloads.
        const ROW_BYTES: usize = 256;
        let (mut piece, mut bytes) = (Vec::new(), 0);
        for one in all {
            bytes += bytes_of(&one) + ROW_BYTES;
            piece.push(one);
            if bytes >= PIECE_BYTES {
                self.write(&line(mem::take(&mut piece)))?;
                bytes = 0;
            }
        }
        if piece.is_empty() {
            return Ok(());
        }
        self.write(&line(piece))
    }
}

impl<W: Write> Sink for BackupWriter<W> {
    async fn put(&mut self, item: Item) -> Result<(), TransferError> {
        self.write_item(item).map_err(TransferError::Write)
    }
}

fn operation_bytes(operation: &Operation) -> usize {
    use model::OperationDetails::{Callback, ChainedInvoke, Context, Execution, Step, Wait};
    let length = |payload: &Option<model::Payload>| payload.as_ref().map_or(0, model::Payload::len);
    let of_error =
        |error: &Option<model::ErrorObject>| error.as_ref().map_or(0, model::ErrorObject::len);
    match &operation.details {
        Execution { input } => length(input),
        Context { result, error, .. }
        | Step { result, error, .. }
        | Callback { result, error, .. } => length(result) + of_error(error),
        ChainedInvoke {
            input,
            result,
            error,
            ..
        } => length(input) + length(result) + of_error(error),
        Wait { .. } => 0,
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
