//! Rows on their way to the database: an array for each column, which `unnest` makes rows of again. Few rows go as they
//! are: the database sets up each array for itself, which is most of the work where there is one row in it.
//!
//! Most columns of most rows are NULL, and an array of NULLs costs as much as any other. So columns come in groups, and
//! a group of which no row of a batch has anything is left out of the statement.

use std::borrow::Cow;

use model::{ErrorObject, OperationId, Payload, Timestamp};
use tokio_postgres::types::{ToSql, Type};

use crate::text::stored;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// Which columns it comes and goes with; the first group is always there.
    pub group: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Flag,
    Bytes,
}

pub(crate) const fn text(name: &'static str, group: u8) -> Column {
    Column {
        name,
        kind: Kind::Text,
        group,
    }
}

pub(crate) const fn number(name: &'static str, group: u8) -> Column {
    Column {
        name,
        kind: Kind::Number,
        group,
    }
}

pub(crate) const fn flag(name: &'static str, group: u8) -> Column {
    Column {
        name,
        kind: Kind::Flag,
        group,
    }
}

pub(crate) const fn bytes(name: &'static str, group: u8) -> Column {
    Column {
        name,
        kind: Kind::Bytes,
        group,
    }
}

impl Column {
    pub fn cell_type(&self) -> Type {
        match self.kind {
            Kind::Text => Type::TEXT,
            Kind::Number => Type::INT8,
            Kind::Flag => Type::BOOL,
            Kind::Bytes => Type::BYTEA,
        }
    }

    pub fn array_type(&self) -> Type {
        match self.kind {
            Kind::Text => Type::TEXT_ARRAY,
            Kind::Number => Type::INT8_ARRAY,
            Kind::Flag => Type::BOOL_ARRAY,
            Kind::Bytes => Type::BYTEA_ARRAY,
        }
    }
}

#[derive(Debug)]
enum Cells<'a> {
    Text(Vec<Option<Cow<'a, str>>>),
    Number(Vec<Option<i64>>),
    Flag(Vec<Option<bool>>),
    Bytes(Vec<Option<&'a [u8]>>),
}

/// Rows of one table. Cells are added in the order of the columns.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    columns: &'static [Column],
    cells: Vec<Cells<'a>>,
    groups: u32,
    next: usize,
    len: usize,
}

impl<'a> Rows<'a> {
    pub fn of(columns: &'static [Column]) -> Self {
        let empty = |column: &Column| match column.kind {
            Kind::Text => Cells::Text(Vec::new()),
            Kind::Number => Cells::Number(Vec::new()),
            Kind::Flag => Cells::Flag(Vec::new()),
            Kind::Bytes => Cells::Bytes(Vec::new()),
        };
        Self {
            columns,
            cells: columns.iter().map(empty).collect(),
            groups: 1,
            next: 0,
            len: 0,
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    /// Which groups have anything, as bits.
    pub const fn groups(&self) -> u32 {
        self.groups
    }

    /// Says that a row is complete.
    pub fn end_row(&mut self) {
        assert_eq!(
            self.next,
            self.columns.len(),
            "a row has a cell in each column"
        );
        self.next = 0;
        self.len += 1;
    }

    fn cell(&mut self, is_set: bool) -> &mut Cells<'a> {
        let column = self.next;
        self.next += 1;
        if is_set {
            self.groups |= 1 << self.columns[column].group;
        }
        &mut self.cells[column]
    }

    /// A text that any character may be in.
    pub fn text(&mut self, value: Option<&'a str>) {
        self.word(value.map(stored));
    }

    pub fn string(&mut self, value: Option<&'a String>) {
        self.text(value.map(String::as_str));
    }

    /// A text without NUL: an identifier, or a word of ours.
    pub fn word(&mut self, value: Option<Cow<'a, str>>) {
        let name = self.columns[self.next].name;
        match self.cell(value.is_some()) {
            Cells::Text(cells) => cells.push(value),
            Cells::Number(_) | Cells::Flag(_) | Cells::Bytes(_) => {
                unreachable!("`{name}` takes no text")
            }
        }
    }

    pub fn id(&mut self, value: &'a str) {
        self.word(Some(Cow::Borrowed(value)));
    }

    pub fn optional_id(&mut self, value: Option<&'a str>) {
        self.word(value.map(Cow::Borrowed));
    }

    pub fn number(&mut self, value: Option<i64>) {
        let name = self.columns[self.next].name;
        match self.cell(value.is_some()) {
            Cells::Number(cells) => cells.push(value),
            Cells::Text(_) | Cells::Flag(_) | Cells::Bytes(_) => {
                unreachable!("`{name}` takes no number")
            }
        }
    }

    pub fn count(&mut self, value: u32) {
        self.number(Some(i64::from(value)));
    }

    pub fn optional_count(&mut self, value: Option<u32>) {
        self.number(value.map(i64::from));
    }

    /// A number of 64 bits, of any meaning.
    pub fn bits(&mut self, value: u64) {
        self.number(Some(value.cast_signed()));
    }

    pub fn instant(&mut self, at: Option<Timestamp>) {
        self.number(at.map(Timestamp::as_millis));
    }

    pub fn flag(&mut self, value: Option<bool>) {
        let name = self.columns[self.next].name;
        match self.cell(value.is_some()) {
            Cells::Flag(cells) => cells.push(value),
            Cells::Text(_) | Cells::Number(_) | Cells::Bytes(_) => {
                unreachable!("`{name}` takes no flag")
            }
        }
    }

    pub fn bytes(&mut self, value: &'a [u8]) {
        let name = self.columns[self.next].name;
        match self.cell(true) {
            Cells::Bytes(cells) => cells.push(Some(value)),
            Cells::Text(_) | Cells::Number(_) | Cells::Flag(_) => {
                unreachable!("`{name}` takes no bytes")
            }
        }
    }

    pub fn payload(&mut self, payload: Option<&'a Payload>) {
        self.text(payload.map(Payload::as_str));
    }

    /// Operation ids as one text, separated by commas.
    pub fn ids(&mut self, ids: &'a [OperationId]) {
        match ids {
            [] => self.word(None),
            [id] => self.id(id.as_str()),
            ids => {
                let ids: Vec<_> = ids.iter().map(OperationId::as_str).collect();
                self.word(Some(Cow::Owned(ids.join(","))));
            }
        }
    }

    pub fn nulls(&mut self, count: usize) {
        for _ in 0..count {
            match self.cell(false) {
                Cells::Text(cells) => cells.push(None),
                Cells::Number(cells) => cells.push(None),
                Cells::Flag(cells) => cells.push(None),
                Cells::Bytes(cells) => cells.push(None),
            }
        }
    }

    /// The five columns of an error.
    pub fn error(&mut self, error: Option<&'a ErrorObject>) {
        let Some(error) = error else {
            self.nulls(5);
            return;
        };
        self.flag(Some(true));
        self.string(error.error_type.as_ref());
        self.string(error.message.as_ref());
        self.string(error.data.as_ref());
        let frames = error.stack_trace.as_ref().map(|frames| {
            serde_json::to_string(frames).expect("a list of texts has a form in JSON")
        });
        // JSON has NUL only as an escape.
        self.word(frames.map(Cow::Owned));
    }

    /// Appends the cells of a row that are not left out.
    pub fn add_row_to<'p>(&'p self, row: usize, parameters: &mut Vec<&'p (dyn ToSql + Sync)>) {
        for (column, cells) in self.columns.iter().zip(&self.cells) {
            if self.groups & (1 << column.group) == 0 {
                continue;
            }
            parameters.push(match cells {
                Cells::Text(cells) => &cells[row],
                Cells::Number(cells) => &cells[row],
                Cells::Flag(cells) => &cells[row],
                Cells::Bytes(cells) => &cells[row],
            });
        }
    }

    /// Appends the arrays that are not left out.
    pub fn add_to<'p>(&'p self, parameters: &mut Vec<&'p (dyn ToSql + Sync)>) {
        for (column, cells) in self.columns.iter().zip(&self.cells) {
            if self.groups & (1 << column.group) == 0 {
                continue;
            }
            parameters.push(match cells {
                Cells::Text(cells) => cells,
                Cells::Number(cells) => cells,
                Cells::Flag(cells) => cells,
                Cells::Bytes(cells) => cells,
            });
        }
    }
}

/// The columns of the groups.
pub(crate) fn present(
    columns: &'static [Column],
    groups: u32,
) -> impl Iterator<Item = &'static Column> {
    columns
        .iter()
        .filter(move |column| groups & (1 << column.group) != 0)
}
